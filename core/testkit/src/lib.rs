//! For tests of plugins: fixtures, test doubles, and the contract suites.

mod action;
mod build;
mod callback;
mod clock;
pub mod contract;
mod state;

pub use switchhook_journal_kit::MemoryJournal;

pub use self::action::RecordingAction;
pub use self::build::build_context;
pub use self::callback::{callback, entry};
pub use self::clock::TestClock;
pub use self::state::{StoredState, handled};
