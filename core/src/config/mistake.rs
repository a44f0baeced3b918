//! A mistake in the configuration: where it stands, what is wrong, what would do.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file and line, or the variable, or the flag.
    pub place: Place,
    /// The full key.
    pub key: String,
    /// What is wrong and what would do.
    pub message: String,
    /// What sort of mistake it is.
    pub(super) fault: Fault,
}

/// Sorts of mistakes that others have to be told from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// A key that does not exist.
    Unknown,
    /// An option of a plugin, beside `options` instead of under it.
    Misplaced,
    /// A required key that is not there.
    Missing,
    /// Anything else.
    #[default]
    Other,
}

impl Mistake {
    pub(super) fn new(place: Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, key: key.into(), message: message.into(), fault: Fault::default() }
    }

    pub(super) fn of(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of a file, counted from 1.
    File {
        /// Its path, as it was given.
        path: String,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            key => write!(f, "{}: {key}: {}", self.place, self.message),
        }
    }
}

/// Mistakes for a terminal or a log, one to a line, and how many there are.
pub(crate) fn report(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> =
        mistakes.iter().map(|one| crate::escape::for_line(&one.to_string()).into_owned()).collect();
    let count = match lines.len() {
        1 => "1 configuration error".to_owned(),
        n => format!("{n} configuration errors"),
    };
    format!("{}\n{count}; nothing was started", lines.join("\n"))
}

/// The known name that was probably meant.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let close = |name: &&str| {
        let distance = strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
        let longer = word.len().max(name.len());
        distance <= 1 + longer / 4 && distance < longer
    };
    known
        .into_iter()
        .filter(close)
        .min_by_key(|name| strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase()))
}

/// The same, as the end of a sentence: `; did you mean `x`?` or nothing.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Names in a row: `a`, `b`, `c`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
