//! A configuration that has been read and checked; nothing is opened yet.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use switchhook_api::config::ConfigError;
use switchhook_api::{Configured, Pattern, Registration};

use super::section::Section;
use super::tables;

/// A configuration without mistakes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The folder that relative paths start from.
    pub base: PathBuf,
    /// `[server]`
    pub server: tables::Server,
    /// `[admin]`
    pub admin: tables::Admin,
    /// `[journal]`
    pub journal: Instance<tables::Journal>,
    /// `[sources.NAME]`
    pub sources: Vec<Instance<tables::Source>>,
    /// `[handlers.NAME]`
    pub handlers: Vec<Instance<tables::Handler>>,
    /// `[actions.NAME]`
    pub actions: Vec<Instance<tables::Action>>,
    /// What is no mistake but probably not meant.
    pub remarks: Vec<ConfigError>,
    /// Names places in it, for what is only found once parts are built.
    pub(crate) at: Section,
}

/// One configured plugin.
#[non_exhaustive]
pub struct Instance<T> {
    /// Its name: the id in logs, metrics, the journal and variables.
    pub name: Arc<str>,
    /// The framework's keys.
    pub table: T,
    /// The plugin.
    pub plugin: Registration,
    /// Its options, ready to be built.
    pub options: Box<dyn Configured>,
    /// Names places in its table, for what is only found once others are built.
    pub(crate) at: Section,
}

impl<T: fmt::Debug> fmt::Debug for Instance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("name", &self.name)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl Instance<tables::Handler> {
    /// The commands it gets: as configured, or those its plugin understands.
    pub fn commands(&self) -> Vec<Pattern> {
        let own = || self.plugin.commands.iter().filter_map(|text| text.parse().ok()).collect();
        self.table.commands.clone().unwrap_or_else(own)
    }
}
