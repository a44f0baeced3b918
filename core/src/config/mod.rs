//! The configuration: layers of defaults, file, variables and flags; every mistake is reported at once.

mod checks;
pub(crate) mod encoding;
mod load;
mod mistake;
mod model;
mod path;
#[expect(clippy::result_large_err, reason = "the error of figment, of which there are few")]
mod reader;
mod remarks;
mod renamed;
mod secret_file;
#[expect(clippy::result_large_err, reason = "the error of figment, of which there are few")]
mod section;
mod spelling;
mod syntax;
pub mod tables;
#[cfg(test)]
mod tests;
mod unexpanded;
mod values;
mod variables;
mod wording;

pub use self::load::Layers;
pub use self::mistake::{Mistake, Place};
pub(crate) use self::mistake::{hint, listed, report};
pub use self::model::{Config, Instance};
pub use self::path::FilePath;
pub use self::secret_file::SecretFile;
pub use self::section::Section;
pub use self::values::{Period, Secret, Size, Text};
