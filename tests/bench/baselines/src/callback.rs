//! What must be done for each callback, at its plainest.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hint::black_box;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const APP: &str = "1400000000";
const TOKEN: &str = "bench-token";

/// Whether the app is ours and the signature is `sha256(token + time)`.
pub fn is_genuine(query: &str) -> bool {
    let (Some(APP), Some(time), Some(sign)) =
        (value(query, "SdkAppid"), value(query, "RequestTime"), value(query, "Sign"))
    else {
        return false;
    };
    let expected = Sha256::new().chain_update(TOKEN).chain_update(time).finalize();
    unhex(sign).is_some_and(|given| given.ct_eq(expected.as_slice()).into())
}

fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, v)| v)
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: [u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(bytes)
}

/// One line for the log: query and body.
pub fn line(query: &str, body: &[u8]) -> Vec<u8> {
    [br#"{"query":""#, query.as_bytes(), br#"","body":"#, body, b"}\n"].concat()
}

/// A body in the shape of the command that is sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "reading them is the work")]
struct TopicInfoChanged<'b> {
    #[serde(borrow)]
    group_id: Cow<'b, str>,
    #[serde(borrow, rename = "Operator_Account")]
    operator: Cow<'b, str>,
    #[serde(borrow)]
    name: Option<Cow<'b, str>>,
    #[serde(borrow)]
    introduction: Option<Cow<'b, str>>,
    #[serde(borrow)]
    notification: Option<Cow<'b, str>>,
    #[serde(borrow)]
    face_url: Option<Cow<'b, str>>,
}

type Understand = fn(&[u8]) -> bool;

/// Commands and what understands their bodies.
pub struct Commands(HashMap<&'static str, Understand>);

impl Default for Commands {
    fn default() -> Self {
        let known = [
            "State.StateChange",
            "C2C.CallbackAfterSendMsg",
            "Group.CallbackAfterSendMsg",
            "Group.CallbackAfterGroupInfoChanged",
            "Group.CallbackAfterTopicInfoChanged",
        ];
        let understand: Understand =
            |body| black_box(serde_json::from_slice::<TopicInfoChanged<'_>>(body)).is_ok();
        Self(known.into_iter().map(|command| (command, understand)).collect())
    }
}

impl Commands {
    /// Whether the command is known and the body has a shape.
    pub fn understand(&self, query: &str, body: &[u8]) -> bool {
        let command = value(query, "CallbackCommand").and_then(|command| self.0.get(command));
        command.is_some_and(|understand| understand(body))
    }
}
