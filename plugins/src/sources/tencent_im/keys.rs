//! What order and duplicates hang on, found in the fields of a body.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{Fields, Scalar};
use crate::sources::common::bounded;

/// The key that callbacks of one conversation, group, room or account share. It begins with the app, so two apps never share one.
pub(super) fn ordering(app: &str, command: &str, fields: &Fields<'_>) -> Option<Arc<str>> {
    let key = match (fields.group_id.text(), fields.topic_id.text()) {
        (Some(group), Some(topic)) => [app, "/group/", group, "/topic/", topic].concat(),
        (Some(group), None) => [app, "/group/", group].concat(),
        (None, _) => {
            let (kind, id) = thing(fields)
                .or_else(|| conversation(command, fields))
                .or_else(|| account(fields).map(|id| ("account", id)))?;
            [app, "/", kind, "/", &id].concat()
        }
    };
    Some(bounded(app, key))
}

/// A key that only the same event has. Where a repetition could be a second event (an edit, a change there and back) there is none.
pub(super) fn natural(app: &str, command: &str, fields: &Fields<'_>) -> Option<Arc<str>> {
    let Fields { from, to, group_id, topic_id, official, msg_key, .. } = fields;
    let parts: &[&Scalar<'_>] = match command {
        // A message that failed and one that arrived are two events.
        "C2C.CallbackAfterSendMsg" | "Bot.OnC2CMessage" => {
            &[msg_key, from, to, &fields.send_msg_result]
        }
        "C2C.CallbackBeforeSendMsg"
        | "C2C.CallbackAfterMsgWithDraw"
        | "Chatbot.OnC2CSignalMessage" => &[msg_key, from, to],
        "Group.CallbackAfterSendMsg" | "Bot.OnGroupMessage" => {
            // Not every kind of group numbers its messages, so the random number has to be the same too.
            fields.random.text()?;
            fields.msg_seq.text()?;
            &[group_id, topic_id, &fields.msg_seq, &fields.random, from]
        }
        "OfficialAccount.CallbackAfterSendMsg" => &[msg_key, official],
        "ContentCallback.ResultNotify" => &[&fields.ctxcb_request_id],
        _ => return None,
    };
    parts.first()?.text()?;
    let mut key = format!("{app}/{command}");
    for part in parts {
        let part = part.text().unwrap_or_default();
        // With its length before it no part can pose as the end of another.
        _ = write!(key, "/{}:{part}", part.len());
    }
    Some(bounded(app, key))
}

fn thing(fields: &Fields<'_>) -> Option<(&'static str, String)> {
    let own = |kind, id: &Scalar<'_>| id.text().map(|id| (kind, id.to_owned()));
    own("official", &fields.official)
        .or_else(|| own("room", &fields.room_id))
        .or_else(|| own("room", &inner(fields.room_info)?.room_id))
        .or_else(|| own("call", &fields.call_id))
        .or_else(|| own("call", &inner(fields.call_info)?.call_id))
        .or_else(|| own("call", &inner(fields.call_record)?.call_id))
        .or_else(|| own("battle", &fields.battle_id))
        .or_else(|| own("account", &inner(fields.info)?.to))
}

fn inner(raw: Option<&RawValue>) -> Option<Inner<'_>> {
    serde_json::from_str(raw?.get()).ok()
}

/// Both directions of a one-to-one conversation are one conversation.
fn conversation(command: &str, fields: &Fields<'_>) -> Option<(&'static str, String)> {
    if !["C2C.", "Bot.", "Chatbot."].iter().any(|family| command.starts_with(family)) {
        return None;
    }
    let here = [&fields.from, &fields.reporter, &fields.operator];
    let one = here.iter().find_map(|account| account.text())?;
    let other = fields.to.text().or(fields.peer.text())?;
    Some(("c2c", format!("{}/{}", one.min(other), one.max(other))))
}

fn account(fields: &Fields<'_>) -> Option<String> {
    let first = [&fields.from, &fields.reporter, &fields.to, &fields.operator];
    let own = first.iter().find_map(|account| account.text()).map(str::to_owned);
    own.or_else(|| {
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
