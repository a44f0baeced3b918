//! All plugins of a program.

use std::collections::BTreeMap;
use std::fmt;

use super::{Registration, Table};

/// The plugins of this program, sorted by table and name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    plugins: BTreeMap<(Table, &'static str), Registration>,
    default_journal: Option<&'static str>,
}

impl Registry {
    /// All linked plugins.
    ///
    /// # Errors
    /// Two plugins of one role share a name.
    pub fn linked() -> Result<Self, NameTaken> {
        Self::of(inventory::iter::<Registration>.into_iter().copied())
    }

    /// These plugins only.
    ///
    /// # Errors
    /// Two plugins of one role share a name.
    pub fn of(registrations: impl IntoIterator<Item = Registration>) -> Result<Self, NameTaken> {
        let mut plugins = BTreeMap::new();
        for one in registrations {
            if let Some(other) = plugins.insert((one.table, one.name), one) {
                let (first, second) = (one.module.min(other.module), one.module.max(other.module));
                return Err(NameTaken {
                    table: one.table,
                    name: one.name,
                    modules: [first, second],
                });
            }
        }
        Ok(Self { plugins, default_journal: None })
    }

    /// The same with this journal where the configuration names none.
    #[must_use]
    pub fn with_default_journal(self, name: &'static str) -> Self {
        Self { default_journal: Some(name), ..self }
    }

    /// The journal where the configuration names none.
    pub fn default_journal(&self) -> Option<&'static str> {
        self.default_journal
    }

    /// The plugin of a name.
    pub fn get(&self, table: Table, name: &str) -> Option<&Registration> {
        self.of_table(table).find(|one| one.name == name)
    }

    /// All plugins, sorted by table and name.
    pub fn iter(&self) -> impl Iterator<Item = &Registration> {
        self.plugins.values()
    }

    /// The plugins of one role, sorted by name.
    pub fn of_table(&self, table: Table) -> impl Iterator<Item = &Registration> {
        self.iter().filter(move |one| one.table == table)
    }
}

/// Two plugins of one role share a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTaken {
    table: Table,
    name: &'static str,
    modules: [&'static str; 2],
}

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.modules;
        let (role, name) = (self.table.role(), self.name);
        write!(
            f,
            "two {role} plugins are named `{name}`, one in {first} and one in {second}; rename one of them"
        )
    }
}

impl std::error::Error for NameTaken {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use schemars::JsonSchema;

    use super::*;
    use crate::BoxError;
    use crate::handler::Handler;
    use crate::plugin::{BuildContext, Plugin};

    struct Nothing;

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct NoOptions {}

    #[async_trait]
    impl Handler for Nothing {}

    #[async_trait]
    impl Plugin for Nothing {
        type Role = dyn Handler;
        type Options = NoOptions;
        const NAME: &'static str = "nothing";
        const DESCRIPTION: &'static str = "does nothing";
        const EXAMPLE: &'static str = "";

        async fn build(_: NoOptions, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
            Ok(Arc::new(Self))
        }
    }

    #[test]
    fn a_name_taken_twice_is_refused_naming_both_modules() {
        let twice = ["mine::here", "yours::there"].map(Registration::of::<Nothing>);
        let error = Registry::of(twice).expect_err("refused").to_string();
        assert!(
            ["handler", "`nothing`", "mine::here", "yours::there"]
                .iter()
                .all(|part| error.contains(part)),
            "{error}"
        );
    }
}
