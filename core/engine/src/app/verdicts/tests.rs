//! The messages that a user reads, word for word.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use http::{Request, Response};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::{
    BoxError, BuildContext, ComposeError, Handler, Map, Opened, Outcome, Plugin, RawRequest,
    Refusal, Registration, Registry, Source,
};

use super::*;
use crate::app::remarks;
use crate::config::Layers;
use crate::test_plugins::{Note, Out, Store, Wire};

/// A handler whose one answer stands in its options.
struct Say;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SayOptions {
    /// The code that it refuses with.
    code: i64,
}

impl Handler for Say {}

#[async_trait]
impl Plugin for Say {
    type Role = dyn Handler;
    type Options = SayOptions;
    const NAME: &'static str = "say";
    const DESCRIPTION: &'static str = "says one thing";
    const COMMANDS: &'static [&'static str] = &[];
    const RECORDS: bool = false;
    const EXAMPLE: &'static str = "code = 1";

    fn verdicts(options: &SayOptions) -> Vec<(String, Verdict)> {
        vec![("code".into(), Verdict::Deny { code: Some(options.code), reason: String::new() })]
    }

    async fn build(_: SayOptions, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self))
    }
}

fn before(name: &'static str) -> CommandSpec {
    CommandSpec::before(name, "", "", &[])
}

/// Some are decided, one of them afterwards, and of one family none.
static COMMANDS: LazyLock<Vec<CommandSpec>> = LazyLock::new(|| {
    vec![
        before("Many.BeforeA"),
        before("Many.BeforeB"),
        before("Many.BeforeC"),
        before("Many.BeforeD"),
        before("Many.BeforeE"),
        before("Many.BeforeF"),
        before("Many.BeforeG"),
        CommandSpec::after("Group.Asked", "", "").answered(&[]),
        CommandSpec::after("Group.Changed", "", ""),
        before("Group.BeforeFate"),
    ]
});

/// A protocol that knows the code 1, and one thing that cannot be refused.
struct Strict;

impl Source for Strict {
    fn express(&self, callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        let command = callback.command();
        match verdict {
            Verdict::Drop | Verdict::Deny { .. } if command == "Group.BeforeFate" => {
                Err(NotPermitted("is fate".to_owned()))
            }
            Verdict::Deny { code: Some(code), reason } if code != 1 => {
                let answered = if callback.answered { " (answered)" } else { "" };
                let why = format!("{} has no {code}{answered}", callback.facts.phase);
                Ok(Expressed::adjusted(Verdict::Deny { code: None, reason }, why))
            }
            verdict => Ok(Expressed::exact(verdict)),
        }
    }
    fn open(&self, _: &RawRequest<'_>) -> Result<Opened, Refusal> {
        Ok(Opened::After(Vec::new()))
    }
    fn reply(&self, _: &[Callback], _: &Outcome) -> Response<Bytes> {
        Response::default()
    }
    fn refuse(&self, _: &Refusal) -> Response<Bytes> {
        Response::default()
    }
    fn catalogue(&self) -> &[CommandSpec] {
        &COMMANDS
    }
    fn compose(&self, _: &str, _: &Map, _: Timestamp) -> Result<Request<Bytes>, ComposeError> {
        Err(ComposeError("no".into()))
    }
    fn authenticates(&self) -> bool {
        true
    }
}

fn registry() -> Registry {
    let registry = Registry::of([
        Registration::of::<Wire>("tests"),
        Registration::of::<Note>("tests"),
        Registration::of::<Out>("tests"),
        Registration::of::<Store>("tests"),
        Registration::of::<Say>("tests"),
    ]);
    registry.expect("no name is taken twice").with_default_journal("embedded")
}

/// A file whose handler stands on line 1 and the following.
fn read(handler: &str) -> Result<Config, Vec<ConfigError>> {
    let text = format!(
        "handlers.h = {{ {} }}\n[sources.s]\nplugin = \"wire\"\noptions.app = 1\n\
         [actions.log]\nplugin = \"out\"\noptions.path = \"x\"\n",
        handler.replace('\n', ", ")
    );
    Config::read(&Layers { path: "c.toml".into(), text, ..Layers::default() }, &registry())
}

fn strict() -> Sources {
    let table = toml::from_str("plugin = \"strict\"").expect("a table");
    vec![BuiltSource { name: "s".into(), table, component: Arc::new(Strict) }]
}

/// What is told once the sources are there: the mistakes, or the remarks without those about other things.
fn told(handler: &str) -> Result<Vec<String>, String> {
    let config = read(handler).expect("good as far as can be seen");
    remarks(&config, &strict())
}

fn say(code: i64, commands: &str) -> String {
    format!("plugin = \"say\"\noptions.code = {code}\ncommands = {commands}")
}

#[test]
fn a_verdict_that_cannot_be_said_is_a_mistake_at_its_option() {
    let check = |commands: &str, expected: &[&str]| {
        let lines: Vec<String> = expected
            .iter()
            .map(|what| format!("c.toml:1: handlers.h.options.code: {what}"))
            .collect();
        let count = match lines.len() {
            1 => "1 configuration error".to_owned(),
            n => format!("{n} configuration errors"),
        };
        let expected = format!("{}\n{count}; nothing was started", lines.join("\n"));
        assert_eq!(told(&say(5, commands)), Err(expected), "{commands}");
        let disabled = format!("{}\nenabled = false", say(5, commands));
        assert_eq!(told(&disabled), Ok(Vec::new()), "{commands}");
    };
    check(r#"["Many.BeforeA"]"#, &["sources.s: Many.BeforeA: before has no 5"]);
    check(r#"["Group.Asked"]"#, &["sources.s: Group.Asked: after has no 5 (answered)"]);
    check(
        r#"["Group.*"]"#,
        &[
            "sources.s: Group.Asked: after has no 5 (answered)",
            "sources.s: Group.BeforeFate: is fate",
        ],
    );
    check(
        r#"["Many.*"]"#,
        &[
            "sources.s: Many.BeforeA: before has no 5",
            "sources.s: Many.BeforeB: before has no 5",
            "sources.s: Many.BeforeC: before has no 5",
            "sources.s: Many.BeforeD: before has no 5",
            "sources.s: Many.BeforeE: before has no 5",
            "it cannot be expressed for 2 more of its commands either",
        ],
    );
}

#[test]
fn a_verdict_that_can_be_said_is_good() {
    for commands in [r#"["Many.*"]"#, r#"["Group.Asked"]"#, r#"["New.BeforeThing"]"#] {
        let told = told(&say(1, commands)).expect("no mistake");
        assert!(!told.iter().any(|line| line.contains(".options.")), "{told:?}");
    }
    let of_after_commands = told(&say(5, r#"["Group.Changed", "Many.New"]"#));
    assert!(of_after_commands.is_ok(), "nothing is said in answer to them: {of_after_commands:?}");
}

#[test]
fn what_has_no_effect_is_remarked() {
    let check = |more: &str, expected: &[&str]| {
        let told = told(more).expect("no mistake");
        let told: Vec<&str> =
            told.iter().filter_map(|line| line.strip_prefix("c.toml:1: ")).collect();
        let told: Vec<&str> =
            told.into_iter().filter(|line| !line.contains("no source knows")).collect();
        assert_eq!(told, expected, "{more}");
    };
    let note = |commands: &str| {
        format!(
            "plugin = \"note\"\ncommands = [{commands}]\non_failure = \"deny\"\ntimeout = \"1s\""
        )
    };
    let both = [
        "handlers.h.timeout: has no effect: none of its commands expects a decision",
        "handlers.h.on_failure: has no effect: none of its commands can be denied",
    ];
    check(&note(r#""Group.Changed", "New.AfterThing""#), &both);
    check(&note(r#""Group.BeforeFate""#), &both[1..]);
    check(&note(r#""Group.Changed", "Many.BeforeA""#), &[]);
    check(&note(r#""Group.Asked""#), &[]);
    check(&note(r#""New.BeforeThing""#), &[]);
    check(&note(r#""New.*""#), &[]);
    check("plugin = \"note\"\ncommands = [\"Group.Changed\"]\non_failure = \"allow\"", &[]);
    check("plugin = \"note\"\non_failure = \"deny\"", &both[1..]);
    check(
        &say(5, r#"["Group.Changed"]"#),
        &["handlers.h.options.code: has no effect: none of its commands expects a decision"],
    );
    check(&say(5, r#"["Group.Changed"]"#).replace("plugin", "enabled = false\nplugin"), &[]);
}

#[test]
fn what_a_plugin_leaves_to_the_configuration_has_to_be_there_and_the_rest_not() {
    let check = |more: &str, expected: &str| {
        let found = read(more).expect_err("mistaken");
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, [expected], "{more}");
    };
    check(
        "plugin = \"say\"\noptions.code = 1",
        "c.toml:1: handlers.h.commands: missing; the plugin `say` has no default commands: list commands, `Family.*` or `*`",
    );
    check(
        &format!("{}\nactions = [\"log\"]", say(1, "[\"*\"]")),
        "c.toml:1: handlers.h.actions: the plugin `say` produces no records, so these actions would receive nothing; list them at a handler that produces records",
    );
    assert!(read(&format!("{}\nactions = []", say(1, "[\"*\"]"))).is_ok());
    assert!(read("plugin = \"note\"\nactions = [\"log\"]").is_ok());
}
