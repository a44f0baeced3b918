//! What the kernel asks, answered from the disk in memory.

use std::ffi::{OsStr, OsString};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use rustix::fs::FileType as Mode;

use super::content::Content;
use super::disk::{Disk, Folder, Kind, Node};
use super::{Machine, Op};

/// The kernel may remember everything: nobody changes anything behind its back.
const REMEMBER: Duration = Duration::from_hours(1);
const BLOCK: u32 = 4096;
/// Closing a file asks nothing of the disk, also while it hangs.
const OPENED: FopenFlags = FopenFlags::FOPEN_KEEP_CACHE.union(FopenFlags::FOPEN_NOFLUSH);
/// As many blocks as the disk says that it has.
const BLOCKS: u64 = 1 << 20;

pub(super) struct Served(Machine);

impl Served {
    pub(super) fn new(machine: Machine) -> Self {
        Self(machine)
    }

    /// Does something with the disk, if it does anything just now.
    fn on_disk<T>(
        &self,
        op: Op,
        work: impl FnOnce(&mut Disk) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        work(&mut self.0.ask(op)?.disk)
    }

    /// Makes something new, and says what it has become.
    fn make(&self, at: (INodeNo, &OsStr), kind: Kind, mode: u32) -> Result<FileAttr, Errno> {
        self.on_disk(Op::Name, |disk| {
            let number = disk.make(at.0.0, at.1, kind, mode & 0o7777)?;
            Ok(facts(number, disk.node(number)?))
        })
    }
}

fn facts(number: u64, node: &Node) -> FileAttr {
    let (kind, size) = match &node.kind {
        Kind::File(content) => (FileType::RegularFile, content.len() as u64),
        Kind::Folder(_) => (FileType::Directory, 0),
        Kind::Socket => (FileType::Socket, 0),
    };
    let process = (rustix::process::geteuid(), rustix::process::getegid());
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: node.changed,
        mtime: node.changed,
        ctime: node.changed,
        crtime: node.changed,
        kind,
        perm: u16::try_from(node.mode & 0o7777).unwrap_or(0o600),
        nlink: node.links,
        uid: process.0.as_raw(),
        gid: process.1.as_raw(),
        rdev: 0,
        blksize: BLOCK,
        flags: 0,
    }
}

fn entry(reply: ReplyEntry, done: Result<FileAttr, Errno>) {
    match done {
        Ok(facts) => reply.entry(&REMEMBER, &facts, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn empty(reply: ReplyEmpty, done: Result<(), Errno>) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn attributes(reply: ReplyAttr, done: Result<FileAttr, Errno>) {
    match done {
        Ok(facts) => reply.attr(&REMEMBER, &facts),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.on_disk(Op::Look, |disk| {
            let number = disk.find(parent.0, name)?;
            Ok(facts(number, disk.node(number)?))
        });
        entry(reply, found);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        attributes(reply, self.on_disk(Op::Look, |disk| Ok(facts(ino.0, disk.node(ino.0)?))));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let set = self.on_disk(if size.is_some() { Op::Write } else { Op::Look }, |disk| {
            if let Some(size) = size {
                disk.resize(ino.0, size)?;
            }
            if let Some(mode) = mode {
                disk.set_mode(ino.0, mode)?;
            }
            Ok(facts(ino.0, disk.node(ino.0)?))
        });
        attributes(reply, set);
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let kind = match Mode::from_raw_mode(mode) {
            Mode::RegularFile => Kind::File(Content::default()),
            Mode::Socket => Kind::Socket,
            _ => return reply.error(Errno::EPERM),
        };
        entry(reply, self.make((parent, name), kind, mode & !umask));
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let folder = Kind::Folder(Folder::default());
        entry(reply, self.make((parent, name), folder, mode & !umask));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(reply, self.on_disk(Op::Name, |disk| disk.remove(parent.0, name)));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(reply, self.on_disk(Op::Name, |disk| disk.remove_folder(parent.0, name)));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.difference(RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let moved = self.on_disk(Op::Name, |disk| {
            disk.rename((parent.0, name), (newparent.0, newname), flags.is_empty())
        });
        empty(reply, moved);
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.on_disk(Op::Look, |disk| disk.content(ino.0).map(drop)) {
            Ok(()) => reply.opened(FileHandle(0), OPENED),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        match self.make((parent, name), Kind::File(Content::default()), mode & !umask) {
            Ok(facts) => {
                reply.created(&REMEMBER, &facts, Generation(0), FileHandle(0), OPENED);
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let read = self
            .on_disk(Op::Read, |disk| Ok(disk.content(ino.0)?.read(at, size as usize).to_vec()));
        match read {
            Ok(data) => reply.data(&data),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.on_disk(Op::Write, |disk| disk.write(ino.0, offset, data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok(); // closing a file makes nothing sure
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(reply, self.on_disk(Op::Sync, |disk| disk.sync(ino.0)));
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(reply, self.on_disk(Op::Sync, |disk| disk.sync_folder(ino.0)));
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let names = self.on_disk(Op::Look, |disk| {
            let names = &disk.folder(ino.0)?.live;
            let one = |(name, number): (&OsString, &u64)| {
                Ok((name.clone(), *number, facts(*number, disk.node(*number)?).kind))
            };
            names.iter().map(one).collect::<Result<Vec<_>, Errno>>()
        });
        let names = match names {
            Ok(names) => names,
            Err(error) => return reply.error(error),
        };
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for (place, (name, number, kind)) in names.into_iter().enumerate().skip(skip) {
            if reply.add(INodeNo(number), place as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS / 2, BLOCKS / 2, 1 << 20, 1 << 19, BLOCK, 255, BLOCK);
    }
}
