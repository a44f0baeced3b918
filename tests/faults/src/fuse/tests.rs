//! What the other scenarios take for granted.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::thread;

use super::*;

/// A disk in a folder of its own; none where the machine cannot, said on standard error.
fn mounted() -> Option<(tempfile::TempDir, Machine, Mounted)> {
    let (folder, machine) = (tempfile::tempdir().unwrap(), Machine::default());
    match Mounted::new(&machine, folder.path()) {
        Ok(mounted) => Some((folder, machine, mounted)),
        Err(error) => {
            eprintln!("not run: {error}");
            None
        }
    }
}

/// The files after a power cut.
fn after(machine: &Machine, mounted: Mounted, seed: u64, how: How) -> Mounted {
    machine.cut(seed, how);
    let folder = mounted.folder().to_owned();
    drop(mounted);
    machine.power_on();
    Mounted::new(machine, &folder).unwrap()
}

fn sync_folder(folder: &Path) {
    File::open(folder).unwrap().sync_all().unwrap();
}

/// A synced file of this content.
fn sure(path: &Path, content: &[u8]) -> File {
    let mut file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path);
    let file = file.as_mut().unwrap();
    file.write_all(content).unwrap();
    file.sync_all().unwrap();
    sync_folder(path.parent().unwrap());
    file.try_clone().unwrap()
}

#[test]
fn it_is_a_file_system() {
    let Some((_base, _, disk)) = mounted() else { return };
    let at = |name: &str| disk.folder().join(name);
    fs::create_dir(at("d")).unwrap();
    fs::write(at("d/a"), b"hello").unwrap();
    let mut file = OpenOptions::new().append(true).read(true).open(at("d/a")).unwrap();
    file.write_all(b" world").unwrap();
    file.seek(SeekFrom::Start(3)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "lo world");
    file.set_len(4).unwrap();
    assert_eq!(fs::read(at("d/a")).unwrap(), b"hell");
    file.set_len(6).unwrap();
    assert_eq!(fs::read(at("d/a")).unwrap(), b"hell\0\0");
    fs::rename(at("d/a"), at("b")).unwrap();
    assert_eq!(fs::remove_dir(at("b")).unwrap_err().kind(), ErrorKind::NotADirectory);
    let names = |folder: PathBuf| {
        let names = fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(disk.folder().to_owned()), ["b", "d"]);
    assert!(names(at("d")).is_empty());
    fs::remove_file(at("b")).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 6, "open files outlive their names");
    assert_eq!(fs::read(at("b")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn many_names_are_all_listed() {
    let Some((_base, _, disk)) = mounted() else { return };
    for number in 0..500 {
        fs::write(disk.folder().join(format!("{number:0100}")), b"").unwrap();
    }
    assert_eq!(fs::read_dir(disk.folder()).unwrap().count(), 500);
}

#[test]
fn what_was_synced_is_there_whatever_else_is_lost() {
    for (seed, how) in (0..30).zip([How::Lost, How::Ordered, How::Mixed].into_iter().cycle()) {
        let Some((_base, machine, disk)) = mounted() else { return };
        let path = disk.folder().join("f");
        let file = sure(&path, &[1; 3000]);
        file.write_all_at(&[2; 2000], 4000).unwrap();
        file.sync_data().unwrap();
        drop(file);
        let disk = after(&machine, disk, seed, how);
        let mut expected = vec![1; 3000];
        expected.resize(4000, 0);
        expected.extend([2; 2000]);
        assert_eq!(fs::read(disk.folder().join("f")).unwrap(), expected, "{seed}");
    }
}

#[test]
fn what_was_not_synced_is_lost() {
    let Some((_base, machine, disk)) = mounted() else { return };
    let file = sure(&disk.folder().join("f"), b"old");
    file.write_all_at(b"new and longer", 0).unwrap();
    fs::write(disk.folder().join("g"), b"x").unwrap();
    fs::rename(disk.folder().join("f"), disk.folder().join("h")).unwrap();
    drop(file);
    let disk = after(&machine, disk, 1, How::Lost);
    assert_eq!(fs::read(disk.folder().join("f")).unwrap(), b"old");
    assert_eq!(fs::read_dir(disk.folder()).unwrap().count(), 1);
}

#[test]
fn a_synced_file_in_an_unsynced_folder_may_be_lost() {
    let mut seen = [false; 2];
    for seed in 0..40 {
        let Some((_base, machine, disk)) = mounted() else { return };
        let file = File::create(disk.folder().join("f")).unwrap();
        file.sync_all().unwrap();
        drop(file);
        let disk = after(&machine, disk, seed, How::Mixed);
        seen[usize::from(disk.folder().join("f").exists())] = true;
    }
    assert_eq!(seen, [true, true]);
}

#[test]
fn a_synced_folder_of_an_unsynced_file_has_the_name_and_perhaps_not_the_content() {
    let Some((_base, machine, disk)) = mounted() else { return };
    fs::write(disk.folder().join("f"), [7; 5000]).unwrap();
    sync_folder(disk.folder());
    let disk = after(&machine, disk, 1, How::Lost);
    assert_eq!(fs::read(disk.folder().join("f")).unwrap(), b"");
}

#[test]
fn unsynced_writes_are_torn_at_sectors_and_reordered() {
    let (mut holes, mut mixes) = (0, 0);
    for seed in 0..60 {
        let Some((_base, machine, disk)) = mounted() else { return };
        let file = sure(&disk.folder().join("f"), &[1; 4 * 512]);
        file.write_all_at(&[2; 1024], 0).unwrap();
        file.write_all_at(&[3; 1024], 1024).unwrap();
        file.write_all_at(&[4; 600], 2048).unwrap();
        drop(file);
        let disk = after(&machine, disk, seed, How::Mixed);
        let left = fs::read(disk.folder().join("f")).unwrap();
        assert!((2048..=2648).contains(&left.len()), "{}", left.len());
        let allowed: [&[u8]; 6] = [&[1, 2], &[1, 2], &[1, 3], &[1, 3], &[0, 4], &[0, 4]];
        for (sector, allowed) in left.chunks(512).zip(allowed) {
            assert!(sector.iter().all(|byte| *byte == sector[0]), "half a sector");
            assert!(allowed.contains(&sector[0]), "{} is from nowhere", sector[0]);
        }
        mixes += usize::from(left[0] != left[512]);
        holes += usize::from(left[0] == 1 && left[1024] == 3);
    }
    assert!(mixes > 5, "no write is ever torn");
    assert!(holes > 5, "nothing is ever reordered");
}

#[test]
fn in_order_means_that_nothing_later_is_there_without_the_earlier() {
    for seed in 0..60 {
        let Some((_base, machine, disk)) = mounted() else { return };
        let file = sure(&disk.folder().join("f"), &[0; 20 * 512]);
        for sector in 0..20 {
            file.write_all_at(&[1; 512], sector * 512).unwrap();
        }
        drop(file);
        let disk = after(&machine, disk, seed, How::Ordered);
        let left = fs::read(disk.folder().join("f")).unwrap();
        let there: Vec<u8> = left.chunks(512).map(|sector| sector[0]).collect();
        assert!(there.is_sorted_by(|one, next| one >= next), "{there:?}");
    }
}

#[test]
fn a_file_cut_shorter_without_a_sync_may_have_any_size_in_between() {
    let mut sizes = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let Some((_base, machine, disk)) = mounted() else { return };
        let file = sure(&disk.folder().join("f"), &[9; 3000]);
        file.set_len(100).unwrap();
        drop(file);
        let disk = after(&machine, disk, seed, How::Mixed);
        let left = fs::read(disk.folder().join("f")).unwrap();
        assert!((100..=3000).contains(&left.len()));
        assert!(left.iter().all(|byte| [0, 9].contains(byte)));
        sizes.insert(left.len());
    }
    assert!(sizes.len() > 4 && sizes.contains(&100) && sizes.contains(&3000), "{sizes:?}");
}

#[test]
fn a_rename_takes_its_file_along_or_not_at_all() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let Some((_base, machine, disk)) = mounted() else { return };
        let at = |name: &str| disk.folder().join(name);
        drop(sure(&at("new"), b"new"));
        drop(sure(&at("f"), b"old"));
        fs::rename(at("new"), at("f")).unwrap();
        let disk = after(&machine, disk, seed, How::Mixed);
        let read = |name: &str| fs::read_to_string(disk.folder().join(name)).unwrap_or_default();
        seen.insert((read("f"), read("new")));
    }
    let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    assert_eq!(seen, [pair("new", ""), pair("old", "new")].into());
}

#[test]
fn what_a_synced_name_hangs_on_is_synced_with_it() {
    let mut later = 0;
    for seed in 0..20 {
        let Some((_base, machine, disk)) = mounted() else { return };
        let at = |name: &str| disk.folder().join(name);
        fs::create_dir(at("d")).unwrap();
        sync_folder(disk.folder());
        drop(File::create(at("d/a")).unwrap());
        fs::write(at("d/later"), b"").unwrap();
        fs::rename(at("d/a"), at("b")).unwrap();
        sync_folder(disk.folder());
        let disk = after(&machine, disk, seed, How::Mixed);
        assert!(disk.folder().join("b").exists());
        assert!(!disk.folder().join("d/a").exists(), "under two names");
        later += usize::from(disk.folder().join("d/later").exists());
    }
    assert!((1..20).contains(&later), "nobody synced that folder: {later}");
}

#[test]
fn the_same_seed_leaves_the_same() {
    let lefts = [0, 1].map(|_| {
        let machine = Machine::default();
        let mut state = machine.state();
        let disk = &mut state.disk;
        for name in ["a", "b", "c"] {
            let file = disk::Kind::File(content::Content::default());
            let number = disk.make(disk::ROOT, name.as_ref(), file, 0o600).unwrap();
            for at in 0..20 {
                disk.write(number, at * 700, &[u8::try_from(at).unwrap(); 900]).unwrap();
            }
            disk.sync_folder(disk::ROOT).unwrap();
        }
        let left = disk.after_cut(42, How::Mixed);
        let read = |name: &str| {
            let number = left.find(disk::ROOT, name.as_ref()).unwrap();
            left.content(number).unwrap().read(0, usize::MAX).to_vec()
        };
        ["a", "b", "c"].map(read)
    });
    assert_eq!(lefts[0], lefts[1]);
    assert_ne!(lefts[0][0], lefts[0][1], "each file has its own fate");
}

#[test]
fn without_power_everything_fails() {
    let Some((_base, machine, disk)) = mounted() else { return };
    let mut file = sure(&disk.folder().join("f"), b"x");
    machine.cut(1, How::Lost);
    let code = |error: std::io::Error| error.raw_os_error();
    let io = Some(rustix::io::Errno::IO.raw_os_error());
    assert_eq!(code(file.write_all(b"y").unwrap_err()), io);
    assert_eq!(code(file.sync_all().unwrap_err()), io);
    assert_eq!(code(File::create(disk.folder().join("g")).unwrap_err()), io);
    machine.cut(2, How::Mixed);
    assert_eq!(code(file.sync_all().unwrap_err()), io, "the second cut changes nothing");
}

#[test]
fn a_hung_disk_waits_and_goes_on() {
    let Some((_base, machine, disk)) = mounted() else { return };
    let path = disk.folder().join("f");
    let file = sure(&path, b"old");
    machine.hang();
    let writer = thread::spawn(move || {
        file.write_all_at(b"new", 0).unwrap();
        file.sync_all()
    });
    assert_eq!(machine.waiting(Duration::from_secs(20)), 1);
    assert!(!writer.is_finished());
    machine.thaw();
    writer.join().unwrap().unwrap();
    assert_eq!(fs::read(path).unwrap(), b"new");
}

#[test]
fn a_power_cut_ends_the_wait_of_a_hung_disk() {
    let Some((_base, machine, disk)) = mounted() else { return };
    let file = sure(&disk.folder().join("f"), b"old");
    machine.hang();
    let writer = thread::spawn(move || file.write_all_at(b"new", 0));
    assert_eq!(machine.waiting(Duration::from_secs(20)), 1);
    machine.cut(1, How::Mixed);
    assert!(writer.join().unwrap().is_err());
    drop(disk);
}

#[test]
fn one_kind_of_operation_fails_until_it_is_healed() {
    let Some((_base, machine, disk)) = mounted() else { return };
    let file = sure(&disk.folder().join("f"), b"old");
    let full = rustix::io::Errno::NOSPC.raw_os_error();
    machine.fail(Op::Write, full);
    assert_eq!(file.write_all_at(b"new", 0).unwrap_err().raw_os_error(), Some(full));
    file.sync_all().unwrap();
    machine.fail(Op::Sync, rustix::io::Errno::IO.raw_os_error());
    assert!(file.sync_all().is_err());
    machine.heal();
    file.write_all_at(b"new", 0).unwrap();
    file.sync_all().unwrap();
}

#[test]
fn it_is_unmounted_at_the_end_also_by_a_panic() {
    let Some((base, _, disk)) = mounted() else { return };
    let mounts = || fs::read_to_string("/proc/self/mounts").unwrap();
    let place = base.path().to_str().unwrap().to_owned();
    assert!(mounts().contains(&place));
    let panicked = thread::spawn(move || {
        let held = disk;
        assert!(held.folder().as_os_str().is_empty(), "on purpose");
    });
    assert!(panicked.join().is_err());
    assert!(!mounts().contains(&place));
}

#[test]
fn numbers_of_files_outlive_a_power_cut() {
    use std::os::unix::fs::MetadataExt as _;
    let Some((_base, machine, disk)) = mounted() else { return };
    let number = sure(&disk.folder().join("f"), b"x").metadata().unwrap().ino();
    let disk = after(&machine, disk, 1, How::Lost);
    assert_eq!(fs::metadata(disk.folder().join("f")).unwrap().ino(), number);
}

/// `SQLite` as the journal uses it: a log of writes and its index in shared memory, a second connection that reads.
fn database(folder: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(folder.join("db.sqlite")).unwrap();
    let set = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 20; PRAGMA cache_size = 10;
               CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, data BLOB) STRICT;";
    connection.execute_batch(set).unwrap();
    connection
}

fn rows(connection: &rusqlite::Connection) -> Vec<u32> {
    let mut all = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
    all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn sqlite_keeps_what_it_committed_over_power_cuts() {
    let Some((_base, machine, mut disk)) = mounted() else { return };
    let mut expected = Vec::new();
    for seed in 0..40 {
        let (writer, reader) = (database(disk.folder()), database(disk.folder()));
        assert_eq!(rows(&reader), expected, "{seed}");
        let sound = reader.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        assert_eq!(sound.unwrap(), "ok", "{seed}");
        for _ in 0..=seed % 7 {
            let next = u32::try_from(expected.len()).unwrap();
            let data = vec![u8::try_from(seed).unwrap(); 3000];
            writer.execute("INSERT INTO t VALUES (?1, ?2)", (next, data)).unwrap();
            expected.push(next);
            assert_eq!(rows(&reader), expected, "the other connection sees another state");
        }
        // What is under way when the power goes may be anything, and must be nothing.
        writer.execute_batch("BEGIN; INSERT INTO t VALUES (999999, zeroblob(100000))").unwrap();
        machine.cut(seed, How::Any);
        drop((writer, reader));
        disk = after(&machine, disk, seed, How::Any);
    }
}
