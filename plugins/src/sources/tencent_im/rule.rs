//! What may be answered to a command, and how the protocol spells it.

use std::ops::RangeInclusive;

use switchhook_api::{Answer, FieldKind, FieldSpec, Phase, Presence, VerdictKind};

/// Refused, without a code of the app's own.
pub(super) const REFUSED: i64 = 1;
/// Dropped while the sender believes that it succeeded.
pub(super) const DROPPED: i64 = 2;
/// The codes of one friend's refusal; the first is ours to use.
pub(super) const FRIEND_CODES: RangeInclusive<i64> = 38_000..=39_000;

/// The rule of one command's replies.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// It has happened: the reply is read and ignored.
    Ignored,
    /// Refused or not.
    Gate(Codes),
    /// A message: refused, swallowed, or sent with other content.
    Message(Codes),
    /// Refused as a whole, or only for those in a list.
    Partly(Codes, &'static [FieldSpec]),
    /// Each friend has a verdict of its own.
    PerFriend,
    /// It has happened, and a text in the reply is handed to the chatbot.
    Signal,
}

/// How a refusal is said.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    /// The codes that are the app's own to use, beside the plain one.
    pub(super) own: Option<RangeInclusive<i64>>,
    /// What the refused side sees instead of the plain code.
    pub(super) seen_as: Option<i64>,
}

impl Codes {
    pub(super) const fn plain() -> Self {
        Self { own: None, seen_as: None }
    }

    pub(super) const fn own(codes: RangeInclusive<i64>) -> Self {
        Self { own: Some(codes), seen_as: None }
    }

    pub(super) const fn seen_as(mut self, code: i64) -> Self {
        self.seen_as = Some(code);
        self
    }

    fn says(&self) -> String {
        let seen = self.seen_as.map(|code| format!(" (seen as {code})")).unwrap_or_default();
        match &self.own {
            Some(own) => format!(
                "ErrorCode 1{seen}, or a code of your own from {} to {} with your text, which reach the client",
                own.start(),
                own.end()
            ),
            None => format!("ErrorCode 1{seen}"),
        }
    }
}

const TEXTS: FieldKind = FieldKind::List(&FieldKind::Text);

const fn reply(name: &'static str, kind: FieldKind, about: &'static str) -> FieldSpec {
    FieldSpec::new(name, kind, about).presence(Presence::Sometimes)
}

const ELEMENT: &[FieldSpec] = &[
    FieldSpec::new("MsgType", FieldKind::Text, "The kind of the element."),
    FieldSpec::new("MsgContent", FieldKind::Object(&[]), "The content that its kind requires.")
        .personal(),
];
const MESSAGE: &[FieldSpec] = &[
    reply("MsgBody", FieldKind::List(&FieldKind::Object(ELEMENT)), "The elements to send instead."),
    reply("CloudCustomData", FieldKind::Text, "The custom data to store with the message instead."),
];
const FRIENDS: &[FieldSpec] = &[reply(
    "ResultItem",
    FieldKind::List(&FieldKind::Object(&[
        FieldSpec::new("To_Account", FieldKind::Any, "The friend, as asked for or as text.")
            .personal(),
        FieldSpec::new("ResultCode", FieldKind::Integer, "0, or a refusal from 38000 to 39000."),
        reply("ResultInfo", FieldKind::Text, "Text for the client."),
    ])),
    "One verdict for each friend asked for; friends that are left out are allowed.",
)];
const SIGNAL: &[FieldSpec] = &[reply("RspData", FieldKind::Text, "Text for the chatbot.")];
pub(super) const REFUSED_MEMBERS: &[FieldSpec] =
    &[reply("RefusedMembers_Account", TEXTS, "Those who are not let in.").personal()];
pub(super) const REFUSED_SUBSCRIBERS: &[FieldSpec] =
    &[reply("RefusedSubscribers_Account", TEXTS, "Those who may not subscribe.").personal()];

impl Rule {
    pub(super) fn phase(&self) -> Phase {
        match self {
            Self::Ignored | Self::Signal => Phase::After,
            _ => Phase::Before,
        }
    }

    /// Fields that a reply may hold beside its code and text.
    pub(super) fn fields(&self) -> &'static [FieldSpec] {
        match self {
            Self::Ignored | Self::Gate(_) => &[],
            Self::Message(_) => MESSAGE,
            Self::Partly(_, fields) => fields,
            Self::PerFriend => FRIENDS,
            Self::Signal => SIGNAL,
        }
    }

    /// What may be answered beyond allowing.
    pub(super) fn verdicts(&self) -> &'static [VerdictKind] {
        match self {
            Self::Ignored => &[],
            Self::Gate(_) => &[VerdictKind::Deny],
            Self::Message(_) => &[VerdictKind::Deny, VerdictKind::Drop, VerdictKind::Replace],
            Self::Partly(..) | Self::PerFriend | Self::Signal => {
                &[VerdictKind::Deny, VerdictKind::Answer]
            }
        }
    }

    pub(super) fn permits(&self, kind: VerdictKind) -> bool {
        matches!(kind, VerdictKind::Abstain | VerdictKind::Flag | VerdictKind::Allow)
            || self.verdicts().contains(&kind)
    }

    /// The permitted verdicts, each with how it is said.
    pub(super) fn answers(&self) -> Vec<Answer> {
        self.verdicts().iter().map(|kind| Answer::new(*kind, self.says(*kind))).collect()
    }

    fn says(&self, kind: VerdictKind) -> String {
        match (kind, self) {
            (VerdictKind::Deny, Self::PerFriend) => "ErrorCode 0 with a ResultItem for each friend: ResultCode 38000, or a code of your own from 38000 to 39000".into(),
            (VerdictKind::Deny, Self::Signal) => "ErrorCode 1: the reply is ignored".into(),
            (VerdictKind::Deny, Self::Gate(codes) | Self::Message(codes) | Self::Partly(codes, _)) => codes.says(),
            (VerdictKind::Drop, _) => "ErrorCode 2: the sender believes that it was sent".into(),
            _ => {
                let names: Vec<_> = self.fields().iter().map(|field| field.name).collect();
                let more = if matches!(self, Self::Partly(..)) { ": all others are let in" } else { "" };
                format!("ErrorCode 0 with {}{more}", names.join(", "))
            }
        }
    }

    /// Whether a refusal may carry this code.
    pub(super) fn has_code(&self, code: i64) -> bool {
        match self {
            Self::Ignored => false,
            Self::Signal => code == REFUSED,
            Self::PerFriend => FRIEND_CODES.contains(&code),
            Self::Gate(codes) | Self::Message(codes) | Self::Partly(codes, _) => {
                code == REFUSED || codes.own.as_ref().is_some_and(|own| own.contains(&code))
            }
        }
    }

    /// The codes that a refusal may carry, as the end of a sentence.
    pub(super) fn codes(&self) -> String {
        match self {
            Self::Ignored => "none".into(),
            Self::Signal => "1".into(),
            Self::PerFriend => {
                format!("one from {} to {}", FRIEND_CODES.start(), FRIEND_CODES.end())
            }
            Self::Gate(codes) | Self::Message(codes) | Self::Partly(codes, _) => match &codes.own {
                Some(own) => format!("1 or one from {} to {}", own.start(), own.end()),
                None => "1".into(),
            },
        }
    }
}
