//! What only this machine can tell of a configuration: whether its secret files can be read, and whether two instances write
//! the same file by whatever path. Nothing is made or changed.

use std::path::{Path, PathBuf};

use switchhook_api::{Claim, resolved};

use crate::config::{Config, ConfigError, Instance};

/// Everything that would keep the server from starting or let two instances spoil each other's files.
pub fn wrong_files(config: &Config) -> Vec<ConfigError> {
    let mut wrong = secrets(config);
    wrong.extend(claimed_twice(config));
    wrong.sort();
    wrong
}

/// Secret files that cannot be used.
fn secrets(config: &Config) -> Vec<ConfigError> {
    fn of<T>(one: &Instance<T>, base: &Path) -> Vec<ConfigError> {
        let wrong = one.options.check_files(base).into_iter();
        wrong.map(|(key, what)| one.at.mistake(&format!("options.{key}"), what)).collect()
    }
    let base = &config.base;
    let sources = config.sources.iter().filter(|one| one.table.enabled);
    let handlers = config.handlers.iter().filter(|one| one.table.enabled);
    let actions = config.actions.iter().filter(|one| one.table.enabled);
    let mut wrong = of(&config.journal, base);
    wrong.extend(sources.flat_map(|one| of(one, base)));
    wrong.extend(handlers.flat_map(|one| of(one, base)));
    wrong.extend(actions.flat_map(|one| of(one, base)));
    wrong
}

/// A claim, whose it is and where it leads.
struct Claimed<'c> {
    claim: Claim,
    path: PathBuf,
    name: String,
    at: Box<dyn Fn(String) -> ConfigError + 'c>,
}

fn claimed_twice(config: &Config) -> Vec<ConfigError> {
    fn of<'c, T>(one: &'c Instance<T>, name: &str, base: &Path) -> Vec<Claimed<'c>> {
        let claimed = |claim: Claim| {
            let (path, key) = (resolved(&base.join(&claim.path)), format!("options.{}", claim.key));
            let at = Box::new(move |message| one.at.mistake(&key, message));
            Claimed { claim, path, name: name.to_owned(), at }
        };
        one.options.claims().into_iter().map(claimed).collect()
    }
    let base = &config.base;
    let mut all = of(&config.journal, "the journal", base);
    for one in config.actions.iter().filter(|one| one.table.enabled) {
        all.extend(of(one, &format!("actions.{}", one.name), base));
    }
    let mut wrong = Vec::new();
    for (i, one) in all.iter().enumerate() {
        for other in &all[..i] {
            let taken = other.claim.takes(&other.path, &one.path);
            if let Some(how) = taken {
                wrong.push((one.at)(format!("{how} {}; give each its own file", other.name)));
            } else if let Some(how) = one.claim.takes(&one.path, &other.path) {
                wrong.push((other.at)(format!("{how} {}; give each its own file", one.name)));
            }
        }
    }
    wrong
}
