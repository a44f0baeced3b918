//! What the machine has to offer: strace, mounts, rights.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::report::{Stop, failed, not_run};

/// Whether a command runs and ends well.
pub(crate) fn runs(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

pub(crate) fn need_root() -> Result<(), Stop> {
    match fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        true => Ok(()),
        false => not_run("it mounts file systems, and needs root for that"),
    }
}

/// Runs the program under strace and lets some of its system calls fail.
pub(crate) struct Strace {
    words: Vec<String>,
}

impl Strace {
    /// Injects one fault, as `strace -e inject=` has it; only calls on `paths` count, or all if there are none. What is
    /// traced is written to `log`.
    pub(crate) fn inject(
        calls: &str,
        fault: &str,
        paths: &[PathBuf],
        log: &Path,
    ) -> Result<Self, Stop> {
        if !runs(&["strace", "-f", "-o", "/dev/null", "true"]) {
            return not_run("strace is missing or may not trace");
        }
        let mut words: Vec<String> =
            ["strace", "-f", "-q", "-ttt", "-T", "-o"].map(str::to_owned).into();
        words.push(log.display().to_string());
        words.extend(["-e".into(), format!("trace={calls}")]);
        words.extend(["-e".into(), "signal=none".into()]);
        words.extend(["-e".into(), format!("inject={calls}:{fault}")]);
        for path in paths {
            words.extend(["-P".into(), path.display().to_string()]);
        }
        Ok(Self { words })
    }

    /// What comes before the program's own words: the program keeps the number of the process that is started.
    pub(crate) fn wrapper(mut self) -> Vec<String> {
        self.words.push("-D".into());
        self.words.push("--".into());
        self.words
    }

    /// Attaches to a running process. It must be ended by whoever called.
    pub(crate) fn attach(self, pid: u32) -> io::Result<Attached> {
        let (program, arguments) = self.words.split_first().expect("it begins with strace");
        let mut command = Command::new(program);
        command.args(arguments).args(["-p", &pid.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Attached)
    }
}

/// Sends a signal, with the shell's own `kill`: small systems have no other.
pub(crate) fn signal(pid: u32, name: &str) -> io::Result<ExitStatus> {
    Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status()
}

/// A tracer beside its process; dropping it lets go of the process.
pub(crate) struct Attached(std::process::Child);

impl Drop for Attached {
    fn drop(&mut self) {
        // It may be gone already. Asked politely, it detaches from what it traces.
        _ = signal(self.0.id(), "TERM");
        _ = self.0.wait();
    }
}

/// A small file system in memory; unmounted when dropped.
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    pub(crate) fn mount(at: PathBuf, size: &str) -> Result<Self, Stop> {
        need_root()?;
        fs::create_dir_all(&at)?;
        let options = format!("size={size},mode=0700");
        let place = at.display().to_string();
        if !runs(&["mount", "-t", "tmpfs", "-o", &options, "faults", &place]) {
            return not_run("a tmpfs cannot be mounted here");
        }
        Ok(Self(at))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let place = self.0.display().to_string();
        // Lazily as well: a process that still has a file open there must not keep the mount.
        if !runs(&["umount", &place]) {
            _ = runs(&["umount", "-l", &place]);
        }
    }
}

/// One call in a log of strace.
pub(crate) struct Traced {
    /// Seconds since 1970 at its beginning and end.
    pub(crate) began: f64,
    pub(crate) ended: f64,
    pub(crate) good: bool,
    pub(crate) injected: bool,
}

/// The finished calls of these names in a log made with `-f -ttt -T`.
pub(crate) fn traced(log: &Path, names: &[&str]) -> Result<Vec<Traced>, Stop> {
    let text = fs::read_to_string(log)?;
    let calls: Vec<Traced> = text.lines().filter_map(|line| call(line, names)).collect();
    match calls.is_empty() && !text.is_empty() && text.contains(" = ") {
        true => failed(format!("no {names:?} in the trace")),
        false => Ok(calls),
    }
}

fn call(line: &str, names: &[&str]) -> Option<Traced> {
    let (_, rest) = line.split_once(' ')?;
    let (stamp, what) = rest.trim_start().split_once(' ')?;
    let stamp: f64 = stamp.parse().ok()?;
    let resumed = what.strip_prefix("<... ");
    let name = resumed.unwrap_or(what);
    if !names.iter().any(|one| name.starts_with(one)) {
        return None;
    }
    let (_, result) = what.rsplit_once(" = ")?; // none: unfinished
    let (_, took) = result.rsplit_once('<')?;
    let took: f64 = took.strip_suffix('>')?.parse().ok()?;
    let (began, ended) = match resumed {
        Some(_) => (stamp - took, stamp),
        None => (stamp, stamp + took),
    };
    let good = !result.starts_with('-');
    let injected = result.contains("(INJECTED)") || result.contains("(DELAYED)");
    Some(Traced { began, ended, good, injected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_resumed_calls_are_read_with_their_times() {
        let names = ["fdatasync", "fsync"];
        let whole = call("12 100.500000 fdatasync(9) = 0 <0.250000>", &names).unwrap();
        assert_eq!((whole.began, whole.ended, whole.good), (100.5, 100.75, true));
        let line = "12 100.5 <... fsync resumed>) = -1 EIO (Input/output error) (INJECTED) <0.5>";
        let resumed = call(line, &names).unwrap();
        assert_eq!((resumed.began, resumed.ended), (100.0, 100.5));
        assert!(resumed.injected && !resumed.good);
        assert!(call("12 100.5 fdatasync(9 <unfinished ...>", &names).is_none());
        assert!(call("12 100.5 pwrite64(9, \"\", 1, 0) = 1 <0.1>", &names).is_none());
    }
}
