//! The file and its sidecar together: what is written is written once, whatever happens in between.
//!
//! 1. The intent is written down and synced: where the data begins, how long it is, its checksum, whose records it holds.
//! 2. The data is appended and synced.
//! 3. Only then is it said to be delivered.
//!
//! An intent below the highest is complete: the next one is only written after its data was safe, or after it was taken
//! back. The highest one is compared with the file whenever both are opened.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::Disk;
use super::intent::{Id, Intent};
use super::open::{at, beside, leads_to, open, prepare_folder};
use super::sidecar::{Sidecar, Stored};

const MODE: u32 = 0o640;

/// What is needed to open a store, again and again.
pub(super) struct Spec {
    /// The file to append to.
    pub(super) path: PathBuf,
    /// The name of the action, for messages.
    pub(super) name: Arc<str>,
    /// Whether data is made safe against a power cut.
    pub(super) sync: bool,
    /// The disk.
    pub(super) disk: Arc<dyn Disk>,
}

/// Records of one handler that go into the file together.
#[derive(Default)]
pub(super) struct Batch {
    /// The handler.
    pub(super) handler: String,
    /// Ids that are in the file and have not been settled yet.
    pub(super) carried: Vec<Id>,
    /// The ids of the records.
    pub(super) ids: Vec<Id>,
    /// Their lines.
    pub(super) data: Vec<u8>,
}

/// The open file. After an error it must be dropped and opened again: what it knows may no longer be so.
pub(super) struct Store {
    spec: Arc<Spec>,
    sidecar: Sidecar,
    file: File,
    /// Where we left the end of the file.
    end: u64,
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
    /// Opens or makes the files and sets right what a crash left.
    ///
    /// # Errors
    /// Something is in the way; each error names its path.
    pub(super) fn open(spec: &Arc<Spec>) -> io::Result<Self> {
        prepare_folder(&spec.path)?;
        let owner = format!("action `{}` of process {}", spec.name, std::process::id());
        let beside = beside(&spec.path, ".intent");
        let (sidecar, stored) = Sidecar::open(beside, &owner, spec.disk.clone())?;
        let file = open(&spec.path, MODE, true)?;
        let mut store = Self { spec: spec.clone(), sidecar, file, end: 0 };
        store.recover(stored)?;
        store.end = store.finish_line()?;
        Ok(store)
    }

    /// Whether the files still stand where they were opened: rotation moves them.
    pub(super) fn in_place(&self) -> bool {
        leads_to(&self.spec.path, &self.file) && self.sidecar.in_place()
    }

    /// Whether a record of a handler is in the file already.
    pub(super) fn knows(&self, handler: &str, id: &Id) -> bool {
        self.sidecar.knows(handler, id)
    }

    /// Appends a batch, all of it or none.
    ///
    /// # Errors
    /// It is not known whether it is in the file; opening a new store finds out.
    pub(super) fn append(&mut self, batch: Batch) -> io::Result<()> {
        let facts = self.file.metadata().map_err(at("look at", &self.spec.path))?;
        if facts.len() != self.end {
            self.follow(facts.len())?;
        }
        let mut intent = Intent {
            sequence: self.sidecar.next_sequence(),
            handler: batch.handler,
            inode: facts.ino(),
            offset: self.end,
            length: batch.data.len() as u64,
            checksum: crc32fast::hash(&batch.data),
            carried: batch.carried,
            own: batch.ids,
        };
        let slot = self.sidecar.begin(&mut intent, self.spec.sync)?;
        let written = self.spec.disk.append(&self.file, &batch.data);
        written.map_err(at("append to", &self.spec.path))?;
        if self.spec.sync {
            self.sync()?;
        }
        self.end = intent.end();
        self.sidecar.complete(intent, slot);
        Ok(())
    }

    /// Makes everything durable, for a quiet end.
    pub(super) fn close(self) -> io::Result<()> {
        self.sync()?;
        self.sidecar.sync()
    }

    fn sync(&self) -> io::Result<()> {
        self.spec.disk.sync(&self.file).map_err(at("sync", &self.spec.path))
    }

    /// Goes on from the end that somebody else gave the file.
    fn follow(&mut self, length: u64) -> io::Result<()> {
        if length < self.end {
            let path = self.spec.path.display();
            tracing::warn!(%path, length, was = self.end, "the file was cut by somebody else");
        }
        self.end = self.finish_line()?;
        Ok(())
    }

    /// Ends a last line that has no end, and says where the file ends.
    fn finish_line(&self) -> io::Result<u64> {
        let length = self.length()?;
        let mut last = [0];
        if length == 0 {
            return Ok(0);
        }
        let read = self.file.read_exact_at(&mut last, length - 1);
        read.map_err(at("read", &self.spec.path))?;
        if last == [b'\n'] {
            return Ok(length);
        }
        let written = self.spec.disk.append(&self.file, b"\n");
        written.map_err(at("append to", &self.spec.path))?;
        Ok(length + 1)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|facts| facts.len()).map_err(at("look at", &self.spec.path))
    }

    /// Compares the last intent with the file and keeps the ids of all whose data is there.
    fn recover(&mut self, mut stored: Vec<Stored>) -> io::Result<()> {
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
        let facts = self.file.metadata().map_err(at("look at", &self.spec.path))?;
        if facts.ino() != last.intent.inode || facts.len() < last.intent.end() {
            let path = self.spec.path.display();
            tracing::warn!(%path, "the file is another one, or shorter, than when it was last written");
        }
        Ok(true)
    }

    /// Whether the data of an intent is in the file, of which nothing is left otherwise.
    fn set_right(&self, last: &Stored) -> io::Result<bool> {
        let path = self.spec.path.display();
        match self.find(&last.intent)? {
            Data::Whole(data) => {
                if self.spec.sync {
                    self.write_again(&data, last.intent.offset)?;
                }
                Ok(true)
            }
            Data::Torn => {
                let cut = self.spec.disk.cut(&self.file, last.intent.offset);
                cut.map_err(at("cut", &self.spec.path))?;
                self.sync()?;
                tracing::info!(%path, offset = last.intent.offset, "an unfinished batch was cut off");
                Ok(false)
            }
            Data::Elsewhere => {
                tracing::warn!(%path, "the file is not the one of the last batch, which will be written again");
                Ok(false)
            }
        }
    }

    fn find(&self, intent: &Intent) -> io::Result<Data> {
        let facts = self.file.metadata().map_err(at("look at", &self.spec.path))?;
        if facts.len() >= intent.end() {
            let mut data = vec![0; usize::try_from(intent.length).unwrap_or_default()];
            let read = self.file.read_exact_at(&mut data, intent.offset);
            read.map_err(at("read", &self.spec.path))?;
            if crc32fast::hash(&data) == intent.checksum {
                return Ok(Data::Whole(data));
            }
        }
        // What somebody else wrote behind our data is never cut, even if a part of ours then stays before it.
        let ours =
            facts.ino() == intent.inode && (intent.offset..=intent.end()).contains(&facts.len());
        Ok(if ours { Data::Torn } else { Data::Elsewhere })
    }

    /// What is read may be a cache whose sync has failed; only what is written again is sure to be synced again.
    fn write_again(&self, data: &[u8], offset: u64) -> io::Result<()> {
        let path = &self.spec.path;
        let file = open(path, MODE, false)?;
        if !leads_to(path, &self.file) {
            return Err(io::Error::other(format!("{} was replaced just now", path.display())));
        }
        self.spec.disk.write_at(&file, data, offset).map_err(at("write to", path))?;
        self.spec.disk.sync(&file).map_err(at("sync", path))
    }
}
