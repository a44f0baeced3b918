//! What only one instance may write.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Names = Arc<dyn Fn(&OsStr) -> bool + Send + Sync>;

/// A file, with the files that belong to it, that only one instance may use.
#[derive(Clone)]
pub struct Claim {
    /// The key below `options` that names it.
    pub key: String,
    /// The path, as the options give it.
    pub path: PathBuf,
    beside: Option<Names>,
}

impl Claim {
    /// A file.
    pub fn file(key: &str, path: &Path) -> Self {
        Self { key: key.to_owned(), path: path.to_owned(), beside: None }
    }

    /// The file, and the files in the same folder whose names match.
    #[must_use]
    pub fn and_beside(self, names: impl Fn(&OsStr) -> bool + Send + Sync + 'static) -> Self {
        Self { beside: Some(Arc::new(names)), ..self }
    }

    /// What another path has to do with it, in words; `own` and `other` are resolved paths.
    pub fn takes(&self, own: &Path, other: &Path) -> Option<&'static str> {
        let beside = || {
            let names = self.beside.as_ref()?;
            let together = own.parent() == other.parent();
            (together && other.file_name().is_some_and(|name| names(name))).then_some(BESIDE)
        };
        if own == other {
            return Some(SAME);
        }
        beside()
    }
}

const SAME: &str = "the path is already used by";
const BESIDE: &str = "the name matches those of files that belong to";

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("key", &self.key)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Where a path leads: without `.`, `..` and symbolic links, as far as it exists.
pub fn resolved(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing: Vec<OsString> = Vec::new();
    let mut there = whole.as_path();
    loop {
        if let Ok(found) = there.canonicalize() {
            return missing.iter().rev().fold(found, |path, name| step(path, name));
        }
        // `components` has no `.`; the last of a path that does not exist is a name or `..`.
        let mut parts = there.components();
        match parts.next_back() {
            Some(last) => missing.push(last.as_os_str().to_owned()),
            None => return whole,
        }
        there = parts.as_path();
    }
}

fn step(mut path: PathBuf, name: &OsStr) -> PathBuf {
    if name == ".." {
        path.pop();
    } else {
        path.push(name);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_is_one_path_by_whatever_name() {
        let base = tempfile::tempdir().expect("a folder");
        let base = base.path().canonicalize().expect("there");
        std::fs::create_dir_all(base.join("a/b")).expect("made");
        std::fs::write(base.join("a/file"), "x").expect("written");
        std::os::unix::fs::symlink(base.join("a"), base.join("link")).expect("linked");
        std::os::unix::fs::symlink("file", base.join("a/other")).expect("linked");
        for (one, expected) in [
            ("a/file", "a/file"),
            ("./a/./file", "a/file"),
            ("a/b/../file", "a/file"),
            ("link/file", "a/file"),
            ("a/other", "a/file"),
            ("link/other", "a/file"),
            ("a//file", "a/file"),
            ("link/new", "a/new"),
            ("new/deep/x", "new/deep/x"),
            ("new/../x", "x"),
            ("new/../link/x", "link/x"),
        ] {
            assert_eq!(resolved(&base.join(one)), base.join(expected), "{one}");
        }
    }
}
