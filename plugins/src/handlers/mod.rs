//! Handlers.

#[cfg(feature = "forward")]
mod forward;
#[cfg(all(test, any(feature = "forward", feature = "topic-info-changed", feature = "verdict")))]
mod stub;
#[cfg(feature = "topic-info-changed")]
mod topic_info_changed;
#[cfg(feature = "verdict")]
mod verdict;
