//! What can only be said once the sources are built: whether strangers get in, what they have never heard of, what they cannot say.

use crate::config::{Config, hint, report};
use crate::router::Pattern;

use super::parts::{BuiltSource, Sources};
use super::verdicts::{never_given, unsayable};

/// Reasons for a warning, or the reason not to start.
///
/// # Errors
/// Strangers could make events on an address that they can reach, or a verdict that the options fix cannot be said.
pub(crate) fn remarks(config: &Config, sources: &Sources) -> Result<Vec<String>, String> {
    let wrong = unsayable(config, sources);
    if !wrong.is_empty() {
        return Err(report(&wrong));
    }
    let mut remarks = Vec::new();
    let address = config.server.listen;
    let public = !address.ip().is_loopback();
    if let Some(one) = sources.iter().find(|one| !one.component.authenticates()) {
        let name = &one.name;
        if public && !config.server.allow_unsigned {
            return Err(format!(
                "server.listen: {address} can be reached by strangers, and sources.{name} takes unsigned calls: \
                 give it a secret, listen on 127.0.0.1, or set server.allow_unsigned = true"
            ));
        }
        remarks.push(format!(
            "sources.{name}: unsigned calls are taken: whoever reaches {address} can make events"
        ));
    }
    if public {
        remarks.push(format!(
            "server.listen: no TLS on {address}: put a proxy in front, or who listens on the way can repeat what is signed"
        ));
    }
    for BuiltSource { name, component, .. } in sources {
        let (server, patience) = (&config.server, component.patience());
        for (key, within) in
            [("decide_within", server.decide_within), ("keep_within", server.keep_within)]
        {
            if within.0 >= patience {
                remarks.push(format!(
                    "server.{key}: {within} is too late for sources.{name}: its sender waits {patience:?}"
                ));
            }
        }
    }
    remarks.extend(unheard_of(config, sources));
    remarks.extend(never_given(config, sources).iter().map(ToString::to_string));
    Ok(remarks)
}

/// Commands that a handler names and no source knows: new ones of the sender, or a slip.
fn unheard_of(config: &Config, sources: &Sources) -> Vec<String> {
    // A protocol without a catalogue may have any command: then only what looks like a slip is told.
    let any = sources.iter().any(|one| one.component.catalogue().is_empty());
    let known = || sources.iter().flat_map(|one| one.component.catalogue()).map(|spec| &*spec.name);
    let mut remarks = Vec::new();
    for handler in config.handlers.iter().filter(|handler| handler.table.enabled) {
        for pattern in handler.table.commands.iter().flatten() {
            if !known().any(|command| pattern.matches(command)) {
                let text = pattern.to_string();
                let hint = match pattern {
                    Pattern::Exact(_) => hint(&text, known()),
                    _ => String::new(),
                };
                if any && hint.is_empty() {
                    continue;
                }
                remarks.push(format!(
                    "handlers.{}.commands: no source knows `{text}`{hint}",
                    handler.name
                ));
            }
        }
    }
    remarks
}
