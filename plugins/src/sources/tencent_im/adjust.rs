//! What is left of a verdict that the protocol cannot say as it is: a denial stays a denial.

use serde_json::{Value, json};
use switchhook_api::{Callback, FieldSpec, Map, Verdict, VerdictKind};

use super::codes::{is_zero, number, refuses};
use super::friends;
use super::rule::Rule;

/// The denial in a verdict that cannot be said as it is; none where it denies nothing, or where nothing can be denied.
pub(super) fn denial(rule: &Rule, callback: &Callback, verdict: Verdict) -> Option<Verdict> {
    if !rule.permits(VerdictKind::Deny) || friends::nobody(rule, callback) {
        return None;
    }
    match verdict {
        Verdict::Deny { reason, .. } => Some(without_code(reason)),
        Verdict::Drop => Some(without_code(String::new())),
        Verdict::Answer(fields) | Verdict::Replace(fields) => in_fields(rule, callback, &fields)
            .or_else(|| is_emptied(rule, &fields).then_some(Verdict::Drop)),
        _ => None,
    }
}

fn without_code(reason: String) -> Verdict {
    Verdict::Deny { code: None, reason }
}

/// A message of which nothing is left is sent by nobody.
fn is_emptied(rule: &Rule, fields: &Map) -> bool {
    matches!(rule, Rule::Message(_)) && fields.get("MsgBody") == Some(&json!([]))
}

/// The denial that fields of a reply hold in the protocol's own words.
fn in_fields(rule: &Rule, callback: &Callback, fields: &Map) -> Option<Verdict> {
    if let Some(code) = fields.get("ErrorCode").filter(|code| !is_zero(code)) {
        let code = number(code).filter(|code| rule.has_code(*code));
        let reason = fields.get("ErrorInfo").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Some(Verdict::Deny { code, reason });
    }
    let refused = || fields.iter().filter(|(name, value)| is_refusal_list(name, value));
    let items = items(fields);
    if refused().next().is_none() && items.iter().all(|item| !refuses(item)) {
        return None;
    }
    let said = match rule {
        Rule::PerFriend if refused().next().is_none() => {
            Some(friends::read_leniently(&callback.body, items))
        }
        Rule::Partly(_, [FieldSpec { name, .. }, ..]) if items.is_empty() => {
            let lists: Option<Vec<_>> = refused().map(|(_, value)| texts(value)).collect();
            lists.map(|lists| Map::from_iter([((*name).to_owned(), json!(lists.concat()))]))
        }
        _ => None,
    };
    // Whom it refuses cannot be read: nobody must slip through.
    Some(said.map_or_else(|| without_code(String::new()), Verdict::Answer))
}

/// Whether a field is a list of those who are refused, under its own name or another command's.
fn is_refusal_list(name: &str, value: &Value) -> bool {
    let empty = match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    name.starts_with("Refused") && !empty
}

/// The verdicts on friends, also a single one that stands outside a list.
fn items(fields: &Map) -> &[Value] {
    match fields.get("ResultItem") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

/// The accounts of a list; none if one of them cannot be read.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(list) => list.iter().map(text).collect(),
        one => Some(vec![text(one)?]),
    }
}
