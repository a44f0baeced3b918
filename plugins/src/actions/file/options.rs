//! The options of a `file` action.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::config::{ByteSize, FilePath, HumanDuration};

use super::intent::OWN_MAX;
use super::store::Rotation;
use super::upkeep::Keep;

/// A whole table, to be shown and tried.
pub(super) const EXAMPLE: &str = r#"path = "data/callbacks.jsonl"
fsync = "batch"
rotate = { size = "100 MiB", every = "1d" }
compress = true
keep_files = 90
keep_for = "30d"
"#;

/// Below this, files would be rotated for nearly every batch.
const SIZE_MIN: u64 = 4096;
const EVERY_MIN: Duration = Duration::from_mins(1);

/// Options of a `file` action.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// The file to append to, relative to the configuration file's folder. Missing folders are made. No default.
    pub(super) path: FilePath,
    /// When lines are synced to disk: `every`, `batch` or `os`. Default: `batch`.
    #[serde(default)]
    pub(super) fsync: Fsync,
    /// When a new file is started, like `{ size = "100 MiB", every = "1d" }`. The old one keeps its lines under a name with the
    /// time of the rotation in UTC: `topics.jsonl` becomes `topics.20260102T030405.678Z.jsonl`; names sort in the order of the
    /// rotations. Default: never.
    pub(super) rotate: Option<Rotate>,
    /// Whether rotated files are compressed with gzip, in the background. Default: false.
    #[serde(default)]
    compress: bool,
    /// How many rotated files are kept; the oldest ones are removed; other files are never touched. Default: all.
    keep_files: Option<u32>,
    /// How long rotated files are kept, from the time in their names, like `"30d"`. Default: for ever.
    keep_for: Option<HumanDuration>,
}

/// When a new file is started; at least one of the two.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// Before the file grows beyond this size, from 4 KiB. A batch (up to 4 MiB and a line) stays together, if need be in a
    /// larger file of its own. Default: no limit.
    size: Option<ByteSize>,
    /// When a period of this length ends, from one minute. Periods are counted from 1970 in UTC: `"1d"` ends at midnight, `"1h"`
    /// on the hour. A file without lines stays. Default: no limit.
    every: Option<HumanDuration>,
}

/// When lines are synced to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fsync {
    /// Each record on its own, before it counts as delivered. Slow; a power cut affects at most one line.
    Every,
    /// Records that wait together are synced together, before any of them counts as delivered.
    #[default]
    Batch,
    /// When the operating system decides: lines survive the end of the process, but not a power cut.
    Os,
}

impl Fsync {
    pub(super) fn batch_max(self) -> usize {
        match self {
            Self::Every => 1,
            Self::Batch | Self::Os => OWN_MAX,
        }
    }
}

impl Options {
    /// Each value that cannot work, and why.
    pub(super) fn mistakes(&self) -> Vec<(String, String)> {
        let text = self.path.as_os_str().as_encoded_bytes();
        let unnamed = self.path.file_name().is_none() || text.ends_with(b"/");
        let rotate = self.rotate.as_ref();
        let size = rotate.and_then(|rotate| rotate.size);
        let every = rotate.and_then(|rotate| rotate.every);
        let alone = |set: bool| set && rotate.is_none();
        let needs = "requires `rotate`: only rotated files are compressed or removed";
        [
            (unnamed, "path", "does not name a file; write one like \"data/callbacks.jsonl\""),
            (
                rotate.is_some() && size.is_none() && every.is_none(),
                "rotate",
                "neither `size` nor `every` is set; set at least one",
            ),
            (size.is_some_and(|size| size.0 < SIZE_MIN), "rotate.size", "expected at least 4 KiB"),
            (
                every.is_some_and(|every| every.0 < EVERY_MIN),
                "rotate.every",
                "expected at least 1m",
            ),
            (alone(self.compress), "compress", needs),
            (alone(self.keep_files.is_some()), "keep_files", needs),
            (alone(self.keep_for.is_some()), "keep_for", needs),
            (self.keep_files == Some(0), "keep_files", "expected at least 1"),
            (
                self.keep_for.is_some_and(|it| it.0.is_zero()),
                "keep_for",
                "expected a duration above 0",
            ),
        ]
        .into_iter()
        .filter(|(wrong, ..)| *wrong)
        .map(|(_, key, why)| (key.to_owned(), why.to_owned()))
        .collect()
    }

    pub(super) fn rotation(&self) -> Rotation {
        let rotate = self.rotate.as_ref();
        Rotation {
            size: rotate.and_then(|rotate| rotate.size).map(|size| size.0),
            every: rotate.and_then(|rotate| rotate.every).map(|every| every.0),
        }
    }

    pub(super) fn keep(&self) -> Keep {
        let files = self.keep_files.map(|files| usize::try_from(files).unwrap_or(usize::MAX));
        Keep { compress: self.compress, files, time: self.keep_for.map(|period| period.0) }
    }
}
