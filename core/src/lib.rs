//! The framework of Switchhook.
#![doc = include_str!("../ARCHITECTURE.md")]

mod action;
mod callback;
pub mod config;
pub mod escape;
mod handler;
pub mod journal;
mod plugin;
mod router;
mod source;
pub mod standard_webhooks;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

pub use self::action::Action;
pub use self::callback::{Callback, Client, Decision, Event, EventError, Facts, Phase};
pub use self::handler::{
    Failure, HandleContext, Handler, NewRecord, Record, State, StateChanges, Verdict, VerdictKind,
};
pub use self::plugin::{
    BuildContext, Component, Configured, NameTaken, Plugin, Registration, Registry, Role, Table,
};
pub use self::router::{Pattern, Route, Router};
pub use self::source::{
    CommandSpec, ComposeError, Map, NotPermitted, Opened, Outcome, RawRequest, Refusal,
    RefusalKind, Source,
};
pub use self::time::{Clock, Rng, SystemClock};
pub use async_trait::async_trait;

/// Any error, with its causes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[doc(hidden)]
pub mod __private {
    pub use inventory;
}
