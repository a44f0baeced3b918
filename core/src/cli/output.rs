//! Where the command line writes: data to standard output, messages to standard error.

use std::io::{self, Write};

use crate::escape;

/// Writes data, with a line break.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")
}

/// Writes a message for a person.
pub(super) fn message(text: &str) {
    // With standard error gone there is nobody left to tell.
    _ = writeln!(io::stderr().lock(), "{text}");
}

/// Text from outside as part of one line.
pub(super) fn one_line(text: &str) -> String {
    escape::for_line(text).into_owned()
}
