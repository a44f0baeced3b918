//! How much of anything one sender may take.

use serde::Deserialize;
use switchhook_api::config::{ByteSize, HumanDuration};

/// `[server.limits]`: each has a metric for when it is hit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time; for a further one the connection that has been idle longest is closed, and where none is idle it
    /// waits. Default 1024.
    pub connections: usize,
    /// Head of a request: request line and headers. Default `16 KiB`, at least `8 KiB`.
    pub header_size: ByteSize,
    /// From the first byte of a head to its last. Default `10s`.
    pub header_timeout: HumanDuration,
    /// Body of a request, counted while it is read. Default `1 MiB`.
    pub body_size: ByteSize,
    /// From the end of the head to the end of the body. Default `15s`.
    pub body_timeout: HumanDuration,
    /// A connection between two requests. Default `2m`.
    pub idle_timeout: HumanDuration,
    /// A peer that takes nothing of an answer. Default `10s`.
    pub write_timeout: HumanDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_size: ByteSize(16 * 1024),
            header_timeout: HumanDuration::from_secs(10),
            body_size: ByteSize(1024 * 1024),
            body_timeout: HumanDuration::from_secs(15),
            idle_timeout: HumanDuration::from_secs(120),
            write_timeout: HumanDuration::from_secs(10),
        }
    }
}
