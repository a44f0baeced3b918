//! The configuration: layers of defaults, file, variables and flags; every mistake is reported at once.

mod checks;
pub mod encoding;
mod form;
mod layers;
mod lines;
mod load;
mod model;
mod origins;
mod read;
#[expect(clippy::result_large_err, reason = "the error of figment, of which there are few")]
mod reader;
mod remarks;
mod renamed;
mod report;
#[expect(clippy::result_large_err, reason = "the error of figment, of which there are few")]
mod section;
mod spelling;
mod syntax;
pub mod tables;
#[cfg(test)]
mod tests;
mod unexpanded;
mod variables;
#[expect(clippy::result_large_err, reason = "the error of figment, of which there are few")]
mod word;
mod wording;

pub use switchhook_api::config::{
    ByteSize, ConfigError, FilePath, HumanDuration, OptionsTable, Place, Secret, SecretFile,
    TextOrInteger,
};

pub use self::layers::Layers;
pub use self::model::{Config, Instance};
pub use self::report::{hint, listed, report};
pub use self::section::Section;
