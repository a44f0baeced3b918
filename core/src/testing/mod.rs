//! For tests of plugins: builders, recording plugins, the in-memory journal and its contract suite.

mod action;
mod callback;
mod clock;
pub mod contract;
mod journal;

pub use self::action::RecordingAction;
pub use self::callback::{callback, entry};
pub use self::clock::TestClock;
pub use self::journal::MemoryJournal;
