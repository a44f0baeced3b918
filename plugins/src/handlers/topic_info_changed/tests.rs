use bytes::Bytes;
use serde_json::{Value, json};
use switchhook_api::{Callback, Event, NewRecord, Phase, Plugin};
use switchhook_engine::config::Section;
use switchhook_testkit::{StoredState, handled};

use super::{Field, Options, TopicChanges};
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
async fn topics_whose_ids_look_alike_side_by_side_keep_apart() {
    let mut journal = StoredState::default();
    for (group, topic) in [("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("a", "b%2Fc"), ("a/", "c")]
    {
        let change = changed(json!({"GroupId": group, "TopicId": topic, "Name": topic}));
        let record = journal.run(&all(), &change).await.expect("handled").expect("a record");
        assert_eq!(body(&record)["changes"], json!({"Name": {"new": topic}}), "{group} {topic}");
        let change = changed(json!({"GroupId": group, "TopicId": topic, "Name": "new"}));
        let record = journal.run(&all(), &change).await.expect("handled").expect("a record");
        assert_eq!(body(&record)["changes"]["Name"]["old"], topic, "{group} {topic}");
    }
}

#[tokio::test]
async fn with_a_topic_id_the_last_known_value_is_the_old_one() {
    let mut journal = StoredState::default();
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
    let mut journal = StoredState::default();
    let long = "x".repeat(9000);
    for (name, old) in [("a", None), (&*long, Some("a")), ("b", None), ("c", Some("b"))] {
        let change = changed(json!({"TopicId": "t", "Name": name}));
        let record = journal.run(&all(), &change).await.expect("handled").expect("a record");
        assert_eq!(body(&record)["changes"]["Name"].get("old").and_then(Value::as_str), old);
    }
}

#[tokio::test]
async fn a_profile_that_escapes_blow_up_is_forgotten() {
    let mut journal = StoredState::default();
    let name = "\u{1}".repeat(8000);
    let first = changed(json!({"TopicId": "t", "Name": "n"}));
    journal.run(&all(), &first).await.expect("handled");
    let blown = json!({"TopicId": "t", "Name": name, "Introduction": name});
    journal.run(&all(), &changed(blown)).await.expect("handled");
    assert!(journal.state.is_empty());
}

#[tokio::test]
async fn state_that_cannot_be_read_counts_as_none() {
    let mut journal = StoredState::default();
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
    let mut journal = StoredState::default();
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
    for shape in [json!([1]), json!("Name"), json!(null)] {
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

/// The record of a change whose body has these members beside the group and the operator.
async fn odd(members: &str) -> Value {
    let body = format!("{{\"GroupId\":\"g\",\"Operator_Account\":\"o\"{members}}}");
    let mut callback = changed(json!({}));
    callback.body = body.into();
    body_of(&callback).await
}

async fn body_of(callback: &Callback) -> Value {
    body(&record(&all(), callback).await.expect("a record"))
}

#[tokio::test]
async fn a_value_of_another_type_is_read_if_it_can_be_and_passed_on_as_it_came() {
    let check = async |json: &str, new: Option<&str>, unexpected: bool| {
        for field in ["Name", "Introduction", "Notification", "FaceUrl"] {
            let record = odd(&format!(",\"{field}\": {json}")).await;
            assert_eq!(record["changes"], json!({field: {"new": new}}), "{json}");
            let expected = match unexpected {
                true => json!([{"field": field, "value": json}]),
                false => Value::Null,
            };
            assert_eq!(record.get("unexpected").unwrap_or(&Value::Null), &expected, "{json}");
        }
    };
    check("\"\"", Some(""), false).await;
    check("\"a\\n\"", Some("a\n"), false).await;
    check("null", None, false).await;
    check("5", Some("5"), true).await;
    check("-0", Some("-0"), true).await;
    check("144115233775727695", Some("144115233775727695"), true).await;
    check("123456789012345678901234567890", Some("123456789012345678901234567890"), true).await;
    check("1.50", Some("1.50"), true).await;
    check("1e999", Some("1e999"), true).await;
    check("true", None, true).await;
    check("{\"text\" : \"n\"}", None, true).await;
    check("[\"n\", \"n\"]", None, true).await;
    check("{\"a\":{\"\\ud83d\":1e999}}", None, true).await;
    check("\"cut \\ud83d\"", Some("cut \u{fffd}"), true).await;
    check("\"\\ude00\\ud83d\\ud83d\\ude00\"", Some("\u{fffd}\u{fffd}\u{1f600}"), true).await;
}

#[tokio::test]
async fn ids_of_another_type_lose_no_change() {
    let check = async |group: &str, topic: &str, operator: &str, expected: [Value; 3]| {
        let mut callback = changed(json!({}));
        callback.body = format!(
            "{{\"GroupId\":{group},\"TopicId\":{topic},\"Operator_Account\":{operator},\"Name\":\"n\"}}"
        )
        .into();
        let record = body_of(&callback).await;
        let found = ["group", "topic", "operator"].map(|key| record[key].clone());
        assert_eq!(found, expected, "{group} {topic} {operator}");
        assert_eq!(record["changes"]["Name"]["new"], "n");
        let filtered = TopicChanges(Options { fields: None, groups: Some(["7".into()].into()) });
        let kept = handled(&filtered, &callback).await.0.expect("handled").is_some();
        assert_eq!(kept, group != "null" && group != "\"\"", "{group}");
    };
    check("7", "8", "9", [json!("7"), json!("8"), json!("9")]).await;
    check("\"\"", "\"\"", "\"\"", [Value::Null, Value::Null, Value::Null]).await;
    check("null", "null", "null", [Value::Null, Value::Null, Value::Null]).await;
    check("{\"a\":1}", "[8]", "true", [Value::Null, Value::Null, Value::Null]).await;
}

#[tokio::test]
async fn of_a_field_that_stands_twice_the_last_counts_and_the_others_are_passed_on() {
    let record =
        odd(",\"Name\":\"a\",\"Name\":null,\"\\u004eame\":\"b\",\"\\ud83d\":1,\"X\":1,\"X\":2")
            .await;
    assert_eq!(record["changes"], json!({"Name": {"new": "b"}}));
    let replaced = |value: &str| json!({"field": "Name", "value": value});
    assert_eq!(record["unexpected"], json!([replaced("\"a\""), replaced("null")]));
}

#[tokio::test]
async fn a_text_cut_inside_a_character_is_passed_on() {
    let mut callback = changed(json!({}));
    callback.body = Bytes::from_static(b"{\"Name\":\"Stra\xc3\"}");
    assert_eq!(body_of(&callback).await["changes"]["Name"]["new"], "Stra\u{fffd}");
}

#[tokio::test]
async fn a_value_without_a_text_names_the_old_one_and_is_not_remembered() {
    let mut journal = StoredState::default();
    for (name, old) in
        [("\"one\"", None), ("{}", Some("one")), ("2", None), ("\"2\"", None), ("null", Some("2"))]
    {
        let mut callback = changed(json!({}));
        callback.body = format!("{{\"GroupId\":1,\"TopicId\":2,\"Name\":{name}}}").into();
        let record = journal.run(&all(), &callback).await.expect("handled").expect("a record");
        let found = body(&record)["changes"]["Name"]["old"].clone();
        assert_eq!(found.as_str(), old, "{name}");
    }
}

mod anything {
    use proptest::prelude::*;

    use super::*;

    /// JSON of any kind, as text: also what other parsers would not accept.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|flag| flag.to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<u64>().prop_map(|number| format!("{number}00000000000000000000")),
            "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?",
            "\\PC{0,40}".prop_map(|text| Value::from(text).to_string()),
            "(a|\\\\n|\\\\ud83d|\\\\uDE00|\\\\\\\\|é|\\\\u0000){0,9}"
                .prop_map(|text| format!("\"{text}\"")),
            (0_usize..20_000).prop_map(|length| format!("\"{}\"", "长".repeat(length))),
            (0_usize..60)
                .prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)))
                .prop_filter("a value", |text| !text.is_empty()),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(" , "))),
                prop::collection::vec(("(a|\\\\ud83d|b){0,3}", inner), 0..4).prop_map(|members| {
                    let member = |(key, value): &(String, String)| format!("\"{key}\" : {value}");
                    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    /// A field of the command, often a known one.
    fn field() -> impl Strategy<Value = String> {
        let known = [
            "CallbackCommand",
            "GroupId",
            "Type",
            "Operator_Account",
            "Name",
            "Introduction",
            "Notification",
            "FaceUrl",
            "TopicId",
            "EventTime",
        ];
        prop_oneof![
            20 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
            1 => "(a|\\\\ud83d|\\\\u004eame){0,3}",
        ]
    }

    const CHANGES: [&str; 4] = ["Name", "Introduction", "Notification", "FaceUrl"];

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(work)
    }

    /// Whether a record says this value of a field, as text or as it came.
    fn says(record: &Value, field: &str, json: &str) -> bool {
        let text = serde_json::from_str::<Value>(json).ok();
        let place = match field {
            "GroupId" => &record["group"],
            "TopicId" => &record["topic"],
            "Operator_Account" => &record["operator"],
            _ => &record["changes"][field]["new"],
        };
        let plain = text.is_some_and(|text| {
            *place == text && (text.is_string() || text.is_null()) || place.is_null() && text == ""
        });
        let listed = record["unexpected"].as_array().into_iter().flatten();
        plain || listed.into_iter().any(|one| one["field"] == field && one["value"] == json)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_value_of_any_field_loses_a_change(
            members in prop::collection::vec((field(), json()), 1..6),
        ) {
            let member = |(key, value): &(String, String)| format!("\"{key}\": {value}");
            let text = format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "));
            let mut callback = changed(json!({}));
            callback.body = text.clone().into();
            let record = run(handled(&all(), &callback)).0.expect("never given up");
            let change = members.iter().any(|(key, _)| CHANGES.contains(&key.as_str()));
            prop_assert!(record.is_some() || !change, "{text}");
            if let Some(record) = record {
                let record = body(&record);
                for (key, json) in &members {
                    let known = CHANGES.contains(&key.as_str())
                        || ["GroupId", "TopicId", "Operator_Account"].contains(&key.as_str());
                    prop_assert!(!known || says(&record, key, json), "{key} of {text}: {record}");
                }
            }
            for envelope in ["none", "full"] {
                let forward = crate::handlers::forward::with_envelope(envelope);
                let record = run(handled(&*forward, &callback)).0.expect("never given up");
                if let Some(body) = record.expect("a record").body {
                    let body = std::str::from_utf8(&body).expect("text");
                    prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(body).is_ok());
                    prop_assert!(body.ends_with(&format!("\"body\":{text}}}")), "{body}");
                }
            }
        }
    }
}
