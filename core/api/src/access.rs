//! Who else may open what this server relies on: one rule for secret files and data folders.
//!
//! What others may open is refused where this process could change the mode, with the command that does it. Where it could not
//! (a volume of root in a container, a read-only mount), it is accepted with one warning.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{StatVfsMountFlags, fstatvfs};

use crate::escape;

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A file with a secret: others may neither read nor write it.
    SecretFile,
    /// A folder with files of this server: others may not write to it.
    DataFolder,
}

/// What is known of a file or folder, and of this process.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Its mode.
    pub mode: u32,
    /// The user who owns it.
    pub owner: u32,
    /// The user of this process.
    pub me: u32,
    /// Whether this process may change what another user owns.
    pub privileged: bool,
    /// Whether its mount takes no changes.
    pub read_only: bool,
    /// Whether it is a volume of root: a folder that root has mounted, as containers get them.
    pub volume: bool,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing: others have no access.
    Accept,
    /// Accept it, and warn once.
    Warn,
    /// Refuse it, with the command that mends it.
    Refuse,
}

/// The rule.
pub fn judge(thing: Thing, facts: Facts) -> Judgement {
    let open = facts.mode & thing.bits() != 0;
    let can_change = !facts.read_only && (facts.me == facts.owner || facts.privileged);
    // In a sticky folder such as /tmp others can make files, but not replace ours.
    let sticky = thing == Thing::DataFolder && facts.mode & 0o1000 != 0;
    match open {
        false => Judgement::Accept,
        true if sticky || facts.volume || !can_change => Judgement::Warn,
        true => Judgement::Refuse,
    }
}

impl Thing {
    /// The access of others that is not wanted.
    fn bits(self) -> u32 {
        match self {
            Self::SecretFile => 0o006,
            Self::DataFolder => 0o002,
        }
    }

    /// Whether it is mounted just here, by root. Who runs a container may set the mode of a volume that others share.
    fn is_volume(self, path: &Path, metadata: &Metadata) -> bool {
        let above = || fs::metadata(path.join("..")).map(|above| above.dev());
        self == Self::DataFolder
            && metadata.uid() == 0
            && above().is_ok_and(|device| device != metadata.dev())
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::SecretFile => "chmod o=",
            Self::DataFolder => "chmod o-w",
        }
    }

    /// What others can do with a thing of this mode.
    fn exposure(self, mode: u32) -> &'static str {
        match (self, mode & 0o006) {
            (Self::DataFolder, _) => "every user of this machine may write to this folder",
            (Self::SecretFile, 0o004) => "every user of this machine may read it",
            (Self::SecretFile, 0o002) => "every user of this machine may change it",
            (Self::SecretFile, _) => "every user of this machine may read and change it",
        }
    }
}

/// Judges an open file or folder. A warning comes back as text, to be shown once.
///
/// # Errors
/// Why it is refused and what mends it, without its path; or it cannot be looked at.
pub fn examine(thing: Thing, file: &File, path: &Path) -> Result<Option<String>, String> {
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    let facts = Facts { volume: thing.is_volume(path, &metadata), ..facts(file, &metadata) };
    let exposure = format!("{} (mode {:04o})", thing.exposure(facts.mode), facts.mode & 0o7777);
    match judge(thing, facts) {
        Judgement::Accept => Ok(None),
        Judgement::Refuse => Err(format!(
            "{exposure}; run `{} {}`",
            thing.remedy(),
            escape::for_shell(&path.to_string_lossy())
        )),
        Judgement::Warn => Ok(Some(format!("{exposure}; accepted because {}", excuse(facts)))),
    }
}

/// Judges a folder that holds files of this server; logs a warning where one is due.
///
/// # Errors
/// It cannot be looked at, or others may replace files in it and this process could change that.
pub fn examine_folder(folder: &Path) -> io::Result<()> {
    let open = open_folder(folder).map_err(|error| {
        let text = format!("cannot access the folder {}: {error}", folder.display());
        io::Error::new(error.kind(), text)
    })?;
    match examine(Thing::DataFolder, &open, folder) {
        Ok(None) => Ok(()),
        Ok(Some(warning)) => {
            warn_once(folder, &warning);
            Ok(())
        }
        Err(why) => {
            let text = format!("refusing to use the folder {}: {why}", folder.display());
            Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
        }
    }
}

/// Without the right to list a folder, files in it can still be used.
fn open_folder(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NONBLOCK;
    #[cfg(target_os = "linux")]
    let flags = flags | rustix::fs::OFlags::PATH;
    fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(folder)
}

/// Logs a warning about a path, unless this process has warned of it before.
pub fn warn_once(path: &Path, warning: &str) {
    static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    /// A configuration names a few dozen at most.
    const REMEMBERED: usize = 1000;
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.contains(path) {
        return;
    }
    if warned.len() < REMEMBERED {
        warned.insert(path.to_owned());
    }
    drop(warned);
    tracing::warn!(path = %path.display(), "{warning}");
}

fn facts(file: &File, metadata: &Metadata) -> Facts {
    let owner = metadata.uid();
    Facts {
        mode: metadata.permissions().mode(),
        owner,
        me: rustix::process::geteuid().as_raw(),
        privileged: may_change_others(owner),
        // What cannot be told is judged as it usually is.
        read_only: fstatvfs(file.as_fd())
            .is_ok_and(|it| it.f_flag.contains(StatVfsMountFlags::RDONLY)),
        volume: false,
    }
}

fn excuse(facts: Facts) -> String {
    let Facts { mode, owner, me, read_only, volume, .. } = facts;
    if read_only {
        return "its mount is read-only".to_owned();
    }
    if mode & 0o1000 != 0 {
        return "its sticky bit is set: others can add files, but not replace ours".to_owned();
    }
    if volume {
        return "it is a volume mounted by root".to_owned();
    }
    format!("user {owner} owns it, and this process (user {me}) cannot change its mode")
}

/// Whether this process may change the modes of files of another user. Root in a container often may not: its capabilities were
/// dropped, or the owner does not exist there.
fn may_change_others(owner: u32) -> bool {
    /// `CAP_FOWNER`
    const FOWNER: u32 = 3;
    let read = |path: &str| fs::read_to_string(path).ok();
    let Some(status) = read("/proc/self/status") else {
        return rustix::process::geteuid().is_root();
    };
    let unmapped = || {
        let number = |path: &str| read(path)?.trim().parse::<u32>().ok();
        let nobody = number("/proc/sys/kernel/overflowuid").unwrap_or(65_534);
        owner == nobody && read("/proc/self/uid_map").is_some_and(|map| !maps_all(&map))
    };
    has_capability(&status, FOWNER) && !unmapped()
}

fn has_capability(status: &str, number: u32) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    set.is_some_and(|set| set >> number & 1 == 1)
}

/// Whether a user namespace has every user of the machine, as the first one has.
fn maps_all(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    const ROOT: u32 = 0;
    const US: u32 = 1000;
    const OTHER: u32 = 1001;

    /// `how`: `rw`, `ro`, `+` where the process may change what others own, and `volume` where root has mounted it.
    fn check(thing: Thing, mode: u32, owner: u32, me: u32, how: &str, expected: Judgement) {
        let (privileged, read_only) = (how.contains('+'), how.contains("ro"));
        let facts =
            Facts { mode, owner, me, privileged, read_only, volume: how.contains("volume") };
        assert_eq!(judge(thing, facts), expected, "{thing:?} {mode:04o} {owner} {me} {how}");
    }

    #[test]
    fn a_secret_file_of_others_is_refused_where_its_mode_could_be_changed() {
        use Judgement::{Accept, Refuse, Warn};
        let check = |mode: u32, owner, me, how, expected| {
            check(Thing::SecretFile, 0o100_000 | mode, owner, me, how, expected);
        };
        for how in ["rw", "ro", "rw+", "ro+"] {
            for mode in [0o400, 0o440, 0o600, 0o640, 0o660, 0o601] {
                check(mode, ROOT, US, how, Accept);
                check(mode, US, US, how, Accept);
            }
        }
        for mode in [0o444, 0o604, 0o644, 0o646, 0o602, 0o666, 0o777] {
            check(mode, US, US, "rw", Refuse);
            check(mode, ROOT, ROOT, "rw+", Refuse);
            check(mode, ROOT, ROOT, "rw", Refuse);
            check(mode, US, ROOT, "rw+", Refuse);
            check(mode, US, ROOT, "rw", Warn); // capabilities were dropped
            check(mode, ROOT, US, "rw", Warn); // a bind mount of root's file
            check(mode, OTHER, US, "rw", Warn);
            for (owner, me) in [(ROOT, US), (ROOT, ROOT), (US, US), (US, ROOT)] {
                check(mode, owner, me, "ro", Warn); // Kubernetes, Docker secrets
                check(mode, owner, me, "ro+", Warn);
            }
        }
    }

    #[test]
    fn a_folder_of_others_is_refused_where_its_mode_could_be_changed_unless_sticky() {
        use Judgement::{Accept, Refuse, Warn};
        let check = |mode: u32, owner, me, how, expected| {
            check(Thing::DataFolder, 0o040_000 | mode, owner, me, how, expected);
        };
        for mode in [0o700, 0o750, 0o755, 0o775, 0o2770, 0o1755] {
            check(mode, ROOT, US, "rw", Accept);
            check(mode, US, US, "rw", Accept);
            check(mode, ROOT, ROOT, "rw+", Accept);
        }
        for mode in [0o777, 0o757, 0o702, 0o2777] {
            check(mode, US, US, "rw", Refuse);
            check(mode, ROOT, ROOT, "rw+", Refuse);
            check(mode, ROOT, US, "rw", Warn); // a volume of root
            check(mode, US, ROOT, "rw", Warn);
            check(mode, OTHER, US, "rw", Warn);
            check(mode, US, US, "ro", Warn);
            check(mode, ROOT, ROOT, "rw+ volume", Warn);
            check(mode, ROOT, US, "rw volume", Warn);
        }
        for (owner, me) in [(ROOT, US), (ROOT, ROOT), (US, US)] {
            check(0o1777, owner, me, "rw+", Warn);
            check(0o3777, owner, me, "rw", Warn);
        }
    }

    #[test]
    fn what_root_may_is_read_from_its_capabilities() {
        let status = |set: &str| format!("Name:\tx\nCapPrm:\t{set}\nCapEff:\t{set}\nCapBnd:\t0\n");
        assert!(has_capability(&status("000001ffffffffff"), 3));
        assert!(has_capability(&status("0000000000000008"), 3));
        assert!(!has_capability(&status("0000000000000000"), 3));
        assert!(!has_capability(&status("00000000a80425f3"), 3));
        assert!(!has_capability("Name:\tx\n", 3) && !has_capability("CapEff:\tx\n", 3));
        assert!(maps_all("         0          0 4294967295\n"));
        assert!(!maps_all("         0     100000      65536\n") && !maps_all(""));
    }

    #[test]
    fn a_folder_is_refused_with_the_command_that_mends_it() {
        let base = tempfile::tempdir().expect("a folder");
        let folder = base.path().join("it's here");
        fs::create_dir(&folder).expect("made");
        let set = |mode| fs::set_permissions(&folder, Permissions::from_mode(mode)).expect("set");
        set(0o777);
        let error = examine_folder(&folder).expect_err("refused");
        let (text, kind) = (error.to_string(), error.kind());
        assert_eq!(kind, io::ErrorKind::PermissionDenied);
        let command = format!("`chmod o-w \"{}/it's here\"`", base.path().display());
        assert!(text.contains(&command) && text.contains("mode 0777"), "{text}");
        for mode in [0o1777, 0o775, 0o700, 0o300] {
            set(mode);
            examine_folder(&folder).expect("accepted");
        }
        set(0o700);
        let missing = examine_folder(&folder.join("none")).expect_err("missing");
        assert!(missing.to_string().contains("none"), "{missing}");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
