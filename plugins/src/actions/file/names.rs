//! The names of rotated files, which tell by themselves when each was rotated, and whose it is.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::open::{at, folder};

/// Behind this, newer names are left where they are: the clock was wrong when they were given.
const STEP_BACK_MAX: SignedDuration = SignedDuration::from_hours(24);
const COMPRESSED: &str = ".gz";
const UNFINISHED: &str = ".gz.part";

/// How the rotated files of one action are named: `topics.jsonl` becomes `topics.20260102T030405.678Z.jsonl`, and compressed
/// `topics.20260102T030405.678Z.jsonl.gz`. The time is that of the rotation, in UTC; no two rotations have the same one.
pub(super) struct Names {
    path: PathBuf,
    start: OsString,
    end: OsString,
}

/// What one rotated file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Lines.
    Plain,
    /// Lines, compressed.
    Compressed,
    /// What a crash left of compressing them.
    Unfinished,
}

/// One rotated file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rotated {
    /// When it was rotated: all its lines are older.
    pub(super) time: Timestamp,
    /// What it holds.
    pub(super) form: Form,
    /// Where it is.
    pub(super) path: PathBuf,
}

impl Names {
    /// The names of a file.
    pub(super) fn of(path: &Path) -> Self {
        let mut start = path.file_stem().unwrap_or_default().to_owned();
        start.push(".");
        let mut end = OsString::new();
        if let Some(extension) = path.extension() {
            end.push(".");
            end.push(extension);
        }
        Self { path: path.into(), start, end }
    }

    /// The name for a rotation at some time: behind all earlier ones, even if the clock went back by less than a day.
    pub(super) fn next(&self, now: Timestamp) -> io::Result<PathBuf> {
        let millisecond = SignedDuration::from_millis(1);
        let newest = self.list()?.into_iter().map(|one| one.time).max();
        let time = newest
            .filter(|newest| newest.duration_since(now) < STEP_BACK_MAX)
            .and_then(|newest| newest.checked_add(millisecond).ok())
            .map_or(now, |after| after.max(now));
        let mut name = self.start.clone();
        name.push(stamp(time));
        name.push(&self.end);
        Ok(folder(&self.path).join(name))
    }

    /// The rotated files, oldest first. What only looks like one, or is the file itself by another name, is none.
    pub(super) fn list(&self) -> io::Result<Vec<Rotated>> {
        let (mut found, _) = self.look()?;
        found.sort_unstable();
        Ok(found)
    }

    /// The rotated name that the file itself has beside its own: a rotation in two steps was not finished.
    pub(super) fn second_name(&self) -> io::Result<Option<PathBuf>> {
        self.look().map(|(_, second)| second)
    }

    fn look(&self) -> io::Result<(Vec<Rotated>, Option<PathBuf>)> {
        let folder = folder(&self.path);
        let place = |path: &Path| {
            let facts = fs::symlink_metadata(path).ok().filter(Metadata::is_file);
            facts.map(|facts| (facts.dev(), facts.ino()))
        };
        let active = place(&self.path);
        let (mut found, mut second) = (Vec::new(), None);
        for entry in fs::read_dir(folder).map_err(at("read the folder", folder))? {
            let entry = entry.map_err(at("read the folder", folder))?;
            let Some((time, form)) = self.read(&entry.file_name()) else { continue };
            let path = folder.join(entry.file_name());
            match place(&path) {
                None => {}
                there if there == active => second = Some(path),
                Some(_) => found.push(Rotated { time, form, path }),
            }
        }
        Ok((found, second))
    }

    /// What a name says, if it is one that we gave.
    pub(super) fn read(&self, name: &OsStr) -> Option<(Timestamp, Form)> {
        let name = name.as_bytes();
        let (name, form) = match name.strip_suffix(UNFINISHED.as_bytes()) {
            Some(name) => (name, Form::Unfinished),
            None => match name.strip_suffix(COMPRESSED.as_bytes()) {
                Some(short) if short.ends_with(self.end.as_bytes()) => (short, Form::Compressed),
                _ => (name, Form::Plain),
            },
        };
        let inner = name.strip_prefix(self.start.as_bytes())?;
        let time = inner.strip_suffix(self.end.as_bytes())?;
        unstamp(str::from_utf8(time).ok()?).map(|time| (time, form))
    }
}

/// The path of the compressed form of a rotated file.
pub(super) fn compressed(plain: &Path) -> PathBuf {
    super::open::beside(plain, COMPRESSED)
}

/// The path of that form while it is being made.
pub(super) fn unfinished(plain: &Path) -> PathBuf {
    super::open::beside(plain, UNFINISHED)
}

/// As many characters for every time, in the order of the times.
fn stamp(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%S.%3fZ").to_string()
}

/// The time of a stamp, if that is exactly how we write it.
fn unstamp(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize, to: usize| i8::try_from(number(from, to)?).ok();
    let date = civil::Date::new(number(0, 4)?, small(4, 6)?, small(6, 8)?).ok()?;
    let nanos = i32::from(number(16, 19)?) * 1_000_000;
    let time = civil::Time::new(small(9, 11)?, small(11, 13)?, small(13, 15)?, nanos).ok()?;
    let time = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp();
    (stamp(time) == text).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn names(folder: &Path, file: &str) -> Names {
        Names::of(&folder.join(file))
    }

    #[test]
    fn a_name_tells_its_time_and_form_and_nothing_else_is_taken_for_one() {
        let names = names(Path::new("/logs"), "a.b.jsonl");
        let read = |name: &str| names.read(OsStr::new(name));
        let then = time("2026-01-02T03:04:05.678Z");
        assert_eq!(read("a.b.20260102T030405.678Z.jsonl"), Some((then, Form::Plain)));
        assert_eq!(read("a.b.20260102T030405.678Z.jsonl.gz"), Some((then, Form::Compressed)));
        assert_eq!(read("a.b.20260102T030405.678Z.jsonl.gz.part"), Some((then, Form::Unfinished)));
        for name in [
            "a.b.jsonl",
            "a.b.jsonl.intent",
            "a.b.jsonl.gz",
            "a.b.20260102T030405.678Z.jsonl.part",
            "a.b.20260102T030405.678Z.jsonl.gz.gz",
            "a.b.20260102T030405.678Z.jsonl~",
            "a.b.20260102T030405.678Z",
            "a.b.20260102T030405.678Z.json",
            "a.b.20260102T030405Z.jsonl",
            "a.b.20260102T030405.6789Z.jsonl",
            "a.b.20260230T030405.678Z.jsonl",
            "a.b.20260102T240405.678Z.jsonl",
            "a.b.20260102T030460.678Z.jsonl",
            "a.b.20260102T030405.-78Z.jsonl",
            "a.b.+0260102T030405.678Z.jsonl",
            "a.b.20260102X030405.678Z.jsonl",
            "a.b.20260102T030405.678+.jsonl",
            "a.b.20260102T030405.67éZ.jsonl",
            "a.b.c.20260102T030405.678Z.jsonl",
            "a.20260102T030405.678Z.jsonl",
            "b.20260102T030405.678Z.jsonl",
            "2.a.b.20260102T030405.678Z.jsonl",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn files_without_an_extension_have_names_too() {
        for (file, expected) in [
            ("audit", "audit.20260101T000000.000Z"),
            (".audit", ".audit.20260101T000000.000Z"),
            ("audit.gz", "audit.20260101T000000.000Z.gz"),
        ] {
            let base = tempfile::tempdir().expect("a folder");
            let names = names(base.path(), file);
            let next = names.next(time("2026-01-01T00:00:00Z")).expect("read");
            assert_eq!(next, base.path().join(expected));
            let read = names.read(next.file_name().expect("a name"));
            assert_eq!(read, Some((time("2026-01-01T00:00:00Z"), Form::Plain)), "{file}");
        }
    }

    #[test]
    fn names_keep_the_order_of_the_rotations_though_the_clock_stands_or_goes_back() {
        let base = tempfile::tempdir().expect("a folder");
        let names = names(base.path(), "a.jsonl");
        let mut given = Vec::new();
        for now in ["03:04:05.678", "03:04:05.678", "03:04:05.6785", "03:04:06", "01:00:00"] {
            let path = names.next(time(&format!("2026-01-02T{now}Z"))).expect("read");
            fs::write(&path, "x").expect("written");
            given.push(path.file_name().expect("a name").to_owned());
        }
        assert_eq!(given[0], "a.20260102T030405.678Z.jsonl");
        assert_eq!(given[4], "a.20260102T030406.001Z.jsonl");
        assert!(given.is_sorted_by(|one, next| one < next), "{given:?}");
        let listed: Vec<_> = names.list().expect("read").into_iter().map(|one| one.path).collect();
        assert_eq!(listed, given.iter().map(|name| base.path().join(name)).collect::<Vec<_>>());
        let long_ago = names.next(time("2025-12-01T00:00:00Z")).expect("read");
        assert_eq!(long_ago, base.path().join("a.20251201T000000.000Z.jsonl"));
    }

    #[test]
    fn links_folders_and_the_file_itself_are_not_listed() {
        let base = tempfile::tempdir().expect("a folder");
        let at = |name: &str| base.path().join(name);
        fs::write(at("a.jsonl"), "x").expect("written");
        fs::hard_link(at("a.jsonl"), at("a.20260102T030405.001Z.jsonl")).expect("linked");
        std::os::unix::fs::symlink(at("a.jsonl"), at("a.20260102T030405.002Z.jsonl"))
            .expect("linked");
        fs::create_dir(at("a.20260102T030405.003Z.jsonl")).expect("made");
        fs::write(at("a.20260102T030405.004Z.jsonl"), "x").expect("written");
        let listed = names(base.path(), "a.jsonl").list().expect("read");
        let paths: Vec<_> = listed.into_iter().map(|one| one.path).collect();
        assert_eq!(paths, [at("a.20260102T030405.004Z.jsonl")]);
    }
}
