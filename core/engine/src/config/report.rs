//! What is said of mistakes, and what was probably meant.

use switchhook_api::config::ConfigError;
use switchhook_api::escape;

/// Mistakes for a terminal or a log, one to a line, and how many there are.
pub fn report(mistakes: &[ConfigError]) -> String {
    let lines: Vec<String> =
        mistakes.iter().map(|one| escape::for_line(&one.to_string()).into_owned()).collect();
    let count = match lines.len() {
        1 => "1 configuration error".to_owned(),
        n => format!("{n} configuration errors"),
    };
    format!("{}\n{count}; nothing was started", lines.join("\n"))
}

/// The known name that was probably meant.
pub(super) fn did_you_mean<'a>(
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
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Names in a row: `a`, `b`, `c`.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
