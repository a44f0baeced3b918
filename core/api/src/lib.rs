//! What the author of a plugin needs, and nothing else: the roles, their values, and how a plugin is registered. No server, no
//! runtime, no configuration engine: a crate with one action builds in seconds.
//!
//! A whole handler: it makes a record of each finished order, and refuses messages that are too long.
//!
//! ```
//! use std::sync::Arc;
//!
//! use switchhook_api::{
//!     BoxError, BuildContext, Callback, Failure, HandleContext, Handler, NewRecord, Plugin, Verdict, async_trait, register,
//! };
//!
//! struct Orders {
//!     longest: usize,
//! }
//!
//! #[async_trait]
//! impl Handler for Orders {
//!     /// Decides a before-callback: from memory, for its sender waits.
//!     async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
//!         Ok(match callback.body.len() > self.longest {
//!             true => Verdict::Deny { code: None, reason: "too long".into() },
//!             false => Verdict::Abstain,
//!         })
//!     }
//!
//!     /// Makes a record of an after-callback, which is durable by now. The record goes to each action of the instance.
//!     async fn handle(
//!         &self,
//!         callback: &Callback,
//!         _: &mut HandleContext<'_>,
//!     ) -> Result<Option<NewRecord>, Failure> {
//!         let order: serde_json::Value =
//!             serde_json::from_slice(&callback.body).map_err(Failure::permanent)?;
//!         let done = order["state"] == "done";
//!         Ok(done.then(|| NewRecord::new(callback, "an order is done", callback.body.clone())))
//!     }
//! }
//!
//! /// Its table under `options`.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Options {
//!     /// Bytes of a message.
//!     longest: usize,
//! }
//!
//! #[async_trait]
//! impl Plugin for Orders {
//!     type Role = dyn Handler;
//!     type Options = Options;
//!     const NAME: &'static str = "orders";
//!     const DESCRIPTION: &'static str = "Finished orders as records";
//!     const EXAMPLE: &'static str = "longest = 500";
//!
//!     async fn build(options: Options, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
//!         Ok(Arc::new(Self { longest: options.longest }))
//!     }
//! }
//!
//! register!(Orders);
//! # fn main() {}
//! ```
//!
//! # The roles
//!
//! | role | what it does |
//! |---|---|
//! | [`Source`] | one IM system's protocol: authenticates and decodes requests, encodes replies |
//! | [`Handler`] | decides before-callbacks, makes records of after-callbacks |
//! | [`Action`] | delivers records to a destination |
//! | [`Journal`](journal::Journal) | the durable log of callbacks, and of what is still to be delivered |
//!
//! # The words
//!
//! - **callback**: one event as the IM system sent it ([`Callback`]): its metadata ([`Metadata`]) and its body, byte for byte.
//! - **phase**: *before* the event (the reply decides, the sender waits) or *after* it ([`Phase`]).
//! - **verdict**: what a handler decides ([`Verdict`]); **outcome**: what the source is told to reply ([`Outcome`]).
//! - **record**: what a handler gives to its actions ([`NewRecord`], [`Record`]).
//! - **instance**: one configured plugin, a named table of the configuration.
//! - **consumer**: a durable reader of the journal with a cursor: a *projection* (a handler that reads callbacks) or a
//!   *subscription* (an action that reads a handler's records).
//! - **attempt, retry, dead letter, replay**: one try; another one later; what was given up, with its reason; sending again on
//!   request.
//! - **natural key**: what only the same event has; it tells duplicates.
//!
//! Tests of a plugin find fixtures, test doubles and contract suites in `switchhook-testkit`.

pub mod access;
mod action;
mod callback;
mod catalogue;
pub mod config;
pub mod escape;
mod facts;
mod failure;
mod handler;
pub mod journal;
mod journal_error;
pub mod lenient;
#[doc(hidden)]
pub mod log_lines;
mod pattern;
mod plugin;
mod program;
mod record;
mod source;
#[cfg(feature = "standard-webhooks")]
pub mod standard_webhooks;
mod state;
mod time;
mod verdict;

pub use self::action::Action;
pub use self::callback::{Callback, Event, EventError};
pub use self::catalogue::{Answer, CommandSpec, FieldKind, FieldSpec, Presence};
pub use self::facts::{Client, Decision, Metadata, Phase, StringInterner};
pub use self::failure::Failure;
pub use self::handler::Handler;
pub use self::log_lines::log_line;
pub use self::pattern::Pattern;
#[doc(hidden)]
pub use self::plugin::resolved;
pub use self::plugin::{
    BuildContext, Claim, Component, Configured, NameTaken, Plugin, Registration, Registry, Role,
    Table,
};
pub use self::program::program_name;
#[doc(hidden)]
pub use self::program::{FRAMEWORK, name_program, program_version};
pub use self::record::{NewRecord, Record};
pub use self::source::{
    ComposeError, Expressed, NotPermitted, Opened, Outcome, RawRequest, Refusal, RefusalKind,
    Source,
};
pub use self::state::{
    HandleContext, STATE_KEY_MAX, STATE_VALUE_MAX, State, StateChanges, StateReader,
};
pub use self::time::{Clock, Rng};
pub use self::verdict::{Map, Verdict, VerdictKind};
pub use async_trait::async_trait;
pub use uuid::Uuid;

/// Any error, with its causes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error and its causes, parted by colons; one that says no more than the one before is left out. Not escaped: causes may
/// hold text from outside.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut last = error.to_string();
    let mut text = last.clone();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !last.ends_with(&said) && !said.ends_with(&last) {
            text = format!("{text}: {said}");
            last = said;
        }
        cause = inner.source();
    }
    text
}

/// An error and its causes in one line, safe for a log.
#[doc(hidden)]
pub fn error_line(error: &dyn std::error::Error) -> String {
    escape::for_line(&with_causes(error)).into_owned()
}

#[doc(hidden)]
pub mod __private {
    pub use inventory;
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Level>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|inner| inner as _)
        }
    }

    #[test]
    fn a_cause_that_says_no_more_is_left_out() {
        let check = |levels: &[&'static str], expected: &str| {
            let inner =
                levels.iter().rev().fold(None, |inner, text| Some(Box::new(Level(text, inner))));
            assert_eq!(with_causes(&*inner.expect("a level")), expected);
        };
        check(
            &["the store failed", "no database", "Error code 26: no database"],
            "the store failed: no database",
        );
        check(&["cannot open: gone", "gone", "os error 2"], "cannot open: gone: os error 2");
        check(&["a", "b", "c"], "a: b: c");
        check(&["a"], "a");
    }
}
