//! Which commands an instance takes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The commands that an instance handles: `Group.CallbackAfterTopicInfoChanged`, `Group.*` or `*`. A family ends at a dot, a
/// colon or a slash: `zen:ticket:*`, `room/*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// This command only.
    Exact(Arc<str>),
    /// All commands of a family: its name with the separator, without the star.
    Family(Arc<str>),
    /// Every command.
    All,
}

impl Pattern {
    /// Whether it matches a command.
    pub fn matches(&self, command: &str) -> bool {
        match self {
            Self::Exact(name) => **name == *command,
            Self::Family(family) => {
                command.strip_prefix(&**family).is_some_and(|rest| !rest.is_empty())
            }
            Self::All => true,
        }
    }

    /// Whether any of the patterns matches the command.
    pub fn any(patterns: &[Self], command: &str) -> bool {
        patterns.iter().any(|pattern| pattern.matches(command))
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |name: &str| {
            !name.is_empty()
                && name.len() <= 128
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:/".contains(&b))
        };
        match text.strip_suffix('*') {
            _ if text == "*" => Ok(Self::All),
            Some(family)
                if plain(family) && family.len() > 1 && family.ends_with(['.', ':', '/']) =>
            {
                Ok(Self::Family(family.into()))
            }
            None if plain(text) => Ok(Self::Exact(text.into())),
            _ => Err(format!(
                "`{text}` is not a valid command pattern; write a command, `Family.*` or `*`"
            )),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Family(family) => write!(f, "{family}*"),
            Self::All => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_a_command_a_family_or_all() {
        let check = |pattern: &str, command, expected| {
            let parsed: Pattern = pattern.parse().expect("a good pattern");
            assert_eq!(parsed.matches(command), expected, "{pattern} on {command}");
            assert_eq!(parsed.to_string(), pattern);
        };
        check("*", "Group.X", true);
        check("Group.*", "Group.X", true);
        check("Group.*", "Group.", false);
        check("Group.*", "GroupX.Y", false);
        check("Group.X", "Group.X", true);
        check("Group.X", "Group.XY", false);
        check("Group.X", "group.x", false);
        check("chat:message:*", "chat:message:sent", true);
        check("chat:*", "chat:message:sent", true);
        check("chat:*", "chat.message", false);
        check("chat:*", "chat:", false);
        check("room/*", "room/7/made", true);
        check("room/*", "room", false);
        check("room/made", "room/made", true);
        check("chat:message:sent", "chat:message:sent", true);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", ".*", ":*", "/*", "Group*", "Group.**", "a b", "a:*b", "Group.\u{202e}x"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
