//! The command line. Data goes to standard output, messages to standard error.

mod arguments;
mod check;
mod client;
mod commands;
mod completions;
mod consent;
mod consumers;
mod dead_letters;
mod events;
mod filter;
#[cfg(test)]
mod fixtures;
mod interrupt;
mod journal;
mod listen;
mod log;
mod log_writer;
mod named;
mod names;
mod output;
mod plugins;
mod program;
mod progress;
mod replay;
mod routes;
mod schema;
mod send;
mod store;

use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use switchhook_api::Registry;
use switchhook_engine::app;
use switchhook_engine::config::{Config, Layers, report};
use tokio::runtime::Builder;

use self::arguments::{layers, parse};
use self::log::LogFormat;
pub use self::program::App;

/// Receives the callbacks of an instant-messaging system: authenticates and persists them, answers in time and delivers them.
#[derive(Debug, Parser)]
#[command(name = "switchhook", max_term_width = 120, after_help = AFTER_HELP)]
struct Cli {
    /// The configuration file; relative paths in it are resolved against its folder
    #[arg(
        short,
        long,
        global = true,
        help_heading = GLOBAL,
        value_name = "FILE",
        env = "SWITCHHOOK_CONFIG",
        default_value = CONFIG
    )]
    config: PathBuf,
    /// Sets one configuration key, overriding the file and the environment: `--override server.listen=127.0.0.1:9000`; lists and
    /// tables are written as in TOML: `--override 'handlers.topics.actions=["crm"]'`
    #[arg(long = "override", global = true, help_heading = GLOBAL, value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Format of log lines
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value = "text")]
    log_format: LogFormat,
    /// Log level: error, warn, info, debug or trace; also for single modules (`info,switchhook_engine=debug`)
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL,
        value_name = "LEVEL",
        env = "SWITCHHOOK_LOG",
        default_value = "info"
    )]
    log_level: String,
    #[command(subcommand)]
    command: Option<Command>,
}

const CONFIG: &str = "config.toml";
const GLOBAL: &str = "Global options";

const AFTER_HELP: &str = "\
Quick start: run `switchhook`, and in a second terminal
  switchhook send Group.CallbackAfterTopicInfoChanged
  switchhook events

`switchhook commands` lists everything that can be sent.

Every configuration key can be set by an environment variable: SWITCHHOOK_SERVER__LISTEN for `listen` in [server]. Lists and \
tables are written as in TOML: SWITCHHOOK_HANDLERS__TOPICS__ACTIONS='[\"console\", \"crm\"]'. An empty variable counts as unset.

Exit codes:
  0   success
  1   `send`: the response is not 2xx
  64  usage error: the command line is not valid
  69  unavailable: an address, a file or the journal is in use, or no server responds
  70  internal error: a bug
  74  I/O error, or the journal is damaged
  78  configuration error
  130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server (the default command)
    Serve,
    /// Validates the configuration and its secret files, reports every error, and changes nothing
    Check(check::Args),
    /// Lists the plugins of this program, or shows one with its options and an example configuration
    Plugins(plugins::Args),
    /// Shows the callbacks that the IM system can send: each command with its fields, possible answers and a sample
    Commands(commands::Args),
    /// Shows which handlers and actions a command reaches, and why
    Routes(routes::Args),
    /// Simulates the IM system: sends a signed callback, and prints the response and the time it took
    Send(send::Args),
    /// Simulates the target of a webhook: prints each request and verifies its signature
    Listen(listen::Args),
    /// Shows received callbacks, newest first
    Events(events::Args),
    /// Lists dead letters, retries them or deletes them
    DeadLetters(dead_letters::Args),
    /// Delivers past callbacks again, selected by id, time, command, handler or action
    Replay(replay::Args),
    /// Shows how far each handler and action is, and what is pending
    Consumers(consumers::Args),
    /// Pauses the deliveries of an action until it is resumed
    Pause(consumers::PauseArgs),
    /// Resumes a paused action; waiting retries and circuit breaker probes are made at once
    Resume(consumers::PauseArgs),
    /// Inspects and maintains the journal
    Journal(journal::Args),
    /// Prints a shell completion script
    Completions(completions::Args),
}

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failed {
    code: u8,
    message: String,
}

impl Failed {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 64, message: message.into() }
    }

    /// There was a response, and it is a refusal.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { code: 69, message: message.into() }
    }

    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self { code: 70, message: message.into() }
    }

    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self { code: 74, message: message.into() }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self { code: 78, message: message.into() }
    }

    /// Somebody pressed Ctrl-C.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self { code: 130, message: message.into() }
    }

    /// Whether it is the wish that was wrong, and not the world.
    pub(crate) fn is_usage(&self) -> bool {
        self.code == 64
    }

    /// The same with a line more.
    #[must_use]
    pub(crate) fn with_line(mut self, more: &str) -> Self {
        self.message = format!("{}\n{more}", self.message);
        self
    }
}

impl From<app::Stopped> for Failed {
    fn from(stopped: app::Stopped) -> Self {
        Self { code: stopped.code(), message: stopped.to_string() }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        // Whoever reads our output has seen enough: no failure of ours.
        let code = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 74 };
        Self { code, message: format!("cannot write to standard output: {error}") }
    }
}

/// Everything a command needs.
pub(crate) struct Context {
    registry: Registry,
    layers: Result<Layers, Unread>,
}

/// Why there is no configuration.
struct Unread {
    /// The path of a file that is not there; none where it is, and cannot be read.
    missing: Option<String>,
    message: String,
}

impl Context {
    /// The configuration, read and checked.
    ///
    /// # Errors
    /// Every mistake, one to a line.
    pub(crate) fn config(&self) -> Result<Config, Failed> {
        let layers = self.layers.as_ref().map_err(|unread| Failed::config(&*unread.message))?;
        Config::read(layers, &self.registry).map_err(|mistakes| Failed::config(report(&mistakes)))
    }

    /// The path of the configuration, if a command line has to name it.
    pub(crate) fn named_file(&self) -> Option<&str> {
        let path = self.layers.as_ref().map(|layers| &*layers.path).ok()?;
        (path != CONFIG).then_some(path)
    }

    /// Whether `--override` sets anything.
    pub(crate) fn is_overridden(&self) -> bool {
        self.layers.as_ref().is_ok_and(|layers| !layers.flags.is_empty())
    }

    /// The path of the configuration, if there is no such file.
    pub(crate) fn without_file(&self) -> Option<&str> {
        self.layers.as_ref().err()?.missing.as_deref()
    }
}

/// Runs the program with these arguments.
pub(crate) fn main(registry: Registry, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match parse(args) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 64 } else { 0 };
            let printed = error.print().map_err(Failed::from);
            return ExitCode::from(printed.err().map_or(code, |failed| failed.code.max(code)));
        }
    };
    let mut log = None;
    let work = AssertUnwindSafe(|| {
        log = Some(log::init(&cli.log_level, cli.log_format)?);
        run(cli, registry)
    });
    let result = catch_unwind(work).unwrap_or_else(|_| {
        Err(Failed::bug(
            "internal error: this is a bug; please report it together with the lines above",
        ))
    });
    let code = match result {
        Ok(()) => 0,
        Err(failed) => {
            if failed.code != 0 && !failed.message.is_empty() {
                match &log {
                    Some(log) => log.write_unformatted(&failed.message),
                    None => output::message(&failed.message),
                }
            }
            failed.code
        }
    };
    if let Some(log) = log {
        log.flush();
    }
    ExitCode::from(code)
}

fn run(cli: Cli, registry: Registry) -> Result<(), Failed> {
    let cx = Context { registry, layers: layers(&cli)? };
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let config = cx.config()?;
            for remark in &config.remarks {
                tracing::warn!("{}", output::one_line(&remark.to_string()));
            }
            Ok(app::run(config)?)
        }
        Command::Check(args) => check::run(&cx, &args),
        Command::Plugins(args) => plugins::run(&cx, &args),
        Command::Commands(args) => commands::run(&cx, &args),
        Command::Routes(args) => routes::run(&cx, &args),
        Command::Send(args) => send::run(&cx, &args),
        Command::Listen(args) => listen::run(&args),
        Command::Events(args) => events::run(&cx, &args),
        Command::DeadLetters(args) => dead_letters::run(&cx, &args),
        Command::Replay(args) => replay::run(&cx, &args),
        Command::Consumers(args) => consumers::run(&cx, &args),
        Command::Pause(args) => consumers::pause(&cx, &args, true),
        Command::Resume(args) => consumers::pause(&cx, &args, false),
        Command::Journal(args) => journal::run(&cx, &args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Runs what waits: a command that does network or store work.
fn block_on<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failed::io(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Tells a person what is wrong before there is a command to fail.
pub(crate) fn print_error(message: &str) {
    output::message(message);
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_goes_without_a_word_stays_so() {
        let parses = |line: &str| Cli::try_parse_from(line.split(' ')).is_ok();
        for line in [
            "switchhook",
            "switchhook dead-letters",
            "switchhook dead-letters --consumer topics>crm --limit 5",
            "switchhook dead-letters list --action crm",
            "switchhook dead-letters retry 1 2 3",
            "switchhook dead-letters retry --all --yes",
            "switchhook check --offline",
            "switchhook dead-letters drop --handler topics --action crm --yes",
            "switchhook replay --since 2h --dry-run",
            "switchhook journal prune --consumer topics>crm",
        ] {
            assert!(parses(line), "{line}");
        }
        for line in [
            "switchhook dead-letters retry",
            "switchhook dead-letters retry 1 --all",
            "switchhook dead-letters drop --all --action crm",
            "switchhook dead-letters drop --all --yes --dry-run",
            "switchhook dead-letters retry --all --yes --dry-run",
            "switchhook dead-letters show",
            "switchhook replay",
            "switchhook replay --yes --rate 5/s",
            "switchhook replay --since yesterday",
            "switchhook replay --since 2h --rate 0/s",
            "switchhook journal",
        ] {
            assert!(!parses(line), "{line}");
        }
    }
}
