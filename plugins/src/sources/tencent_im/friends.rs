//! Replies about friends: each one asked for gets a verdict of its own.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use switchhook_core::{Callback, Map, Verdict, lenient};

use super::rule::FRIEND_CODES;
use super::wire::Wire;

/// The lists of friends, one for each of the two commands.
const LISTS: [&str; 2] = ["FriendItem", "ResponseFriendItem"];

/// The verdicts on all friends of a question, in its order and with the ids in its spelling. Whom an answer leaves out is
/// allowed.
pub(super) fn items(callback: &Callback, verdict: &Verdict) -> Value {
    let (code, info) = match verdict {
        Verdict::Deny { code, reason } => (code.unwrap_or(*FRIEND_CODES.start()), &**reason),
        _ => (0, ""),
    };
    let own = match verdict {
        Verdict::Answer(fields) => answered(fields),
        _ => &[],
    };
    let own: HashMap<_, _> = own.iter().filter_map(|item| Some((account(item)?, item))).collect();
    let item = |friend: Value| {
        let own = id(&friend).and_then(|id| own.get(&id));
        let of = |name: &str| own.and_then(|own| own.get(name)).cloned();
        json!({
            "To_Account": friend,
            "ResultCode": of("ResultCode").unwrap_or_else(|| code.into()),
            "ResultInfo": of("ResultInfo").unwrap_or_else(|| info.into()),
        })
    };
    asked(&callback.body).into_iter().map(item).collect()
}

/// Whether an answer says one thing about each friend that it names, and names none that is not asked for. Without a body there
/// is no question yet, and it may name anybody.
pub(super) fn judges(body: &[u8], fields: &Map) -> Result<(), String> {
    let asked: HashSet<_> = asked(body).iter().filter_map(id).collect();
    let mut named = HashSet::new();
    for (index, item) in answered(fields).iter().enumerate() {
        // The ids stay out of the text: it goes to the log.
        let at = |name: &str, what: &str| {
            Err(format!("does not permit `ResultItem[{index}].{name}`: {what}"))
        };
        let code = item.get("ResultCode").and_then(Value::as_i64).unwrap_or_default();
        if code != 0 && !FRIEND_CODES.contains(&code) {
            let (first, last) = (FRIEND_CODES.start(), FRIEND_CODES.end());
            return at("ResultCode", &format!("{code} is neither 0 nor from {first} to {last}"));
        }
        let Some(id) = account(item) else { return at("To_Account", "it is no id") };
        if !body.is_empty() && !asked.contains(&id) {
            return at("To_Account", "this friend is not asked for");
        }
        if !named.insert(id) {
            return at("To_Account", "this friend has a verdict already");
        }
    }
    Ok(())
}

fn answered(fields: &Map) -> &[Value] {
    fields.get("ResultItem").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The ids of the friends asked for, as they came.
fn asked(body: &[u8]) -> Vec<Value> {
    let read = lenient::read::<Map>(body, &mut Vec::new());
    let Ok(mut body) = read else { return Vec::new() };
    let lists = LISTS.iter().filter_map(|name| body.remove(*name));
    let items = lists.flat_map(|list| match list {
        Value::Array(items) => items,
        one => vec![one],
    });
    let friend = |mut item: Value| item.get_mut("To_Account").map(Value::take);
    items.filter_map(friend).filter(|friend| id(friend).is_some()).collect()
}

fn account(item: &Value) -> Option<String> {
    id(item.get("To_Account")?)
}

/// An id as text: it may come as a number, and handlers that use typed events see text.
fn id(value: &Value) -> Option<String> {
    String::read(value)
}
