//! Who names whom: every path in the sources outside tests, and the module that it leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::tokens::{Token, tokens};

/// A name that is handed on more often than this is not followed.
const HOPS_MAX: usize = 8;

/// A crate's name without `switchhook-`, then its modules.
pub type Module = Vec<String>;

/// A path in the source, and where it leads.
#[derive(Clone, Debug)]
pub struct Edge {
    pub from: Module,
    pub to: Module,
    file: PathBuf,
    line: usize,
    text: String,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from.join("::"), self.to.join("::"));
        write!(f, "{}:{}: `{}`: {from} -> {to}", self.file.display(), self.line, self.text)
    }
}

/// A path as it stands in a file.
struct Named {
    module: Module,
    file: PathBuf,
    line: usize,
    names: Vec<String>,
}

/// All crates of some folders.
#[derive(Default)]
pub struct Graph {
    modules: BTreeSet<Module>,
    tests: BTreeSet<Module>,
    /// What a module has by another name than its own, by module and name.
    imports: BTreeMap<(Module, String), Vec<String>>,
    named: Vec<Named>,
}

impl Graph {
    /// Reads the crates in these folders, each by its name.
    pub fn read(root: &Path, crates: &[(&str, &str)]) -> Self {
        let mut graph = Self::default();
        for (name, folder) in crates {
            graph.folder(root, &Path::new(folder).join("src"), &[(*name).to_owned()]);
        }
        graph
    }

    /// Whether there is a module of this name, with `::` between its parts.
    pub fn has(&self, name: &str) -> bool {
        self.modules.contains(&name.split("::").map(ToOwned::to_owned).collect::<Module>())
    }

    /// Every path that leads from one module to another, neither being around the other, outside tests: to the module that it
    /// names, and to the one in which the thing is written, where the first only hands it on.
    pub fn edges(&self) -> Vec<Edge> {
        let outside = self.named.iter().filter(|named| !self.is_test(&named.module));
        outside.flat_map(|named| self.edges_of(named)).collect()
    }

    fn edges_of(&self, named: &Named) -> impl Iterator<Item = Edge> {
        let there = |hops| self.resolved(&named.module, &named.names, hops);
        let (written, handed_on) = (there(0), there(HOPS_MAX));
        let handed_on = handed_on.filter(|module| Some(module) != written.as_ref());
        let edge = |to: Module| {
            let around = to.starts_with(&named.module) || named.module.starts_with(&to);
            let (file, line) = (named.file.clone(), named.line);
            let (from, text) = (named.module.clone(), named.names.join("::"));
            (!around).then_some(Edge { from, to, file, line, text })
        };
        written.into_iter().chain(handed_on).filter_map(edge)
    }

    fn is_test(&self, module: &[String]) -> bool {
        (1..=module.len()).any(|length| self.tests.contains(&module[..length]))
    }

    fn folder(&mut self, root: &Path, folder: &Path, module: &[String]) {
        let entries = root.join(folder).read_dir().expect("a folder of sources");
        for entry in entries {
            let name = entry.expect("an entry").file_name();
            let path = folder.join(&name);
            let name = name.to_str().expect("UTF-8");
            if root.join(&path).is_dir() {
                self.folder(root, &path, &below(module, name));
                continue;
            }
            match name.strip_suffix(".rs") {
                None => {}
                Some("lib" | "main" | "mod") => self.file(root, &path, module),
                Some(stem) => self.file(root, &path, &below(module, stem)),
            }
        }
    }

    fn file(&mut self, root: &Path, file: &Path, module: &[String]) {
        let text = std::fs::read_to_string(root.join(file)).expect("a source");
        self.modules.insert(module.to_vec());
        self.walk(&tokens(&text), file, module);
    }

    fn walk(&mut self, tokens: &[Token], file: &Path, module: &[String]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            at += match token {
                Token::Sign(_) if is_of_tests(rest) => self.skip(rest, module),
                Token::Sign(_) => 1,
                Token::Group(_, inner) => {
                    self.walk(inner, file, module);
                    1
                }
                Token::Word(word, _) if word == "mod" => self.inline(rest, file, module),
                Token::Word(word, _) if word == "use" => {
                    let end = rest.iter().position(|token| token.is(';')).unwrap_or(rest.len());
                    self.tree(&rest[1..end], Vec::new(), file, module);
                    end
                }
                Token::Word(..) => {
                    let (names, end) = path(rest);
                    if names.len() > 1 {
                        self.name(names, rest, file, module);
                    }
                    end
                }
            };
        }
    }

    /// Passes over the item behind `#[cfg(test)]`; how many tokens it has.
    fn skip(&mut self, rest: &[Token], module: &[String]) -> usize {
        let end = rest.iter().skip(2).position(|token| token.is(';') || token.braces().is_some());
        let end = end.map_or(rest.len(), |end| end + 3);
        let mut words = rest[..end].iter().map(Token::word).skip_while(|it| *it != Some("mod"));
        if let Some(Some(name)) = words.nth(1) {
            self.tests.insert(below(module, name));
        }
        end
    }

    /// A module in braces; how many tokens it has.
    fn inline(&mut self, rest: &[Token], file: &Path, module: &[String]) -> usize {
        let name = rest.get(1).and_then(Token::word);
        let (Some(name), Some(body)) = (name, rest.get(2).and_then(Token::braces)) else {
            return 1;
        };
        let module = below(module, name);
        self.modules.insert(module.clone());
        self.walk(body, file, &module);
        3
    }

    /// What stands behind `use`, or a part of it.
    fn tree(&mut self, tokens: &[Token], around: Vec<String>, file: &Path, module: &[String]) {
        let (mut own, end) = path(tokens);
        if own == ["self"] && !around.is_empty() {
            own.clear();
        }
        let names = [around, own].concat();
        if let Some(parts) = tokens.get(end).and_then(Token::braces) {
            for part in parts.split(|token| token.is(',')).filter(|part| !part.is_empty()) {
                self.tree(part, names.clone(), file, module);
            }
            return;
        }
        let Some(last) = names.last() else { return };
        let renamed = tokens.get(end).and_then(Token::word) == Some("as");
        let alias = tokens.get(end + 1).filter(|_| renamed).and_then(Token::word);
        let alias = alias.map_or_else(|| last.clone(), ToOwned::to_owned);
        self.imports.insert((module.to_vec(), alias), names.clone());
        self.name(names, tokens, file, module);
    }

    fn name(&mut self, names: Vec<String>, at: &[Token], file: &Path, module: &[String]) {
        let line = match at.first() {
            Some(Token::Word(_, line)) => *line,
            _ => 0,
        };
        self.named.push(Named { module: module.to_vec(), file: file.to_owned(), line, names });
    }

    /// The module in which what a path names is written, whatever it is imported or handed on through; none outside these crates.
    fn resolved(&self, from: &[String], names: &[String], hops: usize) -> Option<Module> {
        let (first, mut rest) = names.split_first()?;
        let mut at = match first.as_str() {
            "crate" => from[..1].to_vec(),
            "self" => from.to_vec(),
            "super" => from.split_last()?.1.to_vec(),
            other => match other.strip_prefix("switchhook_") {
                Some(name) => vec![name.replace('_', "-")],
                None if self.modules.contains(&below(from, other)) => below(from, other),
                None => return None,
            },
        };
        self.modules.contains(at.get(..1)?).then_some(())?;
        while let Some((name, further)) = rest.split_first() {
            if name == "super" {
                at.pop();
            } else if self.modules.contains(&below(&at, name)) {
                at.push(name.clone());
            } else if let Some(import) = self.imports.get(&(at.clone(), name.clone()))
                && hops < HOPS_MAX
            {
                let whole = [import.as_slice(), further].concat();
                return self.resolved(&at, &whole, hops + 1).or(Some(at));
            } else {
                break;
            }
            rest = further;
        }
        Some(at)
    }
}

fn below(module: &[String], name: &str) -> Module {
    [module, &[name.to_owned()]].concat()
}

/// Whether this is the attribute of what only tests have.
fn is_of_tests(tokens: &[Token]) -> bool {
    let [sign, Token::Group('[', attribute), ..] = tokens else { return false };
    let [Token::Word(cfg, _), Token::Group('(', inner)] = attribute.as_slice() else {
        return false;
    };
    sign.is('#') && cfg == "cfg" && mentions_test(inner)
}

fn mentions_test(tokens: &[Token]) -> bool {
    let mentions = |token: &Token| match token {
        Token::Word(word, _) => word == "test",
        Token::Group(_, inner) => mentions_test(inner),
        Token::Sign(_) => false,
    };
    tokens.iter().any(mentions)
}

/// The names of a path, and how many tokens it has.
fn path(tokens: &[Token]) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut at = tokens.iter().take_while(|token| token.is(':')).count();
    while let Some(name) = tokens.get(at).and_then(Token::word) {
        names.push(name.to_owned());
        at += 1;
        let colons = tokens[at..].iter().take(2).filter(|token| token.is(':')).count();
        if colons < 2 {
            break;
        }
        at += 2;
    }
    (names, at)
}
