//! Verdicts as they can be said in answer to a callback, and what else to say where one cannot.

use serde_json::Value;
use switchhook_api::{
    Callback, Expressed, FieldKind, FieldSpec, Map, NotPermitted, Phase, Presence, Verdict,
    VerdictKind,
};

use super::rule::{Codes, Rule};
use super::{adjust, cut, events, friends};
use crate::sources::common::shortened;

/// All documented before-commands can be refused, so an unknown one most likely can; codes of its own are not known.
static UNKNOWN_BEFORE: Rule = Rule::Gate(Codes::plain());
static UNKNOWN_AFTER: Rule = Rule::Ignored;

/// A verdict as it can be said in answer to a callback: as it is, or what is left of a denial.
pub(super) fn express(callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
    let command = callback.command();
    let known = events::find(command);
    let guess = match callback.facts.phase {
        Phase::Before => &UNKNOWN_BEFORE,
        Phase::After => &UNKNOWN_AFTER,
    };
    let rule = known.map_or(guess, |known| &known.rule);
    let (verdict, cut) = shortened(verdict);
    let what = match (sayable(rule, callback, &verdict), cut) {
        (Ok(()), None) => return Ok(Expressed::exact(verdict)),
        (Ok(()), Some(cut)) => return Ok(Expressed::adjusted(verdict, cut.to_owned())),
        (Err(what), _) => what,
    };
    let guessed = if known.is_none() {
        "; this command is unknown, so its rules follow from its name"
    } else {
        ""
    };
    let what = what + guessed;
    match adjust::denial(rule, callback, verdict) {
        Some(denial) => Ok(Expressed::adjusted(shortened(denial).0, what)),
        None => Err(NotPermitted(what)),
    }
}

fn sayable(rule: &Rule, callback: &Callback, verdict: &Verdict) -> Result<(), String> {
    let kind = verdict.kind();
    if !rule.permits(kind) {
        return Err(format!("does not permit the verdict `{}`: {}", kind.as_str(), instead(rule)));
    }
    match verdict {
        Verdict::Deny { .. } if friends::nobody(rule, callback) => {
            Err("names no friend who could be refused".into())
        }
        Verdict::Deny { code: Some(code), .. } if !rule.has_code(*code) => Err(format!(
            "does not permit the code {code}: a refusal has no code or {}",
            rule.codes()
        )),
        Verdict::Replace(fields) | Verdict::Answer(fields) => {
            fit(rule.fields(), "", fields)?;
            match rule {
                Rule::PerFriend => friends::judges(&callback.body, fields),
                Rule::Message(_) if fields.get("MsgBody") == Some(&Value::Array(Vec::new())) => {
                    Err("does not permit an empty `MsgBody`: a message has at least one element, and `drop` sends none".into())
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn instead(rule: &Rule) -> String {
    if matches!(rule, Rule::Ignored) {
        return "the event has already happened, and the reply is ignored".into();
    }
    let more = rule.verdicts().iter().map(|kind| kind.as_str());
    let all =
        [VerdictKind::Abstain, VerdictKind::Flag, VerdictKind::Allow].map(VerdictKind::as_str);
    format!("it permits {}", all.into_iter().chain(more).collect::<Vec<_>>().join(", "))
}

/// Whether an object holds what it must, and nothing else. What we say ourselves is in the plain spelling, not lenient.
fn fit(specs: &[FieldSpec], at: &str, object: &Map) -> Result<(), String> {
    for (name, value) in object {
        let at = format!("{at}{}", cut(name));
        let spec = specs.iter().find(|spec| spec.name == name).ok_or_else(|| {
            let names: Vec<_> = specs.iter().map(|spec| format!("`{}`", spec.name)).collect();
            format!("does not permit the field `{at}`: it permits {}", names.join(", "))
        })?;
        holds(&spec.kind, &at, value)?;
    }
    let missing =
        |spec: &&FieldSpec| spec.presence == Presence::Always && !object.contains_key(spec.name);
    match specs.iter().find(missing) {
        Some(spec) => Err(format!("requires `{at}{}`: {}", spec.name, words(&spec.kind))),
        None => Ok(()),
    }
}

fn holds(kind: &FieldKind, at: &str, value: &Value) -> Result<(), String> {
    let good = match (kind, value) {
        (FieldKind::Text, value) => value.is_string(),
        (FieldKind::Integer, value) => value.is_i64(),
        (FieldKind::List(item), Value::Array(items)) => {
            let mut items = items.iter().enumerate();
            return items.try_for_each(|(index, one)| holds(item, &format!("{at}[{index}]"), one));
        }
        (FieldKind::Object([]), value) => value.is_object(),
        (FieldKind::Object(specs), Value::Object(object)) => {
            return fit(specs, &format!("{at}."), object);
        }
        (FieldKind::List(_) | FieldKind::Object(_), _) => false,
        _ => true,
    };
    if good {
        Ok(())
    } else {
        Err(format!("does not permit this value of `{at}`: expected {}", words(kind)))
    }
}

fn words(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Text => "text".into(),
        FieldKind::Integer => "a whole number".into(),
        FieldKind::List(FieldKind::Text) => "a list of text".into(),
        FieldKind::List(_) => "a list of objects".into(),
        FieldKind::Object(_) => "an object".into(),
        _ => "any value".into(),
    }
}
