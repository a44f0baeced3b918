//! How a value is written that a shell would expand.

/// How a value was meant to be expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `${NAME}` or `$NAME`.
    Variable,
    /// `~/`.
    Home,
    /// The whole value in quotes.
    Quoted,
}

/// What to add to a message about a value that was refused.
pub(super) fn hint(text: &str) -> &'static str {
    match form(text) {
        Some(Form::Variable) => "; `${NAME}` and `$NAME` are not expanded",
        Some(Form::Home) => "; `~/` is not expanded",
        Some(Form::Quoted) => "; the quotes are part of the value",
        None => "",
    }
}

/// How a value is to be expanded, by its looks.
pub(super) fn form(text: &str) -> Option<Form> {
    let trimmed = text.trim();
    if is_quoted(trimmed) {
        Some(Form::Quoted)
    } else if names_a_variable(trimmed) {
        Some(Form::Variable)
    } else {
        is_home(trimmed).then_some(Form::Home)
    }
}

fn is_quoted(text: &str) -> bool {
    let pairs = [('"', '"'), ('\'', '\''), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];
    let within =
        |(open, close)| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some();
    pairs.into_iter().any(within)
}

/// `~/x`, `~user/x` or `~` alone.
fn is_home(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('~') else { return false };
    let user = rest.split('/').next().unwrap_or_default();
    (rest.is_empty() || rest.contains('/'))
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

/// `${NAME}` anywhere, and `$NAME` where a part of a path, address or URL begins. In a text of several words only names in
/// capitals count: such a text is for people.
fn names_a_variable(text: &str) -> bool {
    let prose = text.contains(char::is_whitespace);
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        if let Some((name, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let name = name.split(':').next().unwrap_or_default();
            return is_name(name, !prose);
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &rest[..end.unwrap_or(rest.len())];
        let begins = text[..at].chars().next_back().is_none_or(|c| "/:@=".contains(c));
        !prose && begins && name.len() > 1 && is_name(name, false)
    })
}

fn is_name(name: &str, small_too: bool) -> bool {
    let good = |b: u8| b == b'_' || b.is_ascii_uppercase() || (small_too && b.is_ascii_lowercase());
    name.bytes().next().is_some_and(good) && name.bytes().all(|b| good(b) || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_expand_is_told_from_what_only_looks_like_it() {
        let check = |expected: Option<Form>, texts: &[&str]| {
            for text in texts {
                assert_eq!(form(text), expected, "{text}");
            }
        };
        let variables = [
            "${HOME}/data",
            "data/${name}.jsonl",
            "$HOME/data",
            "https://$HOST/hook",
            "$TOKEN",
            "http://crm:$PORT/x",
            "Bearer ${TOKEN}",
            "${TOKEN:-none}",
            "user:$PASS_WORD",
            "x=$AB1",
        ];
        check(Some(Form::Variable), &variables);
        check(Some(Form::Home), &["~/data", "~", "~me/data", " ~/x"]);
        check(Some(Form::Quoted), &["\"x\"", "'x'", "\u{201c}x\u{201d}", "\"\""]);
        let plain = [
            "",
            "x",
            "$",
            "$$",
            "$5",
            "a$B",
            "pa$WORD",
            "$2b$12$abc",
            "$argon2id$v=19",
            "$a",
            "$A",
            "{NAME}",
            "${",
            "${}",
            "${1}",
            "${a b}",
            "Pay $FEE now",
            "for ${user} only",
            "a~/b",
            "~ x",
            "\"",
            "\"x",
            "/~me/",
        ];
        check(None, &plain);
    }
}
