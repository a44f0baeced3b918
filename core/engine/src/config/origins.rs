//! Where the values of a configuration were given.

use std::collections::HashMap;

use switchhook_api::config::{ConfigError, Place};

/// Where the values of a configuration were given.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// The file's path as it was given.
    pub(super) path: String,
    /// The line of each key of the file, by full key.
    pub(super) lines: HashMap<String, usize>,
    /// The variable that set a key, by full key.
    pub(super) variables: HashMap<String, String>,
    /// Keys set on the command line.
    pub(super) flags: Vec<String>,
    /// Variables that begin as ours do and set nothing.
    pub(super) unread: Vec<String>,
    /// What is no mistake in how the values were given, but probably not meant.
    pub(super) remarks: Vec<ConfigError>,
}

impl Origins {
    /// Where a key was given, or failing that something in it, or the nearest table around it.
    pub(super) fn place(&self, key: &str) -> Place {
        let in_file = |key: &str| {
            let line = self.lines.get(key)?;
            Some(Place::File { path: self.path.clone(), line: *line })
        };
        // A list that the file has too lies over the file's one, whose lines mean nothing then.
        let over = upwards(key).find_map(|key| self.over_file(key));
        let own = || upwards(key).find_map(|key| in_file(key).or_else(|| self.within(key)));
        over.or_else(own).unwrap_or(Place::File { path: self.path.clone(), line: 1 })
    }

    fn over_file(&self, key: &str) -> Option<Place> {
        if self.flags.iter().any(|flag| flag == key) {
            return Some(Place::Flag);
        }
        self.variables.get(key).map(|name| Place::Variable(name.clone()))
    }

    /// A table that stands in no file is there because a variable or flag sets something in it.
    fn within(&self, key: &str) -> Option<Place> {
        let inside =
            |other: &&String| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        let name = self.variables.iter().filter(|(other, _)| inside(other)).map(|(_, name)| name);
        let variable = name.min().map(|name| Place::Variable(name.clone()));
        variable.or_else(|| self.flags.iter().find(inside).map(|_| Place::Flag))
    }

    /// Whether a variable or flag gave the value at a key, which is text then, whatever the option wants.
    pub(super) fn is_override(&self, key: &str) -> bool {
        self.variables.contains_key(key) || self.flags.iter().any(|flag| flag == key)
    }
}

/// A key, the table around it, and so on.
fn upwards(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(parent, _)| parent))
}
