//! What options are made of, and how a plugin gets them: durations, sizes, secrets, paths, and what is wrong with them.

mod mistake;
mod options;
mod path;
mod secret_file;
mod values;

#[doc(hidden)]
pub use self::mistake::Fault;
pub use self::mistake::{ConfigError, Place};
pub use self::options::OptionsTable;
pub use self::path::FilePath;
pub use self::secret_file::SecretFile;
pub use self::values::{ByteSize, HumanDuration, Secret, TextOrInteger};
