//! Values that are written as a shell would expand them. Nothing here is a shell: they are taken as they stand.

use figment::value::Value;
use switchhook_api::config::{ConfigError, Place};

use super::form::{Form, form};
use super::section::Section;
use super::variables;

/// Every value that looks as if it should be expanded. The value itself may be a secret: it is in no message.
pub(super) fn remarks(root: &Section) -> Vec<ConfigError> {
    let mut found = Vec::new();
    walk(root, "", &root.value, &mut found);
    found
}

fn walk(root: &Section, key: &str, value: &Value, found: &mut Vec<ConfigError>) {
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
}
