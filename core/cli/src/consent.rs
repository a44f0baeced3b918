//! Confirmation before a command changes something: dry run, `--yes`, or a question.

use std::io::{self, IsTerminal};

use dialoguer::Input;

use super::Failed;
use super::output::message;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Consent {
    /// Prints what would be done, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Does not ask for confirmation
    #[arg(short, long, conflicts_with = "dry_run")]
    yes: bool,
}

impl Consent {
    /// Whether to continue, after the command has printed what it would do. Asks on the terminal; without one, only --yes counts.
    ///
    /// # Errors
    /// There is no terminal to ask on.
    pub(super) fn confirm(&self, question: &str) -> Result<bool, Failed> {
        let person = io::stdin().is_terminal() && io::stderr().is_terminal();
        self.confirm_with(person.then_some(|| ask(question)))
    }

    fn confirm_with(&self, person: Option<impl FnOnce() -> bool>) -> Result<bool, Failed> {
        if self.dry_run {
            message("dry run: nothing was changed");
            return Ok(false);
        }
        if self.yes {
            return Ok(true);
        }
        let Some(ask) = person else {
            return Err(Failed::usage(
                "nothing was changed: there is no terminal to ask for confirmation; confirm with --yes",
            ));
        };
        let yes = ask();
        if !yes {
            message("nothing was changed");
        }
        Ok(yes)
    }
}

/// Asks for a yes or no; an empty or failed answer is a no.
fn ask(question: &str) -> bool {
    // Not `Confirm`: it hides the cursor, and Ctrl-C would not bring it back.
    let answer = Input::<String>::new()
        .with_prompt(format!("{question} [y/N]"))
        .default("no".to_owned())
        .show_default(false)
        .validate_with(|answer: &String| answered(answer).map(drop).ok_or("please answer y or n"))
        .interact();
    answer.ok().and_then(|answer| answered(&answer)).unwrap_or(false)
}

fn answered(answer: &str) -> Option<bool> {
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "" | "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert_eq!(["y", "Yes", " y "].map(answered), [Some(true); 3]);
        assert_eq!(["", "n", "No"].map(answered), [Some(false); 3]);
        assert_eq!(["yy", "maybe", "\u{4}"].map(answered), [None; 3]);
    }

    #[test]
    fn a_person_is_asked_unless_the_command_line_says_it() {
        let check = |dry_run, yes, answer: Option<bool>, expected| {
            let person = Some(|| answer.expect("not asked"));
            let given = Consent { dry_run, yes }.confirm_with(person);
            assert_eq!(given.expect("asked"), expected, "{dry_run} {yes} {answer:?}");
        };
        check(false, false, Some(true), true);
        check(false, false, Some(false), false);
        check(false, true, None, true);
        check(true, false, None, false);
    }

    #[test]
    fn without_a_person_it_takes_the_flag() {
        let given = |yes| Consent { yes, ..Consent::default() }.confirm_with(None::<fn() -> bool>);
        let failed = given(false).expect_err("nobody to ask");
        assert_eq!(failed.code, 64);
        assert!(failed.message.contains("--yes"), "{}", failed.message);
        assert!(given(true).expect("said"));
    }
}
