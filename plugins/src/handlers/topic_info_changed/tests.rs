use bytes::Bytes;
use serde_json::{Value, json};
use switchhook_core::config::Section;
use switchhook_core::{Callback, Event, NewRecord, Phase, Plugin};

use super::{Field, Options, TopicChanges};
use crate::handlers::stub::{StateJournal, handled};
use crate::sources::tencent_im::events::{GroupAfterGroupInfoChanged, GroupAfterTopicInfoChanged};

const ID: &str = "00000000-0000-0000-0000-000000000000";

fn callback(command: &str, body: &Value) -> Callback {
    let mut callback =
        Callback::new(command, Phase::After, "1400000000", Bytes::from(body.to_string()));
    callback.facts.sent = Some("2022-12-01T05:21:52Z".parse().expect("a time"));
    callback
}

fn changed(fields: Value) -> Callback {
    let mut body = json!({"GroupId": "@TGS#2J4SZEAEL", "Operator_Account": "leckie"});
    let Value::Object(fields) = fields else { panic!("an object") };
    body.as_object_mut().expect("an object").extend(fields);
    callback(GroupAfterTopicInfoChanged::COMMAND, &body)
}

fn all() -> TopicChanges {
    TopicChanges(Options::default())
}

fn body(record: &NewRecord) -> Value {
    serde_json::from_slice(record.body.as_ref().expect("a body")).expect("JSON")
}

async fn record(handler: &TopicChanges, callback: &Callback) -> Option<NewRecord> {
    handled(handler, callback).await.0.expect("handled")
}

#[tokio::test]
async fn without_a_topic_id_no_old_value_is_claimed_and_no_state_is_touched() {
    let change = changed(json!({"Type": "Community", "Name": "TestTopic", "TopicId": ""}));
    let (record, journal) = handled(&all(), &change).await;
    let record = record.expect("handled").expect("a record");
    let expected = format!(
        r#"{{"id":"{ID}","command":"Group.CallbackAfterTopicInfoChanged","app":"1400000000","group":"@TGS#2J4SZEAEL","topic":null,"operator":"leckie","received":"1970-01-01T00:00:00Z","sent":"2022-12-01T05:21:52Z","changes":{{"Name":{{"new":"TestTopic"}}}}}}"#
    );
    assert_eq!(record.body.as_deref(), Some(expected.as_bytes()));
    assert_eq!(record.summary, r#"topic renamed to "TestTopic" in group @TGS#2J4SZEAEL by leckie"#);
    assert!(journal.state.is_empty());
    assert_eq!(journal.reads.into_inner(), 0);
}

#[tokio::test]
async fn with_a_topic_id_the_last_known_value_is_the_old_one() {
    let mut journal = StateJournal::default();
    let mut run = async |fields: Value| {
        let record = journal.run(&all(), &changed(fields)).await.expect("handled");
        body(&record.expect("a record"))["changes"].clone()
    };
    let first = run(json!({"TopicId": "t", "Name": "one", "FaceUrl": ""})).await;
    assert_eq!(first, json!({"Name": {"new": "one"}, "FaceUrl": {"new": ""}}));
    let second = run(json!({"TopicId": "t", "Name": "two"})).await;
    assert_eq!(second, json!({"Name": {"new": "two", "old": "one"}}));
    let other = run(json!({"TopicId": "u", "Name": "two"})).await;
    assert_eq!(other, json!({"Name": {"new": "two"}}), "another topic's name is not its old one");
    let avatar = run(json!({"TopicId": "t", "FaceUrl": "https://f"})).await;
    assert_eq!(avatar, json!({"FaceUrl": {"new": "https://f", "old": ""}}));
    let again = run(json!({"TopicId": "t", "Name": "two"})).await;
    assert_eq!(again, json!({"Name": {"new": "two"}}), "what did not change was not known");
}

#[tokio::test]
async fn a_value_too_long_to_remember_is_forgotten() {
    let mut journal = StateJournal::default();
    let long = "x".repeat(9000);
    for (name, old) in [("a", None), (&*long, Some("a")), ("b", None), ("c", Some("b"))] {
        let change = changed(json!({"TopicId": "t", "Name": name}));
        let record = journal.run(&all(), &change).await.expect("handled").expect("a record");
        assert_eq!(body(&record)["changes"]["Name"].get("old").and_then(Value::as_str), old);
    }
}

#[tokio::test]
async fn a_profile_that_escapes_blow_up_is_forgotten() {
    let mut journal = StateJournal::default();
    let name = "\u{1}".repeat(8000);
    let first = changed(json!({"TopicId": "t", "Name": "n"}));
    journal.run(&all(), &first).await.expect("handled");
    let blown = json!({"TopicId": "t", "Name": name, "Introduction": name});
    journal.run(&all(), &changed(blown)).await.expect("handled");
    assert!(journal.state.is_empty());
}

#[tokio::test]
async fn state_that_cannot_be_read_counts_as_none() {
    let mut journal = StateJournal::default();
    journal.state.insert("1400000000/@TGS#2J4SZEAEL/t".into(), "[1".into());
    let change = changed(json!({"TopicId": "t", "Name": "n"}));
    let record = journal.run(&all(), &change).await.expect("handled").expect("a record");
    assert_eq!(body(&record)["changes"], json!({"Name": {"new": "n"}}));
    assert_eq!(journal.state["1400000000/@TGS#2J4SZEAEL/t"], r#"{"Name":"n"}"#);
}

#[tokio::test]
async fn only_wanted_fields_and_groups_are_reported() {
    let only = |fields: Option<Vec<Field>>, groups: Option<&str>| {
        TopicChanges(Options { fields, groups: groups.map(|group| [group.to_owned()].into()) })
    };
    let change = changed(json!({"Name": "n", "Introduction": "i"}));
    let by_field = record(&only(Some(vec![Field::Introduction]), None), &change).await;
    assert_eq!(
        body(&by_field.expect("a record"))["changes"],
        json!({"Introduction": {"new": "i"}})
    );
    assert_eq!(record(&only(Some(vec![Field::FaceUrl]), None), &change).await, None);
    assert!(record(&only(None, Some("@TGS#2J4SZEAEL")), &change).await.is_some());
    assert_eq!(record(&only(None, Some("@TGS#2J4SZEAE")), &change).await, None);
    assert_eq!(record(&all(), &changed(json!({"Type": "Community"}))).await, None);
}

#[tokio::test]
async fn a_field_that_is_not_reported_is_remembered_all_the_same() {
    let mut journal = StateJournal::default();
    let quiet = TopicChanges(Options { fields: Some(vec![Field::FaceUrl]), groups: None });
    let first = changed(json!({"TopicId": "t", "Name": "one"}));
    assert_eq!(journal.run(&quiet, &first).await.expect("handled"), None);
    let second = changed(json!({"TopicId": "t", "Name": "two"}));
    let record = journal.run(&all(), &second).await.expect("handled").expect("a record");
    assert_eq!(body(&record)["changes"]["Name"]["old"], "one");
}

#[tokio::test]
async fn details_of_groups_are_read_too_and_other_commands_are_passed_over() {
    let fields = json!({"GroupId": "g", "Notification": "hear", "EventTime": "1", "Name": "n"});
    let group = callback(GroupAfterGroupInfoChanged::COMMAND, &fields);
    let record = record(&all(), &group).await.expect("a record");
    assert_eq!(record.summary, "group details changed: name, notification in group g");
    assert_eq!(body(&record)["operator"], Value::Null);
    let other = callback("Group.CallbackAfterGroupFull", &fields);
    assert_eq!(handled(&all(), &other).await.0.expect("no failure"), None);
}

#[tokio::test]
async fn a_body_of_another_shape_is_given_up_at_once() {
    for shape in [json!([1]), json!({"Name": {"text": "n"}})] {
        let callback = callback(GroupAfterTopicInfoChanged::COMMAND, &shape);
        assert!(handled(&all(), &callback).await.0.expect_err("refused").is_permanent());
    }
}

#[tokio::test]
async fn the_line_for_people_is_one_short_line() {
    let name = format!("a\nb\u{202e}{}", "c".repeat(500));
    let record = record(&all(), &changed(json!({"Name": name}))).await.expect("a record");
    let shown = format!("a\\nb\\u{{202e}}{}…", "c".repeat(76));
    let expected = format!("topic renamed to \"{shown}\" in group @TGS#2J4SZEAEL by leckie");
    assert_eq!(record.summary, expected);
}

#[test]
fn an_empty_list_is_a_mistake() {
    let options = Options { fields: Some(Vec::new()), groups: Some([].into()) };
    let keys: Vec<String> = TopicChanges::check(&options).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["fields", "groups"]);
}

#[test]
fn the_example_is_accepted_and_odd_fields_are_not() {
    let read = |toml: &str| Section::parse("o", toml).expect("TOML").read::<Options>();
    let example = read(TopicChanges::EXAMPLE).expect("accepted");
    assert_eq!(example.fields, Some(vec![Field::Name, Field::Notification]));
    assert!(TopicChanges::check(&example).is_empty());
    assert_eq!(read("").expect("accepted").groups, None);
    for odd in ["fields = [\"Nmae\"]", "field = [\"Name\"]", "groups = [1]"] {
        assert!(read(odd).is_err(), "{odd}");
    }
}
