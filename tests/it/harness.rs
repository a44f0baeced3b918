//! A server in a folder of its own, a sender, and a relay's target.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Longer than anything here takes; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const OK: &str = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#;
pub const TOPIC_CHANGED: &str = "Group.CallbackAfterTopicInfoChanged";

/// A configuration for tests: any free ports, everything in the test's folder.
pub const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[journal]
options.path = "journal"
[sources.tencent]
plugin = "tencent-im"
options.apps.main.sdk_app_id = 1400000000
[handlers.topics]
plugin = "topic-info-changed"
actions = ["audit"]
[actions.audit]
plugin = "file"
options.path = "topics.jsonl"
"#;

/// The program with its arguments, in a folder, with none of our environment's settings.
pub fn switchhook(folder: &Path) -> Command {
    program(Path::new(env!("CARGO_BIN_EXE_switchhook")), folder)
}

pub fn program(path: &Path, folder: &Path) -> Command {
    assert_ne!(folder, repository(""), "its config.toml may have been edited: write one");
    let mut command = Command::new(path);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("SWITCHHOOK_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command
}

/// Where cargo puts the examples of this package.
pub fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("our own path");
    own.parent().and_then(Path::parent).expect("target/PROFILE/deps").join("examples").join(name)
}

pub fn repository(path: &str) -> PathBuf {
    assert_ne!(path, "config.toml", "it may have been edited: take `shipped()`");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The configuration as it is shipped. Not the one in the repository's folder: whoever runs the tests may have edited that.
pub fn shipped() -> String {
    fs::read_to_string(repository("tests/fixtures/config.toml")).expect("there")
}

pub fn folder_with(config: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.toml"), config).expect("written");
    folder
}

pub struct Server {
    pub folder: Arc<TempDir>,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    child: Child,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
    /// Nobody reads on meanwhile.
    paused: Mutex<bool>,
    resumed: Condvar,
}

impl Server {
    pub fn start(config: &str) -> Self {
        Self::start_in(Arc::new(folder_with(config)), |_| ())
    }

    /// Starts in a folder that has a `config.toml`; `adjust` can add variables and flags.
    pub fn start_in(folder: Arc<TempDir>, adjust: impl FnOnce(&mut Command)) -> Self {
        Self::start_program(Path::new(env!("CARGO_BIN_EXE_switchhook")), folder, adjust)
    }

    pub fn start_program(
        path: &Path,
        folder: Arc<TempDir>,
        adjust: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = program(path, folder.path());
        adjust(&mut command);
        command
            .args(["--log-format", "json", "serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("started");
        let log = Arc::new(Log::default());
        let (stderr, keep) = (child.stderr.take().expect("piped"), log.clone());
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                keep.lines.lock().unwrap().0.push(line);
                keep.more.notify_all();
                drop(keep.resumed.wait_while(keep.paused.lock().unwrap(), |paused| *paused));
            }
            keep.lines.lock().unwrap().1 = true;
            keep.more.notify_all();
        });
        let mut server = Self {
            folder,
            address: ([127, 0, 0, 1], 0).into(),
            admin: ([127, 0, 0, 1], 0).into(),
            child,
            log,
        };
        server.address = address_in(&server.log_line("listening for callbacks on"));
        server.admin = address_in(&server.log_line("admin on"));
        server
    }

    /// The first log line that holds this text; waits for it.
    pub fn log_line(&self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().unwrap();
        loop {
            if let Some(line) = lines.0.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !lines.1, "no `{text}` in the log:\n{}", lines.0.join("\n"));
            lines = self.log.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Whether the server's standard error is read.
    pub fn read_log(&self, read: bool) {
        *self.log.paused.lock().unwrap() = !read;
        self.log.resumed.notify_all();
    }

    pub fn log(&self) -> String {
        self.log.lines.lock().unwrap_or_else(PoisonError::into_inner).0.join("\n")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The lines of a file in the server's folder, once there are so many.
    pub fn lines(&self, name: &str, count: usize) -> Vec<String> {
        let path = self.path(name);
        eventually(&format!("{count} lines in {name}"), || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            (lines.len() >= count && text.ends_with('\n')).then_some(lines)
        })
    }

    pub fn metric(&self, starts_with: &str) -> Option<f64> {
        let text = get(self.admin, "/metrics").body;
        let line = text.lines().find(|line| line.starts_with(starts_with))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    pub fn lanes_settled(&self) {
        eventually("all lanes at the end", || {
            let lanes: Value =
                serde_json::from_str(&get(self.admin, "/api/v1/consumers").body).ok()?;
            let items = lanes["items"].as_array()?;
            items.iter().all(|lane| lane["lag"] == 0 && lane["pending"] == 0).then_some(())
        });
    }

    /// One lane is at the end; others may not have looked at what is not for them.
    pub fn lane_settled(&self, name: &str) {
        eventually(&format!("{name} at the end"), || {
            let lanes: Value =
                serde_json::from_str(&get(self.admin, "/api/v1/consumers").body).ok()?;
            let lane = lanes["items"].as_array()?.iter().find(|lane| lane["consumer"] == name)?;
            (lane["lag"] == 0 && lane["pending"] == 0).then_some(())
        });
    }

    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
        self.folder.clone()
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    pub fn wait(&mut self) -> ExitStatus {
        eventually("the end of the server", || self.child.try_wait().expect("waited"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        _ = self.child.kill();
        _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of the server\n{}", self.log());
        }
    }
}

fn address_in(line: &str) -> SocketAddr {
    let rest = line.split("http://").nth(1).expect("an address");
    rest.split('/').next().and_then(|text| text.parse().ok()).expect("an address")
}

/// Asks until there is an answer.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// The query of an unsigned call.
pub fn query(command: &str) -> String {
    format!(
        "SdkAppid=1400000000&CallbackCommand={command}&contenttype=json&ClientIP=203.0.113.7&OptPlatform=iOS"
    )
}

/// The query of a signed call.
pub fn signed_query(command: &str, token: &str, time: i64) -> String {
    format!("{}&RequestTime={time}&Sign={}", query(command), sign(token, &time.to_string()))
}

pub fn sign(token: &str, time: &str) -> String {
    let digest = Sha256::digest(format!("{token}{time}"));
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

pub fn now() -> i64 {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    since.as_secs().try_into().expect("in range")
}

pub fn topic_changed(name: &str) -> String {
    serde_json::json!({
        "CallbackCommand": TOPIC_CHANGED, "GroupId": "@TGS#_community", "Type": "Community",
        "Operator_Account": "alice", "Name": name,
    })
    .to_string()
}

pub fn post(address: SocketAddr, query: &str, body: &str) -> Reply {
    exchange(address, &request("POST", &format!("/?{query}"), body))
}

pub fn get(address: SocketAddr, target: &str) -> Reply {
    exchange(address, &request("GET", target, ""))
}

pub fn request(method: &str, target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Sends raw bytes and reads until the peer closes.
pub fn exchange(address: SocketAddr, request: &str) -> Reply {
    try_exchange(address, request).expect("a reply")
}

/// The same; none when the connection breaks before a whole reply came.
pub fn try_exchange(address: SocketAddr, request: &str) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    // A server that refuses a long body may close before it has all of it.
    _ = stream.write_all(request.as_bytes());
    let mut text = Vec::new();
    _ = stream.read_to_end(&mut text);
    parse(&String::from_utf8_lossy(&text))
}

fn parse(text: &str) -> Option<Reply> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)?
        .split("\r\n")
        .next()?
        .parse::<usize>()
        .ok()?;
    (body.len() == length).then(|| Reply { status, head: head.to_owned(), body: body.to_owned() })
}

/// A relay's target with scripted answers; once they are used up, the last one is repeated.
pub struct Target {
    pub address: SocketAddr,
    got: Arc<(Mutex<Vec<Got>>, Condvar)>,
}

#[derive(Clone, Debug)]
pub struct Got {
    pub head: String,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

impl Target {
    pub fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let got: Arc<(Mutex<Vec<Got>>, Condvar)> = Arc::default();
        let script = Arc::new(Mutex::new(statuses.iter().copied().collect::<VecDeque<u16>>()));
        let keep = got.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (keep, script) = (keep.clone(), script.clone());
                thread::spawn(move || serve(stream, &keep, &script));
            }
        });
        Self { address, got }
    }

    /// The requests so far, once there are so many.
    pub fn got(&self, count: usize) -> Vec<Got> {
        let (got, more) = &*self.got;
        let enough = more
            .wait_timeout_while(got.lock().unwrap(), PATIENCE, |got| got.len() < count)
            .unwrap()
            .0;
        assert!(enough.len() >= count, "waited in vain for {count} relays, got {}", enough.len());
        enough.clone()
    }
}

fn serve(
    stream: TcpStream,
    keep: &(Mutex<Vec<Got>>, Condvar),
    script: &Mutex<VecDeque<u16>>,
) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head
            .to_lowercase()
            .split("content-length: ")
            .nth(1)?
            .split("\r\n")
            .next()?
            .parse()
            .ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let status = {
            let mut script = script.lock().unwrap();
            if script.len() > 1 { script.pop_front() } else { script.front().copied() }
        };
        keep.0
            .lock()
            .unwrap()
            .push(Got { head, body: String::from_utf8_lossy(&body).into_owned() });
        keep.1.notify_all();
        write!(writer, "HTTP/1.1 {} X\r\ncontent-length: 2\r\n\r\nhi", status.unwrap_or(200))
            .ok()?;
    }
}

/// Sends a signal, with the shell's own `kill`: small systems have no other.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status();
    assert!(sent.expect("sh runs").success());
}

pub fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
