//! The framework's own keys, table by table. A plugin's keys stand under `options`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use switchhook_api::Pattern;
use switchhook_api::config::{ByteSize, HumanDuration};
use switchhook_api::journal::{Ordering, Retention, Start};

pub use crate::decide::OnFailure;
use crate::delivery;
pub use crate::delivery::{Breaker, Retry};
use crate::intake;
pub use crate::intake::WhenUnavailable;
pub use crate::listener::Limits;
use crate::whole::whole;

/// The tables of a configuration.
pub(super) const TABLES: [&str; 6] =
    ["server", "admin", "journal", "sources", "handlers", "actions"];

/// `[server]`: the listener that the IM system calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Start on a public address though a source cannot tell its sender from a stranger. Default false.
    pub allow_unsigned: bool,
    /// `decide_within` of the sources that have none of their own. Default: three quarters of what the sender of each waits.
    pub decide_within: Option<HumanDuration>,
    /// An after-callback must be durable within this time after its body was read, else it is answered as not persisted; sooner
    /// where the body was slow and its sender would not hear the answer any more. Default `1500ms`.
    pub persist_timeout: HumanDuration,
    /// What a sender hears when its callback cannot be kept: `refuse`, or `stall`. Default `refuse`.
    pub when_unavailable: WhenUnavailable,
    /// The server has ended so long after it was told to stop, whatever hangs; 1 second to 1 hour. Default `8s`.
    pub shutdown_timeout: HumanDuration,
    /// How much of anything one sender may take.
    pub limits: Limits,
}

impl Server {
    /// What the intake has to know of it, with so many connections at a time.
    pub(crate) fn policy(&self, connections: usize) -> intake::Policy {
        intake::Policy {
            persist_timeout: self.persist_timeout.0,
            when_unavailable: self.when_unavailable,
            connections,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            allow_unsigned: false,
            decide_within: None,
            persist_timeout: HumanDuration(Duration::from_millis(1500)),
            when_unavailable: WhenUnavailable::default(),
            shutdown_timeout: HumanDuration::from_secs(8),
            limits: Limits::default(),
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
    /// The plugin. Default: the program's own.
    pub plugin: String,
    /// How long callbacks and records are kept. Default `7d`.
    #[serde(default = "week")]
    pub retention: HumanDuration,
    /// How large the journal may grow before its oldest callbacks go. Default `8 GiB`.
    #[serde(default = "eight_gib")]
    pub retention_size: ByteSize,
    /// How long dead letters are kept, with their callbacks. Default `30d`.
    #[serde(default = "month")]
    pub dead_letter_retention: HumanDuration,
    /// How long what a handler or action had left to do is kept once it has left the configuration. Default `7d`.
    #[serde(default = "week")]
    pub orphan_retention: HumanDuration,
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
}

impl Journal {
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

fn week() -> HumanDuration {
    HumanDuration::from_secs(7 * 24 * 3600)
}

fn month() -> HumanDuration {
    HumanDuration::from_secs(30 * 24 * 3600)
}

fn eight_gib() -> ByteSize {
    ByteSize(8 << 30)
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
    pub decide_within: Option<HumanDuration>,
    /// For how long an after-callback that is surely the same event as an earlier one is answered but not kept again. Default:
    /// all are kept.
    pub dedupe: Option<HumanDuration>,
    /// For how long a callback that is decided, and is surely the same question as an earlier one, gets the earlier answer: no
    /// handler is asked again. `0s`: each is decided anew. Default `1m`.
    #[serde(default = "decision_ttl")]
    pub decision_ttl: HumanDuration,
    #[serde(default, rename = "options")]
    _options: Option<IgnoredAny>,
}

impl Source {
    /// What the intake has to know of it.
    pub(crate) fn policy(&self, server: &Server) -> intake::MountPolicy {
        intake::MountPolicy {
            path: self.path.clone(),
            decide_within: self.decide_within.or(server.decide_within),
            dedupe: self.dedupe,
            decision_ttl: self.decision_ttl,
        }
    }
}

fn decision_ttl() -> HumanDuration {
    intake::MountPolicy::default().decision_ttl
}

fn root() -> String {
    intake::MountPolicy::default().path
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
    pub timeout: Option<HumanDuration>,
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
    #[serde(default = "attempt")]
    pub timeout: HumanDuration,
    /// Attempts at a time, over all handlers that name it, 1 to 1024. Default 16.
    #[serde(default = "concurrency", deserialize_with = "whole::<1, 1024, _, _>")]
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

impl Action {
    /// What deliveries have to know of it.
    pub(crate) fn policy(&self) -> delivery::Policy {
        delivery::Policy {
            retry: self.retry,
            circuit_breaker: self.circuit_breaker,
            timeout: self.timeout,
            concurrency: self.concurrency,
        }
    }
}

fn attempt() -> HumanDuration {
    delivery::Policy::default().timeout
}

fn concurrency() -> usize {
    delivery::Policy::default().concurrency
}
