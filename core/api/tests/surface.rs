//! The public surface of this crate, as `surface.txt` has it: what it grows by and what it loses is seen in a review.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, UseTree, Visibility};

/// Rewrites the list instead of comparing it.
const UPDATE: &str = "UPDATE_SURFACE";

#[test]
fn the_public_surface_is_as_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut lines = BTreeSet::new();
    let lib = parsed(&root.join("src/lib.rs"));
    let module = Module { folder: root.join("src"), path: String::new() };
    walk(&module, &lib, &|_| true, &mut lines);
    let mut found = lines.into_iter().collect::<Vec<_>>().join("\n");
    found.push('\n');
    let list = root.join("tests/surface.txt");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&list, &found).expect("written");
    }
    let listed = fs::read_to_string(&list).unwrap_or_default();
    let new: Vec<_> =
        found.lines().filter(|line| !listed.lines().any(|one| one == *line)).collect();
    let gone: Vec<_> =
        listed.lines().filter(|line| !found.lines().any(|one| one == *line)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "the public surface has changed; if that is meant, note it in CHANGELOG.md and run\n  \
         {UPDATE}=1 cargo test -p switchhook-api --test surface\nnew:\n  {}\ngone:\n  {}",
        new.join("\n  "),
        gone.join("\n  "),
    );
}

struct Module {
    folder: PathBuf,
    path: String,
}

fn parsed(file: &Path) -> Vec<Item> {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).items
}

/// Lists the items of a module that `is_seen` names, and those of its modules.
fn walk(
    module: &Module,
    items: &[Item],
    is_seen: &dyn Fn(&str) -> bool,
    lines: &mut BTreeSet<String>,
) {
    for item in items {
        describe(&module.path, item, is_seen, lines);
    }
    for item in items {
        let Item::Mod(inner) = item else { continue };
        if inner.content.is_some() || is_left_out(&inner.attrs) {
            continue;
        }
        let name = inner.ident.to_string();
        let own = module.folder.join(format!("{name}.rs"));
        let file = if own.exists() { own } else { module.folder.join(&name).join("mod.rs") };
        let folder = module.folder.join(&name);
        let contents = parsed(&file);
        if is_public(&inner.vis) && is_seen(&name) {
            let path = format!("{}{name}::", module.path);
            walk(&Module { folder, path }, &contents, &|_| true, lines);
        } else {
            let exported = exported(items, &name);
            let path = module.path.clone();
            let seen = |name: &str| exported.contains(name) && is_seen(name);
            walk(&Module { folder, path }, &contents, &seen, lines);
        }
    }
}

/// The names that a module exports from one of its own.
fn exported(items: &[Item], module: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in items {
        let Item::Use(one) = item else { continue };
        if is_public(&one.vis) && !is_left_out(&one.attrs) {
            collect(&one.tree, &mut Vec::new(), module, &mut names);
        }
    }
    names
}

fn collect(tree: &UseTree, path: &mut Vec<String>, module: &str, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            collect(&inner.tree, path, module, names);
            path.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|item| collect(item, path, module, names));
        }
        UseTree::Name(name) if path.iter().any(|part| part == module) => {
            names.insert(name.ident.to_string());
        }
        _ => {}
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether an item is hidden from the documentation, or for tests.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| {
        let text = text(one);
        text.contains("doc (hidden)") || text.contains("cfg (test)")
    })
}

/// Whether it may grow without breaking those who use it.
fn growth(attributes: &[Attribute]) -> &'static str {
    match attributes.iter().any(|one| one.path().is_ident("non_exhaustive")) {
        true => "#[non_exhaustive] ",
        false => "",
    }
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

fn describe(path: &str, item: &Item, is_seen: &dyn Fn(&str) -> bool, lines: &mut BTreeSet<String>) {
    let shown = |visibility: &Visibility, attributes: &[Attribute], name: &syn::Ident| {
        is_public(visibility) && !is_left_out(attributes) && is_seen(&name.to_string())
    };
    match item {
        Item::Struct(one) if shown(&one.vis, &one.attrs, &one.ident) => {
            let name = format!("{path}{}", one.ident);
            lines.insert(format!("{}struct {name}{}", growth(&one.attrs), text(&one.generics)));
            fields(&name, &one.fields, lines);
        }
        Item::Enum(one) if shown(&one.vis, &one.attrs, &one.ident) => {
            let name = format!("{path}{}", one.ident);
            lines.insert(format!("{}enum {name}{}", growth(&one.attrs), text(&one.generics)));
            for variant in &one.variants {
                lines.insert(format!("{name}::{}{}", variant.ident, text(&variant.fields)));
            }
        }
        Item::Trait(one) if shown(&one.vis, &one.attrs, &one.ident) => {
            let name = format!("{path}{}", one.ident);
            lines.insert(format!("trait {name}: {}", text(&one.supertraits)));
            for item in &one.items {
                describe_trait_item(&name, item, lines);
            }
        }
        Item::Fn(one) if shown(&one.vis, &one.attrs, &one.sig.ident) => {
            lines.insert(format!("{path}{}", text(&one.sig)));
        }
        Item::Const(one) if shown(&one.vis, &one.attrs, &one.ident) => {
            lines.insert(format!("const {path}{}: {}", one.ident, text(&one.ty)));
        }
        Item::Type(one) if shown(&one.vis, &one.attrs, &one.ident) => {
            lines.insert(format!(
                "type {path}{}{} = {}",
                one.ident,
                text(&one.generics),
                text(&one.ty)
            ));
        }
        Item::Macro(one) if one.attrs.iter().any(|it| it.path().is_ident("macro_export")) => {
            if let Some(name) = &one.ident {
                lines.insert(format!("macro {name}!"));
            }
        }
        Item::Impl(one) => describe_impl(path, one, is_seen, lines),
        _ => {}
    }
}

fn fields(name: &str, fields: &Fields, lines: &mut BTreeSet<String>) {
    for (index, field) in fields.iter().enumerate() {
        if is_public(&field.vis) && !is_left_out(&field.attrs) {
            let own = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            lines.insert(format!("{name}.{own}: {}", text(&field.ty)));
        }
    }
}

fn describe_trait_item(name: &str, item: &TraitItem, lines: &mut BTreeSet<String>) {
    let default = |has: bool| if has { " { .. }" } else { "" };
    match item {
        TraitItem::Fn(one) if !is_left_out(&one.attrs) => {
            let default = default(one.default.is_some());
            lines.insert(format!("{name}::{}{default}", text(&one.sig)));
        }
        TraitItem::Const(one) => {
            let default = default(one.default.is_some());
            lines.insert(format!("{name}::const {}: {}{default}", one.ident, text(&one.ty)));
        }
        TraitItem::Type(one) => {
            lines.insert(format!("{name}::type {}: {}", one.ident, text(&one.bounds)));
        }
        _ => {}
    }
}

fn describe_impl(
    path: &str,
    one: &syn::ItemImpl,
    is_seen: &dyn Fn(&str) -> bool,
    lines: &mut BTreeSet<String>,
) {
    let of = text(&one.self_ty);
    let name = of.split([' ', '<']).next().unwrap_or_default();
    if one.trait_.is_some() || !is_seen(name) {
        return;
    }
    for item in &one.items {
        let ImplItem::Fn(method) = item else { continue };
        if is_public(&method.vis) && !is_left_out(&method.attrs) {
            lines.insert(format!("{path}{name}::{}", text(&method.sig)));
        }
    }
}
