//! An operator at the command line.

use std::path::Path;

use serde_json::Value;

use crate::harness::*;

/// What a command of the program said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// It went well.
    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    pub fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// Runs a command of the program to its end, its words parted by spaces.
pub fn say(folder: &Path, words: &str) -> Said {
    let ran = switchhook(folder).args(words.split(' ')).output().expect("ran");
    let (out, err) = text(&ran);
    Said { code: ran.status.code().unwrap_or(-1), out, err }
}

/// [`CONFIG`] with a relay of every callback: lanes `all` and `all>crm`.
pub fn relaying(target: &Target) -> String {
    crate::relays::config(target, "")
}
