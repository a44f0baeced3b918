//! The JSON Schema of a command's body: nearly as lenient as the wire.
//!
//! Part of the program because its users need it, not only its developers: services in other languages that receive the bodies from a
//! webhook generate types from it and validate against it, also for the commands of sources that are not built in.

use serde_json::{Map, Value, json};
use switchhook_api::{CommandSpec, FieldKind, FieldSpec};

use super::described::sample;
use super::known::Known;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// A whole number as text; nothing, where it is left empty.
const DIGITS: &str = "^([+-]?[0-9]+)?$";

/// A document about one command.
pub(super) fn of_one(spec: &CommandSpec) -> Value {
    let mut schema = body(spec);
    schema.insert("$schema".into(), DIALECT.into());
    schema.into()
}

/// A document about each: `$defs` by the command's name.
pub(super) fn of_all(all: &[Known]) -> Value {
    let defs: Map<String, Value> = all
        .iter()
        .map(|one| (one.spec.name.clone().into_owned(), body(&one.spec).into()))
        .collect();
    json!({
        "$schema": DIALECT,
        "title": "Bodies of callbacks",
        "description": "A body is described by `#/$defs/` and its command's name.",
        "$defs": defs,
    })
}

fn body(spec: &CommandSpec) -> Map<String, Value> {
    let mut schema = object(spec.fields);
    let mut set = |key: &str, value: Value| _ = schema.insert(key.to_owned(), value);
    set("type", "object".into());
    set("title", spec.title.as_ref().into());
    if !spec.about.is_empty() {
        set("description", spec.about.as_ref().into());
    }
    for (language, title) in &spec.titles {
        set(&format!("x-title-{language}"), (*title).into());
    }
    set("x-command", spec.name.as_ref().into());
    set("x-phase", spec.phase.as_str().into());
    set("x-doc", spec.doc.as_ref().into());
    if let Some(sample) = sample(spec) {
        set("examples", json!([sample]));
    }
    schema
}

/// Every field may be missing or null, and there may be others.
fn object(fields: &[FieldSpec]) -> Map<String, Value> {
    let properties: Map<String, Value> =
        fields.iter().map(|one| (one.name.to_owned(), field(one).into())).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!(["object", "null"]));
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
    schema.insert("additionalProperties".into(), true.into());
    schema
}

fn field(spec: &FieldSpec) -> Map<String, Value> {
    let mut schema = value(&spec.kind);
    schema.insert("description".into(), spec.about.trim().into());
    schema.insert("x-presence".into(), spec.presence.as_str().into());
    if spec.personal {
        schema.insert("x-personal".into(), true.into());
    }
    schema
}

fn value(kind: &FieldKind) -> Map<String, Value> {
    let whole = || typed(json!({ "type": ["integer", "string", "null"], "pattern": DIGITS }));
    let time = |unit: &str| {
        let mut schema = whole();
        schema.insert("x-unit".into(), format!("{unit} since 1970-01-01T00:00:00Z").into());
        schema
    };
    match kind {
        FieldKind::Text => typed(json!({ "type": ["string", "integer", "null"] })),
        FieldKind::Integer => whole(),
        FieldKind::Seconds => time("seconds"),
        FieldKind::Milliseconds => time("milliseconds"),
        FieldKind::Boolean => typed(json!({ "type": ["boolean", "integer", "string", "null"] })),
        FieldKind::Object(fields) => object(fields),
        FieldKind::List(item) => {
            let item = value(item);
            typed(json!({ "anyOf": [{ "type": "array", "items": item }, item] }))
        }
        _ => Map::new(), // anything
    }
}

/// A schema that was written as one.
fn typed(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}
