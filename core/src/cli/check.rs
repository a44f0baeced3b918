//! `switchhook check`.

use super::{Context, Failed, output};

pub(super) fn run(cx: &Context) -> Result<(), Failed> {
    let config = cx.config()?;
    for remark in &config.remarks {
        output::message(&output::one_line(&remark.to_string()));
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    output::line(&format!(
        "The configuration is good: {}, {}, {}.",
        count(config.sources.len(), "source"),
        count(config.handlers.len(), "handler"),
        count(config.actions.len(), "action"),
    ))?;
    Ok(())
}
