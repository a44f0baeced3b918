//! `log`: writes each record into the program's own log, one line for each. Delivered means that the line is on its way to
//! standard error; it is on no disk of ours.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::escape::for_line;
use switchhook_api::{Action, BoxError, BuildContext, Failure, Plugin, Record, log_line, register};
use tokio::time::{Instant, timeout_at};

/// Bytes of a body that a line shows at most.
const BODY_MAX: usize = 4096;
/// Records that one call takes: bounds how long it keeps its thread.
const BATCH_MAX: usize = 256;
/// How long a call waits for room among the lines. Longer than a slow reader needs, and shorter than an attempt or a stop may take.
const ROOM_WITHIN: Duration = Duration::from_secs(2);

/// Options of a `log` action.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The level of the lines: `trace`, `debug`, `info`, `warn` or `error`. Default: `info`.
    level: Level,
    /// Whether a line shows the record's body, its first 4 KiB. Bodies hold personal data. Default: false.
    body: bool,
}

/// The level of a line.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// Shown only if everything is logged.
    Trace,
    /// For debugging.
    Debug,
    /// For normal operation.
    #[default]
    Info,
    /// Needs attention.
    Warn,
    /// Needs action.
    Error,
}

/// The action; it holds nothing but its options.
struct Log(Options);

/// A level is part of a call site of `tracing`, so each needs its own.
macro_rules! line {
    ($level:ident, $record:expr, $body:expr) => {
        tracing::$level!(
            target: "switchhook::record",
            id = for_line(&$record.id()).as_ref(),
            handler = for_line(&$record.handler).as_ref(),
            command = for_line(&$record.facts.command).as_ref(),
            app = for_line(&$record.facts.app).as_ref(),
            key = $record.key.as_deref().map(for_line).as_deref(),
            body = $body.then(|| shown(&$record.body)).as_deref(),
            "{}",
            for_line(&$record.summary)
        )
    };
}

impl Log {
    fn write(&self, record: &Record) {
        let body = self.0.body;
        match self.0.level {
            Level::Trace => line!(trace, record, body),
            Level::Debug => line!(debug, record, body),
            Level::Info => line!(info, record, body),
            Level::Warn => line!(warn, record, body),
            Level::Error => line!(error, record, body),
        }
    }
}

/// The beginning of a body, fit for a line.
fn shown(body: &[u8]) -> String {
    let inside_a_character = |end: &usize| body.get(*end).is_some_and(|byte| byte & 0xC0 == 0x80);
    let end = (BODY_MAX - 3..=BODY_MAX).rev().find(|end| !inside_a_character(end));
    let start = body.get(..end.unwrap_or(BODY_MAX)).unwrap_or(body);
    match String::from_utf8_lossy(start) {
        Cow::Borrowed(text) => for_line(text).into_owned(),
        Cow::Owned(text) => for_line(&text).into_owned(),
    }
}

fn no_room() -> Result<(), Failure> {
    Err(Failure::transient(
        "too many log lines are waiting to be written; is standard error being read?",
    ))
}

#[async_trait]
impl Action for Log {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        let mut results = self.deliver_batch(std::slice::from_ref(record)).await;
        results.pop().unwrap_or_else(no_room)
    }

    async fn deliver_batch(&self, records: &[Record]) -> Vec<Result<(), Failure>> {
        let by = Instant::now() + ROOM_WITHIN;
        let mut results = Vec::with_capacity(records.len());
        for record in records {
            let line = log_line(|| self.write(record));
            if timeout_at(by, line).await.is_err() {
                break; // no later one may overtake it
            }
            results.push(Ok(()));
        }
        results.resize_with(records.len(), no_room);
        results
    }

    fn batch_max(&self) -> usize {
        BATCH_MAX
    }
}

#[async_trait]
impl Plugin for Log {
    type Role = dyn Action;
    const NAME: &'static str = "log";
    const DESCRIPTION: &'static str = "writes each record into the server's log";
    const EXAMPLE: &'static str = "level = \"info\"\nbody = false\n";
    type Options = Options;

    async fn build(options: Options, _: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        Ok(Arc::new(Self(options)))
    }
}

register!(Log);

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Mutex, PoisonError};

    use bytes::Bytes;
    use switchhook_api::{Callback, Phase, Registry, Table};
    use switchhook_engine::config::Section;
    use tracing::instrument::WithSubscriber;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Output {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn record(summary: &str, key: &str, body: &str) -> Record {
        let facts = Callback::new("Group.CallbackTest", Phase::After, "1400", Bytes::new()).facts;
        let body = Bytes::from(body.to_owned());
        Record::new("audit".into(), facts, Some(key.into()), summary.into(), body)
    }

    async fn written(options: &str, json: bool, records: &[Record]) -> String {
        let plugin = *Registry::linked().expect("distinct").get(Table::Actions, "log").expect("it");
        let section = Section::parse("actions.l.options", options).expect("TOML");
        let options = plugin.configure(&section).expect("good options");
        let action =
            options.build(&switchhook_testkit::build_context("l", "/")).await.expect("built");
        let switchhook_api::Component::Action(action) = action else { panic!("no action") };
        let output = Output::default();
        let lines = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(output.clone());
        let results = match json {
            true => action.deliver_batch(records).with_subscriber(lines.json().finish()).await,
            false => action.deliver_batch(records).with_subscriber(lines.finish()).await,
        };
        assert!(results.len() == records.len() && results.iter().all(Result::is_ok));
        let bytes = output.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[tokio::test]
    async fn each_record_is_one_line_in_order_with_its_facts() {
        let records = [record("first", "group-1", "{}"), record("second", "group-2", "{}")];
        let text = written("level = \"warn\"", true, &records).await;
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(lines[0]["level"], "WARN");
        assert_eq!(lines[0]["target"], "switchhook::record");
        let fields = &lines[0]["fields"];
        assert_eq!(fields["message"], "first");
        assert_eq!(fields["id"], "00000000-0000-0000-0000-000000000000.audit");
        assert_eq!(fields["handler"], "audit");
        assert_eq!(fields["command"], "Group.CallbackTest");
        assert_eq!(fields["app"], "1400");
        assert_eq!(fields["key"], "group-1");
        assert!(fields.get("body").is_none(), "bodies are shown on request only");
        assert_eq!(lines[1]["fields"]["message"], "second");
    }

    #[tokio::test]
    async fn what_users_type_cannot_make_a_line_of_its_own_or_turn_it_round() {
        let evil = "x\nERROR forged\r\u{1b}[2J\u{202e}\u{2028}\u{0085}";
        for json in [true, false] {
            let text = written("body = true", json, &[record(evil, evil, evil)]).await;
            assert_eq!(text.lines().count(), 1, "{text}");
            let ours = text.trim_end_matches('\n').replace("\u{1b}[", ""); // colours of the subscriber
            assert!(!ours.contains(['\n', '\r', '\u{202e}', '\u{2028}', '\u{0085}']), "{ours:?}");
            assert!(!text.contains("\u{1b}[2J"), "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_body_is_cut_between_two_characters() {
        let long = format!("a{}", "é".repeat(5000));
        let text = written("body = true", true, &[record("s", "k", &long)]).await;
        let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let body = line["fields"]["body"].as_str().expect("text");
        assert_eq!((body.len(), body.contains('\u{fffd}')), (4095, false));
        assert_eq!(shown(&[0xBF; 9000]).chars().count(), 4096, "no text at all is cut as well");
        assert_eq!(shown(b"short"), "short");
    }

    #[tokio::test]
    async fn the_example_and_nothing_at_all_are_good_options() {
        for options in [Log::EXAMPLE, ""] {
            assert_eq!(written(options, true, &[record("s", "k", "{}")]).await.lines().count(), 1);
        }
    }
}
