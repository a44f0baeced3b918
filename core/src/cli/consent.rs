//! What is said first and done afterwards: a dry run, and a person's yes.

use std::io::{self, BufRead, IsTerminal, Write};

use super::Failed;
use super::output::message;

#[derive(Debug, Default, clap::Args)]
pub(super) struct DryRun {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl DryRun {
    /// Whether that was all.
    pub(super) fn ends(&self) -> bool {
        if self.dry_run {
            message("a dry run: nothing was done");
        }
        self.dry_run
    }
}

#[derive(Debug, Default, clap::Args)]
pub(super) struct Consent {
    #[command(flatten)]
    dry: DryRun,
    /// Do it without asking
    #[arg(short, long, conflicts_with = "dry_run")]
    yes: bool,
}

impl Consent {
    /// Whether to go on, now that it is said what would be done. Asks a person; without one, only --yes is a yes.
    ///
    /// # Errors
    /// There is nobody to ask.
    pub(super) fn given(&self, question: &str) -> Result<bool, Failed> {
        let person = io::stdin().is_terminal() && io::stderr().is_terminal();
        self.given_by(question, person.then(|| io::stdin().lock()))
    }

    fn given_by(&self, question: &str, person: Option<impl BufRead>) -> Result<bool, Failed> {
        if self.dry.ends() {
            return Ok(false);
        }
        if self.yes {
            return Ok(true);
        }
        let Some(mut person) = person else {
            return Err(Failed::usage(
                "nothing was done: there is no terminal to ask on; to go on without, say --yes",
            ));
        };
        // With standard error gone there is nobody who would see the question: then no answer comes either.
        _ = write!(io::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        let read = person.read_line(&mut answer);
        let yes =
            read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
        if !yes {
            message("nothing was done");
        }
        Ok(yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        let check = |dry_run, yes, answer: &str, expected| {
            let given = Consent { dry: DryRun { dry_run }, yes }
                .given_by("go on?", Some(answer.as_bytes()));
            assert_eq!(given.expect("asked"), expected, "{dry_run} {yes} {answer}");
        };
        check(false, false, "y\n", true);
        check(false, false, "Yes\n", true);
        check(false, false, "\n", false);
        check(false, false, "no\n", false);
        check(false, false, "", false);
        check(false, true, "", true);
        check(true, false, "y\n", false);
    }

    #[test]
    fn without_a_person_it_takes_the_flag() {
        let given = |yes| Consent { yes, ..Consent::default() }.given_by("go on?", None::<&[u8]>);
        let failed = given(false).expect_err("nobody to ask");
        assert_eq!(failed.code, 64);
        assert!(failed.message.contains("--yes"), "{}", failed.message);
        assert!(given(true).expect("said"));
    }
}
