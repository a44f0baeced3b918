//! Builds sources for commands that ask them about their protocol.

use std::path::Path;
use std::sync::Arc;

use super::Failed;
use crate::config::{Instance, tables};
use crate::error_line;
use crate::plugin::{BuildContext, Component};
use crate::source::Source;

/// Builds one source. Sources are pure: beyond reading its secrets nothing happens.
///
/// # Errors
/// What it could not read.
pub(super) async fn build(
    instance: Instance<tables::Source>,
    base: &Path,
) -> Result<Arc<dyn Source>, Failed> {
    let cx = BuildContext::new(&instance.name, base);
    match instance.options.build(&cx).await {
        Ok(Component::Source(source)) => Ok(source),
        Ok(other) => {
            Err(Failed::bug(format!("sources.{}: the plugin made a {other:?}", instance.name)))
        }
        Err(error) => {
            Err(Failed::config(format!("sources.{}: {}", instance.name, error_line(&*error))))
        }
    }
}
