//! A plugin's options in plain words, from their JSON Schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::output::wrapped;

/// A schema may contain itself: deeper levels are left out.
const DEPTH_MAX: usize = 6;

/// One option.
#[derive(Debug)]
struct Described {
    name: String,
    /// Its type and whether it must be given.
    kind: String,
    doc: String,
    /// The values that it may have, with their meaning.
    choices: Vec<(String, String)>,
    inner: Vec<Described>,
}

/// The options of a schema, one below the other; empty if it has none.
pub(super) fn text(schema: &Value) -> String {
    let mut text = String::new();
    write_all(&mut text, &properties(schema, schema, 0), 2);
    text
}

fn write_all(text: &mut String, options: &[Described], indent: usize) {
    for option in options {
        line(text, &format!("{:indent$}{}: {}", "", option.name, option.kind));
        for paragraph in option.doc.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            line(text, &wrapped(paragraph, [indent + 4; 2]));
        }
        for (value, doc) in &option.choices {
            let said = if doc.is_empty() { value.clone() } else { format!("{value}: {doc}") };
            line(text, &wrapped(&said, [indent + 4, indent + 6]));
        }
        write_all(text, &option.inner, indent + 4);
    }
}

fn line(text: &mut String, said: &str) {
    text.push_str(said);
    text.push('\n');
}

fn properties(schema: &Value, root: &Value, depth: usize) -> Vec<Described> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let describe =
        |(name, option): (&String, &Value)| one(name, option, is_required(name), root, depth);
    let (mut first, rest): (Vec<_>, Vec<_>) =
        properties.iter().partition(|(name, _)| is_required(name));
    first.extend(rest);
    first.into_iter().map(describe).collect()
}

fn one(name: &str, option: &Value, required: bool, root: &Value, depth: usize) -> Described {
    let mut kind = kind(option, root);
    let default = option.get("default").filter(|value| !value.is_null());
    // Writing into a string does not fail.
    _ = match (required, default) {
        (true, _) => write!(kind, ", required"),
        (false, Some(default)) => write!(kind, ", default {}", toml(default)),
        (false, None) => write!(kind, ", optional"),
    };
    let target = resolved(option, root);
    let doc = option.get("description").or_else(|| target.get("description"));
    let element = element(target).map_or(target, |inner| resolved(inner, root));
    let inner = if depth < DEPTH_MAX { properties(element, root, depth + 1) } else { Vec::new() };
    Described {
        name: name.to_owned(),
        kind,
        doc: doc.and_then(Value::as_str).unwrap_or_default().to_owned(),
        choices: choices(element),
        inner,
    }
}

/// What a reference points to, and what stands beside `null` in an option that may be missing.
fn resolved<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..DEPTH_MAX {
        let next = reference(schema, root).or_else(|| only_variant(schema));
        let Some(next) = next else { break };
        schema = next;
    }
    schema
}

fn reference<'s>(schema: &Value, root: &'s Value) -> Option<&'s Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn only_variant(schema: &Value) -> Option<&Value> {
    let list = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema.get(key)?.as_array())?;
    let mut real = list.iter().filter(|one| one.get("type").is_none_or(|kind| kind != "null"));
    real.next().filter(|one| real.next().is_none() && one.get("const").is_none())
}

/// The schema of a list's items or of the values of a table whose keys are free.
fn element(schema: &Value) -> Option<&Value> {
    let inner = schema.get("items").or_else(|| schema.get("additionalProperties"));
    inner.filter(|inner| inner.is_object())
}

fn kind(schema: &Value, root: &Value) -> String {
    let schema = resolved(schema, root);
    let choices = choices(schema);
    if !choices.is_empty() {
        let values: Vec<&str> = choices.iter().map(|(value, _)| value.as_str()).collect();
        return values.join(" or ");
    }
    let format = schema.get("format").and_then(Value::as_str);
    let types = types(schema);
    let words: Vec<String> = types.iter().map(|one| word(one, format, schema, root)).collect();
    match words.len() {
        0 => variants(schema, root),
        _ => words.join(" or "),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    let all: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|one| *one != "null").collect()
}

fn word(kind: &str, format: Option<&str>, schema: &Value, root: &Value) -> String {
    let inner = |schema| kind_of_element(schema, root);
    match (kind, format) {
        ("string", Some("duration")) => "duration such as \"10s\"".to_owned(),
        ("string", Some("size")) => "size such as \"64 KiB\"".to_owned(),
        ("string", Some("secret")) => "secret text".to_owned(),
        ("string", Some("path")) => "path".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => format!("whole number{}", bounds(schema)),
        ("number", _) => format!("number{}", bounds(schema)),
        ("boolean", _) => "true or false".to_owned(),
        ("array", _) => format!("list of {}", inner(schema)),
        ("object", _) if element(schema).is_some() => {
            format!("table, NAME = {}", inner(schema))
        }
        ("object", _) => "table".to_owned(),
        (other, _) => other.to_owned(),
    }
}

fn kind_of_element(schema: &Value, root: &Value) -> String {
    element(schema).map_or_else(|| "anything".to_owned(), |inner| kind(inner, root))
}

fn variants(schema: &Value, root: &Value) -> String {
    let list = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
    let kinds =
        list.into_iter().flatten().filter(|one| one.get("type").is_none_or(|k| k != "null"));
    let words: Vec<String> = kinds.map(|one| kind(one, root)).collect();
    if words.is_empty() { "anything".to_owned() } else { words.join(" or ") }
}

fn bounds(schema: &Value) -> String {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    // The limits of integer types are of no interest.
    let most = limit("maximum").filter(|most| *most < f64::from(u16::MAX));
    match (limit("minimum").filter(|least| *least != 0.0), most) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}

fn choices(schema: &Value) -> Vec<(String, String)> {
    let plain = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let plain = plain.filter(|value| !value.is_null()).map(|value| (toml(value), String::new()));
    let list = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key)?.as_array());
    let told = list.into_iter().flatten().flat_map(|variant| {
        let doc = variant.get("description").and_then(Value::as_str).unwrap_or_default();
        let own = variant.get("const").map(|value| (toml(value), doc.to_owned()));
        own.into_iter().chain(choices(variant))
    });
    plain.chain(told).collect()
}

/// A value as it stands in a configuration.
fn toml(value: &Value) -> String {
    let pair = |(name, value): (&String, &Value)| format!("{name} = {}", toml(value));
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        Value::Object(table) if table.is_empty() => "{}".to_owned(),
        Value::Object(table) => {
            format!("{{ {} }}", table.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
