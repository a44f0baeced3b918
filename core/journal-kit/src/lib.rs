//! What journals of Switchhook share: the bookkeeping of consumers that a journal keeps in memory, and a journal that is in memory
//! only, for tests and for trying things out.

mod lane;
mod memory;

pub use self::lane::{Due, Lane, Offer, OpenRow, Plan};
pub use self::memory::MemoryJournal;
