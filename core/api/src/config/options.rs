//! How options reach a plugin that does not know what the configuration is written in.

use serde::de::DeserializeOwned;

use super::ConfigError;

/// The `options` table of one instance, as the configuration gives it.
pub trait OptionsTable {
    /// Hands out the table to be read, more than once where that brings more mistakes to light. What was read last counts.
    ///
    /// # Errors
    /// Every mistake in it.
    fn read_with(
        &self,
        read: &mut dyn FnMut(
            &mut dyn erased_serde::Deserializer<'_>,
        ) -> Result<(), erased_serde::Error>,
    ) -> Result<(), Vec<ConfigError>>;

    /// A mistake at a key of this table; an empty key means the table itself.
    fn mistake(&self, key: &str, message: String) -> ConfigError;
}

impl dyn OptionsTable + '_ {
    /// Reads the table as a `T`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<ConfigError>> {
        let mut options = None;
        self.read_with(&mut |table| {
            options = Some(T::deserialize(table)?);
            Ok(())
        })?;
        options.ok_or_else(|| vec![self.mistake("", "the options were not read".to_owned())])
    }
}
