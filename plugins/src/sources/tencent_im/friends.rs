//! Replies about friends: each one asked for gets a verdict of its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};
use switchhook_api::{Callback, Map, Verdict, lenient};

use super::codes::{number, refuses};
use super::rule::{FRIEND_CODES, Rule};
use super::wire::Wire;

/// What refuses a friend without a code of the app's own.
const REFUSED_FRIEND: i64 = *FRIEND_CODES.start();
/// The lists of friends, one for each of the two commands.
const LISTS: [&str; 2] = ["FriendItem", "ResponseFriendItem"];

/// The verdicts on all friends of a question, in its order and with the ids in its spelling. Whom an answer leaves out is
/// allowed.
pub(super) fn items(callback: &Callback, verdict: &Verdict) -> Value {
    let (code, info) = match verdict {
        Verdict::Deny { code, reason } => (code.unwrap_or(REFUSED_FRIEND), &**reason),
        Verdict::Drop => (REFUSED_FRIEND, ""),
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

/// Whether a question names no friend: then there is nobody to refuse.
pub(super) fn nobody(rule: &Rule, callback: &Callback) -> bool {
    let body = &callback.body;
    matches!(rule, Rule::PerFriend) && !body.is_empty() && asked(body).is_empty()
}

/// The answer in verdicts on friends that cannot be said as they are: whom one of them refuses is refused. One that names nobody
/// who can be read refuses all whom no other names.
pub(super) fn read_leniently(body: &[u8], items: &[Value]) -> Map {
    let asked = asked(body);
    let known: HashSet<_> = asked.iter().filter_map(id).collect();
    let mut verdicts = BTreeMap::<String, Value>::new();
    let mut others_refused = false;
    for item in items {
        let refused = refuses(item);
        match account(item).or_else(|| id(item)) {
            None => others_refused |= refused,
            Some(account) if !body.is_empty() && !known.contains(&account) => {}
            Some(account) if refused || !verdicts.contains_key(&account) => {
                let code = number(&item["ResultCode"]).filter(|code| FRIEND_CODES.contains(code));
                let code = if refused { code.unwrap_or(REFUSED_FRIEND) } else { 0 };
                let info = item["ResultInfo"].as_str().unwrap_or_default();
                let verdict =
                    json!({"To_Account": account, "ResultCode": code, "ResultInfo": info});
                verdicts.insert(account, verdict);
            }
            Some(_) => {}
        }
    }
    if others_refused {
        for account in asked.iter().filter_map(id) {
            let verdict = json!({"To_Account": account, "ResultCode": REFUSED_FRIEND});
            verdicts.entry(account).or_insert(verdict);
        }
    }
    Map::from_iter([("ResultItem".to_owned(), verdicts.into_values().collect())])
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
        let Some(id) = account(item) else { return at("To_Account", "it is not a valid id") };
        if !body.is_empty() && !asked.contains(&id) {
            return at("To_Account", "the callback does not ask for this friend");
        }
        if !named.insert(id) {
            return at("To_Account", "this friend already has a verdict");
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
