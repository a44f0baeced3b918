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
use crate::config::{Mistake, OptionsTable};
use crate::handler::Handler;
use crate::journal::Journal;
use crate::source::Source;
use crate::time::{Clock, Rng};
use crate::verdict::Verdict;

/// Makes one component from its own options: the only place where a plugin's types stand.
#[async_trait]
pub trait Plugin: Sized + Send + Sync + 'static {
    /// What it makes: `dyn Source`, `dyn Handler`, `dyn Action` or `dyn Journal`.
    type Role: Role + ?Sized;
    /// The name that `plugin = "..."` selects.
    const NAME: &'static str;
    /// One line: what it is for.
    const ABOUT: &'static str;
    /// Handlers: the commands that it understands unless told otherwise.
    ///
    /// An empty list: `commands` has to be given.
    const COMMANDS: &'static [&'static str] = &["*"];
    /// Handlers: whether they make records. For one that does not, `actions` is a mistake: nothing would reach them.
    const RECORDS: bool = true;
    /// Handlers: whether making records is all that it does, so that without `actions` it is of no use. Not for one that decides,
    /// or whose state counts later.
    const RECORDS_ONLY: bool = false;
    /// A whole `options` table as TOML: shown to users, and tried by the contract tests.
    const EXAMPLE: &'static str;
    /// The options of one instance; always `deny_unknown_fields`.
    type Options: DeserializeOwned + JsonSchema + Send + 'static;

    /// What one option alone cannot say: values that do not go together. Each as the key below `options` and what is wrong.
    fn check(options: &Self::Options) -> Vec<(String, String)> {
        let _ = options;
        Vec::new()
    }

    /// Handlers: the verdicts that these options fix, each with its key below `options`. One that a source cannot say in answer
    /// to a command of the instance is a mistake in the configuration; what is not told here is found when it is given.
    fn verdicts(options: &Self::Options) -> Vec<(String, Verdict)> {
        let _ = options;
        Vec::new()
    }

    /// Opens the secret files that these options name, for `check`: each one that cannot be used, as its key below `options` and
    /// what is wrong. `base` is the configuration file's folder.
    fn check_files(options: &Self::Options, base: &Path) -> Vec<(String, String)> {
        let _ = (options, base);
        Vec::new()
    }

    /// What the component writes and nobody else may write: two instances that claim the same are refused.
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
    /// The folder that relative paths start from: the configuration file's.
    pub base: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<Rng>,
    /// For a command: what is not there is not made, and what is of an older format stays as it is.
    pub read_only: bool,
}

impl BuildContext {
    /// A context for an instance of this name; replace its fields to bend them.
    pub fn new(name: &str, base: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self { name: name.into(), base: base.into(), clock, rng: Arc::default(), read_only: false }
    }

    /// A path of the options, seen from the configuration file.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.base.join(path)
    }
}

/// The roles a plugin can play; nobody else can add one.
pub trait Role: sealed::Sealed + Send + Sync + 'static {
    /// The table that holds its instances.
    const TABLE: Table;
    /// Puts a built one with the others.
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

    /// What one of its plugins is called.
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

/// Options that have been read and found good; nothing has been opened yet.
#[async_trait]
pub trait Configured: Send {
    /// Handlers: the verdicts that the options fix, each with its key below them.
    fn verdicts(&self) -> Vec<(String, Verdict)> {
        Vec::new()
    }

    /// Opens the secret files that the options name: what is wrong with them, each with its key below the options.
    fn check_files(&self, base: &Path) -> Vec<(String, String)> {
        let _ = base;
        Vec::new()
    }

    /// What the component writes and nobody else may write.
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

type Configure = fn(&dyn OptionsTable) -> Result<Box<dyn Configured>, Vec<Mistake>>;

fn configure<P: Plugin>(table: &dyn OptionsTable) -> Result<Box<dyn Configured>, Vec<Mistake>> {
    let options = table.read::<P::Options>()?;
    let wrong: Vec<Mistake> =
        P::check(&options).into_iter().map(|(key, message)| table.mistake(&key, message)).collect();
    if wrong.is_empty() { Ok(Box::new(Typed::<P>(options))) } else { Err(wrong) }
}

fn schema<P: Plugin>() -> Schema {
    schemars::schema_for!(P::Options)
}

/// One plugin as the registry knows it: constants and function pointers, so that it can be a static.
#[derive(Clone, Copy)]
pub struct Registration {
    /// The table of its role.
    pub table: Table,
    /// The name that `plugin = "..."` selects.
    pub name: &'static str,
    /// One line: what it is for.
    pub about: &'static str,
    /// Who registered it.
    pub module: &'static str,
    /// Handlers: the commands that it understands unless told otherwise.
    pub commands: &'static [&'static str],
    /// Handlers: whether they make records.
    pub records: bool,
    /// Handlers: whether making records is all that they do.
    pub records_only: bool,
    /// A whole `options` table as TOML.
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
            about: P::ABOUT,
            module,
            commands: P::COMMANDS,
            records: P::RECORDS,
            records_only: P::RECORDS_ONLY,
            example: P::EXAMPLE,
            schema: schema::<P>,
            configure: configure::<P>,
        }
    }

    /// Reads options for it.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn configure(&self, table: &dyn OptionsTable) -> Result<Box<dyn Configured>, Vec<Mistake>> {
        (self.configure)(table)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.table.role(), self.name, self.module)
    }
}

/// Puts a plugin into the inventory of every program that links this crate.
///
/// A crate that is only listed in `Cargo.toml` is not linked: the program needs a `use the_crate as _;`.
#[macro_export]
macro_rules! register {
    ($plugin:ty) => {
        $crate::__private::inventory::submit! { $crate::Registration::of::<$plugin>(::core::module_path!()) }
    };
}
