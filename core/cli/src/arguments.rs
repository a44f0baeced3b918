//! What the program is given: the command line, the environment and the configuration file.

use std::ffi::OsString;
use std::io::{self, ErrorKind};

use clap::builder::{Resettable, StyledStr};
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches};
use switchhook_api::program_name;
use switchhook_engine::config::{Layers, encoding, report};

use super::{Cli, Failed, Unread, named};

/// Commands and flags of former versions, and what they are called now.
const RENAMED: [(&str, &str); 2] = [("lanes", "consumers"), ("--lane", "--consumer")];

/// Reads the command line. An empty variable counts as not set.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let command = without_empty_variables(named::command());
    let matches = command.try_get_matches_from(args).map_err(with_new_name)?;
    Cli::from_arg_matches(&matches)
}

/// The error about a word of a former version, with a hint at the new one.
fn with_new_name(mut error: clap::Error) -> clap::Error {
    let unknown = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg]
        .into_iter()
        .find_map(|kind| error.get(kind))
        .map(ToString::to_string);
    if let Some((_, now)) = RENAMED.iter().find(|(former, _)| unknown.as_deref() == Some(former)) {
        for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg] {
            error.remove(kind);
        }
        let hint = StyledStr::from(format!("it was renamed to '{now}'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint]));
    }
    error
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

/// What the configuration is made of. A missing file is reported only to a command that needs one.
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
            "{path}: file not found\n\
             Name a configuration file with --config FILE or the variable SWITCHHOOK_CONFIG, or write one: it needs a journal,\n\
             a source and a handler, and `{} plugins NAME` prints an example of each.",
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
    fn a_former_command_or_flag_is_answered_with_its_new_name() {
        for (line, now) in [
            ("switchhook lanes", "consumers"),
            ("switchhook lanes --format json", "consumers"),
            ("switchhook dead-letters --lane topics>crm", "--consumer"),
            ("switchhook dead-letters list --lane=topics>crm", "--consumer"),
            ("switchhook dead-letters retry --lane topics>crm --yes", "--consumer"),
            ("switchhook journal prune --lane topics>crm", "--consumer"),
        ] {
            let error = parse(line.split(' ').map(OsString::from)).expect_err(line);
            assert!(error.use_stderr() && error.exit_code() != 0, "{line}");
            let text = error.to_string();
            assert!(text.contains(&format!("tip: it was renamed to '{now}'")), "{line}: {text}");
            assert_eq!(text.matches("tip: ").count(), 1, "{line}: {text}");
        }
        let error = parse(["switchhook", "lame"].map(OsString::from)).expect_err("no command");
        assert!(!error.to_string().contains("renamed"), "{error}");
    }

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
