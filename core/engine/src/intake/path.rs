//! Where a source is mounted, and which calls are its own.

use std::borrow::Cow;
use std::fmt::Write as _;

/// As much of a path as a log line shows.
const SHOWN_CHARS_MAX: usize = 128;
/// Configured paths in one log line; of more only the number is told.
const LISTED_MAX: usize = 20;

/// The path of a source. Slashes that are doubled or trail mean nothing, in it and in a call.
pub(super) struct MountPath {
    segments: Vec<String>,
    /// Whether the paths below are its own, too.
    below: bool,
}

impl MountPath {
    pub(super) fn new(path: &str, below: bool) -> Self {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        Self { segments: segments.map(str::to_owned).collect(), below }
    }

    pub(super) fn depth(&self) -> usize {
        self.segments.len()
    }

    /// What a called path has below this one, undecoded; none where it is not this source's.
    pub(super) fn below<'p>(&self, called: &'p str) -> Option<Cow<'p, str>> {
        let mut rest = called;
        for segment in &self.segments {
            rest = rest.trim_start_matches('/').strip_prefix(segment.as_str())?;
            if !rest.is_empty() && !rest.starts_with('/') {
                return None;
            }
        }
        let rest = rest.trim_matches('/');
        (self.below || rest.is_empty()).then(|| merged(rest))
    }
}

/// A path with one slash between two parts.
fn merged(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let parts = path.split('/').filter(|part| !part.is_empty());
    Cow::Owned(parts.collect::<Vec<_>>().join("/"))
}

/// A text from outside in a log line, cut before it is escaped, so that no escape is cut in two.
pub(super) fn shown(text: &str) -> String {
    let end = text.char_indices().nth(SHOWN_CHARS_MAX).map(|(end, _)| end);
    let cut = switchhook_api::escape::for_line(end.and_then(|end| text.get(..end)).unwrap_or(text));
    if end.is_some() { format!("{cut}...") } else { cut.into_owned() }
}

/// The configured paths, for a log line: `/chat, /in-house/*`.
pub(super) fn listed<'m>(paths: impl ExactSizeIterator<Item = &'m MountPath>) -> String {
    let more = paths.len().saturating_sub(LISTED_MAX);
    let mut text = String::new();
    for path in paths.take(LISTED_MAX) {
        let comma = if text.is_empty() { "" } else { ", " };
        let star = match (path.below, path.segments.is_empty()) {
            (false, _) => "",
            (true, true) => "*",
            (true, false) => "/*",
        };
        _ = write!(text, "{comma}/{}{star}", path.segments.join("/"));
    }
    if more > 0 {
        _ = write!(text, " and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_that_are_doubled_or_trail_mean_nothing() {
        let below =
            |own: &str, called: &str| MountPath::new(own, true).below(called).map(Cow::into_owned);
        for called in
            ["/a/b/x/y", "//a/b/x/y", "/a//b///x//y", "/a/b/x/y/", "/a/b/x/y//", "///a/b//x/y/"]
        {
            for own in ["/a/b", "/a/b/"] {
                assert_eq!(below(own, called).as_deref(), Some("x/y"), "{own} {called}");
            }
        }
        for called in ["/a/b", "/a/b/", "/a//b", "//a/b//"] {
            assert_eq!(below("/a/b", called).as_deref(), Some(""), "{called}");
            let exact = MountPath::new("/a/b", false);
            assert_eq!(exact.below(called).as_deref(), Some(""), "{called}");
        }
        assert_eq!(below("/", "//x//").as_deref(), Some("x"));
        assert_eq!(below("/", "/").as_deref(), Some(""));
        assert_eq!(below("/a", "/a/%2F%2f/x").as_deref(), Some("%2F%2f/x"), "undecoded");
    }

    #[test]
    fn a_path_that_only_begins_alike_is_another() {
        for called in ["/", "", "*", "/a", "/a/bc", "/A/b", "/a/%62", "/ab", "/b/a/b", "/a/b/c"] {
            assert_eq!(MountPath::new("/a/b", false).below(called), None, "{called}");
        }
        assert_eq!(MountPath::new("/a", true).below("/ab/c"), None);
        assert_eq!(MountPath::new("/", false).below("/x"), None);
        assert_eq!(MountPath::new("/", false).below("*"), None);
    }

    #[test]
    fn what_a_log_line_shows_is_bounded() {
        assert_eq!(shown("/a\u{202e}\n"), "/a\\u{202e}\\n");
        assert_eq!(shown(&"ä".repeat(129)), format!("{}...", "ä".repeat(128)));
        let paths: Vec<_> = (0..23).map(|i| MountPath::new(&format!("/s{i}"), i == 1)).collect();
        let text = listed(paths.iter());
        assert!(text.starts_with("/s0, /s1/*, /s2") && text.ends_with("/s19 and 3 more"), "{text}");
        assert_eq!(listed([MountPath::new("/", true)].iter()), "/*");
        assert_eq!(listed([MountPath::new("/", false)].iter()), "/");
    }
}
