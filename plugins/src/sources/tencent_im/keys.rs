//! What order and duplicates hang on, found in the fields of a body.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{Fields, Scalar};
use crate::sources::common::bounded;

/// What the events of a command are kept in order by: what shares a key goes one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderBy {
    /// The group, and the topic in it.
    Group,
    /// The official account.
    Official,
    /// The room.
    Room,
    /// The call.
    Call,
    /// The battle between rooms.
    Battle,
    /// The two of a one-to-one conversation, whoever speaks.
    Conversation,
    /// The account that gets it.
    Receiver,
    /// The account that it is about, or that acts.
    Account,
    /// Nothing: each event stands alone.
    Nothing,
}

impl OrderBy {
    /// For a command that is not known: the first that its body has.
    const GUESSES: [Self; 7] = [
        Self::Group,
        Self::Official,
        Self::Room,
        Self::Call,
        Self::Battle,
        Self::Conversation,
        Self::Account,
    ];

    pub(super) fn as_str(self) -> Option<&'static str> {
        Some(match self {
            Self::Group => "group, and topic where there is one",
            Self::Official => "official account",
            Self::Room => "room",
            Self::Call => "call",
            Self::Battle => "battle",
            Self::Conversation => "conversation of two",
            Self::Receiver => "receiver",
            Self::Account => "account",
            Self::Nothing => return None,
        })
    }

    fn find(self, app: &str, fields: &Fields<'_>) -> Option<String> {
        let key = |kind: &str, id: &str| [app, "/", kind, "/", id].concat();
        match self {
            Self::Group => {
                let group = fields.group_id.text()?;
                Some(match fields.topic_id.text() {
                    Some(topic) => [app, "/group/", group, "/topic/", topic].concat(),
                    None => key("group", group),
                })
            }
            Self::Official => Some(key("official", fields.official.text()?)),
            Self::Room => {
                let own = fields.room_id.text().map(|id| key("room", id));
                own.or_else(|| Some(key("room", inner(fields.room_info)?.room_id.text()?)))
                    .or_else(|| Some(key("room", inner(fields.event_info)?.room_id.text()?)))
            }
            Self::Call => {
                let own = fields.call_id.text().map(|id| key("call", id));
                own.or_else(|| Some(key("call", inner(fields.call_info)?.call_id.text()?)))
                    .or_else(|| Some(key("call", inner(fields.call_record)?.call_id.text()?)))
            }
            Self::Battle => Some(key("battle", fields.battle_id.text()?)),
            Self::Conversation => {
                let here = [&fields.from, &fields.reporter, &fields.operator];
                let one = here.iter().find_map(|account| account.text())?;
                let other = fields.to.text().or(fields.peer.text())?;
                Some(key("c2c", &format!("{}/{}", one.min(other), one.max(other))))
            }
            Self::Receiver => Some(key("account", fields.to.text()?)),
            Self::Account => Some(key("account", &account(fields)?)),
            Self::Nothing => None,
        }
    }
}

/// The key that callbacks of one conversation, group, room or account share. It begins with the app, so two apps never share one.
pub(super) fn ordering(app: &str, by: Option<OrderBy>, fields: &Fields<'_>) -> Option<Arc<str>> {
    if by == Some(OrderBy::Nothing) {
        return None;
    }
    let guess = || OrderBy::GUESSES.into_iter().find_map(|by| by.find(app, fields));
    let key = by.and_then(|by| by.find(app, fields)).or_else(guess)?;
    Some(bounded(app, key))
}

/// One field of a natural key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    CtxcbRequestId,
    FromAccount,
    GroupId,
    MsgKey,
    MsgSeq,
    OfficialAccount,
    Random,
    SendMsgResult,
    ToAccount,
    TopicId,
}

impl Part {
    fn of<'f, 'a>(self, fields: &'f Fields<'a>) -> &'f Scalar<'a> {
        match self {
            Self::CtxcbRequestId => &fields.ctxcb_request_id,
            Self::FromAccount => &fields.from,
            Self::GroupId => &fields.group_id,
            Self::MsgKey => &fields.msg_key,
            Self::MsgSeq => &fields.msg_seq,
            Self::OfficialAccount => &fields.official,
            Self::Random => &fields.random,
            Self::SendMsgResult => &fields.send_msg_result,
            Self::ToAccount => &fields.to,
            Self::TopicId => &fields.topic_id,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CtxcbRequestId => "CtxcbRequestId",
            Self::FromAccount => "From_Account",
            Self::GroupId => "GroupId",
            Self::MsgKey => "MsgKey",
            Self::MsgSeq => "MsgSeq",
            Self::OfficialAccount => "Official_Account",
            Self::Random => "Random",
            Self::SendMsgResult => "SendMsgResult",
            Self::ToAccount => "To_Account",
            Self::TopicId => "TopicId",
        }
    }
}

/// The fields that only the same event has in common. Where a repetition could be a second event (an edit, a change there and
/// back) there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Natural {
    /// Without one of these there is no key.
    pub(super) must: &'static [Part],
    /// These may be missing.
    pub(super) may: &'static [Part],
}

impl Natural {
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> {
        self.must.iter().chain(self.may).copied()
    }

    /// The key of one event.
    pub(super) fn key(&self, app: &str, command: &str, fields: &Fields<'_>) -> Option<Arc<str>> {
        if self.must.is_empty() || self.must.iter().any(|part| part.of(fields).text().is_none()) {
            return None;
        }
        let mut key = format!("{app}/{command}");
        for part in self.parts() {
            let part = part.of(fields).text().unwrap_or_default();
            // With its length before it no part can pose as the end of another.
            _ = write!(key, "/{}:{part}", part.len());
        }
        Some(bounded(app, key))
    }
}

fn inner(raw: Option<&RawValue>) -> Option<Inner<'_>> {
    serde_json::from_str(raw?.get()).ok()
}

fn account(fields: &Fields<'_>) -> Option<String> {
    let first = [&fields.from, &fields.reporter, &fields.to, &fields.operator];
    let own = first.iter().find_map(|account| account.text()).map(str::to_owned);
    own.or_else(|| inner(fields.info)?.to.text().map(str::to_owned)).or_else(|| {
        let pairs: Vec<Inner<'_>> = serde_json::from_str(fields.pair_list?.get()).ok()?;
        pairs.first()?.from.text().map(str::to_owned)
    })
}

/// What some commands carry one level down.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Inner<'a> {
    #[serde(borrow)]
    room_id: Scalar<'a>,
    #[serde(borrow)]
    call_id: Scalar<'a>,
    #[serde(borrow, rename = "From_Account")]
    from: Scalar<'a>,
    #[serde(borrow, rename = "To_Account")]
    to: Scalar<'a>,
}
