//! A command for programs. What stands here stays; more may be added.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use switchhook_api::{CommandSpec, FieldKind, FieldSpec, Phase};

use super::known::Known;

#[derive(Debug, Serialize)]
pub(super) struct Command {
    name: String,
    family: String,
    phase: Phase,
    answered: bool,
    title: String,
    titles: BTreeMap<&'static str, &'static str>,
    about: String,
    doc: String,
    sources: Vec<String>,
    fields: Vec<Field>,
    answers: Vec<Answer>,
    reply_fields: Vec<Field>,
    natural_key: Vec<&'static str>,
    ordering_key: Option<&'static str>,
    /// As JSON; as text if it is none.
    sample: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Answer {
    verdict: &'static str,
    says: String,
}

#[derive(Debug, Serialize)]
struct Field {
    name: &'static str,
    #[serde(flatten)]
    kind: Kind,
    presence: &'static str,
    personal: bool,
    about: &'static str,
}

#[derive(Debug, Serialize)]
struct Kind {
    r#type: &'static str,
    /// Of an object; empty if they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<Field>>,
    /// Of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Kind>>,
}

impl From<&Known> for Command {
    fn from(known: &Known) -> Self {
        let spec = &known.spec;
        let answer = |one: &switchhook_api::Answer| Answer {
            verdict: one.verdict.as_str(),
            says: one.says.clone().into_owned(),
        };
        Self {
            name: spec.name.clone().into_owned(),
            family: spec.family().to_owned(),
            phase: spec.phase,
            answered: spec.answered,
            title: spec.title.clone().into_owned(),
            titles: spec.titles.iter().copied().collect(),
            about: spec.about.clone().into_owned(),
            doc: spec.doc.clone().into_owned(),
            sources: known.sources.clone(),
            fields: spec.fields.iter().map(field).collect(),
            answers: spec.answers.iter().map(answer).collect(),
            reply_fields: spec.reply_fields.iter().map(field).collect(),
            natural_key: spec.natural_key.clone(),
            ordering_key: spec.ordering_key,
            sample: sample(spec),
        }
    }
}

/// The sample as JSON; as text if it is none.
pub(super) fn sample(spec: &CommandSpec) -> Option<Value> {
    let text = spec.sample.as_deref()?;
    Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

fn field(spec: &FieldSpec) -> Field {
    Field {
        name: spec.name,
        kind: kind(&spec.kind),
        presence: spec.presence.as_str(),
        personal: spec.personal,
        about: spec.about.trim(),
    }
}

fn kind(kind: &FieldKind) -> Kind {
    let plain = |r#type| Kind { r#type, fields: None, items: None };
    match kind {
        FieldKind::Text => plain("text"),
        FieldKind::Integer => plain("integer"),
        FieldKind::Seconds => plain("seconds"),
        FieldKind::Milliseconds => plain("milliseconds"),
        FieldKind::Boolean => plain("boolean"),
        FieldKind::Object(fields) => {
            Kind { fields: Some(fields.iter().map(field).collect()), ..plain("object") }
        }
        FieldKind::List(item) => Kind { items: Some(Box::new(self::kind(item))), ..plain("list") },
        _ => plain("any"),
    }
}
