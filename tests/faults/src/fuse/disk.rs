//! What a disk holds: what programs see of it, and what of that is sure to be there after a power cut.
//!
//! Stricter than any real file system: syncing a file says nothing about its name, syncing a folder nothing about what is
//! in the files, and whatever was not synced may be there in any order, sector by sector.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use super::content::Content;

/// The folder that is always there.
pub(super) const ROOT: u64 = 1;

/// Why something cannot be done, as the system's number.
pub(super) type Refused = fuser::Errno;

/// What a number stands for.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) links: u32,
    pub(super) changed: SystemTime,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    File(Content),
    Folder(Folder),
    /// A socket: a name and nothing else.
    Socket,
}

/// The names in a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    pub(super) live: BTreeMap<OsString, u64>,
    pub(super) durable: BTreeMap<OsString, u64>,
}

/// One change of names that no sync has made sure yet: all of it survives, or nothing.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) tick: u64,
    effects: Vec<(u64, OsString, Option<u64>)>,
}

/// Everything on it.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) nodes: HashMap<u64, Node>,
    pub(super) changes: Vec<Change>,
    /// Counts what was done to it, so that it can be cut between any two.
    pub(super) tick: u64,
    next: u64,
}

impl Default for Disk {
    fn default() -> Self {
        let root = Node::new(Kind::Folder(Folder::default()), 0o755);
        Self { nodes: [(ROOT, root)].into(), changes: Vec::new(), tick: 0, next: ROOT + 1 }
    }
}

impl Node {
    fn new(kind: Kind, mode: u32) -> Self {
        Self { kind, mode, links: 1, changed: SystemTime::now() }
    }
}

impl Disk {
    pub(super) fn node(&self, number: u64) -> Result<&Node, Refused> {
        self.nodes.get(&number).ok_or(Refused::ENOENT)
    }

    pub(super) fn folder(&self, number: u64) -> Result<&Folder, Refused> {
        match &self.node(number)?.kind {
            Kind::Folder(folder) => Ok(folder),
            _ => Err(Refused::ENOTDIR),
        }
    }

    fn folder_mut(&mut self, number: u64) -> Result<&mut Folder, Refused> {
        match self.nodes.get_mut(&number).map(|node| &mut node.kind) {
            Some(Kind::Folder(folder)) => Ok(folder),
            _ => Err(Refused::ENOTDIR),
        }
    }

    pub(super) fn content(&self, number: u64) -> Result<&Content, Refused> {
        match &self.node(number)?.kind {
            Kind::File(content) => Ok(content),
            _ => Err(Refused::EISDIR),
        }
    }

    fn content_mut(&mut self, number: u64) -> Result<(&mut Content, u64), Refused> {
        self.tick += 1;
        let node = self.nodes.get_mut(&number).ok_or(Refused::ENOENT)?;
        node.changed = SystemTime::now();
        match &mut node.kind {
            Kind::File(content) => Ok((content, self.tick)),
            _ => Err(Refused::EISDIR),
        }
    }

    pub(super) fn find(&self, folder: u64, name: &OsStr) -> Result<u64, Refused> {
        self.folder(folder)?.live.get(name).copied().ok_or(Refused::ENOENT)
    }

    /// Makes something new under a name that is free.
    pub(super) fn make(
        &mut self,
        folder: u64,
        name: &OsStr,
        kind: Kind,
        mode: u32,
    ) -> Result<u64, Refused> {
        if self.find(folder, name).is_ok() {
            return Err(Refused::EEXIST);
        }
        let number = self.next;
        self.change(vec![(folder, name.to_owned(), Some(number))])?;
        self.next += 1;
        self.nodes.insert(number, Node::new(kind, mode));
        Ok(number)
    }

    /// Takes a name away; what it stood for lives on for those who have it open.
    pub(super) fn remove(&mut self, folder: u64, name: &OsStr) -> Result<(), Refused> {
        let number = self.find(folder, name)?;
        self.change(vec![(folder, name.to_owned(), None)])?;
        self.unlinked(number);
        Ok(())
    }

    pub(super) fn remove_folder(&mut self, folder: u64, name: &OsStr) -> Result<(), Refused> {
        let number = self.find(folder, name)?;
        match self.folder(number)?.live.is_empty() {
            true => self.remove(folder, name),
            false => Err(Refused::ENOTEMPTY),
        }
    }

    /// Moves a name, in one change, over whatever had the new one.
    pub(super) fn rename(
        &mut self,
        from: (u64, &OsStr),
        to: (u64, &OsStr),
        replace: bool,
    ) -> Result<(), Refused> {
        let number = self.find(from.0, from.1)?;
        let before = self.find(to.0, to.1).ok();
        if before.is_some() && !replace {
            return Err(Refused::EEXIST);
        }
        if before == Some(number) {
            return Ok(());
        }
        let gone = (from.0, from.1.to_owned(), None);
        self.change(vec![gone, (to.0, to.1.to_owned(), Some(number))])?;
        if let Some(before) = before {
            self.unlinked(before);
        }
        Ok(())
    }

    fn unlinked(&mut self, number: u64) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.links = 0;
        }
    }

    fn change(&mut self, effects: Vec<(u64, OsString, Option<u64>)>) -> Result<(), Refused> {
        self.tick += 1;
        for (folder, name, number) in &effects {
            put(&mut self.folder_mut(*folder)?.live, name, *number);
        }
        self.changes.push(Change { tick: self.tick, effects });
        Ok(())
    }

    pub(super) fn write(&mut self, number: u64, at: u64, data: &[u8]) -> Result<(), Refused> {
        let (content, tick) = self.content_mut(number)?;
        content.write(usize::try_from(at).map_err(|_| Refused::EFBIG)?, data, tick);
        Ok(())
    }

    pub(super) fn resize(&mut self, number: u64, size: u64) -> Result<(), Refused> {
        let (content, tick) = self.content_mut(number)?;
        content.resize(usize::try_from(size).map_err(|_| Refused::EFBIG)?, tick);
        Ok(())
    }

    pub(super) fn set_mode(&mut self, number: u64, mode: u32) -> Result<(), Refused> {
        let node = self.nodes.get_mut(&number).ok_or(Refused::ENOENT)?;
        node.mode = mode & 0o7777;
        Ok(())
    }

    /// What is in a file survives from now on; its name may not.
    pub(super) fn sync(&mut self, number: u64) -> Result<(), Refused> {
        self.content_mut(number)?.0.sync();
        Ok(())
    }

    /// The names in a folder survive from now on, and whatever those changes hang on.
    pub(super) fn sync_folder(&mut self, number: u64) -> Result<(), Refused> {
        self.folder(number)?;
        let mut touched: HashSet<(u64, OsString)> = HashSet::new();
        let mut kept = Vec::new();
        for change in std::mem::take(&mut self.changes).into_iter().rev() {
            let sure = |(folder, name, _): &(u64, OsString, Option<u64>)| {
                *folder == number || touched.contains(&(*folder, name.clone()))
            };
            if change.effects.iter().any(sure) {
                let names = change.effects.iter();
                touched.extend(names.map(|(folder, name, _)| (*folder, name.clone())));
                kept.push(change);
            } else {
                self.changes.push(change);
            }
        }
        self.changes.reverse();
        kept.into_iter().rev().for_each(|change| self.make_durable(change));
        Ok(())
    }

    /// A change of names that has reached the disk.
    pub(super) fn make_durable(&mut self, change: Change) {
        for (folder, name, number) in change.effects {
            if let Ok(folder) = self.folder_mut(folder) {
                put(&mut folder.durable, &name, number);
            }
        }
    }
}

fn put(names: &mut BTreeMap<OsString, u64>, name: &OsStr, number: Option<u64>) {
    match number {
        Some(number) => names.insert(name.to_owned(), number),
        None => names.remove(name),
    };
}
