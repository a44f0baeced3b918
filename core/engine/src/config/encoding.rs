//! The bytes of a configuration file as text, or where they are none.

use switchhook_api::config::{ConfigError, Place};

/// The text of a file, without the byte order mark that some editors put before it.
///
/// # Errors
/// It is not UTF-8; the mistake tells the line.
pub fn text(path: &str, bytes: Vec<u8>) -> Result<String, ConfigError> {
    let at = |line: usize, message: String| {
        ConfigError::new(Place::File { path: path.to_owned(), line }, "", message)
    };
    if let Some(name) = wide(&bytes) {
        return Err(at(1, format!("the file is {name}; save it as UTF-8")));
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            Ok(text)
        }
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..good]);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Err(at(
                line,
                format!(
                    "not UTF-8, from column {column} on: the file is in another encoding, such as Latin-1; save it as UTF-8"
                ),
            ))
        }
    }
}

/// Encodings of two or four bytes a character: with their mark, or with the zeros that ASCII has in them.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [0, _, ..] | [_, 0, ..] => Some("UTF-16 or binary"),
        _ => None,
    }
}
