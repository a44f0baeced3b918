//! Compressing and keeping rotated files.

use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{LazyLock, Mutex as Guarded};

use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

use super::disks::{Scripted, Then};
use super::*;

/// The lines of a file, compressed or not.
pub(super) fn lines_of(file: &Path) -> String {
    if file.extension().is_none_or(|extension| extension != "gz") {
        return text(file);
    }
    let mut lines = String::new();
    let packed = fs::File::open(file).expect("readable");
    flate2::read::GzDecoder::new(packed).read_to_string(&mut lines).expect("whole");
    lines
}

/// Names of rotated files of `out.jsonl`, one a day until yesterday, the oldest one first.
fn days(count: usize) -> Vec<String> {
    (0..count).map(|day| format!("out.202512{:02}T000000.000Z.jsonl", 32 - count + day)).collect()
}

/// A folder with these files, each with one line: its name.
fn folder(names: &[String]) -> (TempDir, PathBuf) {
    let (base, path) = place();
    for name in names {
        fs::write(base.path().join(name), format!("{name}\n")).expect("written");
    }
    (base, path)
}

fn run(path: &Path, disk: Arc<dyn Disk>, keep: Keep) {
    Tried::new(path, disk, Rotation::default(), keep).upkeep.run();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

fn compressed(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("{name}.gz")).collect()
}

const COMPRESS: Keep = Keep { compress: true, files: None, time: None };

/// What nobody may touch, however much it looks like ours.
const FOREIGN: [&str; 8] = [
    "out.jsonl",
    "out.jsonl.intent",
    "out.jsonl.1",
    "out.20200101T000000.000Z.jsonl.bak",
    "out.20200101T000000Z.jsonl",
    "other.20200101T000000.000Z.jsonl",
    "out.b.20200101T000000.000Z.jsonl",
    "out.20200101T000000.000Z.jsonl.gz.old",
];

#[test]
fn the_newest_files_are_kept_and_nothing_foreign_is_touched() {
    let days = days(5);
    let check = |keep: Keep, expected: &[String]| {
        let (base, path) = folder(&days);
        for name in FOREIGN {
            fs::write(base.path().join(name), "mine").expect("written");
        }
        symlink("/dev/null", base.path().join("out.20200101T000000.000Z.jsonl")).expect("linked");
        fs::create_dir(base.path().join("out.20200102T000000.000Z.jsonl")).expect("made");
        run(&path, Arc::new(Real), keep);
        let foreign = FOREIGN.map(str::to_owned).into_iter().chain([
            "out.20200101T000000.000Z.jsonl".to_owned(),
            "out.20200102T000000.000Z.jsonl".to_owned(),
        ]);
        let mut expected: Vec<String> = foreign.chain(expected.iter().cloned()).collect();
        expected.sort();
        assert_eq!(names(base.path()), expected, "{keep:?}");
    };
    let files = |files| Keep { compress: false, files: Some(files), time: None };
    // It is the first of January, 0:00; the newest one is a day old.
    let time =
        |hours| Keep { compress: false, files: None, time: Some(Duration::from_hours(hours)) };
    check(Keep::default(), &days);
    check(files(9), &days);
    check(files(5), &days);
    check(files(2), &days[3..]);
    check(time(24 * 5), &days);
    check(time(24 * 5 - 1), &days[1..]);
    check(time(1), &[]);
    check(Keep { files: Some(4), ..time(24 * 2) }, &days[3..]);
    check(Keep { files: Some(1), ..time(24 * 2) }, &days[4..]);
    check(Keep { compress: true, ..files(2) }, &compressed(&days[3..]));
}

#[test]
fn a_compressed_file_counts_like_a_plain_one() {
    let days = days(4);
    let (base, path) = folder(&days);
    run(&path, Arc::new(Real), COMPRESS);
    fs::write(base.path().join(&days[3]), "x\n").expect("beside its compressed form");
    run(&path, Arc::new(Real), Keep { compress: false, files: Some(2), time: None });
    let left = [&days[2], &days[3], &days[3]];
    let left = [format!("{}.gz", left[0]), left[1].clone(), format!("{}.gz", left[2])];
    assert_eq!(names(base.path()), left);
}

#[test]
fn what_is_compressed_is_the_same_when_it_is_read_again() {
    let line = |number: u32| format!("{{\"number\":{}}}\n", number.wrapping_mul(2_654_435_761));
    let text: String = (0..60_000).map(line).collect();
    for text in [text.as_str(), "one\n", ""] {
        let days = days(1);
        let (base, path) = folder(&days);
        fs::write(base.path().join(&days[0]), text).expect("written");
        run(&path, Arc::new(Real), COMPRESS);
        assert_eq!(names(base.path()), compressed(&days));
        let packed = base.path().join(&compressed(&days)[0]);
        assert_eq!(lines_of(&packed), text);
        let mode = fs::metadata(&packed).expect("there").permissions().mode();
        assert_eq!(mode & 0o777 & !0o640, 0);
    }
}

#[test]
fn compressing_that_is_stopped_at_any_step_is_made_good_by_the_next() {
    for renames in [true, false] {
        for then in [Then::Dies, Then::Fails(28)] {
            let mut step = 0;
            loop {
                let days = days(3);
                let (base, path) = folder(&days);
                let disk = Arc::new(Scripted::new(step, then, renames));
                run(&path, disk.clone(), COMPRESS);
                for name in &days {
                    let plain = base.path().join(name);
                    let there =
                        if plain.exists() { plain } else { base.path().join(format!("{name}.gz")) };
                    assert_eq!(lines_of(&there), format!("{name}\n"), "{then:?} at step {step}");
                }
                run(&path, Arc::new(Fast), COMPRESS);
                assert_eq!(names(base.path()), compressed(&days), "{then:?} at step {step}");
                for name in &days {
                    assert_eq!(
                        lines_of(&base.path().join(format!("{name}.gz"))),
                        format!("{name}\n")
                    );
                }
                if !disk.was_bent() {
                    break;
                }
                step += 1;
            }
            assert!(step > 15, "{step}");
        }
    }
}

#[test]
fn a_leftover_is_removed_even_if_nothing_is_compressed_any_more() {
    let days = days(2);
    let (base, path) = folder(&days);
    fs::write(base.path().join(format!("{}.gz.part", days[0])), "half").expect("written");
    run(&path, Arc::new(Real), Keep::default());
    assert_eq!(names(base.path()), days);
}

#[test]
fn a_compressed_file_that_is_another_one_keeps_both_and_holds_up_no_other() {
    let days = days(3);
    for wrong in [&b"no gzip"[..], b"", b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0"] {
        let (base, path) = folder(&days);
        let first = format!("{}.gz", days[0]);
        fs::write(base.path().join(&first), wrong).expect("written");
        let log = logged(|| run(&path, Arc::new(Real), COMPRESS));
        assert!(log.contains("is not the compressed form of"), "{log}");
        let mut expected = vec![days[0].clone()];
        expected.extend(compressed(&days));
        assert_eq!(names(base.path()), expected);
        assert_eq!(text(&base.path().join(&days[0])), format!("{}\n", days[0]));
        assert_eq!(fs::read(base.path().join(&first)).expect("there"), wrong);
    }
}

#[test]
fn a_run_that_is_told_to_stop_leaves_the_plain_files() {
    let days = days(2);
    let (base, path) = folder(&days);
    let action = Tried::new(&path, Arc::new(Real), Rotation::default(), COMPRESS);
    action.upkeep.stop();
    assert_eq!(logged(|| action.upkeep.run()), "");
    assert_eq!(names(base.path()), days);
}

#[derive(Clone, Default)]
struct Log(Arc<Guarded<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What is warned of meanwhile, on this thread.
pub(super) fn logged(work: impl FnOnce()) -> String {
    // With one subscriber alone, a line that another test's thread comes to first would stay unheard for good.
    static SECOND: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));
    LazyLock::force(&SECOND);
    let log = Log::default();
    let lines = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(log.clone());
    tracing::subscriber::with_default(lines.finish(), work);
    let bytes = log.0.lock().expect("not poisoned").clone();
    String::from_utf8(bytes).expect("text")
}
