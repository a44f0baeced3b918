//! Which key an environment variable sets, and which variables only look as if they set one.

use switchhook_api::config::{ConfigError, Place};

use super::layers::Layers;

const PREFIX: &str = "SWITCHHOOK_";

/// A key that a variable sets.
pub(super) struct Given {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) value: String,
}

/// What the environment says.
#[derive(Default)]
pub(super) struct Variables {
    pub(super) values: Vec<Given>,
    /// Variables that begin as ours do and set nothing, for want of `__`.
    pub(super) unread: Vec<String>,
    pub(super) mistakes: Vec<ConfigError>,
    pub(super) remarks: Vec<ConfigError>,
}

/// Sorts the environment.
pub(super) fn read(layers: &Layers) -> Variables {
    let mut found = Variables::default();
    for (name, value) in &layers.variables {
        match name.strip_prefix(PREFIX) {
            None => found.remarks.extend(misspelt_prefix(name)),
            Some(rest) if is_of_kubernetes(rest, value) => {}
            Some(rest) if !rest.contains("__") => found.unread.push(name.clone()),
            Some(rest) => found.take(rest, name, value),
        }
    }
    let ours = |name: &&String| name.starts_with(PREFIX);
    for name in layers.garbled.iter().filter(ours) {
        found.mistakes.push(at(name, "", "the value is not UTF-8"));
    }
    let flags = layers.flags.iter().map(|(key, _)| key.as_str());
    found.overlaps(&flags.collect::<Vec<_>>());
    found
}

impl Variables {
    fn take(&mut self, rest: &str, name: &str, value: &str) {
        let key = rest.to_lowercase().replace("__", ".");
        if key.split('.').any(str::is_empty) {
            let message = "a part of the key is empty; a name is like `SWITCHHOOK_SERVER__LISTEN`, with `__` between parts";
            self.mistakes.push(at(name, "", message));
        } else if value.is_empty() {
            self.remarks.push(at(name, &key, "the variable is empty and is treated as not set"));
        } else {
            let (name, value) = (name.to_owned(), value.to_owned());
            self.values.push(Given { key, name, value });
        }
    }

    /// Of two variables that set the same key, or one of them a part of what the other sets, one would be lost.
    fn overlaps(&mut self, flags: &[&str]) {
        for (i, one) in self.values.iter().enumerate() {
            for other in &self.values[..i] {
                if one.key == other.key {
                    let message = format!("{} sets the same key; remove one of them", other.name);
                    self.mistakes.push(at(&one.name, &one.key, &message));
                }
                for (whole, part) in [(one, other), (other, one)] {
                    if is_below(&part.key, &whole.key) {
                        let message = format!(
                            "{} sets the whole table or list around it; remove one of them",
                            whole.name
                        );
                        self.mistakes.push(at(&part.name, &part.key, &message));
                    }
                }
            }
            for flag in flags.iter().filter(|flag| is_below(flag, &one.key)) {
                let message = format!("--override {flag} sets a part of it; remove one of them");
                self.mistakes.push(at(&one.name, &one.key, &message));
            }
        }
    }
}

fn is_below(key: &str, around: &str) -> bool {
    key.strip_prefix(around).is_some_and(|rest| rest.starts_with('.'))
}

pub(super) fn at(name: &str, key: &str, message: &str) -> ConfigError {
    ConfigError::new(Place::Variable(name.to_owned()), key, message)
}

/// The variable that sets a key; none where no variable can.
pub(super) fn name_of(key: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(&b);
    let fits = key.bytes().all(plain) && !key.contains("__");
    fits.then(|| format!("{PREFIX}{}", key.to_uppercase().replace('.', "__")))
}

/// The words of a variable's name, as keys are written.
pub(super) fn words(name: &str) -> Vec<String> {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    rest.split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Kubernetes sets these in every container beside a service that is named like us.
fn is_of_kubernetes(rest: &str, value: &str) -> bool {
    let address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let transport = ["_TCP", "_UDP", "_SCTP"].iter().any(|name| rest.contains(name));
    rest.ends_with("SERVICE_HOST")
        || rest.contains("SERVICE_PORT")
        || (rest.contains("PORT_") && transport)
        || (rest.ends_with("PORT") && address)
}

/// A name like `SWITCHOOK_SERVER__LISTEN`.
fn misspelt_prefix(name: &str) -> Option<ConfigError> {
    let (first, rest) = name.split_once('_').filter(|(_, rest)| rest.contains("__"))?;
    let ours = PREFIX.trim_end_matches('_');
    let distance = strsim::damerau_levenshtein(&first.to_uppercase(), ours);
    let message = format!("ignored; did you mean `{PREFIX}{}`?", rest.to_uppercase());
    (distance <= 2).then(|| at(name, "", &message))
}
