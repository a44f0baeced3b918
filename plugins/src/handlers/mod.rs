//! Handlers.

#[cfg(feature = "forward")]
mod forward;
#[cfg(feature = "topic-info-changed")]
mod topic_info_changed;
#[cfg(feature = "verdict")]
mod verdict;
