//! The program under test, in a folder of its own.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::oracle::{MESSAGE, TOPIC, lock};
use crate::report::{Stop, failed};
use crate::scenarios::Setting;
use crate::tools;
use crate::wire;

/// Longer than anything here takes; a scenario that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// Of a server's log the beginning and the end are kept.
const LOG_MAX: usize = 400;

/// What fails is soon tried again, and not given up; a target that was away is soon probed.
const RETRY: &str = r#"retry = { initial = "200ms", factor = 1, max = "200ms", attempts = 1000, max_ratio = 1.0, min_per_minute = 1000000 }
circuit_breaker = { initial = "200ms", max = "1s" }"#;

/// The configuration of a server: all events to a file and to a webhook, if there is one.
pub(crate) struct Config {
    pub(crate) journal: String,
    pub(crate) file: String,
    pub(crate) target: Option<SocketAddr>,
    /// Whole tables that come last.
    pub(crate) more: String,
    /// Keys of `[journal]`.
    pub(crate) journal_keys: String,
    /// Keys of `[sources.tencent]`.
    pub(crate) source_keys: String,
    /// Keys of `[handlers.all]`.
    pub(crate) handler_keys: String,
    /// Keys of `[actions.audit]`.
    pub(crate) file_keys: String,
    /// Keys of `[actions.crm]`.
    pub(crate) hook_keys: String,
}

impl Config {
    pub(crate) fn file_only() -> Self {
        Self {
            journal: "journal".into(),
            file: "out/events.jsonl".into(),
            target: None,
            more: String::new(),
            journal_keys: String::new(),
            source_keys: String::new(),
            handler_keys: String::new(),
            file_keys: RETRY.into(),
            hook_keys: RETRY.into(),
        }
    }

    pub(crate) fn both(target: SocketAddr) -> Self {
        Self { target: Some(target), ..Self::file_only() }
    }

    fn text(&self) -> String {
        let Self {
            journal,
            file,
            journal_keys,
            source_keys,
            handler_keys,
            file_keys,
            hook_keys,
            more,
            ..
        } = self;
        let actions = if self.target.is_some() { r#""audit", "crm""# } else { r#""audit""# };
        let mut text = format!(
            r#"[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[journal]
{journal_keys}
options.path = "{journal}"
[sources.tencent]
plugin = "tencent-im"
{source_keys}
options.apps.main.sdk_app_id = 1400000000
[handlers.all]
plugin = "forward"
commands = ["{TOPIC}", "{MESSAGE}"]
actions = [{actions}]
{handler_keys}
[actions.audit]
plugin = "file"
{file_keys}
options.path = "{file}"
"#
        );
        if let Some(address) = self.target {
            // Writing into a string cannot fail.
            _ = write!(
                text,
                "[actions.crm]\nplugin = \"webhook\"\n{hook_keys}\n[actions.crm.options]\nurl = \"http://{address}/hook\"\nallow_private = true\n"
            );
        }
        text + more
    }
}

/// A folder with a configuration; removed when dropped.
pub(crate) struct Folder {
    folder: TempDir,
    program: PathBuf,
}

impl Folder {
    pub(crate) fn new(setting: &Setting, config: &Config) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("faults-").tempdir()?;
        let this = Self { folder, program: setting.program.clone() };
        this.configure(config)?;
        Ok(this)
    }

    /// Writes another configuration, for the next start.
    pub(crate) fn configure(&self, config: &Config) -> io::Result<()> {
        fs::write(self.path("config.toml"), config.text())
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn start(&self) -> Result<Server, Stop> {
        self.start_under(&[], &[])
    }

    /// Starts the program with variables of its own, under a command that runs what follows its own arguments as itself.
    pub(crate) fn start_under(
        &self,
        wrapper: &[String],
        env: &[(&str, &str)],
    ) -> Result<Server, Stop> {
        let mut server = self.spawn(wrapper, env)?;
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The same without waiting until it is ready.
    pub(crate) fn spawn(&self, wrapper: &[String], env: &[(&str, &str)]) -> Result<Server, Stop> {
        let mut words = wrapper.iter().map(PathBuf::from).chain([self.program.clone()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        for (name, _) in std::env::vars() {
            if name.starts_with("SWITCHHOOK_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command
            .args(words)
            .args(["--log-format", "json", "serve"])
            .envs(env.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn()?;
        let log = Arc::new(Log::default());
        if let Some(stderr) = child.stderr.take() {
            let log = log.clone();
            thread::spawn(move || log.read(BufReader::new(stderr)));
        }
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Server {
            address: nowhere,
            admin: nowhere,
            ready_after: Duration::ZERO,
            child,
            log,
            began,
        })
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// From its start until it said that it is ready.
    pub(crate) ready_after: Duration,
    child: Child,
    log: Arc<Log>,
    began: Instant,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Lines>,
    more: Condvar,
}

#[derive(Default)]
struct Lines {
    first: Vec<String>,
    last: VecDeque<String>,
    ended: bool,
}

impl Lines {
    fn push(&mut self, line: String) {
        if self.first.len() < LOG_MAX {
            return self.first.push(line);
        }
        if self.last.len() == LOG_MAX {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    fn iter(&self) -> impl Iterator<Item = &String> {
        self.first.iter().chain(&self.last)
    }
}

impl Log {
    fn read(&self, stderr: impl BufRead) {
        for line in stderr.lines().map_while(Result::ok) {
            lock(&self.lines).push(line);
            self.more.notify_all();
        }
        lock(&self.lines).ended = true;
        self.more.notify_all();
    }
}

impl Server {
    /// Waits until it says that it is ready; an error when it ends before.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Stop> {
        self.address = address_in(&self.log_line("listening for callbacks on")?)?;
        self.admin = address_in(&self.log_line("admin on")?)?;
        let admin = self.admin;
        eventually("a server that is ready", || {
            wire::get(admin, "/readyz").is_ok_and(|reply| reply.status == 200).then_some(())
        })?;
        self.ready_after = self.began.elapsed();
        Ok(())
    }

    /// The first log line that holds this text; waits for it.
    pub(crate) fn log_line(&self, text: &str) -> Result<String, Stop> {
        let until = Instant::now() + PATIENCE;
        let mut lines = lock(&self.log.lines);
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return Ok(line.clone());
            }
            let left = until.saturating_duration_since(Instant::now());
            if lines.ended || left.is_zero() {
                let log: Vec<_> = lines.iter().map(String::as_str).collect();
                return failed(format!("no `{text}` in the log: {}", log.join(" | ")));
            }
            let (next, _) = self.log.more.wait_timeout(lines, left).expect("not poisoned");
            lines = next;
        }
    }

    pub(crate) fn log(&self) -> String {
        lock(&self.log.lines).iter().fold(String::new(), |all, line| all + line + "\n")
    }

    /// Waits until nothing is left to be delivered.
    pub(crate) fn lanes_settled(&self) -> Result<(), Stop> {
        eventually("all lanes at their end", || self.are_lanes_settled().then_some(()))
    }

    /// Waits until nothing is left to be delivered, or the server has ended: then false.
    pub(crate) fn settled_or_ended(&mut self) -> bool {
        let waited = eventually("all lanes at their end", || {
            if self.has_ended().is_some() {
                return Some(false);
            }
            self.are_lanes_settled().then_some(true)
        });
        waited.unwrap_or(false)
    }

    /// Whether nothing is left to be delivered.
    pub(crate) fn are_lanes_settled(&self) -> bool {
        self.behind() == Some(0)
    }

    /// How many records and callbacks the lanes have before them, all together.
    pub(crate) fn behind(&self) -> Option<u64> {
        let reply = wire::get(self.admin, "/api/v1/consumers").ok()?;
        let lanes: Value = serde_json::from_slice(&reply.body).ok()?;
        let of = |lane: &Value, key| lane.get(key).and_then(Value::as_u64);
        let items = lanes.get("items")?.as_array()?;
        items.iter().map(|lane| Some(of(lane, "lag")? + of(lane, "pending")?)).sum()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, as far as a process can while the disk holds some of its threads.
    pub(crate) fn is_dead(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
    }

    /// The memory that it has in use, in KiB.
    pub(crate) fn rss(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// How many files and sockets it has open.
    pub(crate) fn descriptors(&self) -> Option<usize> {
        Some(fs::read_dir(format!("/proc/{}/fd", self.pid())).ok()?.count())
    }

    pub(crate) fn signal(&self, name: &str) -> Result<(), Stop> {
        match tools::signal(self.pid(), name)?.success() {
            true => Ok(()),
            false => failed(format!("kill -{name} failed")),
        }
    }

    pub(crate) fn kill(mut self) -> Result<(), Stop> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<ExitStatus, Stop> {
        self.signal("TERM")?;
        self.wait()
    }

    pub(crate) fn wait(&mut self) -> Result<ExitStatus, Stop> {
        let mut error = None;
        let ended = eventually("the end of the server", || match self.child.try_wait() {
            Ok(status) => status,
            Err(other) => {
                error = Some(other);
                None
            }
        });
        match error {
            Some(error) => Err(error.into()),
            None => ended,
        }
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Result<SocketAddr, Stop> {
    let address =
        line.split("http://").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok());
    address.ok_or_else(|| Stop::Failed(format!("no address in `{line}`")))
}

/// Asks until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> Result<T, Stop> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if Instant::now() > until {
            return failed(format!("waited in vain for {what}"));
        }
        thread::sleep(Duration::from_millis(2));
    }
}
