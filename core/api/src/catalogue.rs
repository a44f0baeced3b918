//! The known commands of a protocol: their documentation, samples, and permitted replies.

use std::borrow::Cow;

use crate::facts::Phase;
use crate::verdict::VerdictKind;

/// One command of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandSpec {
    /// Its name on the wire.
    pub name: Cow<'static, str>,
    /// Its phase.
    pub phase: Phase,
    /// Whether the reply has an effect although the event has happened.
    pub answered: bool,
    /// What happened, in a few words.
    pub title: Cow<'static, str>,
    /// The title in other languages, each with its language tag.
    pub titles: Vec<(&'static str, &'static str)>,
    /// More about it, in whole sentences; may be empty.
    pub about: Cow<'static, str>,
    /// The permitted verdicts besides allowing, and how the protocol expresses them; empty for an after-command.
    pub answers: Vec<Answer>,
    /// Fields that a reply may hold in addition to those of every reply.
    pub reply_fields: &'static [FieldSpec],
    /// The page where the sender documents it.
    pub doc: Cow<'static, str>,
    /// The known fields of its body.
    pub fields: &'static [FieldSpec],
    /// The fields that together identify an event of this command; empty if a repetition may be a second event.
    pub natural_key: Vec<&'static str>,
    /// What its events are ordered by, in a few words.
    pub ordering_key: Option<&'static str>,
    /// A realistic sample body, if there is one.
    pub sample: Option<Cow<'static, str>>,
}

/// A verdict that a command permits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Its kind.
    pub verdict: VerdictKind,
    /// How the protocol expresses it, and what the sender does then; may be empty.
    pub says: Cow<'static, str>,
}

impl Answer {
    /// A verdict and how the protocol expresses it.
    pub fn new(verdict: VerdictKind, says: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict, says: says.into() }
    }
}

/// One field of a body or of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldSpec {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// When it is present.
    pub presence: Presence,
    /// Whether it is personal data: an account, a text that a user wrote, a name.
    pub personal: bool,
    /// What it means, with its unit and limits.
    pub about: &'static str,
}

impl FieldSpec {
    /// A field that is always present and is not personal data.
    pub const fn new(name: &'static str, kind: FieldKind, about: &'static str) -> Self {
        Self { name, kind, presence: Presence::Always, personal: false, about }
    }

    /// Sets when it is present.
    #[must_use]
    pub const fn presence(mut self, presence: Presence) -> Self {
        self.presence = presence;
        self
    }

    /// Marks it as personal data.
    #[must_use]
    pub const fn personal(mut self) -> Self {
        self.personal = true;
        self
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A time, in seconds since 1970.
    Seconds,
    /// A time, in milliseconds since 1970.
    Milliseconds,
    /// True or false.
    Boolean,
    /// Any JSON value.
    Any,
    /// An object; an empty list means that its fields are not known.
    Object(&'static [FieldSpec]),
    /// A list.
    List(&'static FieldKind),
}

impl FieldKind {
    /// The fields of an object, or of the objects in a list.
    pub fn fields(&self) -> &'static [FieldSpec] {
        match self {
            Self::Object(fields) => fields,
            Self::List(items) => items.fields(),
            _ => &[],
        }
    }
}

/// When a field is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// In every event.
    Always,
    /// In some events.
    Sometimes,
    /// Seen, but not documented by the sender.
    Undocumented,
}

impl Presence {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Sometimes => "sometimes",
            Self::Undocumented => "undocumented",
        }
    }
}

impl CommandSpec {
    /// An after-command without further details.
    pub fn after(
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        doc: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name: name.into(),
            phase: Phase::After,
            answered: false,
            title: title.into(),
            titles: Vec::new(),
            about: Cow::Borrowed(""),
            answers: Vec::new(),
            reply_fields: &[],
            doc: doc.into(),
            fields: &[],
            natural_key: Vec::new(),
            ordering_key: None,
            sample: None,
        }
    }

    /// A before-command, and the verdicts that it permits.
    pub fn before(
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        doc: impl Into<Cow<'static, str>>,
        verdicts: &[VerdictKind],
    ) -> Self {
        let answers = verdicts.iter().map(|verdict| Answer::new(*verdict, "")).collect();
        Self { phase: Phase::Before, answers, ..Self::after(name, title, doc) }
    }

    /// Adds a sample body.
    #[must_use]
    pub fn sample(mut self, body: impl Into<Cow<'static, str>>) -> Self {
        self.sample = Some(body.into());
        self
    }

    /// Marks an after-command whose reply has an effect.
    #[must_use]
    pub fn answered(mut self, verdicts: &[VerdictKind]) -> Self {
        self.answered = true;
        self.answers = verdicts.iter().map(|verdict| Answer::new(*verdict, "")).collect();
        self
    }

    /// The family that it belongs to: its name up to the first dot.
    pub fn family(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// Whether the sender waits for a decision.
    pub fn is_decided(&self) -> bool {
        self.phase == Phase::Before || self.answered
    }

    /// Whether this command permits a verdict of this kind.
    pub fn permits(&self, kind: VerdictKind) -> bool {
        matches!(kind, VerdictKind::Abstain | VerdictKind::Flag | VerdictKind::Allow)
            || self.answers.iter().any(|answer| answer.verdict == kind)
    }
}
