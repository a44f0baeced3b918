//! What is said to each verdict. The table stands by itself, to be read beside the protocol's pages: a command and its body,
//! then each verdict with the exact reply or the refusal under it.

use std::collections::{BTreeMap, BTreeSet};

use http::Response;
use serde_json::{Value, json};
use switchhook_api::{Expressed, Map, Outcome, Phase, Verdict};

use super::super::events::{KNOWN, find};
use super::*;

const TABLE: &str = include_str!("verdicts.txt");
const OK: &str = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#;
const FRIENDS: &str = "Sns.CallbackPrevFriendAdd";
/// No command of the catalogue.
const GUESSED: &str = "Group.CallbackBeforeNewThing";

struct Row<'a> {
    command: &'a str,
    body: &'a str,
    verdict: &'a str,
    expected: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let mut rows = Vec::new();
    for section in TABLE.split("\n\n").filter(|section| !section.trim().is_empty()) {
        let mut lines = section.trim().lines();
        let head = lines.next().and_then(|line| line.strip_prefix("# ")).expect(section);
        let (command, body) = head.split_once(' ').expect(head);
        while let (Some(verdict), Some(expected)) = (lines.next(), lines.next()) {
            rows.push(Row { command, body, verdict, expected: expected.trim() });
        }
    }
    rows
}

/// A verdict as the table writes it.
fn verdict(text: &str) -> Verdict {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let fields = || serde_json::from_str::<Map>(rest).expect(text);
    match kind {
        "abstain" => Verdict::Abstain,
        "flag" => Verdict::Flag("spam?".into()),
        "allow" => Verdict::Allow,
        "deny" => Verdict::Deny { code: rest.parse().ok(), reason: "no".into() },
        "drop" => Verdict::Drop,
        "replace" => Verdict::Replace(fields()),
        "answer" => Verdict::Answer(fields()),
        _ => panic!("{text}"),
    }
}

fn said(callback: Callback, outcome: &Outcome) -> String {
    let response = open_source().reply(&[callback], outcome);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    text(&response)
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).expect("text")
}

fn expressed(callback: &Callback, verdict: Verdict) -> Result<Expressed, String> {
    open_source().express(callback, verdict).map_err(|error| error.0)
}

/// What comes out of a row, as the table writes it; the outcomes of a verdict are decided and out of time.
fn outcomes(row: &Row<'_>) -> Vec<String> {
    let callback = one(row.command, row.body);
    match expressed(&callback, verdict(row.verdict)) {
        Err(why) => vec![format!("refused: {why}")],
        Ok(Expressed { verdict, lost, .. }) => {
            let lost = lost.map(|lost| format!(" but {lost}")).unwrap_or_default();
            let outcomes = [Outcome::Decided(verdict.clone()), Outcome::TimedOut(verdict)];
            outcomes.map(|outcome| said(callback.clone(), &outcome) + &lost).to_vec()
        }
    }
}

#[test]
fn every_verdict_is_said_or_refused_as_the_table_has_it() {
    let mut wrong = Vec::new();
    for row in rows() {
        for seen in outcomes(&row).iter().filter(|seen| *seen != row.expected) {
            let Row { command, verdict, expected, .. } = row;
            wrong.push(format!("{command}: {verdict}\n  wanted {expected}\n  got    {seen}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_every_command_that_is_decided_and_every_kind_of_verdict() {
    let mut kinds = BTreeMap::<&str, BTreeSet<&str>>::new();
    for row in rows() {
        kinds.entry(row.command).or_default().insert(verdict(row.verdict).kind().as_str());
    }
    assert!(kinds.values().all(|kinds| kinds.len() == 7), "{kinds:?}");
    let decided = KNOWN.iter().filter(|known| known.spec.is_decided());
    let decided: BTreeSet<&str> = decided.map(|known| &*known.spec.name).collect();
    assert_eq!(decided.len(), 13);
    let unknown = BTreeSet::from([GUESSED]);
    assert_eq!(kinds.into_keys().collect::<BTreeSet<_>>(), &decided | &unknown);
}

#[test]
fn what_has_happened_is_acknowledged_and_nothing_else() {
    let after = KNOWN.iter().filter(|known| !known.spec.is_decided());
    let mut commands: Vec<&str> = after.map(|known| &*known.spec.name).collect();
    assert_eq!(commands.len(), 71);
    commands.push("New.Thing");
    for command in commands {
        let callback = one(command, "{}");
        for verdict in ["abstain", "flag", "allow"].map(verdict) {
            let exact = Ok(Expressed::exact(verdict.clone()));
            assert_eq!(expressed(&callback, verdict.clone()), exact, "{command}");
            assert_eq!(said(callback.clone(), &Outcome::Decided(verdict)), OK, "{command}");
        }
        for written in ["deny", "deny 1", "deny 10100", "drop", "replace {}", "answer {}"] {
            let kind = written.split(' ').next().expect("a kind");
            let guessed = if command == "New.Thing" {
                "; this command is unknown, so its rules follow from its name"
            } else {
                ""
            };
            let why = format!(
                "does not permit the verdict `{kind}`: the event has already happened, and the reply is ignored{guessed}"
            );
            assert_eq!(expressed(&callback, verdict(written)), Err(why));
        }
        assert_eq!(said(callback, &Outcome::Accepted), OK, "{command}");
    }
}

#[test]
fn a_batch_is_acknowledged_as_a_whole() {
    let batch = [one("Push.X", "{}"), one("Push.Y", "{}")];
    assert_eq!(open_source().reply(&batch, &Outcome::Accepted).body(), OK);
    assert_eq!(open_source().reply(&[], &Outcome::Accepted).body(), OK);
}

#[test]
fn a_reason_may_hold_any_text() {
    let reason = format!("no \"x\"\n\0\u{202e}é{}", "y".repeat(4000));
    let deny = Verdict::Deny { code: None, reason: reason.clone() };
    for (command, place) in
        [("C2C.CallbackBeforeSendMsg", "/ErrorInfo"), (FRIENDS, "/ResultItem/0/ResultInfo")]
    {
        let reply = said(
            one(command, r#"{"FriendItem":[{"To_Account":"a"}]}"#),
            &Outcome::Decided(deny.clone()),
        );
        let reply: Value = serde_json::from_str(&reply).expect("JSON");
        assert_eq!(reply.pointer(place), Some(&json!(reason)), "{command}");
    }
}

/// The refused friends of a question, as the reply names them.
fn refused_friends(body: &str) -> String {
    let reply = said(one(FRIENDS, body), &Outcome::Decided(verdict("deny")));
    let reply: Value = serde_json::from_str(&reply).expect("JSON");
    let items = reply["ResultItem"].as_array().expect("a list");
    let refused = items.iter().filter(|item| item["ResultCode"] == 38_000);
    refused.map(|item| item["To_Account"].clone()).collect::<Value>().to_string()
}

#[test]
fn each_friend_asked_for_is_refused_whatever_else_the_question_holds() {
    let most = u64::MAX;
    let check = |items: &str, refused: &str| {
        assert_eq!(refused_friends(&format!(r#"{{"FriendItem":{items}}}"#)), refused);
    };
    check(
        &format!(r#"[{{"To_Account":{most}}},{{"To_Account":"b"}}]"#),
        &format!(r#"[{most},"b"]"#),
    );
    check(r#"[{"To_Account":"a"},{},7,{"To_Account":null},{"To_Account":"b"}]"#, r#"["a","b"]"#);
    check(r#"{"To_Account":"a"}"#, r#"["a"]"#);
    check("[]", "[]");
    check("1", "[]");
    assert_eq!(
        refused_friends(r#"{"FriendItem":[{"To_Account":"a"}],"ResponseFriendItem":1}"#),
        r#"["a"]"#
    );
    assert_eq!(refused_friends("{}"), "[]");
}

/// So options are checked: whom a question will ask for is not known then, all else is.
#[test]
fn without_a_body_an_answer_may_name_any_friend() {
    let check = |body: &'static str, items: &str, good: bool| {
        let callback = Callback::new(FRIENDS, Phase::Before, "", body.into());
        let answer = verdict(&format!(r#"answer {{"ResultItem":{items}}}"#));
        let exact = Ok(Expressed::exact(answer.clone()));
        assert_eq!(expressed(&callback, answer) == exact, good, "{body} {items}");
    };
    let (a, bad) =
        (r#"{"To_Account":"a","ResultCode":38000}"#, r#"{"To_Account":"a","ResultCode":1}"#);
    check("", &format!("[{a}]"), true);
    check("{}", &format!("[{a}]"), false);
    check("", &format!("[{a},{a}]"), false);
    check("", &format!("[{bad}]"), false);
}

#[test]
fn a_long_name_of_a_foreign_field_is_cut() {
    let fields = Map::from_iter([("é".repeat(5000), json!(1))]);
    let error =
        expressed(&one(FRIENDS, "{}"), Verdict::Answer(fields)).expect_err("a foreign field");
    assert!(error.len() < 300 && error.contains(&"é".repeat(64)), "{error}");
}

#[test]
fn the_catalogue_shows_the_kinds_that_are_permitted() {
    for row in rows().iter().filter(|row| row.command != GUESSED) {
        let spec = &find(row.command).expect(row.command).spec;
        let refused = row.expected.contains(" does not permit the verdict");
        assert_eq!(spec.permits(verdict(row.verdict).kind()), !refused, "{}", row.verdict);
    }
}

#[test]
fn what_cannot_be_kept_is_answered_with_a_failure() {
    let response = open_source().reply(&[one(COMMAND, BODY)], &Outcome::Unavailable);
    assert_eq!(response.status(), 503);
    assert_eq!(
        text(&response),
        r#"{"ActionStatus":"FAIL","ErrorInfo":"cannot be persisted at the moment","ErrorCode":1}"#
    );
}

#[test]
fn a_refused_call_is_told_its_kind_only() {
    let kinds = [
        (RefusalKind::Unauthenticated, 401),
        (RefusalKind::Method, 405),
        (RefusalKind::TooLarge, 413),
        (RefusalKind::Malformed, 400),
        (RefusalKind::Encoding, 415),
        (RefusalKind::Slow, 408),
    ];
    for (kind, status) in kinds {
        let response = open_source().refuse(&Refusal::new(kind, "reason").detail("secret"));
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("allow"), kind == RefusalKind::Method);
        let text = std::str::from_utf8(response.body()).expect("text");
        assert!(text.starts_with(r#"{"ActionStatus":"FAIL","ErrorInfo":""#), "{text}");
        assert!(text.ends_with(r#"","ErrorCode":1}"#) && !text.contains("reason"), "{text}");
    }
}
