//! `topic-info-changed`: reports which details of a topic have changed.
//!
//! A record's body is one JSON object: id, command, app, group, topic, operator, received, sent, and under `changes` each
//! changed field with its new value and, where it is known for certain, the old one. The documented body of the command has
//! no topic id; then `topic` is null and no old value is claimed. It reads group details just as well.
//!
//! No value is a reason to give a change up. A number counts as its text; a new value that is no text at all is `null`. What was
//! not as documented then stands under `unexpected`: a list of `field` and `value`, the JSON as it came.

mod details;
mod profile;
mod summary;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use switchhook_api::{
    BoxError, BuildContext, Callback, Event, Failure, HandleContext, Handler, NewRecord, Plugin,
    async_trait, register,
};

use self::details::{Details, Said, Unexpected};
use crate::sources::tencent_im::events::{GroupAfterGroupInfoChanged, GroupAfterTopicInfoChanged};

/// Options of a `topic-info-changed` handler.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Only changes of these fields count: `"Name"`, `"Introduction"`, `"Notification"`, `"FaceUrl"`; default all.
    fields: Option<Vec<Field>>,
    /// Only changes in groups with these ids count, and those whose group is not readable; default all.
    groups: Option<HashSet<String>>,
}

/// A field of the details, in the platform's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
enum Field {
    /// The name.
    Name,
    /// The introduction.
    Introduction,
    /// The announcement.
    Notification,
    /// The avatar's address.
    FaceUrl,
}

struct TopicChanges(Options);

#[async_trait]
impl Plugin for TopicChanges {
    type Role = dyn Handler;
    const NAME: &'static str = "topic-info-changed";
    const DESCRIPTION: &'static str = "reports which details of a topic have changed";
    const COMMANDS: &'static [&'static str] = &[GroupAfterTopicInfoChanged::COMMAND];
    const EXAMPLE: &'static str = r#"
fields = ["Name", "Notification"]
groups = ["@TGS#_@TGS#cycling01"]
"#;
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        let empty = |key: &str| {
            (
                key.to_owned(),
                "an empty list matches nothing; add an entry or leave the key out".to_owned(),
            )
        };
        let fields = options.fields.as_ref().is_some_and(Vec::is_empty).then(|| empty("fields"));
        let groups =
            options.groups.as_ref().is_some_and(HashSet::is_empty).then(|| empty("groups"));
        fields.into_iter().chain(groups).collect()
    }

    async fn build(options: Options, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self(options)))
    }
}

register!(TopicChanges);

#[async_trait]
impl Handler for TopicChanges {
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        if ![GroupAfterTopicInfoChanged::COMMAND, GroupAfterGroupInfoChanged::COMMAND]
            .contains(&callback.command())
        {
            return Ok(None); // a wide `commands` brings what this handler does not speak of
        }
        let body = std::str::from_utf8(&callback.body)
            .map_or_else(|_| String::from_utf8_lossy(&callback.body), Cow::Borrowed);
        let details = Details::read(&body).map_err(Failure::permanent)?;
        if !self.wants_group(&details) {
            return Ok(None);
        }
        let mut changes = Changes::of(&details);
        if let Some(topic) = details.topic.id() {
            profile::compare(callback, details.group.id(), topic, &mut changes, cx).await?;
        }
        changes.keep(|field| self.wants(field));
        if changes.is_empty() {
            return Ok(None);
        }
        let body =
            Report::of(callback, &details, &changes).to_json().map_err(Failure::permanent)?;
        let summary = summary::line(callback.command(), &details, &changes);
        Ok(Some(NewRecord::new(callback, summary, body)))
    }
}

impl TopicChanges {
    fn wants(&self, field: Field) -> bool {
        self.0.fields.as_ref().is_none_or(|fields| fields.contains(&field))
    }

    fn wants_group(&self, details: &Details<'_>) -> bool {
        let group = &details.group;
        let listed = |groups: &HashSet<String>| {
            group.is_unreadable() || group.text().is_some_and(|group| groups.contains(group))
        };
        self.0.groups.as_ref().is_none_or(listed)
    }
}

/// The changed fields, in the order in which they are reported.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Change<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introduction: Option<Change<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<Change<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    face_url: Option<Change<'a>>,
}

/// One changed field.
#[derive(Serialize)]
struct Change<'a> {
    /// None where what stands there is no text.
    new: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
}

impl<'a> Changes<'a> {
    fn of(details: &'a Details<'_>) -> Self {
        let change =
            |said: &'a Said<'_>| said.is_there().then(|| Change { new: said.text(), old: None });
        Self {
            name: change(&details.name),
            introduction: change(&details.introduction),
            notification: change(&details.notification),
            face_url: change(&details.face_url),
        }
    }

    fn each(&mut self) -> [(Field, &mut Option<Change<'a>>); 4] {
        [
            (Field::Name, &mut self.name),
            (Field::Introduction, &mut self.introduction),
            (Field::Notification, &mut self.notification),
            (Field::FaceUrl, &mut self.face_url),
        ]
    }

    fn keep(&mut self, wanted: impl Fn(Field) -> bool) {
        for (field, change) in self.each() {
            change.take_if(|_| !wanted(field));
        }
    }

    fn is_empty(&self) -> bool {
        let Self { name, introduction, notification, face_url } = self;
        [name, introduction, notification, face_url].iter().all(|change| change.is_none())
    }
}

/// A record's body, in the order in which people read it.
#[derive(Serialize)]
struct Report<'a> {
    id: String,
    command: &'a str,
    app: &'a str,
    group: Option<&'a str>,
    topic: Option<&'a str>,
    operator: Option<&'a str>,
    received: Timestamp,
    sent: Option<Timestamp>,
    changes: &'a Changes<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unexpected: Vec<Unexpected<'a>>,
}

impl<'a> Report<'a> {
    fn of(callback: &'a Callback, details: &'a Details<'_>, changes: &'a Changes<'a>) -> Self {
        let facts = &callback.facts;
        Self {
            id: facts.id.to_string(),
            command: &facts.command,
            app: &facts.app,
            group: details.group.id(),
            topic: details.topic.id(),
            operator: details.operator.id(),
            received: facts.received,
            sent: facts.sent,
            changes,
            unexpected: details.unexpected(),
        }
    }

    fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = Vec::with_capacity(1024);
        serde_json::to_writer(&mut json, self)?;
        Ok(json)
    }
}
