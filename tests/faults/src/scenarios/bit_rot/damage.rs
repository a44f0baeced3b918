//! Ways in which files come to harm.

use std::fs;
use std::io;
use std::path::Path;

use fastrand::Rng;

pub(super) const DATABASE: &str = "journal.sqlite";
pub(super) const LOG: &str = "journal.sqlite-wal";
const PAGE: usize = 8192;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// One bit of the database, anywhere.
    Bit,
    /// One bit of the beginning of a page, where its rows are listed.
    PageHead,
    /// One bit of the log.
    LogBit,
    /// The log ends here.
    LogCut(usize),
    /// The database ends somewhere.
    Cut,
    /// Two pages of the database in each other's places.
    Swapped,
    /// A file is not there.
    Deleted(&'static str),
    /// Database and log in each other's places.
    SwappedFiles,
    /// Nothing at all.
    None,
}

impl Damage {
    /// Whether only the log is harmed.
    pub(super) fn spares_database(self) -> bool {
        matches!(self, Self::LogBit | Self::LogCut(_) | Self::Deleted(LOG) | Self::None)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::PageHead => "page head",
            Self::LogBit => "log bit",
            Self::LogCut(_) => "log cut",
            Self::Cut => "cut",
            Self::Swapped => "swapped pages",
            Self::Deleted(_) => "deleted",
            Self::SwappedFiles => "swapped files",
            Self::None => "whole",
        }
    }

    /// Copies the store, and harms the copy; says where.
    pub(super) fn done(self, whole: &Path, folder: &Path, rng: &mut Rng) -> io::Result<String> {
        fs::create_dir(folder)?;
        for file in fs::read_dir(whole)? {
            let file = file?;
            fs::copy(file.path(), folder.join(file.file_name()))?;
        }
        let (database, log) = (folder.join(DATABASE), folder.join(LOG));
        match self {
            Self::Bit => flip(&database, |size| rng.usize(..size)),
            Self::PageHead => {
                let page = rng.usize(..pages(&database)?);
                flip(&database, |size| (page * PAGE + rng.usize(..120)) % size)
            }
            Self::LogBit => flip(&log, |size| rng.usize(..size)),
            Self::LogCut(size) => cut(&log, size),
            Self::Cut => {
                let size = rng.usize(..pages(&database)? * PAGE);
                cut(&database, size)
            }
            Self::Swapped => swap(&database, rng),
            Self::Deleted(name) => fs::remove_file(folder.join(name)).map(|()| name.to_owned()),
            Self::SwappedFiles => {
                let other = folder.join("other");
                fs::rename(&database, &other)?;
                fs::rename(&log, &database)?;
                fs::rename(other, log).map(|()| String::new())
            }
            Self::None => Ok(String::new()),
        }
    }
}

fn flip(path: &Path, mut place: impl FnMut(usize) -> usize) -> io::Result<String> {
    let mut bytes = fs::read(path)?;
    let at = place(bytes.len());
    let bit = place(8) % 8;
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
    fs::write(path, bytes)?;
    Ok(format!("byte {at}, bit {bit}"))
}

fn pages(path: &Path) -> io::Result<usize> {
    Ok(fs::read(path)?.len() / PAGE)
}

fn cut(path: &Path, size: usize) -> io::Result<String> {
    fs::OpenOptions::new().write(true).open(path)?.set_len(size as u64)?;
    Ok(format!("{} to {size}", path.display()))
}

fn swap(path: &Path, rng: &mut Rng) -> io::Result<String> {
    let mut bytes = fs::read(path)?;
    let pages = bytes.len() / PAGE;
    let (one, other) = (rng.usize(..pages), rng.usize(..pages));
    for at in 0..PAGE {
        bytes.swap(one * PAGE + at, other * PAGE + at);
    }
    fs::write(path, bytes)?;
    Ok(format!("pages {one} and {other}"))
}
