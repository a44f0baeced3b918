//! Bodies that nobody documented: any JSON under the names that are declared, and under others.

use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};
use switchhook_api::{FieldKind, FieldSpec};

use super::super::events::{KNOWN, each, find};
use super::*;

/// A command of the catalogue, by name.
fn command() -> impl Strategy<Value = &'static str> {
    (0..KNOWN.len()).prop_map(|index| &*KNOWN[index].spec.name)
}

fn scalar() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(json!(-0.0), Value::from)),
        "\\PC{0,12}".prop_map(Value::from),
        "[+-]?0{0,2}[0-9]{1,20}".prop_map(Value::from),
        prop_oneof!["", "true", "False", "1e3", " 7", "NaN"].prop_map(Value::from),
    ]
    .boxed()
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("\\PC{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object of which some fields have declared names, and some of these hold what is declared.
fn object(specs: &'static [FieldSpec], depth: u32) -> BoxedStrategy<Value> {
    let declared = prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..8);
    let foreign = prop::collection::hash_map("\\PC{1,8}", anything(), 0..3);
    (declared, foreign)
        .prop_flat_map(move |(picked, foreign)| {
            let fields: Vec<_> = picked
                .iter()
                .filter(|_| !specs.is_empty())
                .map(|(index, proper)| {
                    let spec = index.get(specs);
                    let value = if *proper && depth > 0 {
                        of(spec.kind, depth)
                    } else {
                        anything().boxed()
                    };
                    value.prop_map(|value| (spec.name.to_owned(), value))
                })
                .collect();
            fields.prop_map(move |fields| {
                let mut all: Map<_, _> = foreign.clone().into_iter().collect();
                all.extend(fields);
                Value::Object(all)
            })
        })
        .boxed()
}

fn of(kind: FieldKind, depth: u32) -> BoxedStrategy<Value> {
    match kind {
        FieldKind::Object(specs) => object(specs, depth - 1),
        FieldKind::List(item) if item.fields().is_empty() => {
            prop::collection::vec(scalar(), 0..4).prop_map(Value::from).boxed()
        }
        FieldKind::List(item) => prop::collection::vec(object(item.fields(), depth - 1), 0..3)
            .prop_map(Value::from)
            .boxed(),
        _ => scalar(),
    }
}

fn event() -> impl Strategy<Value = (&'static str, Value)> {
    command().prop_flat_map(|name| {
        let specs = find(name).expect(name).spec.fields;
        (Just(name), object(specs, 3))
    })
}

/// What `change` makes of every scalar of a value whose kind is declared.
fn changed(specs: &[FieldSpec], value: &Value, change: fn(&FieldKind, &Value) -> Value) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let field = |(name, value): (&String, &Value)| {
        let spec = specs.iter().find(|spec| spec.name == name).expect("a declared field");
        (name.clone(), within(&spec.kind, value, change))
    };
    Value::Object(object.iter().map(field).collect())
}

fn within(kind: &FieldKind, value: &Value, change: fn(&FieldKind, &Value) -> Value) -> Value {
    match (kind, value) {
        (FieldKind::Object([]) | FieldKind::Any, _) => value.clone(),
        (FieldKind::Object(specs), _) => changed(specs, value, change),
        (FieldKind::List(item), Value::Array(items)) => {
            items.iter().map(|one| within(item, one, change)).collect()
        }
        _ => change(kind, value),
    }
}

/// A number as text; a flag as text.
fn as_text(_: &FieldKind, value: &Value) -> Value {
    if value.is_string() { value.clone() } else { value.to_string().into() }
}

/// An id that is all digits as a number.
fn as_number(_: &FieldKind, value: &Value) -> Value {
    value.as_str().and_then(|text| text.parse::<u64>().ok()).map_or(value.clone(), Value::from)
}

/// Every text as digits, so that it can be spelt as a number.
fn as_digits(kind: &FieldKind, value: &Value) -> Value {
    match kind {
        FieldKind::Text => "144115233775727695".into(),
        _ => value.clone(),
    }
}

#[test]
fn a_sample_says_the_same_in_every_spelling() {
    for known in KNOWN.iter() {
        let (name, specs) = (&*known.spec.name, known.spec.fields);
        let sample = serde_json::from_str(known.spec.sample.as_deref().expect(name)).expect("JSON");
        let plain = changed(specs, &sample, as_digits);
        let (texts, numbers) = (changed(specs, &plain, as_text), changed(specs, &plain, as_number));
        assert_ne!(numbers, plain, "{name}");
        for respelt in [texts, numbers] {
            assert!(each::same(name, &plain, &respelt), "{name}: {respelt}");
            assert_eq!(each::rewritten(name, &respelt), respelt, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_object_is_an_event_of_any_command_and_is_written_out_as_it_came((name, body) in event()) {
        prop_assert_eq!(each::rewritten(name, &body), body);
    }

    #[test]
    fn a_body_is_kept_byte_for_byte_whatever_it_holds((name, body) in event(), pretty: bool) {
        let mut body = body;
        body["CallbackCommand"] = name.into();
        body.as_object_mut().expect("an object").remove("Events");
        let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
        let text = text.expect("JSON");
        let callback = one(name, &text);
        prop_assert_eq!(&callback.body, &text);
        prop_assert_eq!(callback.command(), name);
    }
}
