//! Compresses a rotated file. Until its compressed form is safe and has been read back, the plain one stays.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::disk::{Disk, rename};
use super::names::{compressed, unfinished};
use super::open::{at, folder, open_to_read};

const MODE: u32 = 0o640;
const CHUNK: usize = 64 * 1024;

/// Puts the compressed form in the place of the plain file. A crash at any point leaves the plain file, perhaps beside its
/// compressed form; this then goes on from there.
///
/// # Errors
/// The plain file is still there. Also if it was told to stop.
pub(super) fn compress(
    disk: &dyn Disk,
    plain: &Path,
    stopped: &dyn Fn() -> bool,
) -> io::Result<()> {
    let packed = compressed(plain);
    if !packed.try_exists().map_err(at("inspect", &packed))? {
        let part = unfinished(plain);
        let made = pack(disk, plain, &part, stopped).and_then(|()| rename(disk, &part, &packed));
        made.inspect_err(|_| drop(disk.remove(&part)))?;
    }
    let file = open_to_read(&packed)?;
    if !same(plain, &file, &packed, stopped)? {
        let text = format!(
            "{} is not the compressed form of {}; move one of them away",
            packed.display(),
            plain.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    // It may be from before a crash, and not yet safe.
    disk.sync(&file).map_err(at("sync", &packed))?;
    disk.sync_folder(folder(plain))?;
    disk.remove(plain).map_err(at("remove", plain))
}

fn pack(disk: &dyn Disk, plain: &Path, part: &Path, stopped: &dyn Fn() -> bool) -> io::Result<()> {
    let mut lines = open_to_read(plain)?;
    let file = disk.create(part, MODE).map_err(at("create", part))?;
    let mut encoder = GzEncoder::new(Onto { disk, file: &file }, Compression::default());
    let mut chunk = vec![0; CHUNK];
    loop {
        go_on(stopped)?;
        let read = lines.read(&mut chunk).map_err(at("read", plain))?;
        if read == 0 {
            break;
        }
        encoder.write_all(&chunk[..read]).map_err(at("write to", part))?;
    }
    encoder.finish().map_err(at("write to", part))?;
    disk.sync(&file).map_err(at("sync", part))
}

/// Whether a compressed file holds exactly the bytes of a plain one.
fn same(
    plain: &Path,
    packed: &File,
    packed_path: &Path,
    stopped: &dyn Fn() -> bool,
) -> io::Result<bool> {
    let mut lines = open_to_read(plain)?;
    let mut decoder = GzDecoder::new(packed);
    let (mut ours, mut theirs) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        go_on(stopped)?;
        let read = lines.read(&mut ours).map_err(at("read", plain))?;
        let unpacked = match decoder.read_exact(&mut theirs[..read]) {
            Err(error) if damaged(&error) => return Ok(false),
            done => done,
        };
        unpacked.map_err(at("read", packed_path))?;
        if ours[..read] != theirs[..read] {
            return Ok(false);
        }
        if read == 0 {
            let more = decoder.read(&mut theirs[..1]);
            return Ok(more.is_ok_and(|more| more == 0));
        }
    }
}

fn damaged(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

fn go_on(stopped: &dyn Fn() -> bool) -> io::Result<()> {
    if stopped() { Err(io::Error::other("stopped")) } else { Ok(()) }
}

/// A file as something to write into.
struct Onto<'a> {
    disk: &'a dyn Disk,
    file: &'a File,
}

impl Write for Onto<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.append(self.file, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
