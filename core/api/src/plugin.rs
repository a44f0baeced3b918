//! Plugins: how one is described, registered, configured and built.

mod claim;
mod registry;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;

pub use self::claim::{Claim, resolved};
pub use self::registry::{NameTaken, Registry};
use crate::BoxError;
use crate::action::Action;
use crate::config::{ConfigError, OptionsTable};
use crate::handler::Handler;
use crate::journal::Journal;
use crate::source::Source;
use crate::time::{Clock, Rng};
use crate::verdict::Verdict;

/// Makes one component from its own options. This is the only place where the concrete types of a plugin appear.
#[async_trait]
pub trait Plugin: Sized + Send + Sync + 'static {
    /// What it makes: `dyn Source`, `dyn Handler`, `dyn Action` or `dyn Journal`.
    type Role: Role + ?Sized;
    /// The name that `plugin = "..."` selects.
    const NAME: &'static str;
    /// One line: what it is for.
    const DESCRIPTION: &'static str;
    /// Handlers: the commands that an instance handles by default.
    ///
    /// If the list is empty, an instance must set `commands`.
    const COMMANDS: &'static [&'static str] = &["*"];
    /// Handlers: whether they make records. If not, `actions` is a configuration error, because nothing would reach them.
    const RECORDS: bool = true;
    /// Handlers: whether it only makes records, so that it has no effect without `actions`. False for a handler that decides, or
    /// that uses its state later.
    const RECORDS_ONLY: bool = false;
    /// A complete `options` table as TOML: shown to users, and checked by the contract tests.
    const EXAMPLE: &'static str;
    /// The options of one instance; always `deny_unknown_fields`.
    type Options: DeserializeOwned + JsonSchema + Send + 'static;

    /// Checks what the types of single options cannot express, such as values that contradict each other. Each error is a key
    /// below `options` and a text.
    fn check(options: &Self::Options) -> Vec<(String, String)> {
        let _ = options;
        Vec::new()
    }

    /// Handlers: the verdicts that these options fix, each with its key below `options`. A verdict that a source cannot express
    /// for a command of the instance is a configuration error. Verdicts that are not listed here are checked when they are given.
    fn verdicts(options: &Self::Options) -> Vec<(String, Verdict)> {
        let _ = options;
        Vec::new()
    }

    /// Opens the secret files that these options name, for `check`. Each file that cannot be used is reported as its key below
    /// `options` and a text. `base` is the folder of the configuration file.
    fn check_files(options: &Self::Options, base: &Path) -> Vec<(String, String)> {
        let _ = (options, base);
        Vec::new()
    }

    /// What only this component may write. Two instances that claim the same are a configuration error.
    fn claims(options: &Self::Options) -> Vec<Claim> {
        let _ = options;
        Vec::new()
    }

    /// Opens what the component needs: the first place where I/O is allowed.
    async fn build(options: Self::Options, cx: &BuildContext) -> Result<Arc<Self::Role>, BoxError>;
}

/// What a plugin may use while it is built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BuildContext {
    /// The name of the instance, from the configuration.
    pub name: Arc<str>,
    /// The folder that relative paths start from: that of the configuration file.
    pub base: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The random numbers.
    pub rng: Arc<Rng>,
    /// For commands: nothing missing is created, and an older format is not upgraded.
    pub read_only: bool,
}

impl BuildContext {
    /// A context for an instance of this name; tests replace its fields.
    pub fn new(name: &str, base: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self { name: name.into(), base: base.into(), clock, rng: Arc::default(), read_only: false }
    }

    /// Resolves a path of the options against the folder of the configuration file.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.base.join(path)
    }
}

/// The roles that a plugin can have. The trait is sealed.
pub trait Role: sealed::Sealed + Send + Sync + 'static {
    /// The table that holds its instances.
    const TABLE: Table;
    /// Wraps a built component.
    fn component(this: Arc<Self>) -> Component;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! roles {
    ($($role:ident => $table:ident),* $(,)?) => {
        $(
            impl sealed::Sealed for dyn $role {}
            impl Role for dyn $role {
                const TABLE: Table = Table::$table;
                fn component(this: Arc<Self>) -> Component {
                    Component::$role(this)
                }
            }
        )*

        /// A built plugin.
        pub enum Component {
            $(
                #[doc = concat!("A [`", stringify!($role), "`].")]
                $role(Arc<dyn $role>),
            )*
        }

        impl fmt::Debug for Component {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$role(_) => stringify!($role),)* })
            }
        }
    };
}

roles! { Source => Sources, Handler => Handlers, Action => Actions, Journal => Journal }

/// The tables of the configuration that hold plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `[sources.NAME]`
    Sources,
    /// `[handlers.NAME]`
    Handlers,
    /// `[actions.NAME]`
    Actions,
    /// `[journal]`
    Journal,
}

impl Table {
    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::Handlers => "handlers",
            Self::Actions => "actions",
            Self::Journal => "journal",
        }
    }

    /// The name of the role of its plugins.
    pub fn role(self) -> &'static str {
        match self {
            Self::Sources => "source",
            Self::Handlers => "handler",
            Self::Actions => "action",
            Self::Journal => "journal",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Options that have been read and checked; nothing has been opened yet.
#[async_trait]
pub trait Configured: Send {
    /// Handlers: the verdicts that the options fix, each with its key below `options`.
    fn verdicts(&self) -> Vec<(String, Verdict)> {
        Vec::new()
    }

    /// Opens the secret files that the options name. Each error has its key below `options`.
    fn check_files(&self, base: &Path) -> Vec<(String, String)> {
        let _ = base;
        Vec::new()
    }

    /// What only this component may write.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// Builds the component.
    ///
    /// # Errors
    /// What could not be opened.
    async fn build(self: Box<Self>, cx: &BuildContext) -> Result<Component, BoxError>;
}

struct Typed<P: Plugin>(P::Options); // the one place where a plugin's type is forgotten

#[async_trait]
impl<P: Plugin> Configured for Typed<P> {
    fn verdicts(&self) -> Vec<(String, Verdict)> {
        P::verdicts(&self.0)
    }

    fn check_files(&self, base: &Path) -> Vec<(String, String)> {
        P::check_files(&self.0, base)
    }

    fn claims(&self) -> Vec<Claim> {
        P::claims(&self.0)
    }

    async fn build(self: Box<Self>, cx: &BuildContext) -> Result<Component, BoxError> {
        Ok(P::Role::component(P::build(self.0, cx).await?))
    }
}

type Configure = fn(&dyn OptionsTable) -> Result<Box<dyn Configured>, Vec<ConfigError>>;

fn configure<P: Plugin>(table: &dyn OptionsTable) -> Result<Box<dyn Configured>, Vec<ConfigError>> {
    let options = table.read::<P::Options>()?;
    let wrong: Vec<ConfigError> =
        P::check(&options).into_iter().map(|(key, message)| table.mistake(&key, message)).collect();
    if wrong.is_empty() { Ok(Box::new(Typed::<P>(options))) } else { Err(wrong) }
}

fn schema<P: Plugin>() -> Schema {
    schemars::schema_for!(P::Options)
}

/// One plugin in the registry. It consists of constants and function pointers, so that it can be a static.
#[derive(Clone, Copy)]
pub struct Registration {
    /// The table of its role.
    pub table: Table,
    /// The name that `plugin = "..."` selects.
    pub name: &'static str,
    /// One line: what it is for.
    pub about: &'static str,
    /// The module that registered it.
    pub module: &'static str,
    /// Handlers: the commands that an instance handles by default.
    pub commands: &'static [&'static str],
    /// Handlers: whether they make records.
    pub records: bool,
    /// Handlers: whether they only make records.
    pub records_only: bool,
    /// A complete `options` table as TOML.
    pub example: &'static str,
    /// The JSON Schema of its options.
    pub schema: fn() -> Schema,
    configure: Configure,
}

inventory::collect!(Registration);

impl Registration {
    /// Describes `P`; [`register!`](crate::register) submits this with the registering module's path.
    pub const fn of<P: Plugin>(module: &'static str) -> Self {
        Self {
            table: P::Role::TABLE,
            name: P::NAME,
            about: P::DESCRIPTION,
            module,
            commands: P::COMMANDS,
            records: P::RECORDS,
            records_only: P::RECORDS_ONLY,
            example: P::EXAMPLE,
            schema: schema::<P>,
            configure: configure::<P>,
        }
    }

    /// Reads its options.
    ///
    /// # Errors
    /// All errors in them.
    pub fn configure(
        &self,
        table: &dyn OptionsTable,
    ) -> Result<Box<dyn Configured>, Vec<ConfigError>> {
        (self.configure)(table)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.table.role(), self.name, self.module)
    }
}

/// Registers a plugin in every program that links this crate.
///
/// A crate that is only listed in `Cargo.toml` is not linked: the program needs `use the_crate as _;`.
#[macro_export]
macro_rules! register {
    ($plugin:ty) => {
        $crate::__private::inventory::submit! { $crate::Registration::of::<$plugin>(::core::module_path!()) }
    };
}
