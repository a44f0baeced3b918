//! Opening files where nobody can have laid a trap: no symbolic link, no second name, no folder that anybody may write to.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use switchhook_api::access;

/// An error that says what was tried and where, and keeps its kind.
pub(super) fn at(doing: &str, path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {doing} {}: {error}", path.display()))
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the folder of a file, and those above it, where they are missing, and sees that it can be trusted.
///
/// # Errors
/// It cannot be made, or others may rename files in it and its mode could be changed.
pub(super) fn prepare_folder(file: &Path) -> io::Result<()> {
    let folder = folder(file);
    let missing: Vec<&Path> = folder.ancestors().take_while(|one| !exists(one)).collect();
    if !missing.is_empty() {
        let made = DirBuilder::new().recursive(true).mode(0o750).create(folder);
        made.map_err(at("create the folder", folder))?;
        missing.iter().filter_map(|one| one.parent()).try_for_each(sync_folder)?;
    }
    access::examine_folder(folder)
}

fn exists(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || folder.exists()
}

/// Makes new names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|open| open.sync_all()).map_err(at("sync the folder", folder))
}

/// Opens a file to read and write, or makes it; whatever was there must be a plain file with one name. A new name is not
/// safe before its folder is synced.
///
/// # Errors
/// It cannot be opened, or is something else.
pub(super) fn open(path: &Path, mode: u32, append: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).append(append).create(true).truncate(false).mode(mode);
    open_with(&mut options, path)
}

/// Opens a file that is there, to read and to write over what stands in it; it must be a plain file with one name.
///
/// # Errors
/// It is not there, cannot be opened, or is something else.
pub(super) fn open_there(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true).write(true), path)
}

/// Opens a plain file to read it.
///
/// # Errors
/// It is not there, cannot be opened, or is something else.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let file = without_waiting(OpenOptions::new().read(true), path)?;
    match file.metadata().map_err(at("inspect", path))?.is_file() {
        true => Ok(file),
        false => Err(refused("read", path, "it is not a regular file")),
    }
}

fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = without_waiting(options, path)?;
    check(path, &file.metadata().map_err(at("inspect", path))?)?;
    Ok(file)
}

fn without_waiting(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a device that somebody put there could wait for ever.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    options.custom_flags(flags.cast_signed()).open(path).map_err(|error| {
        match error.raw_os_error() {
            Some(code) if code == Errno::LOOP.raw_os_error() => refused("open", path, LINK),
            _ => at("open", path)(error),
        }
    })
}

const LINK: &str = "it is a symbolic link";

fn check(path: &Path, facts: &Metadata) -> io::Result<()> {
    if !facts.is_file() {
        return Err(refused("write to", path, "it is not a regular file"));
    }
    if facts.nlink() != 1 {
        return Err(refused("write to", path, "it has other names (hard links)"));
    }
    Ok(())
}

fn refused(what: &str, path: &Path, why: &str) -> io::Error {
    let text = format!("refusing to {what} {}: {why}", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Whether a path still leads to the file that was opened there.
pub(super) fn leads_to(path: &Path, file: &File) -> bool {
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(there), Ok(ours)) => (there.dev(), there.ino()) == (ours.dev(), ours.ino()),
        _ => false,
    }
}

/// The file of a folder that has a number in the folder's file system, by whatever name.
pub(super) fn with_inode(folder: &Path, inode: u64) -> io::Result<Option<PathBuf>> {
    let device = fs::metadata(folder)?.dev();
    for entry in fs::read_dir(folder)? {
        let path = folder.join(entry?.file_name());
        let facts = fs::symlink_metadata(&path);
        if facts.is_ok_and(|it| it.is_file() && (it.dev(), it.ino()) == (device, inode)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The path of the file beside another.
pub(super) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o7777
    }

    #[test]
    fn folders_and_files_are_not_for_everybody() {
        let base = tempfile::tempdir().expect("a folder");
        let path = base.path().join("a/b/c.jsonl");
        prepare_folder(&path).expect("made");
        open(&path, 0o640, true).expect("made");
        assert_eq!(mode(&base.path().join("a")) & !0o750, 0);
        assert_eq!(mode(&base.path().join("a/b")) & 0o027, 0);
        assert_eq!(mode(&path) & !0o640, 0);
        assert_eq!(mode(&path) & 0o600, 0o600);
    }

    #[test]
    fn links_and_other_things_are_refused() {
        let base = tempfile::tempdir().expect("a folder");
        let at = |name: &str| base.path().join(name);
        fs::write(at("target"), "x").expect("written");
        symlink(at("target"), at("link")).expect("linked");
        symlink(at("nothing"), at("dangling")).expect("linked");
        fs::hard_link(at("target"), at("twin")).expect("linked");
        for (name, why) in [
            ("link", "symbolic link"),
            ("dangling", "symbolic link"),
            ("twin", "hard links"),
            ("target", "hard links"),
            (".", "cannot open"),
        ] {
            let error = open(&at(name), 0o640, true).expect_err(name).to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
        assert!(!at("nothing").exists());
        assert_eq!(fs::read(at("target")).expect("read"), b"x");
    }

    #[test]
    fn a_folder_that_anybody_may_write_to_is_refused_unless_sticky() {
        let base = tempfile::tempdir().expect("a folder");
        let path = base.path().join("c.jsonl");
        let set =
            |mode| fs::set_permissions(base.path(), fs::Permissions::from_mode(mode)).expect("set");
        set(0o777);
        assert!(prepare_folder(&path).expect_err("refused").to_string().contains("chmod o-w"));
        set(0o1777);
        prepare_folder(&path).expect("as safe as /tmp");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let base = tempfile::tempdir().expect("a folder");
        fs::write(base.path().join("file"), "x").expect("written");
        let error = prepare_folder(&base.path().join("file/c.jsonl"))
            .and_then(|()| open(&base.path().join("file/c.jsonl"), 0o640, true).map(drop))
            .expect_err("refused")
            .to_string();
        assert!(error.contains(&base.path().join("file").display().to_string()), "{error}");
    }
}
