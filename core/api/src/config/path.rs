//! A path as the configuration gives it.

use std::borrow::Cow;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// A path in the options of a plugin: never empty, and relative to the folder of the configuration file.
///
/// Options take this in place of a `PathBuf`: an empty path would name the folder itself, which is never meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(PathBuf);

impl TryFrom<String> for FilePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("the path is empty; name a file or folder, or leave the key out".into());
        }
        match text.contains('\0') {
            true => Err("the path has a NUL character, which no path can have".into()),
            false => Ok(Self(text.into())),
        }
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl Deref for FilePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl JsonSchema for FilePath {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FilePath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "path" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_never_empty() {
        let read = |text: &str| FilePath::try_from(text.to_owned());
        for text in ["", " ", "\t\n", "\u{3000}"] {
            let error = read(text).expect_err("refused");
            assert!(error.contains("empty"), "{text:?}: {error}");
        }
        assert!(read("a\0b").expect_err("refused").contains("NUL"));
        for text in [".", "a", "a b", " a", "/a", "../a", "~/a"] {
            assert_eq!(&*read(text).expect("a path"), Path::new(text));
        }
    }
}
