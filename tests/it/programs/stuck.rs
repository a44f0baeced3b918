//! A server with plugins that block their thread, as no plugin should: until somebody writes into a named pipe.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use switchhook::{
    Action, BoxError, BuildContext, Callback, Failure, Handler, Plugin, Record, Verdict,
    async_trait,
};

/// Options of a `stuck` action.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The named pipe.
    pipe: PathBuf,
    /// A folder that gets a file for each record that has come so far.
    arrived: PathBuf,
    /// Whether it is building that blocks, rather than delivering.
    #[serde(default)]
    build: bool,
    /// It panics instead.
    #[serde(default)]
    panics: bool,
}

struct Stuck {
    pipe: PathBuf,
    arrived: PathBuf,
    panics: bool,
}

#[async_trait]
impl Action for Stuck {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        fs::write(self.arrived.join(record.id()), "").map_err(Failure::transient)?;
        assert!(!self.panics, "on purpose");
        fs::read(&self.pipe).map(drop).map_err(Failure::transient)
    }
}

#[async_trait]
impl Plugin for Stuck {
    type Role = dyn Action;
    type Options = Options;
    const NAME: &'static str = "stuck";
    const DESCRIPTION: &'static str = "blocks its thread";
    const EXAMPLE: &'static str = "pipe = \"pipe\"\narrived = \"arrived\"";

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        let (pipe, arrived) = (cx.path(options.pipe), cx.path(options.arrived));
        if options.build {
            fs::write(arrived.join("build"), "")?;
            fs::read(&pipe)?;
        }
        Ok(Arc::new(Self { pipe, arrived, panics: options.panics }))
    }
}

switchhook::register!(Stuck);

/// Options of a `stuck-decision` handler.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Decides {
    /// The named pipe.
    pipe: PathBuf,
    /// A file that is there once it decides.
    arrived: PathBuf,
}

#[async_trait]
impl Handler for Decides {
    async fn decide(&self, _: &Callback) -> Result<Verdict, Failure> {
        fs::write(&self.arrived, "").map_err(Failure::transient)?;
        fs::read(&self.pipe).map(|_| Verdict::Allow).map_err(Failure::transient)
    }
}

struct StuckDecision;

#[async_trait]
impl Plugin for StuckDecision {
    type Role = dyn Handler;
    type Options = Decides;
    const NAME: &'static str = "stuck-decision";
    const DESCRIPTION: &'static str = "blocks the thread that it decides on";
    const EXAMPLE: &'static str = "pipe = \"pipe\"\narrived = \"deciding\"";

    async fn build(options: Decides, cx: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        let (pipe, arrived) = (cx.path(options.pipe), cx.path(options.arrived));
        Ok(Arc::new(Decides { pipe, arrived }))
    }
}

switchhook::register!(StuckDecision);

switchhook::main!();
