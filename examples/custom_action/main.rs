//! A custom action in its own program: it writes each record to a file in a folder, where another program picks it up.
//!
//! `cargo run --example custom_action -- --config examples/custom_action/config.toml`

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use switchhook::config::FilePath;
use switchhook::{Action, BoxError, BuildContext, Failure, Plugin, Record, async_trait};
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// Options of a `spool` action.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The folder; created if it is missing.
    folder: FilePath,
}

struct Spool(PathBuf);

#[async_trait]
impl Action for Spool {
    // One attempt. The id is the same at every attempt, so a second one writes the same file again.
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        let (draft, ready) = (
            self.0.join(format!("{}.part", record.id())),
            self.0.join(format!("{}.json", record.id())),
        );
        let mut file = fs::File::create(&draft).await.map_err(Failure::transient)?;
        file.write_all(&record.body).await.map_err(Failure::transient)?;
        file.flush().await.map_err(Failure::transient)?;
        file.sync_all().await.map_err(Failure::transient)?; // a delivered record survives a power cut
        fs::rename(&draft, &ready).await.map_err(Failure::transient)?;
        let folder = fs::File::open(&self.0).await.map_err(Failure::transient)?;
        folder.sync_all().await.map_err(Failure::transient)
    }
}

#[async_trait]
impl Plugin for Spool {
    type Role = dyn Action;
    type Options = Options;
    const NAME: &'static str = "spool";
    const DESCRIPTION: &'static str = "puts each record into a file of its own";
    const EXAMPLE: &'static str = r#"folder = "data/spool""#;

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        let folder = cx.path(options.folder);
        fs::create_dir_all(&folder).await?;
        Ok(Arc::new(Self(folder)))
    }
}

switchhook::register!(Spool);

switchhook::main!();
