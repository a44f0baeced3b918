//! What the sources know, gathered.

use std::path::Path;
use std::sync::Arc;

use switchhook_api::{
    BuildContext, CommandSpec, Component, Registration, Source, Table, with_causes,
};
use switchhook_engine::SystemClock;
use switchhook_engine::app::build_source;
use switchhook_engine::config::Section;

use crate::output::{message, one_line};
use crate::{Context, Failed};

/// A command, and the sources that know it so.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) sources: Vec<String>,
    pub(super) spec: CommandSpec,
}

/// The configured sources that take a command though none describes it, as those without a catalogue do.
///
/// # Errors
/// The configuration has mistakes.
pub(super) async fn accepting_sources(cx: &Context, command: &str) -> Result<Vec<String>, Failed> {
    if cx.without_file().is_some() {
        return Ok(Vec::new());
    }
    let mut config = cx.config()?;
    let mut found = Vec::new();
    for instance in std::mem::take(&mut config.sources).into_iter().filter(|one| one.table.enabled)
    {
        let name = instance.name.to_string();
        // A source that cannot be built has been reported.
        if build_source(instance, &config.base).await.is_ok_and(|it| it.phase(command).is_some()) {
            found.push(name);
        }
    }
    Ok(found)
}

/// What the configured sources know; without a configuration file, what the source plugins know with their examples as options.
/// A source that cannot be built is reported.
///
/// # Errors
/// The configuration has mistakes.
pub(super) async fn known(cx: &Context) -> Result<Vec<Known>, Failed> {
    let mut all = Vec::new();
    if let Some(missing) = cx.without_file() {
        message(&format!(
            "{}: file not found; these are the commands of the plugins",
            one_line(missing)
        ));
        for plugin in cx.registry.of_table(Table::Sources) {
            match example(plugin).await {
                Ok(source) => add(&mut all, plugin.name, &*source),
                Err(error) => report_skipped(plugin.name, &error),
            }
        }
        return Ok(all);
    }
    let mut config = cx.config()?;
    let sources = std::mem::take(&mut config.sources);
    for instance in sources.into_iter().filter(|one| one.table.enabled) {
        let name = instance.name.clone();
        match build_source(instance, &config.base).await {
            Ok(source) => add(&mut all, &name, &*source),
            Err(stopped) => report_skipped(&name, &stopped.to_string()),
        }
    }
    Ok(all)
}

fn report_skipped(name: &str, error: &str) {
    message(&one_line(&format!("source {name} was skipped: {error}")));
}

/// A source with the options that its plugin shows to users.
async fn example(plugin: &Registration) -> Result<Arc<dyn Source>, String> {
    let section = Section::parse(&format!("sources.{}.options", plugin.name), plugin.example);
    let options = section.and_then(|section| plugin.configure(&section));
    let options = options.map_err(|mistakes| {
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    })?;
    let clock = Arc::new(SystemClock::default());
    let mut cx = BuildContext::new(plugin.name, Path::new("."), clock);
    cx.read_only = true;
    match options.build(&cx).await.map_err(|error| with_causes(&*error))? {
        Component::Source(source) => Ok(source),
        other => Err(format!("the plugin made a {other:?}")),
    }
}

fn add(all: &mut Vec<Known>, name: &str, source: &dyn Source) {
    for spec in source.catalogue() {
        match all.iter_mut().find(|one| one.spec == *spec) {
            Some(one) => one.sources.push(name.to_owned()),
            None => all.push(Known { sources: vec![name.to_owned()], spec: spec.clone() }),
        }
    }
}
