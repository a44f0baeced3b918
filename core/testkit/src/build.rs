//! The context in which a test builds a plugin.

use std::path::PathBuf;
use std::sync::Arc;

use switchhook_api::BuildContext;

use crate::clock::TestClock;

/// A context for an instance of this name. Its clock stands still; a test that needs one that moves replaces it.
pub fn build_context(name: &str, base: impl Into<PathBuf>) -> BuildContext {
    BuildContext::new(name, base, Arc::new(TestClock::default()))
}
