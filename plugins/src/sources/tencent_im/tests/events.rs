use serde_json::{Value, json};
use switchhook_core::{Callback, Event, Phase};

use super::super::catalogue::COMMANDS;
use super::super::events::*;

fn check<T: Event + serde::Serialize>(extra: &Value) -> T {
    let spec = COMMANDS.iter().find(|spec| spec.name == T::COMMAND).expect("in the catalogue");
    let mut body: Value = serde_json::from_str(spec.sample.expect("a sample")).expect("JSON");
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    let callback = Callback::new(T::COMMAND, Phase::After, "7", body.to_string().into());
    let event: T = callback.event().expect(T::COMMAND);
    assert_eq!(serde_json::to_value(&event).expect("JSON"), body, "{}", T::COMMAND);
    event
}

fn check_all(extra: &Value) {
    check::<BeforeCreateTopic>(extra);
    check::<TopicCreated>(extra);
    check::<TopicDestroyed>(extra);
    check::<TopicInfoChanged>(extra);
    check::<GroupInfoChanged>(extra);
    check::<BeforeCreateGroup>(extra);
    check::<GroupCreated>(extra);
    check::<GroupDestroyed>(extra);
}

#[test]
fn an_event_that_is_written_out_again_says_what_it_said() {
    check_all(&json!({}));
    check_all(&json!({"EventTime": "1767225600123"}));
    check_all(&json!({"EventTime": "", "Name": "", "New": {"a": [1, null, "x", 1.5]}}));
    check_all(&json!({"MemberList": [{"Member_Account": "a", "Role": "x"}, {}]}));
    check_all(&json!({"UserDefinedDataList": [{"Key": "k", "Value": {"any": 1}, "More": 2}]}));
}

#[test]
fn every_field_may_be_missing() {
    let empty = |body: &str| serde_json::from_str::<TopicInfoChanged>(body).expect("lenient");
    assert_eq!(empty("{}"), TopicInfoChanged::default());
    assert_eq!(empty(r#"{"Name":null}"#), TopicInfoChanged::default());
}

#[test]
fn times_are_read_as_number_and_as_text() {
    let time = |time: Value| {
        check::<GroupInfoChanged>(&json!({"EventTime": time})).time.expect("a time").timestamp()
    };
    let expected = "2026-01-01T00:00:00.123Z".parse().expect("a time");
    assert_eq!(time(json!(1_767_225_600_123_i64)), Some(expected));
    assert_eq!(time(json!("1767225600123")), Some(expected));
    assert_eq!(time(json!("")), None);
}

#[test]
fn topics_are_a_list_or_one() {
    let topics = |list: Value| {
        let event = check::<TopicDestroyed>(&json!({"TopicIdList": list}));
        event.topics.expect("topics").iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(topics(json!("t")), ["t"]);
    assert_eq!(topics(json!(["t", "u"])), ["t", "u"]);
}
