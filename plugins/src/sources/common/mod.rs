//! What several sources need: how to read bodies, names and keys from outside.

mod body;
mod text;

pub(super) use self::body::{Scalar, malformed, text};
pub(super) use self::text::{bounded, decoded, hex, named_well, unhex};
