//! `switchhook check`.

use switchhook_engine::app::{build_sources, remarks, wrong_files};
use switchhook_engine::config::{Config, report};

use super::{Context, Failed, block_on, output};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Does not open secret files, for a machine that does not have them; checks that need them are skipped
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let mut config = cx.config()?;
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let good = format!(
        "The configuration is valid: {}, {}, {}.",
        count(config.sources.len(), "source"),
        count(config.handlers.len(), "handler"),
        count(config.actions.len(), "action"),
    );
    let late = if args.offline { Vec::new() } else { with_files(&mut config)? };
    for remark in config.remarks.iter().map(ToString::to_string).chain(late) {
        output::message(&format!("warning: {}", output::one_line(&remark)));
    }
    if args.offline {
        output::message(
            "--offline: secret files were not opened, and what needs them (commands, verdicts, unsigned callbacks) was not checked",
        );
    }
    output::line(&good)?;
    Ok(())
}

/// What is seen once secret files are read and sources are built. Sources are pure: building them reads their secrets and nothing
/// else, and what `serve` would refuse is seen here.
fn with_files(config: &mut Config) -> Result<Vec<String>, Failed> {
    let wrong = wrong_files(config);
    if !wrong.is_empty() {
        return Err(Failed::config(report(&wrong)));
    }
    let instances = std::mem::take(&mut config.sources);
    let sources = block_on(async { Ok(build_sources(instances, &config.base).await?) })?;
    remarks(config, &sources).map_err(Failed::config)
}
