//! What the program is given: the command line, the environment and the configuration file.

use std::ffi::OsString;
use std::io::{self, ErrorKind};

use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches};

use super::{Cli, Failed, Unread, named};
use crate::config::{Layers, encoding, report};
use crate::program::program_name;
/// Reads the command line. An empty variable counts as not set.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = without_empty_variables(named::command()).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let empty = |arg: &clap::Arg| {
        let name = arg.get_env()?;
        std::env::var_os(name).is_some_and(|value| value.is_empty()).then(|| arg.get_id().clone())
    };
    let ids: Vec<clap::Id> = command.get_arguments().filter_map(empty).collect();
    let command = ids
        .into_iter()
        .fold(command, |command, id| command.mut_arg(id, |arg| arg.env(Resettable::Reset)));
    command.mut_subcommands(without_empty_variables)
}

/// The variables that the command line reads itself: they set no key of the configuration.
fn own_variables(command: &clap::Command) -> Vec<OsString> {
    let own = command.get_arguments().filter_map(clap::Arg::get_env).map(OsString::from);
    own.chain(command.get_subcommands().flat_map(own_variables)).collect()
}

/// What the configuration is made of. A missing file is told only to a command that needs one.
pub(super) fn layers(cli: &Cli) -> Result<Result<Layers, Unread>, Failed> {
    let mut flags = Vec::new();
    for pair in &cli.overrides {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failed::usage(format!("--override {pair}: expected KEY=VALUE")))?;
        let key = key.trim();
        if key.split('.').any(|part| part.trim().is_empty()) {
            return Err(Failed::usage(format!(
                "--override {key}: a part of the key is empty; write one like `server.listen`"
            )));
        }
        flags.push((key.to_owned(), value.trim().to_owned()));
    }
    let path = cli.config.display().to_string();
    let bytes = std::fs::read(&cli.config).map_err(|error| unreadable(&path, &error));
    let garbled_text = |mistake| Unread { missing: None, message: report(&[mistake]) };
    let text = bytes.and_then(|bytes| encoding::text(&path, bytes).map_err(garbled_text));
    let (variables, garbled) = variables();
    Ok(text.map(|text| Layers { path, text, variables, garbled, flags }))
}

/// The environment without our own variables, and the names of those whose value is not UTF-8.
fn variables() -> (Vec<(String, String)>, Vec<String>) {
    let own = own_variables(&Cli::command());
    let (mut good, mut garbled) = (Vec::new(), Vec::new());
    for (name, value) in std::env::vars_os().filter(|(name, _)| !own.contains(name)) {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => good.push((name, value)),
            (Ok(name), Err(_)) => garbled.push(name),
            (Err(_), _) => {}
        }
    }
    (good, garbled)
}

fn unreadable(path: &str, error: &io::Error) -> Unread {
    let missing = (error.kind() == ErrorKind::NotFound).then(|| path.to_owned());
    let message = match error.kind() {
        ErrorKind::NotFound => format!(
            "{path}: there is no such file\n\
             Name a configuration with --config FILE or the variable SWITCHHOOK_CONFIG, or write one: it takes a journal,\n\
             a source and a handler, and `{} plugins NAME` prints an example of each to paste.",
            program_name()
        ),
        _ => format!("{path}: {error}"),
    };
    Unread { missing, message }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn an_override_whose_key_has_an_empty_part_is_refused() {
        let check = |pair: &str| {
            let cli = Cli::try_parse_from(["switchhook", "--override", pair]).expect("a command");
            layers(&cli).err().map(|failed| (failed.code, failed.message))
        };
        for pair in ["actions..x=3", ".x=3", "server.=3", "=3", "a. .b=3"] {
            let (code, message) = check(pair).expect("refused");
            assert!(
                code == 64 && message.contains("a part of the key is empty"),
                "{pair}: {message}"
            );
        }
        assert!(check("server.listen=127.0.0.1:1").is_none());
    }
}
