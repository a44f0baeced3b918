//! What was last known of a topic, kept as the handler's state, so that a change can name the old value.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, PercentEncode, utf8_percent_encode};
use serde_json::Value;
use switchhook_api::{Callback, Failure, HandleContext, STATE_VALUE_MAX};

use super::{Change, Changes, Field};

/// A longer value is not remembered.
const VALUE_BYTES_MAX: usize = 8 * 1024;
/// A topic whose ids are longer together is not remembered.
const KEY_BYTES_MAX: usize = 512;

/// The last known value of each field.
type Profile = BTreeMap<String, Value>;

/// Adds to each change the value that it replaced, where it is known, and remembers the new one.
pub(super) async fn compare(
    callback: &Callback,
    group: Option<&str>,
    topic: &str,
    changes: &mut Changes<'_>,
    cx: &mut HandleContext<'_>,
) -> Result<(), Failure> {
    let (group, topic) = (part(group.unwrap_or_default()), part(topic));
    let key = format!("{}/{group}/{topic}", callback.facts.app);
    if changes.is_empty() || key.len() > KEY_BYTES_MAX {
        return Ok(());
    }
    let known = cx.state().get(&key).await?;
    // A profile that cannot be read is as good as none: it only ever adds the old values.
    let mut profile: Profile =
        known.and_then(|known| serde_json::from_slice(&known).ok()).unwrap_or_default();
    for (field, change) in changes.each() {
        if let Some(change) = change {
            replace(&mut profile, field, change);
        }
    }
    let profile = serde_json::to_vec(&profile).map_err(Failure::permanent)?;
    match profile.len() {
        // Four values reach it only if nearly all of them is escapes.
        0..=STATE_VALUE_MAX => cx.state().put(key, profile),
        _ => cx.state().remove(key),
    }
    Ok(())
}

/// An id as one part of a key: a slash in it must not look like the one between two parts.
fn part(id: &str) -> PercentEncode<'_> {
    const SLASHES: &AsciiSet = &AsciiSet::EMPTY.add(b'/').add(b'%');
    utf8_percent_encode(id, SLASHES)
}

fn replace(profile: &mut Profile, field: Field, change: &mut Change<'_>) {
    let old = profile.remove(field.name());
    if let Some(new) = change.new.filter(|new| new.len() <= VALUE_BYTES_MAX) {
        profile.insert(field.name().to_owned(), Value::from(new));
    }
    // The sender says that it changed. If it did not by what we know, we know too little.
    change.old = match old {
        Some(Value::String(old)) if Some(&*old) != change.new => Some(old),
        _ => None,
    };
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Introduction => "Introduction",
            Self::Notification => "Notification",
            Self::FaceUrl => "FaceUrl",
        }
    }
}
