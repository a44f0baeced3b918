//! Sources: one IM system's protocol each.

#[cfg(any(feature = "json", feature = "tencent-im"))]
mod common;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "tencent-im")]
pub mod tencent_im;
