//! Breaks a running Switchhook in every way we know and counts what was lost. `README.md` beside this package says more.
#![allow(clippy::expect_used, reason = "a scenario that cannot go on ends as failed")]
#![allow(clippy::disallowed_methods, reason = "it measures the machine's own time")]

mod fuse;
mod load;
mod oracle;
mod probe;
mod proxy;
mod report;
mod scenarios;
mod server;
mod target;
mod tools;
mod wire;

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use switchhook_plugins as _; // linked for its registrations, which `faults serve` has too

use crate::report::{Findings, Stop};

use crate::scenarios::{SCENARIOS, Scenario, Setting};

const USAGE: &str = "usage: faults [--scale ci|campaign] [--seed N] [--bin PATH] [--minutes N] [--rate N] [--list] [SCENARIO...]
SCENARIO is a row (R01) or a name (kill-loop); without one, all of the scale are run";

/// What the command line asks for.
struct Asked {
    setting: Setting,
    list: bool,
    names: Vec<String>,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == scenarios::poison::SERVE) {
        return switchhook_cli::App::main("switchhook", env!("CARGO_PKG_VERSION"), "embedded"); // with the handler that is poisoned
    }
    let asked = match parse(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(mistake) => {
            say(&format!("{mistake}\n{USAGE}"));
            return ExitCode::from(64);
        }
    };
    if asked.list {
        for one in SCENARIOS {
            say(&format!("{:5} {:20} {}", one.row, one.name, one.about));
        }
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<&Scenario> = SCENARIOS.iter().filter(|one| is_asked_for(one, &asked)).collect();
    run_all(&chosen, &asked.setting)
}

fn run_all(chosen: &[&Scenario], setting: &Setting) -> ExitCode {
    let (mut passed, mut failed, mut not_run) = (0, 0, 0);
    for scenario in chosen {
        match run(scenario, setting) {
            Ended::Passed => passed += 1,
            Ended::Failed => failed += 1,
            Ended::NotRun => not_run += 1,
        }
    }
    say(&format!("{passed} passed, {failed} failed, {not_run} not run"));
    ExitCode::from(u8::from(failed > 0))
}

enum Ended {
    Passed,
    Failed,
    NotRun,
}

fn run(scenario: &Scenario, setting: &Setting) -> Ended {
    let (began, mut findings) = (Instant::now(), Findings::default());
    let result = panic::catch_unwind(AssertUnwindSafe(|| (scenario.run)(setting, &mut findings)));
    let (ended, word) = match result {
        Ok(Ok(())) if findings.has_failed() => (Ended::Failed, "FAILED".to_owned()),
        Ok(Ok(())) => (Ended::Passed, "ok".to_owned()),
        Ok(Err(Stop::Failed(why))) => (Ended::Failed, format!("FAILED: {why}")),
        Ok(Err(Stop::NotRun(why))) => (Ended::NotRun, format!("not run: {why}")),
        Err(panicked) => (Ended::Failed, format!("FAILED: {}", message(&*panicked))),
    };
    let seconds = began.elapsed().as_secs_f64();
    let (row, name, seed) = (scenario.row, scenario.name, setting.seed);
    let line = format!("{row} {name} seed {seed}: {word}; {findings}; {seconds:.1} s");
    say(&line.replace('\n', " | "));
    ended
}

fn message(panicked: &(dyn std::any::Any + Send)) -> String {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    text.or(panicked.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

fn is_asked_for(one: &Scenario, asked: &Asked) -> bool {
    if asked.names.is_empty() {
        return asked.setting.is_campaign() || one.in_ci;
    }
    asked.names.iter().any(|name| name.eq_ignore_ascii_case(one.row) || name == one.name)
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut arguments = arguments;
    let mut asked = Asked { setting: Setting::new(), list: false, names: Vec::new() };
    let setting = &mut asked.setting;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--list" => asked.list = true,
            "--scale" => setting.campaign = scale(&value()?)?,
            "--seed" => setting.seed = number(&value()?)?,
            "--minutes" => setting.minutes = Some(number(&value()?)?),
            "--rate" => setting.rate = Some(number(&value()?)?),
            "--bin" => setting.program = PathBuf::from(value()?),
            name if is_known(name) => asked.names.push(argument),
            other => return Err(format!("`{other}` is neither a flag nor a scenario")),
        }
    }
    if setting.program.is_file() {
        return Ok(asked);
    }
    let program = setting.program.display();
    Err(format!("there is no program {program}; build it, or name one with --bin"))
}

fn is_known(name: &str) -> bool {
    SCENARIOS.iter().any(|one| name.eq_ignore_ascii_case(one.row) || name == one.name)
}

fn scale(text: &str) -> Result<bool, String> {
    match text {
        "ci" => Ok(false),
        "campaign" => Ok(true),
        other => Err(format!("`{other}` is no scale; use `ci` or `campaign`")),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn say(line: &str) {
    // Whoever read it may have gone.
    _ = writeln!(std::io::stdout(), "{line}");
}
