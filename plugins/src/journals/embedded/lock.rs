//! The folder, and the lock that keeps a second process out.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use switchhook_api::journal::JournalError;
use switchhook_api::{BoxError, access, with_causes};

use super::stats::beside;
use super::verify::is_damage;

/// Held for as long as the store is open; the system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "holding it is its use")] File);

impl Lock {
    /// Makes the folder, readable by this user alone, and takes its lock.
    pub(super) fn take(folder: &Path) -> Result<Self, BoxError> {
        make(folder).map_err(|error| cannot("create", folder, &error))?;
        access::examine_folder(folder)?;
        let path = folder.join("lock");
        let opened =
            own(&path).and_then(|()| OpenOptions::new().read(true).write(true).open(&path));
        let mut file = opened.map_err(|error| cannot("open", &path, &error))?;
        match crate::lock::take(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                let by = format!("process {}", holder.trim());
                return Err(Box::new(JournalError::Locked { by, folder: folder.to_owned() }));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &path, &error).into()),
        }
        let mut sign = || {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        sign().map_err(|error| cannot("write", &path, &error))?;
        Ok(Self(file))
    }
}

/// What was wanted of which file, why it could not be had, and what would do.
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; even reading a journal requires write permission there: run as the user that owns it"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; even reading a journal requires write permission there: mount the disk writable, or copy the folder to \
             another disk and set `journal.options.path`"
        }
        _ => "",
    };
    format!("cannot {what} {}: {error}{remedy}", path.display())
}

/// What kept a database from being opened, and what would do where it is beyond use.
pub(super) fn unusable(file: &Path, error: BoxError) -> BoxError {
    let Some(cause) = error.downcast_ref::<rusqlite::Error>() else { return error };
    let (file, why) = (file.display(), with_causes(cause));
    match is_damage(cause) {
        true => format!(
            "{file} is damaged and cannot be opened: {why}; move its folder away, then restore a backup or start with an empty journal"
        ),
        false => format!("cannot open {file}: {why}"),
    }
    .into()
}

/// Refuses a log whose database is gone: SQLite would make a new, empty one and throw the log away.
pub(super) fn check_files(database: &Path) -> Result<(), BoxError> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |facts| facts.len());
    let log = beside(database, "-wal");
    if size(database) > 0 || size(&log) == 0 {
        return Ok(());
    }
    let (database, log) = (database.display(), log.display());
    Err(format!(
        "{database} is missing or empty, but {log} exists: restore the database, from a backup if necessary, or move the log away to start with an empty journal"
    )
    .into())
}

/// Makes a file, if it is not there, and sees to it that it and what lies beside it is for this user alone.
pub(super) fn own(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(file)?);
    #[cfg(unix)]
    for path in ["", "-wal", "-shm"].map(|suffix| beside(file, suffix)) {
        use std::os::unix::fs::PermissionsExt as _;
        let known = std::fs::metadata(&path).map(|file| file.permissions().mode() & 0o777);
        if known.is_ok_and(|mode| mode != 0o600) {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Makes the folder, and what is missing above it, so that it is still there after a power cut.
fn make(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|one| !one.exists()).collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    for made in missing {
        let above = made.parent().filter(|above| !above.as_os_str().is_empty());
        File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
