//! Values that are written as a shell would expand them. Nothing here is a shell: they are taken as they stand.

use figment::value::Value;

use super::section::Section;
use super::variables;
use switchhook_api::config::{Mistake, Place};

/// How a value was meant to be expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
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

/// Every value that looks as if it should be expanded. The value itself may be a secret: it is in no message.
pub(super) fn remarks(root: &Section) -> Vec<Mistake> {
    let mut found = Vec::new();
    walk(root, "", &root.value, &mut found);
    found
}

fn walk(root: &Section, key: &str, value: &Value, found: &mut Vec<Mistake>) {
    let below = |name: &str| match key {
        "" => name.to_owned(),
        key => format!("{key}.{name}"),
    };
    match value {
        Value::Dict(_, dict) => {
            for (name, value) in dict {
                walk(root, &below(name), value, found);
            }
        }
        Value::Array(_, list) => {
            for (i, value) in list.iter().enumerate() {
                walk(root, &below(&i.to_string()), value, found);
            }
        }
        // The names of secret files may begin with the folder of credentials, and are expanded then.
        Value::String(_, text) if is_credential(key, text) => {}
        Value::String(_, text) => {
            let message = form(text).and_then(|form| message(root, key, form));
            found.extend(message.map(|message| root.mistake(key, message)));
        }
        _ => {}
    }
}

fn message(root: &Section, key: &str, form: Form) -> Option<String> {
    let in_variable = matches!(root.origins.place(key), Place::Variable(_));
    // An item of a list has no variable of its own.
    let is_item = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    let option = key.split('.').take_while(|part| !is_item(part)).collect::<Vec<_>>().join(".");
    match form {
        Form::Variable => {
            let instead = match variables::name_of(&option).filter(|_| !in_variable) {
                Some(name) => format!("set {name} to take it from the environment"),
                None => "write the value itself".to_owned(),
            };
            Some(format!("`${{NAME}}` and `$NAME` are not expanded: {instead}"))
        }
        Form::Home => Some("`~/` is not expanded: write the whole path".to_owned()),
        Form::Quoted => {
            in_variable.then(|| "the quotes are part of the value: remove them".to_owned())
        }
    }
}

fn is_credential(key: &str, text: &str) -> bool {
    let option = key.trim_end_matches(|c: char| c == '.' || c.is_ascii_digit());
    let of_file = option.ends_with("_file") || option.ends_with("_files");
    let starts = ["$CREDENTIALS_DIRECTORY/", "${CREDENTIALS_DIRECTORY}/"];
    of_file && starts.iter().any(|start| text.starts_with(start))
}

fn form(text: &str) -> Option<Form> {
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
    fn the_folder_of_credentials_is_expanded_for_secret_files() {
        for (key, text, expected) in [
            ("sources.a.options.token_files.0", "$CREDENTIALS_DIRECTORY/token", true),
            ("actions.a.options.secret_file", "${CREDENTIALS_DIRECTORY}/token", true),
            ("actions.a.options.secret_file", "$OTHER/token", false),
            ("actions.a.options.path", "$CREDENTIALS_DIRECTORY/x", false),
        ] {
            assert_eq!(is_credential(key, text), expected, "{key} {text}");
        }
    }

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
