//! The command line under the name of the program: its help is written for `switchhook`, and a program of one's own has another.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};
use switchhook_api::{program_name, program_version};

use super::Cli;
use crate::program::renamed;

/// The command line of this program.
pub(super) fn command() -> Command {
    texts(Cli::command().version(program_version()), program_name()).name(program_name())
}

/// Renames in all that a command and those below it say.
fn texts(command: Command, name: &str) -> Command {
    let own = |text: &StyledStr| StyledStr::from(renamed(&text.ansi().to_string(), name));
    let (about, long) = (command.get_about().map(own), command.get_long_about().map(own));
    let after = command.get_after_help().map(own);
    let command = with(command, about, Command::about);
    let command = with(command, long, Command::long_about);
    let command = with(command, after, Command::after_help);
    let command = command.mut_args(|arg| {
        let (help, long) = (arg.get_help().map(own), arg.get_long_help().map(own));
        with(with(arg, help, Arg::help), long, Arg::long_help)
    });
    command.mut_subcommands(|below| texts(below, name))
}

fn with<T>(one: T, text: Option<StyledStr>, set: impl FnOnce(T, StyledStr) -> T) -> T {
    match text {
        Some(text) => set(one, text),
        None => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(command: &mut Command, all: &mut String) {
        all.push_str(&command.render_long_help().to_string());
        command.get_subcommands_mut().for_each(|below| help(below, all));
    }

    #[test]
    fn no_help_text_calls_the_program_by_another_name() {
        let (mut ours, mut theirs) = (String::new(), String::new());
        help(&mut texts(Cli::command(), "switchhook"), &mut ours);
        help(&mut texts(Cli::command(), "chat-gate"), &mut theirs);
        let lines = |text: &str, name: &str| {
            let calls = [format!("  {name} "), format!("`{name} "), format!("`{name}`")];
            text.lines().filter(|line| calls.iter().any(|call| line.contains(call))).count()
        };
        assert!(lines(&ours, "switchhook") > 40, "{ours}");
        assert_eq!(lines(&theirs, "switchhook"), 0, "{theirs}");
        assert_eq!(lines(&theirs, "chat-gate"), lines(&ours, "switchhook"));
    }
}
