//! What [`Handler::handle`](crate::Handler::handle) may use: the handler's own durable state.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use crate::failure::Failure;
use crate::journal_error::JournalError;

/// Reads the durable state of handlers: all that a handler sees of a journal.
#[async_trait]
pub trait StateReader: Send + Sync + 'static {
    /// A value of a handler's state, as of the last commit.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn state(&self, handler: &str, key: &str) -> Result<Option<Bytes>, JournalError>;
}

/// What `handle` may use.
pub struct HandleContext<'a> {
    handler: &'a str,
    state: State<'a>,
}

impl<'a> HandleContext<'a> {
    /// A context for the stored state, usually a journal, and for changes that are not committed yet.
    pub fn new(handler: &'a str, stored: &'a dyn StateReader, changes: &'a StateChanges) -> Self {
        Self {
            handler,
            state: State {
                handler,
                stored,
                changes,
                mine: HashMap::new(),
                unread: AtomicBool::new(false),
            },
        }
    }

    /// The name of this handler instance.
    pub fn handler(&self) -> &str {
        self.handler
    }

    /// The handler's own durable state.
    pub fn state(&mut self) -> &mut State<'a> {
        &mut self.state
    }

    /// The changes made through this context. The caller of `handle` applies them if it succeeded; a failed call changes nothing.
    ///
    /// # Errors
    /// A key or a value is too large. The failure is permanent, because the same callback would fail again.
    pub fn into_changes(self) -> Result<StateChanges, Failure> {
        match self.state.mine.iter().find_map(|(key, value)| too_large(key, value.as_ref())) {
            Some(why) => Err(Failure::permanent(why)),
            None => Ok(self.state.mine),
        }
    }

    /// Whether the last read of the state failed or has not finished.
    #[doc(hidden)]
    pub fn state_unread(&self) -> bool {
        self.state.unread.load(Ordering::Relaxed)
    }
}

/// Bytes of a key of a handler's state.
pub const STATE_KEY_MAX: usize = 1024;
/// Bytes of a value of a handler's state.
pub const STATE_VALUE_MAX: usize = 64 * 1024;
/// Characters of a key that is too long, as an error shows it.
const KEY_SHOWN: usize = 64;

/// Why a change of state is refused.
fn too_large(key: &str, value: Option<&Bytes>) -> Option<String> {
    let shown: String = key.chars().take(KEY_SHOWN).collect();
    if key.len() > STATE_KEY_MAX {
        let length = key.len();
        return Some(format!(
            "a key of the handler's state has {length} bytes, at most {STATE_KEY_MAX} are allowed; it begins with `{shown}`"
        ));
    }
    let length = value.map_or(0, Bytes::len);
    (length > STATE_VALUE_MAX).then(|| {
        format!(
            "the handler's state for the key `{shown}` has {length} bytes, at most {STATE_VALUE_MAX} are allowed"
        )
    })
}

/// Changes to a handler's state that are not committed yet; `None` removes the key.
pub type StateChanges = HashMap<String, Option<Bytes>>;

/// A handler's own durable key-value state.
pub struct State<'a> {
    handler: &'a str,
    stored: &'a dyn StateReader,
    changes: &'a StateChanges,
    mine: StateChanges,
    unread: AtomicBool,
}

impl State<'_> {
    /// The value of a key.
    ///
    /// # Errors
    /// The journal cannot be read; a transient failure.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Failure> {
        if let Some(change) = self.mine.get(key).or_else(|| self.changes.get(key)) {
            return Ok(change.clone());
        }
        self.unread.store(true, Ordering::Relaxed);
        let value = self.stored.state(self.handler, key).await;
        self.unread.store(value.is_err(), Ordering::Relaxed);
        value.map_err(|error: JournalError| Failure::transient(error))
    }

    /// Sets a key of at most [`STATE_KEY_MAX`] bytes to a value of at most [`STATE_VALUE_MAX`] bytes; it becomes durable together
    /// with the record. If a key or value is larger when `handle` returns, nothing is changed and the callback becomes a dead
    /// letter.
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<Bytes>) {
        self.mine.insert(key.into(), Some(value.into()));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: impl Into<String>) {
        self.mine.insert(key.into(), None);
    }
}
