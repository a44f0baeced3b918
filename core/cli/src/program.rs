//! The program: what is linked and configured, behind one command line.

use std::ffi::OsString;
use std::process::ExitCode;

use switchhook_api::{FRAMEWORK, Registry, name_program};

const FRAMEWORK_VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug)]
struct Named {
    name: &'static str,
    /// Of the program and, where that is another, of the framework.
    version: String,
}

/// A text that calls the program `switchhook`, with the name that it goes by.
pub(crate) fn renamed(text: &str, name: &str) -> String {
    let mut parts = text.split(FRAMEWORK);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let longer = part.starts_with(|c: char| c.is_ascii_alphanumeric() || "_-:".contains(c));
        renamed.push_str(if longer { FRAMEWORK } else { name });
        renamed.push_str(part);
    }
    renamed
}

/// The program: what is linked and configured, and nothing else.
#[derive(Debug)]
pub struct App {
    registry: Registry,
    named: Named,
}

impl App {
    /// Runs with every linked plugin and the arguments of the process. Name and version are what the program tells its users;
    /// `journal` is the plugin of the journal where the configuration names none.
    #[must_use]
    pub fn main(name: &'static str, version: &str, journal: &'static str) -> ExitCode {
        match Registry::linked() {
            Ok(registry) => Self::new(registry.with_default_journal(journal))
                .named(name, version)
                .run(std::env::args_os()),
            Err(error) => {
                crate::print_error(&error.to_string());
                ExitCode::from(70)
            }
        }
    }

    /// A program with just these plugins.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        let named = Named { name: FRAMEWORK, version: FRAMEWORK_VERSION.to_owned() };
        Self { registry, named }
    }

    /// The same under a name and version of its own, which `--version`, help and messages show.
    #[must_use]
    pub fn named(mut self, name: &'static str, version: &str) -> Self {
        let version = match (name, version) {
            (FRAMEWORK, FRAMEWORK_VERSION) => version.to_owned(),
            _ => format!("{version} ({FRAMEWORK} {FRAMEWORK_VERSION})"),
        };
        self.named = Named { name, version };
        self
    }

    /// Runs a command line, the program's name first. The first program that runs in a process gives it its name.
    #[must_use]
    pub fn run(self, args: impl IntoIterator<Item = OsString>) -> ExitCode {
        name_program(self.named.name, self.named.version);
        crate::main(self.registry, args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_call_the_program_by_its_name_and_nothing_else() {
        for (text, expected) in [
            ("", ""),
            ("switchhook", "chat"),
            ("start `switchhook`, and", "start `chat`, and"),
            ("  switchhook send X\n  switchhook events", "  chat send X\n  chat events"),
            ("completions/switchhook", "completions/chat"),
            ("`info,switchhook_engine=debug`", "`info,switchhook_engine=debug`"),
            ("switchhook::record", "switchhook::record"),
            ("switchhook-command", "switchhook-command"),
            ("SWITCHHOOK_CONFIG", "SWITCHHOOK_CONFIG"),
        ] {
            assert_eq!(renamed(text, "chat"), expected, "{text}");
        }
    }

    #[test]
    fn a_version_names_the_framework_where_the_program_is_another() {
        let check = |name, version: &str, expected: &str| {
            let app = App::new(Registry::default()).named(name, version);
            assert_eq!((app.named.name, &*app.named.version), (name, expected));
        };
        let own = FRAMEWORK_VERSION;
        check("switchhook", own, own);
        check("chat-gate", "7.8.9", &format!("7.8.9 (switchhook {own})"));
        check("chat-gate", own, &format!("{own} (switchhook {own})"));
        check("switchhook", "7.8.9", &format!("7.8.9 (switchhook {own})"));
    }
}
