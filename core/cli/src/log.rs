//! The log: what of it is shown, how its lines look, and that panics are in it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::thread;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Failed;
use super::log_writer::LogWriter;
use super::output::one_line;

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Without this check an unknown level would be taken for the name of a module, and nothing else would be logged.
fn filter(text: &str) -> Result<EnvFilter, Failed> {
    let fail = |why: &dyn fmt::Display| Failed::usage(format!("--log-level {text}: {why}"));
    let plain = |part: &&str| !part.is_empty() && !part.contains(['=', '[']);
    let unknown = |part: &&str| part.parse::<LevelFilter>().is_err();
    if let Some(part) = text.split(',').map(str::trim).filter(plain).find(unknown) {
        let why =
            format!("`{part}` is not a valid level; use error, warn, info, debug, trace or off");
        return Err(fail(&why));
    }
    EnvFilter::try_new(text).map_err(|error| fail(&error))
}

/// Sets up the log of this process; `level` as on the command line.
pub(super) fn init(level: &str, format: LogFormat) -> Result<LogWriter, Failed> {
    let filter = filter(level)?;
    let writer = LogWriter::start(io::stderr())
        .map_err(|error| Failed::io(format!("cannot start threads: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer.clone());
    let colour = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let set = match format {
        LogFormat::Text => builder.with_ansi(colour).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    // Somebody who embeds us has set up logs already: theirs stay.
    if set.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(writer)
}

/// Logs a panic: the standard hook would block while standard error is not read.
fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let text = info.to_string();
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    let trace = trace.as_deref().map(one_line).map(tracing::field::display);
    tracing::error!(thread, trace, "{}", one_line(&text));
}
