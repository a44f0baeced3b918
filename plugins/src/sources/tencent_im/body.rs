//! The body: kept as bytes, read only for what identity, order and duplicates hang on.

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use switchhook_api::Refusal;

pub(super) use crate::sources::common::{Body, Scalar, malformed};

const EVENTS_MAX: usize = 100;

/// The fields that matter here, of any command; everything else is skipped over.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "CallbackCommand")]
    pub(super) command: Scalar<'a>,
    #[serde(borrow)]
    pub(super) group_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) topic_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) room_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) call_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) battle_id: Scalar<'a>,
    #[serde(borrow, rename = "From_Account")]
    pub(super) from: Scalar<'a>,
    #[serde(borrow, rename = "To_Account")]
    pub(super) to: Scalar<'a>,
    #[serde(borrow, rename = "Peer_Account")]
    pub(super) peer: Scalar<'a>,
    #[serde(borrow, rename = "Report_Account")]
    pub(super) reporter: Scalar<'a>,
    #[serde(borrow, rename = "Operator_Account")]
    pub(super) operator: Scalar<'a>,
    #[serde(borrow, rename = "Official_Account")]
    pub(super) official: Scalar<'a>,
    #[serde(borrow)]
    pub(super) msg_key: Scalar<'a>,
    #[serde(borrow)]
    pub(super) msg_seq: Scalar<'a>,
    #[serde(borrow)]
    pub(super) random: Scalar<'a>,
    #[serde(borrow)]
    pub(super) send_msg_result: Scalar<'a>,
    #[serde(borrow)]
    pub(super) ctxcb_request_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) events: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) pair_list: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) room_info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) event_info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) call_info: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) call_record: Option<&'a RawValue>,
}

/// Reads one object and nothing after it.
pub(super) fn read(text: &str) -> Result<Fields<'_>, Refusal> {
    if !text.trim_start_matches([' ', '\n', '\r', '\t']).starts_with('{') {
        return Err(malformed("body_not_an_object"));
    }
    serde_json::from_str(text).map_err(|error| match error.classify() {
        // Every field takes every type, so all that is left to be wrong is a key that stands there twice.
        Category::Data => malformed("duplicate_key").detail(error.to_string()),
        _ => malformed("body_not_json").detail(error.to_string()),
    })
}

/// The entries of a batch.
pub(super) fn batch(events: &RawValue) -> Result<Vec<&RawValue>, Refusal> {
    let events: Vec<&RawValue> =
        serde_json::from_str(events.get()).map_err(|_| malformed("events_not_a_list"))?;
    match events.len() {
        1..=EVENTS_MAX => Ok(events),
        count => Err(malformed("events_count").detail(count.to_string())),
    }
}
