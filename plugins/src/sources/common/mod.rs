//! What several sources need: how to read bodies, names and keys from outside.

mod body;
mod text;

pub(super) use self::body::{Body, Scalar, malformed, read};
pub(super) use self::text::{
    FREE_NAMES, bounded, decoded, hex, named_freely, named_well, shortened, unhex,
};
