//! Which way dependencies point: between the crates, and between the modules of each.

mod graph;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use self::graph::{Edge, Graph, Module};

/// The crates and their folders.
const CRATES: [(&str, &str); 6] = [
    ("api", "core/api"),
    ("journal-kit", "core/journal-kit"),
    ("testkit", "core/testkit"),
    ("engine", "core/engine"),
    ("cli", "core/cli"),
    ("plugins", "plugins"),
];

/// What must not know what, whatever is below each included: a crate, or a module of one.
const FORBIDDEN: [(&str, &str); 38] = [
    ("api", "journal-kit"),
    ("api", "testkit"),
    ("api", "engine"),
    ("api", "cli"),
    ("api", "plugins"),
    ("journal-kit", "engine"),
    ("journal-kit", "cli"),
    ("journal-kit", "plugins"),
    ("testkit", "engine"),
    ("testkit", "cli"),
    ("testkit", "plugins"),
    ("engine", "cli"),
    ("engine", "plugins"),
    ("engine", "journal-kit"),
    ("cli", "plugins"),
    ("cli", "journal-kit"),
    ("plugins", "engine"),
    ("plugins", "cli"),
    ("plugins::sources", "journal-kit"),
    ("plugins::handlers", "journal-kit"),
    ("plugins::actions", "journal-kit"),
    // A module knows its own policy; the configuration knows them all.
    ("engine::listener", "engine::config"),
    ("engine::intake", "engine::config"),
    ("engine::decide", "engine::config"),
    ("engine::delivery", "engine::config"),
    ("engine::admin", "engine::config"),
    ("engine::metrics", "engine::config"),
    ("engine::retention", "engine::config"),
    ("engine::router", "engine::config"),
    ("engine::decision_cache", "engine::config"),
    ("engine::server", "engine::config"),
    ("engine::config", "engine::app"),
    // Nothing behind the journal knows what stands before it.
    ("engine::delivery", "engine::listener"),
    ("engine::delivery", "engine::intake"),
    ("engine::delivery", "engine::admin"),
    ("engine::listener", "engine::delivery"),
    ("engine::admin", "engine::delivery"),
    ("engine::metrics", "api::journal"),
];

/// All that the command line needs of the engine.
const OF_ENGINE_FOR_CLI: [(&str, &str); 8] = [
    ("engine::admin", "the commands that a running server executes, and the views of its API"),
    ("engine::app", "runs the server; builds what commands look at"),
    ("engine::config", "reads the configuration; its values and messages"),
    ("engine::listener", "`listen` is a server of its own"),
    ("engine::metrics", "which its listener counts in"),
    ("engine::socket_path", "where a running server is asked"),
    ("engine::system_clock", "the clock of this machine"),
    ("engine::targets", "how targets stand, as the API tells it"),
];

/// What the author of a small plugin need not compile.
const TOO_HEAVY_FOR_API: [&str; 19] = [
    "actix-web",
    "axum",
    "clap",
    "figment",
    "hyper",
    "hyper-util",
    "metrics",
    "opentelemetry",
    "prometheus",
    "prometheus-client",
    "reqwest",
    "rusqlite",
    "smol",
    "tokio",
    "tokio-util",
    "toml",
    "tower",
    "tower-service",
    "warp",
];

/// It is about to be rebuilt.
const MAY_HAVE_CYCLES: &str = "plugins::journals::embedded";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn edges() -> Vec<Edge> {
    let graph = Graph::read(root(), &CRATES);
    for module in FORBIDDEN.iter().flat_map(|(from, to)| [from, to]).chain([&MAY_HAVE_CYCLES]) {
        assert!(graph.has(module), "{module} is in a table here, but not in the sources");
    }
    let edges = graph.edges();
    let crates: BTreeSet<&String> = edges.iter().filter_map(|edge| edge.from.first()).collect();
    assert!(edges.len() > 1000 && crates.len() == CRATES.len(), "{} of {crates:?}", edges.len());
    edges
}

/// Whether a module is this one, or below it.
fn is_in(module: &[String], name: &str) -> bool {
    module.iter().map(String::as_str).zip(name.split("::")).all(|(own, other)| own == other)
        && module.len() >= name.split("::").count()
}

/// The dependencies outside tests that a crate's manifest has, each with its place.
fn dependencies(folder: &str) -> Vec<(String, String)> {
    let file = Path::new(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(root().join(&file)).expect("a manifest");
    let manifest = DeTable::parse(&text).expect("TOML");
    let tables = ["dependencies", "build-dependencies"].map(|name| manifest.get_ref().get(name));
    let entries = tables.into_iter().flatten().filter_map(|table| table.get_ref().as_table());
    let place = |(name, _): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        let line = text[..name.span().start].lines().count();
        (name.get_ref().to_string(), format!("{}:{line}", file.display()))
    };
    entries.flatten().map(place).collect()
}

#[test]
fn no_module_knows_what_it_must_not_know() {
    let edges = edges();
    let mut wrong = Vec::new();
    for (from, to) in FORBIDDEN {
        let against = |edge: &&Edge| is_in(&edge.from, from) && is_in(&edge.to, to);
        wrong.extend(edges.iter().filter(against).map(ToString::to_string));
    }
    assert!(wrong.is_empty(), "forbidden:\n{}", wrong.join("\n"));
}

#[test]
fn no_crate_depends_on_what_it_must_not_know() {
    let mut wrong = Vec::new();
    for (name, folder) in CRATES {
        for (dependency, place) in dependencies(folder) {
            let ours = dependency.strip_prefix("switchhook-").unwrap_or(&dependency);
            let heavy = name == "api" && TOO_HEAVY_FOR_API.contains(&dependency.as_str());
            if heavy || FORBIDDEN.contains(&(name, ours)) {
                wrong.push(format!("{place}: {name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden:\n{}", wrong.join("\n"));
}

#[test]
fn the_command_line_knows_no_more_of_the_engine_than_it_needs() {
    let edges = edges();
    // What the crate hands on at its root counts where it is written.
    let inside = |edge: &&Edge| is_in(&edge.to, "engine") && edge.to.len() > 1;
    let of_engine = || edges.iter().filter(|edge| is_in(&edge.from, "cli")).filter(inside);
    let allowed =
        |edge: &&Edge| OF_ENGINE_FOR_CLI.iter().any(|(module, _)| is_in(&edge.to, module));
    let wrong: Vec<_> =
        of_engine().filter(|edge| !allowed(edge)).map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "not in the list:\n{}", wrong.join("\n"));
    for (module, why) in OF_ENGINE_FOR_CLI {
        assert!(of_engine().any(|edge| is_in(&edge.to, module)), "unused: {module}, {why}");
    }
}

#[test]
fn no_modules_go_in_a_circle() {
    let edges: Vec<_> = edges().into_iter().filter_map(between_siblings).collect();
    let mut next: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    let mut between: BTreeMap<(&[String], &[String]), Vec<&Edge>> = BTreeMap::new();
    for (from, to, edge) in &edges {
        next.entry(from).or_default().insert(to);
        between.entry((from, to)).or_default().push(edge);
    }
    between.retain(|(from, to), _| reaches(&next, to, from));
    let mut wrong: Vec<_> = between.into_values().collect();
    wrong.sort_by_key(Vec::len); // the fewest are most easily taken out
    let wrong: Vec<_> = wrong.concat().iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "these go in a circle:\n{}", wrong.join("\n"));
}

/// The two modules with the same one around them that an edge leads between.
fn between_siblings(edge: Edge) -> Option<(Module, Module, Edge)> {
    let common = edge.from.iter().zip(&edge.to).take_while(|(one, other)| one == other).count();
    let [from, to] = [&edge.from, &edge.to].map(|module| module[..=common].to_vec());
    (common > 0 && !is_in(&from, MAY_HAVE_CYCLES)).then_some((from, to, edge))
}

fn reaches(
    next: &BTreeMap<&[String], BTreeSet<&[String]>>,
    from: &[String],
    to: &[String],
) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(next.get(at).into_iter().flatten());
        }
    }
    false
}
