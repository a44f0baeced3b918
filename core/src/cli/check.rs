//! `switchhook check`.

use super::{Context, Failed, block_on, output};
use crate::app::{build_sources, remarks};

pub(super) fn run(cx: &Context) -> Result<(), Failed> {
    let mut config = cx.config()?;
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let good = format!(
        "The configuration is good: {}, {}, {}.",
        count(config.sources.len(), "source"),
        count(config.handlers.len(), "handler"),
        count(config.actions.len(), "action"),
    );
    // Sources are pure: building them reads their secrets and nothing else, and what `serve` would refuse is seen here.
    let instances = std::mem::take(&mut config.sources);
    let sources = block_on(async { Ok(build_sources(instances, &config.base).await?) })?;
    let late = remarks(&config, &sources).map_err(Failed::config)?;
    for remark in config.remarks.iter().map(ToString::to_string).chain(late) {
        output::message(&format!("warning: {}", output::one_line(&remark)));
    }
    output::line(&good)?;
    Ok(())
}
