//! Plugins that do next to nothing, for tests of the configuration and the command line.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use switchhook_api::config::{ByteSize, HumanDuration, Secret, TextOrInteger};
use switchhook_api::journal::{Entry, Journal, JournalError};
use switchhook_api::{
    Action, BoxError, BuildContext, Callback, CommandSpec, ComposeError, Expressed, Failure,
    Handler, Map, NotPermitted, Opened, Outcome, Phase, Plugin, RawRequest, Record, Refusal,
    Registration, Registry, Source, Verdict,
};
use switchhook_testkit::MemoryJournal;

/// `wire`, `note`, `out` and `embedded`: one of each role.
pub fn registry() -> Registry {
    Registry::of([
        Registration::of::<Wire>("tests::wire"),
        Registration::of::<Note>("tests::note"),
        Registration::of::<Out>("tests::out"),
        Registration::of::<Store>("tests::store"),
    ])
    .expect("no name is taken twice")
    .with_default_journal("embedded")
}

/// A configuration that uses all of them.
pub const GOOD: &str = r#"
[sources.chat]
plugin = "wire"
path = "/chat"
options.app = 7

[handlers.changes]
plugin = "note"
actions = ["log"]

[actions.log]
plugin = "out"
options.path = "log.jsonl"
"#;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireOptions {
    /// The application's id.
    #[expect(dead_code, reason = "read and checked, not used")]
    app: TextOrInteger,
    /// What signs a call. Several
    /// while they are rotated.
    #[serde(default)]
    #[expect(dead_code, reason = "read and checked, not used")]
    tokens: Vec<Secret>,
    /// How far a clock may be off.
    #[serde(default = "minute")]
    #[expect(dead_code, reason = "read and checked, not used")]
    window: HumanDuration,
    /// More applications, by a name of your choice.
    #[serde(default)]
    #[expect(dead_code, reason = "read and checked, not used")]
    more: BTreeMap<String, More>,
    /// Fails to build.
    #[serde(default)]
    broken: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct More {
    /// Its id.
    #[expect(dead_code, reason = "read and checked, not used")]
    app: TextOrInteger,
}

fn minute() -> HumanDuration {
    HumanDuration(std::time::Duration::from_mins(1))
}

pub struct Wire;

static COMMANDS: LazyLock<[CommandSpec; 2]> = LazyLock::new(|| {
    [
        CommandSpec::after("Group.Changed", "A group changed", "https://example.com/changed")
            .sample(r#"{"Name":"x"}"#),
        CommandSpec::before(
            "Group.BeforeJoin",
            "Somebody asks to join",
            "https://example.com/join",
            &[],
        ),
    ]
});

impl Source for Wire {
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal> {
        let body = request.body.clone();
        Ok(Opened::one(Callback::new(&*COMMANDS[0].name, Phase::After, "7", body)))
    }

    fn express(&self, _: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        Ok(Expressed::exact(verdict))
    }

    fn reply(&self, _: &[Callback], outcome: &Outcome) -> Response<Bytes> {
        let mut answer = Response::new(Bytes::from_static(b"{\"ok\":true}"));
        if *outcome == Outcome::Unavailable {
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        }
        answer
    }

    fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        let mut answer = Response::new(Bytes::from_static(b"{\"ok\":false}"));
        *answer.status_mut() = refusal.kind.status();
        answer
    }

    fn catalogue(&self) -> &[CommandSpec] {
        &*COMMANDS
    }

    fn compose(
        &self,
        command: &str,
        fields: &Map,
        now: Timestamp,
    ) -> Result<Request<Bytes>, ComposeError> {
        let mut body = Map::new();
        body.insert("Command".into(), command.into());
        body.extend(fields.clone());
        let request = Request::post(format!("/?command={command}&time={}", now.as_second()))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&body).unwrap_or_default().into());
        request.map_err(|error| ComposeError(error.to_string()))
    }

    fn authenticates(&self) -> bool {
        false
    }
}

#[async_trait]
impl Plugin for Wire {
    type Role = dyn Source;
    const NAME: &'static str = "wire";
    const DESCRIPTION: &'static str = "A protocol for tests";
    const EXAMPLE: &'static str = "app = 7\n\n[more.second] # another one\napp = \"8\"\n";
    type Options = WireOptions;

    async fn build(options: WireOptions, _: &BuildContext) -> Result<Arc<dyn Source>, BoxError> {
        if options.broken { Err("the token file is gone".into()) } else { Ok(Arc::new(Self)) }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

pub struct Note;

impl Handler for Note {}

#[async_trait]
impl Plugin for Note {
    type Role = dyn Handler;
    const NAME: &'static str = "note";
    const DESCRIPTION: &'static str = "Notes what changed";
    const COMMANDS: &'static [&'static str] = &["Group.Changed"];
    const EXAMPLE: &'static str = "";
    type Options = NoOptions;

    async fn build(_: NoOptions, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self))
    }
}

/// When a line is on the disk.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Sync {
    /// Before the delivery counts.
    #[default]
    Always,
    /// When the machine likes.
    Never,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read and checked, not used")]
pub struct OutOptions {
    /// The file.
    path: String,
    /// When a line is safe.
    #[serde(default)]
    sync: Sync,
    /// A longer file is put aside.
    size_max: Option<ByteSize>,
    /// Files that are kept.
    #[serde(default)]
    keep: u8,
    /// What encrypts it.
    secret: Option<Secret>,
}

pub struct Out;

#[async_trait]
impl Action for Out {
    async fn deliver(&self, _: &Record) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Plugin for Out {
    type Role = dyn Action;
    const NAME: &'static str = "out";
    const DESCRIPTION: &'static str = "Writes to nowhere";
    const EXAMPLE: &'static str = "path = \"out.jsonl\"";
    type Options = OutOptions;

    async fn build(_: OutOptions, _: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        Ok(Arc::new(Self))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreOptions {
    /// Events that it begins with.
    #[serde(default)]
    events: u64,
    /// A folder that another process holds.
    locked: Option<std::path::PathBuf>,
}

/// A journal in memory that has some events.
pub struct Store;

fn event(number: u64) -> Entry {
    let callback = Callback::new("Group.Changed", Phase::After, "7", Bytes::new());
    let mut facts = callback.facts;
    facts.key = Some("room\u{1b}[31m".into());
    let body = Bytes::from(format!("{{\n  \"n\": {number}\n}}"));
    Entry { facts, body, dedupe: None }
}

#[async_trait]
impl Plugin for Store {
    type Role = dyn Journal;
    const NAME: &'static str = "embedded";
    const DESCRIPTION: &'static str = "A journal for tests";
    const EXAMPLE: &'static str = "";
    type Options = StoreOptions;

    async fn build(options: StoreOptions, cx: &BuildContext) -> Result<Arc<dyn Journal>, BoxError> {
        if let Some(folder) = options.locked {
            return Err(JournalError::Locked { by: "process 7".into(), folder }.into());
        }
        let journal = MemoryJournal::new(cx.clock.clone());
        journal.append((1..=options.events).map(event).collect()).await?;
        Ok(Arc::new(journal))
    }
}
