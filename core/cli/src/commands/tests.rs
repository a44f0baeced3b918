use switchhook_api::{CommandSpec, FieldSpec, Presence, VerdictKind};
use switchhook_engine::config::Layers;
use switchhook_engine::test_plugins::{GOOD, registry};

use super::*;
use crate::Unread;

const ITEMS: &[FieldSpec] = &[
    FieldSpec::new("Account", FieldKind::Text, " Who | it is.").personal(),
    FieldSpec::new("At", FieldKind::Seconds, " When."),
];
const FIELDS: &[FieldSpec] = &[
    FieldSpec::new("Name", FieldKind::Text, " How it is called, for example `a|b`."),
    FieldSpec::new("Count", FieldKind::Integer, " How many.").presence(Presence::Sometimes),
    FieldSpec::new("Time", FieldKind::Milliseconds, " When."),
    FieldSpec::new("Open", FieldKind::Boolean, " Whether all can see it.")
        .presence(Presence::Undocumented),
    FieldSpec::new("Extra", FieldKind::Any, " Whatever there is."),
    FieldSpec::new("Owner", FieldKind::Object(ITEMS), " The owner."),
    FieldSpec::new("Members", FieldKind::List(&FieldKind::Object(ITEMS)), " The members."),
    FieldSpec::new("Tags", FieldKind::List(&FieldKind::Text), " Its tags."),
];

fn rich() -> CommandSpec {
    let verdicts = [VerdictKind::Deny, VerdictKind::Drop];
    let doc = "https://example.com/doc_(1)";
    let mut spec = CommandSpec::before("Group.BeforeAll", "Before <all>", doc, &verdicts);
    spec.titles = vec![("zh", "全部之前")];
    spec.about = "It has one of each, and a text that goes on for longer than a hundred characters, so that it is broken.".into();
    spec.fields = FIELDS;
    spec.answers[0].says = "code 1, or a code of your own from 10 to 20 with a text that is shown to whoever wanted it, in full".into();
    spec.reply_fields = &ITEMS[..1];
    spec.natural_key = vec!["Name", "Time"];
    spec.ordering_key = Some("group");
    spec.sample("{\n  \"Name\": \"x\"\n}")
}

fn known_to(sources: &[&str], spec: CommandSpec) -> Known {
    Known { sources: sources.iter().map(|one| (*one).to_owned()).collect(), spec }
}

fn plain() -> CommandSpec {
    CommandSpec::after("Ping", "A ping came", "https://example.com/ping")
}

fn pretty(value: &impl serde::Serialize) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"))
}

#[test]
fn a_page_tells_everything_of_a_command() {
    let pages = [known_to(&["chat", "second"], rich()), known_to(&["chat"], plain())];
    let text = pages.iter().map(page::text).collect::<Vec<_>>().join("\n");
    assert_eq!(text, include_str!("../../tests/expected/commands-page.txt"));
}

#[test]
fn a_page_says_whether_the_answer_matters() {
    let says = |spec: CommandSpec, words: &str| {
        let page = page::text(&known_to(&["chat"], spec));
        assert!(page.contains(words), "{page}");
    };
    says(plain(), "\nThe event has happened: the answer has no effect.\n");
    says(
        plain().answered(&[VerdictKind::Answer]),
        "\nThe event has happened, but the answer matters. Possible answers:\n  answer\n",
    );
    says(plain().answered(&[VerdictKind::Answer]), "Ping (after, answered): A ping came\n");
    says(rich(), "\nAllowed, unless a handler answers:\n  deny: ");
    says(CommandSpec::before("P", "P", "p", &[]), "\nIt can only be allowed.\n");
}

#[test]
fn json_keeps_its_shape() {
    let all = [known_to(&["chat"], rich()), known_to(&["chat"], plain())];
    let text = pretty(&all.iter().map(Command::from).collect::<Vec<_>>());
    assert_eq!(text, include_str!("../../tests/expected/commands.json"));
}

#[test]
fn a_schema_is_as_lenient_as_the_wire() {
    let text = pretty(&body_schema::of_one(&rich()));
    assert_eq!(text, include_str!("../../tests/expected/commands-schema.json"));
    let all = body_schema::of_all(&[known_to(&["chat"], rich())]);
    let mut inner = all["$defs"]["Group.BeforeAll"].clone();
    inner["$schema"] = all["$schema"].clone();
    assert_eq!(inner, body_schema::of_one(&rich()));
}

#[test]
fn a_list_goes_by_family_and_names_sources_only_where_they_differ() {
    let after = |name: &'static str| CommandSpec::after(name, "It happened", "https://example.com");
    let all = |last: &[&str]| {
        [
            known_to(&["chat"], after("Group.A")),
            known_to(&["chat"], rich()),
            known_to(&["chat"], after("C2C.B")),
            known_to(last, after("Group.C")),
        ]
    };
    assert_eq!(
        list::text(&all(&["chat"])),
        "Group\n  Group.A          after   It happened\n  Group.BeforeAll  before  Before <all>\n  \
         Group.C          after   It happened\n\nC2C\n  C2C.B            after   It happened\n\n4 commands"
    );
    let text = list::text(&all(&["other"]));
    assert!(text.contains("It happened (chat)") && text.contains("It happened (other)"), "{text}");
}

#[test]
fn what_a_source_says_cannot_steer_a_terminal() {
    let evil = "x\u{1b}[31m\u{9b}\u{202e}\r";
    let mut spec = CommandSpec::before(evil, evil, evil, &[VerdictKind::Deny]).sample(evil);
    spec.about = evil.into();
    spec.answers[0].says = evil.into();
    let all = [known_to(&["chat"], spec)];
    for text in [page::text(&all[0]), list::text(&all)] {
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(steers), "{text:?}");
    }
    let failed = named(all.into(), "x\u{1b}[31m").expect_err("unknown");
    assert!(!failed.message.contains('\u{1b}'), "{}", failed.message);
}

fn context(layers: Result<Layers, Unread>) -> Context {
    Context { registry: registry(), layers }
}

fn configured(more: &str) -> Vec<Known> {
    let text = format!("{GOOD}{more}");
    let layers = Layers { path: "test.toml".into(), text, ..Layers::default() };
    block_on(known(&context(Ok(layers)))).expect("known")
}

fn names(all: &[Known]) -> Vec<(String, String)> {
    all.iter().map(|one| (one.spec.name.to_string(), one.sources.join("+"))).collect()
}

#[test]
fn the_configured_sources_are_asked_and_a_broken_one_is_passed_over() {
    let pairs = |sources: &str| {
        ["Group.Changed", "Group.BeforeJoin"].map(|name| (name.to_owned(), sources.to_owned()))
    };
    let second = |more: &str| {
        format!("[sources.second]\nplugin = \"wire\"\npath = \"/2\"\n{more}options.app = 1\n")
    };
    assert_eq!(names(&configured("")), pairs("chat"));
    assert_eq!(names(&configured(&second(""))), pairs("chat+second"));
    assert_eq!(names(&configured(&second("options.broken = true\n"))), pairs("chat"));
    assert_eq!(names(&configured(&second("enabled = false\n"))), pairs("chat"));
}

#[test]
fn without_a_configuration_file_the_plugins_are_asked() {
    let unread = |missing: Option<&str>| {
        Err(Unread { missing: missing.map(str::to_owned), message: "it is unreadable".into() })
    };
    let all = block_on(known(&context(unread(Some("config.toml"))))).expect("known");
    assert_eq!(
        names(&all),
        ["Group.Changed", "Group.BeforeJoin"].map(|name| (name.to_owned(), "wire".to_owned()))
    );
    let failed = block_on(known(&context(unread(None)))).expect_err("it is there");
    assert_eq!((failed.code, &*failed.message), (78, "it is unreadable"));
}

#[test]
fn an_unknown_command_gets_a_hint() {
    let check = |name: &str, expected: &str| {
        let failed = named(configured(""), name).expect_err("unknown");
        assert_eq!((failed.code, &*failed.message), (64, expected));
    };
    let end = "`switchhook commands` lists all";
    check("Nothing.Alike", &format!("no source knows the command `Nothing.Alike`; {end}"));
    for name in ["group.changed", "Group.Chnged", "GROUP.CHANGED"] {
        let said =
            format!("no source knows the command `{name}`; did you mean `Group.Changed`?; {end}");
        check(name, &said);
    }
    assert_eq!(named(configured(""), "Group.Changed").expect("known").len(), 1);
}

#[test]
fn what_two_sources_say_differently_needs_a_choice_in_a_schema() {
    let mut other = rich();
    other.title = "Something else".into();
    let mut all = vec![known_to(&["chat"], rich()), known_to(&["second"], other)];
    let failed = distinct(&all).expect_err("twice");
    assert_eq!(
        (failed.code, &*failed.message),
        (
            64,
            "several sources describe `Group.BeforeAll` differently: `chat`, `second`; choose one with --source NAME"
        )
    );
    let failed = of_source(&mut all, "secnd").expect_err("unknown");
    assert_eq!(
        failed.message,
        "there is no source `secnd` that describes its commands; did you mean `second`?; sources that do: `chat`, `second`"
    );
    of_source(&mut all, "second").expect("known");
    assert_eq!(names(distinct(&all).expect("once")), [("Group.BeforeAll".into(), "second".into())]);
}

#[test]
fn filters_leave_what_was_asked_for() {
    let check = |phase: Option<Phase>, family: Option<&str>, expected: &[&str]| {
        let args = Args {
            name: None,
            phase,
            family: family.map(str::to_owned),
            source: None,
            format: Form::Text,
            json: false,
            schema: false,
        };
        let mut all = configured("");
        all.push(known_to(&["chat"], plain()));
        match filtered(all, &args) {
            Ok(found) => {
                assert_eq!(
                    names(&found).iter().map(|(name, _)| name).collect::<Vec<_>>(),
                    expected
                );
            }
            Err(failed) => assert_eq!([&*failed.message], expected),
        }
    };
    check(None, None, &["Group.Changed", "Group.BeforeJoin", "Ping"]);
    check(Some(Phase::Before), None, &["Group.BeforeJoin"]);
    check(Some(Phase::After), Some("group"), &["Group.Changed"]);
    check(Some(Phase::Before), Some("Ping"), &[]);
    check(
        None,
        Some("Grup"),
        &["there is no family `Grup`; did you mean `Group`?; known families: `Group`, `Ping`"],
    );
}
