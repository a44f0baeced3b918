use std::collections::BTreeSet;

use serde_json::Value;
use switchhook_api::{FieldKind, FieldSpec, Phase, VerdictKind};

use super::super::events::{KNOWN, each};
use super::*;

fn sample(known: &super::super::events::Known) -> &str {
    known.spec.sample.as_deref().expect("a sample")
}

#[test]
fn every_command_stands_there_once_and_says_what_it_is() {
    assert_eq!(KNOWN.len(), 84);
    let names: BTreeSet<_> = KNOWN.iter().map(|known| &*known.spec.name).collect();
    assert_eq!(names.len(), 84);
    assert!(!names.contains("Live.CallbackBeforeCallBackNotBlock"), "it is a setting");
    for known in KNOWN.iter() {
        let spec = &known.spec;
        assert!(spec.doc.starts_with("https://") && !spec.title.is_empty(), "{}", spec.name);
        let [("zh", title)] = spec.titles[..] else { panic!("{} has no Chinese title", spec.name) };
        assert!(!title.is_ascii(), "{title}");
        // The names say the phase, but for two families that say `Prev`, and the guess knows those.
        assert_eq!(spec.phase, Phase::guess(&spec.name), "{}", spec.name);
        assert_eq!(spec.is_decided(), spec.permits(VerdictKind::Deny), "{}", spec.name);
    }
    assert_eq!(KNOWN.iter().filter(|known| known.spec.phase == Phase::Before).count(), 12);
}

#[test]
fn the_reply_to_a_chatbots_signal_matters() {
    let answered: Vec<_> =
        KNOWN.iter().filter(|known| known.spec.answered).map(|known| &*known.spec.name).collect();
    assert_eq!(answered, ["Chatbot.OnC2CSignalMessage"]);
    assert!(one(answered[0], "{}").answered);
    assert!(!one(COMMAND, "{}").answered);
}

#[test]
fn a_sample_is_an_event_that_is_written_out_as_it_came() {
    for known in KNOWN.iter() {
        let name = &*known.spec.name;
        let body: Value = serde_json::from_str(sample(known)).expect(name);
        assert_eq!(each::rewritten(name, &body), body, "{name}");
        let said = body.get("CallbackCommand").and_then(Value::as_str);
        assert_eq!(said, (name != "ContentCallback.ResultNotify").then_some(name));
    }
}

/// Every documented field is in the sample, and read as what it is declared to be: nothing of a sample is left over.
#[test]
fn a_sample_shows_the_documented_fields_and_no_others() {
    fn check(at: &str, fields: &[FieldSpec], value: &Value) {
        let object = value.as_object().unwrap_or_else(|| panic!("{at} is no object"));
        for name in object.keys() {
            assert!(fields.iter().any(|field| field.name == name), "{at}.{name} is not declared");
        }
        for field in fields {
            let Some(value) = object.get(field.name) else {
                assert_ne!(field.presence, switchhook_api::Presence::Always, "{at}.{}", field.name);
                continue;
            };
            assert!(is(&field.kind, value), "{at}.{} is {value}", field.name);
            for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
                if !field.kind.fields().is_empty() {
                    check(&format!("{at}.{}", field.name), field.kind.fields(), value);
                }
            }
        }
    }
    fn is(kind: &FieldKind, value: &Value) -> bool {
        match kind {
            FieldKind::Text => value.is_string(),
            FieldKind::Integer | FieldKind::Seconds | FieldKind::Milliseconds => value.is_i64(),
            FieldKind::Boolean => value.is_boolean(),
            FieldKind::Object(_) => value.is_object(),
            FieldKind::List(item) => value
                .as_array()
                .is_some_and(|all| !all.is_empty() && all.iter().all(|one| is(item, one))),
            _ => true,
        }
    }
    for known in KNOWN.iter() {
        let body = serde_json::from_str(sample(known)).expect("JSON");
        check(&known.spec.name, known.spec.fields, &body);
    }
}

#[test]
fn a_sample_has_the_keys_that_its_command_declares() {
    for known in KNOWN.iter() {
        let callback = one(&known.spec.name, sample(known));
        let (name, key) = (&known.spec.name, callback.facts.key.as_deref());
        assert_eq!(callback.natural_key.is_some(), !known.spec.natural_key.is_empty(), "{name}");
        let kind = match known.spec.ordering_key {
            None => None,
            Some("group, and topic where there is one") => Some("group"),
            Some("official account") => Some("official"),
            Some("conversation of two") => Some("c2c"),
            Some("receiver") => Some("account"),
            other => other,
        };
        let begins = kind.map(|kind| format!("{APP}/{kind}/"));
        match (begins, key) {
            (None, None) => {}
            (Some(begins), Some(key)) if key.starts_with(&begins) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn what_is_documented_says_what_it_means() {
    fn check(at: &str, fields: &[FieldSpec]) {
        let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len(), "{at}");
        for field in fields {
            let about = field.about.trim();
            assert!(about.ends_with('.') && about.len() > 5, "{at}.{}: {about}", field.name);
            assert!(
                !field.name.ends_with("_Account")
                    || field.personal
                    || field.name == "Official_Account"
            );
            check(field.name, field.kind.fields());
        }
    }
    for known in KNOWN.iter() {
        assert!(!known.spec.fields.is_empty(), "{}", known.spec.name);
        check(&known.spec.name, known.spec.fields);
    }
}
