//! The file and its sidecar together: what is written is written once, whatever happens in between.
//!
//! 1. The intent is written down and synced: where the data begins, how long it is, its checksum, whose records it holds.
//! 2. The data is appended and synced.
//! 3. Only then is it said to be delivered.
//!
//! An intent below the highest is complete: the next one is only written after its data was safe, or after it was taken
//! back. The highest one is compared with the file whenever both are opened.

mod recover;
mod rotate;

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use switchhook_api::Clock;
use tokio::sync::Notify;

pub(super) use self::rotate::{NotRotated, Rotation};
use super::disk::Disk;
use super::intent::{Id, Intent};
use super::names::Names;
use super::open::{at, beside, folder, leads_to, open, prepare_folder};
use super::sidecar::Sidecar;

/// The end of the name of the file beside ours that holds what is about to be written.
pub(super) const INTENT: &str = ".intent";

const MODE: u32 = 0o640;
/// What copytruncate does, and what would do instead.
const CUT: &str = "the file was truncated by another process: lines written while it was copied are lost; \
                   rename the file instead of copying and truncating it, or use the option `rotate`";

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
    /// For names and times of rotated files.
    pub(super) clock: Arc<dyn Clock>,
    /// How rotated files are named.
    pub(super) names: Names,
    /// When the file is rotated.
    pub(super) rotation: Rotation,
    /// Held while a rotation is under way that may yet be taken back: until then the rotated file is nobody else's.
    pub(super) rotating: Mutex<()>,
    /// There is a newly rotated file.
    pub(super) rotated: Notify,
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
    /// When the file was last written.
    written: Timestamp,
}

impl Store {
    /// Opens or makes the files and sets right what a crash left.
    ///
    /// # Errors
    /// Something is in the way; each error names its path.
    pub(super) fn open(spec: &Arc<Spec>) -> io::Result<Self> {
        prepare_folder(&spec.path)?;
        let owner = format!("action `{}` of process {}", spec.name, std::process::id());
        let beside = beside(&spec.path, INTENT);
        let (sidecar, stored) = Sidecar::open(beside, &owner, spec.disk.clone())?;
        rotate::take_back_half(spec)?;
        let file = open(&spec.path, MODE, true)?;
        // Also where nothing is new: whoever made the name, or moved another file away, may not have seen to it.
        spec.disk.sync_folder(folder(&spec.path))?;
        let written = written(&file.metadata().map_err(at("inspect", &spec.path))?, spec);
        let mut store = Self { spec: spec.clone(), sidecar, file, end: 0, written };
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
        let facts = self.file.metadata().map_err(at("inspect", &self.spec.path))?;
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
        self.written = self.spec.clock.wall();
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
            tracing::warn!(%path, length, was = self.end, "{CUT}");
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
        self.file.metadata().map(|facts| facts.len()).map_err(at("inspect", &self.spec.path))
    }
}

/// When a file that was there was last written; never in the future.
fn written(facts: &Metadata, spec: &Spec) -> Timestamp {
    let now = spec.clock.wall();
    let changed = facts.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    changed.map_or(now, |changed| changed.min(now))
}
