//! Everything that the author of a plugin needs: the roles, their values, and how a plugin is registered.

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
pub use self::facts::{Client, Decision, Facts, Phase, Words};
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
pub use self::program::{name_program, program_version};
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
