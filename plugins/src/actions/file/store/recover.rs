//! What a crash left, set right: the last intent is compared with the data that it announced.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::super::intent::Intent;
use super::super::open::{at, folder, open_there, with_inode};
use super::super::sidecar::Stored;
use super::{CUT, Store};

/// The file that an intent is about: ours, or what has become of it.
struct Home {
    path: PathBuf,
    file: File,
    /// Whether it is the very file that the intent was written for.
    same: bool,
    /// Whether nobody but us can have given it its name.
    ours: bool,
}

/// What has become of the data of the last intent.
#[derive(Debug, PartialEq)]
enum Data {
    /// It is all there.
    Whole(Vec<u8>),
    /// The rest of the file is a part of it, and of nothing else.
    Torn,
    /// The file has become another one.
    Elsewhere,
}

impl Store {
    /// Compares the last intent with the file and keeps the ids of all whose data is there.
    pub(super) fn recover(&mut self, mut stored: Vec<Stored>) -> io::Result<()> {
        if let Some(last) = stored.last() {
            let keep = if last.done { self.was_done(last)? } else { self.set_right(last)? };
            if !keep {
                self.sidecar.forget(last)?;
                stored.pop();
            }
        }
        self.sidecar.learn(stored);
        Ok(())
    }

    /// Data that was complete stays what it is to us, wherever it has gone.
    fn was_done(&self, last: &Stored) -> io::Result<bool> {
        let path = self.spec.path.display();
        let facts = self.file.metadata().map_err(at("inspect", &self.spec.path))?;
        if facts.ino() != last.intent.inode {
            tracing::info!(%path, "the file was replaced since it was last written");
        } else if facts.len() < last.intent.end() {
            tracing::warn!(%path, length = facts.len(), was = last.intent.end(), "{CUT}");
        }
        Ok(true)
    }

    /// Whether the data of an intent is in its file, of which nothing is left otherwise.
    fn set_right(&self, last: &Stored) -> io::Result<bool> {
        let home = self.home(&last.intent)?;
        let path = home.path.display();
        match find(&home, &last.intent)? {
            Data::Whole(data) => {
                if self.spec.sync {
                    self.write_again(&home, &data, last.intent.offset)?;
                }
                Ok(true)
            }
            Data::Torn => {
                let cut = self.spec.disk.cut(&home.file, last.intent.offset);
                cut.map_err(at("cut", &home.path))?;
                self.spec.disk.sync(&home.file).map_err(at("sync", &home.path))?;
                tracing::info!(%path, offset = last.intent.offset, "an unfinished batch was removed from the file");
                Ok(false)
            }
            Data::Elsewhere => {
                tracing::warn!(%path, "the file of the last batch was replaced; the batch will be written again");
                Ok(false)
            }
        }
    }

    /// The file of an intent. It may have been moved away between the write and the crash: then it is looked for beside its old
    /// name.
    fn home(&self, intent: &Intent) -> io::Result<Home> {
        let path = &self.spec.path;
        let current = |same| -> io::Result<Home> {
            let file = self.file.try_clone().map_err(at("open", path))?;
            Ok(Home { path: path.clone(), file, same, ours: true })
        };
        let facts = self.file.metadata().map_err(at("inspect", path))?;
        if facts.ino() == intent.inode {
            return current(true);
        }
        let moved = with_inode(folder(path), intent.inode).ok().flatten();
        match moved.and_then(|path| Some((open_there(&path).ok()?, path))) {
            None => current(false),
            Some((file, path)) => {
                let name = path.file_name().unwrap_or_default();
                let ours = self.spec.names.read(name).is_some();
                Ok(Home { path, file, same: true, ours })
            }
        }
    }

    /// What is read may be a cache whose sync has failed; only what is written again is sure to be synced again.
    fn write_again(&self, home: &Home, data: &[u8], offset: u64) -> io::Result<()> {
        let path: &Path = &home.path;
        let file = open_there(path)?; // ours may be open for appending only
        if !super::leads_to(path, &home.file) {
            return Err(io::Error::other(format!(
                "{} was replaced in the meantime",
                path.display()
            )));
        }
        self.spec.disk.write_at(&file, data, offset).map_err(at("write to", path))?;
        self.spec.disk.sync(&file).map_err(at("sync", path))
    }
}

fn find(home: &Home, intent: &Intent) -> io::Result<Data> {
    let length = home.file.metadata().map_err(at("inspect", &home.path))?.len();
    if length >= intent.end() {
        let mut data = vec![0; usize::try_from(intent.length).unwrap_or_default()];
        let read = home.file.read_exact_at(&mut data, intent.offset);
        read.map_err(at("read", &home.path))?;
        if crc32fast::hash(&data) == intent.checksum {
            return Ok(Data::Whole(data));
        }
    }
    // What somebody else wrote behind our data is never cut, even if a part of ours then stays before it; nor is a file that
    // may only have got the number of one of ours.
    let torn = home.same && home.ours && (intent.offset..=intent.end()).contains(&length);
    Ok(if torn { Data::Torn } else { Data::Elsewhere })
}
