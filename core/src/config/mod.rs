//! The configuration: layers of defaults, file, variables and flags; every mistake is reported at once.

mod load;
mod mistake;
mod model;
mod remarks;
mod secret_file;
mod section;
pub mod tables;
#[cfg(test)]
mod tests;
mod values;

pub use self::load::Layers;
pub use self::mistake::{Mistake, Place};
pub(crate) use self::mistake::{hint, listed, report};
pub use self::model::{Config, Instance};
pub use self::secret_file::SecretFile;
pub use self::section::Section;
pub use self::values::{Period, Secret, Size, Text};
