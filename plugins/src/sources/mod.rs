//! Sources: one IM system's protocol each.

#[cfg(feature = "tencent-im")]
pub mod tencent_im;
