//! What a handler decides.

/// A JSON object.
pub type Map = serde_json::Map<String, serde_json::Value>;

/// What a handler decides.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// No opinion; the next handler is asked.
    Abstain,
    /// No opinion, but a remark that is stored with the callback.
    Flag(String),
    /// Allowed; no further handler is asked.
    Allow,
    /// Denied; no further handler is asked.
    Deny {
        /// An error code of your app, if the command permits one.
        code: Option<i64>,
        /// The text that the user sees.
        reason: String,
    },
    /// Discarded silently: to the user it looks as if it had succeeded.
    Drop,
    /// Continues with these fields of the body replaced.
    Replace(Map),
    /// Fields of the reply itself.
    Answer(Map),
}

/// The kinds of [`Verdict`], for catalogues and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants of `Verdict`, explained there")]
#[non_exhaustive]
pub enum VerdictKind {
    Abstain,
    Flag,
    Allow,
    Deny,
    Drop,
    Replace,
    Answer,
}

impl Verdict {
    /// Its kind.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Abstain => VerdictKind::Abstain,
            Self::Flag(_) => VerdictKind::Flag,
            Self::Allow => VerdictKind::Allow,
            Self::Deny { .. } => VerdictKind::Deny,
            Self::Drop => VerdictKind::Drop,
            Self::Replace(_) => VerdictKind::Replace,
            Self::Answer(_) => VerdictKind::Answer,
        }
    }
}

impl VerdictKind {
    /// The word for logs, labels and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abstain => "abstain",
            Self::Flag => "flag",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Drop => "drop",
            Self::Replace => "replace",
            Self::Answer => "answer",
        }
    }
}
