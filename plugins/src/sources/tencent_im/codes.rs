//! Codes of replies, as lenient as handlers are with them.

use serde_json::Value;

/// Whether a verdict on a friend refuses: whoever is let in need not be named, so it does unless it plainly says 0.
pub(super) fn refuses(item: &Value) -> bool {
    item.get("ResultCode").is_none_or(|code| !is_zero(code))
}

/// A code as a number, also one written as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

pub(super) fn is_zero(value: &Value) -> bool {
    value.is_null() || value.as_f64() == Some(0.0) || number(value) == Some(0)
}
