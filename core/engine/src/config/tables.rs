//! The framework's own keys, table by table. A plugin's keys stand under `options`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::whole::whole;
use switchhook_api::Pattern;
use switchhook_api::config::{Period, Size};
use switchhook_api::journal::{Ordering, Retention, Start};

const fn seconds(n: u64) -> Period {
    Period(Duration::from_secs(n))
}

const fn millis(n: u64) -> Period {
    Period(Duration::from_millis(n))
}

/// `[server]`: the listener that the IM system calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Start on a public address though a source cannot tell its sender from a stranger. Default false.
    pub allow_unsigned: bool,
    /// `decide_within` of the sources that have none of their own. Default: three quarters of what the sender of each waits.
    pub decide_within: Option<Period>,
    /// An after-callback must be durable within this time after its body was read, else it is answered as not persisted; sooner
    /// where the body was slow and its sender would not hear the answer any more. Default `1500ms`.
    pub persist_timeout: Period,
    /// What a sender hears when its callback cannot be kept: `refuse`, or `stall`. Default `refuse`.
    pub when_unavailable: WhenUnavailable,
    /// The server has ended so long after it was told to stop, whatever hangs; 1 second to 1 hour. Default `8s`.
    pub shutdown_timeout: Period,
    /// How much of anything one sender may take.
    pub limits: Limits,
}

/// What a sender hears when its callback cannot be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnavailable {
    /// At once that it was not kept.
    #[default]
    Refuse,
    /// Nothing, until it has given up: for senders that try again after silence, but not after a refusal.
    Stall,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            allow_unsigned: false,
            decide_within: None,
            persist_timeout: millis(1500),
            when_unavailable: WhenUnavailable::default(),
            shutdown_timeout: seconds(8),
            limits: Limits::default(),
        }
    }
}

/// `[server.limits]`: each has a metric for when it is hit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time; for a further one the connection that has been idle longest is closed, and where none is idle it
    /// waits. Default 1024.
    pub connections: usize,
    /// Head of a request: request line and headers. Default `16 KiB`, at least `8 KiB`.
    pub header_size: Size,
    /// From the first byte of a head to its last. Default `10s`.
    pub header_timeout: Period,
    /// Body of a request, counted while it is read. Default `1 MiB`.
    pub body_size: Size,
    /// From the end of the head to the end of the body. Default `15s`.
    pub body_timeout: Period,
    /// A connection between two requests. Default `2m`.
    pub idle_timeout: Period,
    /// A peer that takes nothing of an answer. Default `10s`.
    pub write_timeout: Period,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_size: Size(16 * 1024),
            header_timeout: seconds(10),
            body_size: Size(1024 * 1024),
            body_timeout: seconds(15),
            idle_timeout: seconds(120),
            write_timeout: seconds(10),
        }
    }
}

/// `[admin]`: health, metrics and the API; never on the public listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Whether there is one on TCP; the socket in the journal's folder is always there. Default true.
    pub enabled: bool,
    /// Address and port. Default `127.0.0.1:9090`.
    pub listen: SocketAddr,
    /// Start though `listen` can be reached from other machines: anyone who can reach it can read all callbacks. Default false.
    pub allow_public: bool,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)),
            allow_public: false,
        }
    }
}

fn yes() -> bool {
    true
}

/// `[journal]`. What a handler or an action still needs is kept, whatever stands here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The plugin. Default `embedded`.
    #[serde(default = "embedded")]
    pub plugin: String,
    /// How long callbacks and records are kept. Default `7d`.
    #[serde(default = "week")]
    pub retention: Period,
    /// How large the journal may grow before its oldest callbacks go. Default `8 GiB`.
    #[serde(default = "eight_gib")]
    pub retention_size: Size,
    /// How long dead letters are kept, with their callbacks. Default `30d`.
    #[serde(default = "month")]
    pub dead_letter_retention: Period,
    /// How long what a handler or action had left to do is kept once it has left the configuration. Default `7d`.
    #[serde(default = "week")]
    pub orphan_retention: Period,
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
}

impl Journal {
    /// What the journal is asked to remove.
    /// How long the journal keeps things.
    pub fn retention(&self) -> Retention {
        Retention {
            retention: Some(self.retention.0),
            retention_size: Some(self.retention_size.0),
            dead_letter_retention: Some(self.dead_letter_retention.0),
            orphan_retention: Some(self.orphan_retention.0),
        }
    }
}

fn week() -> Period {
    seconds(7 * 24 * 3600)
}

fn month() -> Period {
    seconds(30 * 24 * 3600)
}

fn eight_gib() -> Size {
    Size(8 << 30)
}

fn embedded() -> String {
    "embedded".to_owned()
}

/// `[sources.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The plugin.
    pub plugin: String,
    /// Whether it is there at all. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Where it is mounted. Default `/`.
    #[serde(default = "root")]
    pub path: String,
    /// A before-callback is answered this long after its head was read, whatever happens. Default `server.decide_within`.
    pub decide_within: Option<Period>,
    /// For how long an after-callback that is surely the same event as an earlier one is answered but not kept again. Default:
    /// all are kept.
    pub dedupe: Option<Period>,
    /// For how long a callback that is decided, and is surely the same question as an earlier one, gets the earlier answer: no
    /// handler is asked again. `0s`: each is decided anew. Default `1m`.
    #[serde(default = "minute")]
    pub decision_ttl: Period,
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
}

impl Source {
    /// The time to decide a callback whose sender waits for this long.
    pub(crate) fn decide_within(&self, server: &Server, reply_timeout: Duration) -> Duration {
        let set = self.decide_within.or(server.decide_within);
        set.map_or(reply_timeout * 3 / 4, |within| within.0)
    }
}

fn minute() -> Period {
    seconds(60)
}

fn root() -> String {
    "/".to_owned()
}

/// `[handlers.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// The plugin.
    pub plugin: String,
    /// Whether it is there at all. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which commands it gets. Default: those the plugin understands.
    pub commands: Option<Vec<Pattern>>,
    /// Where its records go.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Lower numbers are asked first. Default 100.
    #[serde(default = "hundred")]
    pub order: i32,
    /// How long it may take to decide, within the `decide_within` of the source. Default: no limit of its own.
    pub timeout: Option<Period>,
    /// What counts when it fails, panics or is too slow. Default `allow`.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Where it begins to read the journal when it is new. Default `now`.
    #[serde(default)]
    pub start: Start,
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
}

fn hundred() -> i32 {
    100
}

/// What a failed decision counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// As if it had abstained.
    #[default]
    Allow,
    /// As a refusal.
    Deny,
}

/// `[actions.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The plugin.
    pub plugin: String,
    /// Whether it is there at all. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// When a failed attempt is made again.
    #[serde(default)]
    pub retry: Retry,
    /// When a failing target gets no more attempts for a while.
    #[serde(default)]
    pub circuit_breaker: Breaker,
    /// One attempt. Default `10s`.
    #[serde(default = "ten_seconds")]
    pub timeout: Period,
    /// Attempts at a time, over all handlers that name it, 1 to 1024. Default 16.
    #[serde(default = "sixteen", deserialize_with = "whole::<1, 1024, _, _>")]
    pub concurrency: usize,
    /// Whether the records of one key go one after the other. Default `key`.
    #[serde(default)]
    pub ordering: Ordering,
    /// Where a new subscription begins. Default `now`.
    #[serde(default)]
    pub start: Start,
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
}

fn ten_seconds() -> Period {
    seconds(10)
}

fn sixteen() -> usize {
    16
}

/// `retry` of an action: the waits between attempts, growing up to a limit. The default spans about three days.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Attempts in all, the first one included, 1 to 1000; then the record is a dead letter. Default 23.
    #[serde(deserialize_with = "whole::<1, 1000, _, _>")]
    pub attempts: u32,
    /// The first wait. Default `5s`.
    pub initial: Period,
    /// Each wait is so many times the one before. Default 2.
    pub factor: f64,
    /// No wait is longer. Default `8h`.
    pub max: Period,
    /// Each wait is longer or shorter by up to this part of it, by chance. Default 0.2.
    pub jitter: f64,
    /// Retries are at most this part of the first attempts of the last minute; what is more waits longer. Default 0.2.
    pub max_ratio: f64,
    /// So many retries a minute there may always be, 6 to 1000000. Default 60.
    #[serde(deserialize_with = "whole::<6, 1_000_000, _, _>")]
    pub min_per_minute: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 23,
            initial: seconds(5),
            factor: 2.0,
            max: seconds(8 * 3600),
            jitter: 0.2,
            max_ratio: 0.2,
            min_per_minute: 60,
        }
    }
}

/// `circuit_breaker` of an action: a target that fails again and again is left alone for a while, then probed with one record at a
/// time, fresh ones and retries in turns. An attempt that it holds back is not counted. What a target refuses for good is an
/// answer, no such failure; a record or conversation that fails while others succeed says nothing about the target.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// So many records that fail in a row open it, up to 1000000. Default 5; 0: never.
    #[serde(deserialize_with = "whole::<0, 1_000_000, _, _>")]
    pub failure_threshold: u32,
    /// How long it is open at first; after each probe that fails, twice as long. Give or take a fifth, by chance. Default `5s`.
    pub initial: Period,
    /// No longer than this, unless the target asks for it. Default `5m`.
    pub max: Period,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failure_threshold: 5, initial: seconds(5), max: seconds(300) }
    }
}
