//! Every object type is registered beside its file, and the lists are sorted.
//!
//! Registration is two plain lines in the folder's `mod.rs`, so that the compiler, `cargo fmt` and a reader
//! see the same thing. What they cannot see is a line that was forgotten.

use super::{File, Finding, Tree};

const OBJECTS: &str = "crates/objects/src/";
const REGISTER: &str = "ObjectType::of::<";

/// An object type: the file that declares it, and its names in Rust and in the configuration.
pub(super) struct ObjectType<'a> {
    pub(super) file: &'a File,
    pub(super) line: usize,
    pub(super) rust_name: &'a str,
    pub(super) name: &'a str,
}

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for registry in registries(tree) {
        findings.extend(order(registry));
    }
    let types = object_types(tree);
    for object in &types {
        findings.extend(registered(tree, object));
        findings.extend(named(object, &types));
    }
    findings
}

/// Every `impl ObjectConfig for X` in a folder of objects, with its `const TYPE`. What stands beside the
/// folders, and in files of tests, is not part of the catalogue.
pub(super) fn object_types(tree: &Tree) -> Vec<ObjectType<'_>> {
    let mut found = Vec::new();
    let is_object = |file: &&File| {
        let inside = file.path.strip_prefix(OBJECTS);
        inside.is_some_and(|inside| inside.contains('/')) && file.name() != "tests.rs"
    };
    for file in tree.rust_files().filter(is_object) {
        let mut rust_name = None;
        for (line, text) in file.lines() {
            if let Some((_, rest)) = text.split_once("ObjectConfig for ") {
                rust_name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
            }
            if text.trim_start().starts_with("const TYPE:")
                && let Some(rust_name) = rust_name.take()
                && let Some(name) = text.split('"').nth(1)
            {
                found.push(ObjectType { file, line, rust_name, name });
            }
        }
    }
    found
}

fn registries(tree: &Tree) -> impl Iterator<Item = &File> {
    let candidates = tree.rust_files().filter(|file| file.path.starts_with(OBJECTS));
    candidates.filter(|file| matches!(file.name(), "mod.rs" | "lib.rs") && file.text.contains(REGISTER))
}

fn registered(tree: &Tree, object: &ObjectType<'_>) -> Option<Finding> {
    let registries: Vec<&File> = registries(tree).collect();
    let is_registered = registries.iter().any(|registry| {
        let is_above = object.file.path.starts_with(&format!("{}/", registry.folder()));
        is_above && registrations(registry).any(|(_, name)| name == object.rust_name)
    });
    let line = format!("{REGISTER}{}>(…),", object.rust_name);
    let message = format!("`{}` is not registered: add `{line}` to the mod.rs of its folder", object.name);
    (!is_registered).then(|| object.file.finding(object.line, message))
}

/// One object, one file: a file, or its folder, is called after a type it declares.
fn named(object: &ObjectType<'_>, types: &[ObjectType<'_>]) -> Option<Finding> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let inside = &object.file.path[OBJECTS.len()..];
    let parts: Vec<String> = inside.trim_end_matches(".rs").split('/').map(plain).collect();
    let mut siblings = types.iter().filter(|other| other.file.path == object.file.path);
    let fits = siblings.any(|sibling| parts.contains(&plain(sibling.name)));
    let message =
        format!("is called after none of its types: `{}` belongs in a file of that name", object.name);
    (!fits).then(|| object.file.finding(object.line, message))
}

fn order(registry: &File) -> Option<Finding> {
    let names: Vec<(usize, &str)> = registrations(registry).collect();
    let (_, second) = names.windows(2).map(|pair| (pair[0], pair[1])).find(|(a, b)| a.1 > b.1)?;
    Some(registry.finding(second.0, format!("`{}` is out of order: the list is sorted by name", second.1)))
}

/// The registered types of a `mod.rs`, by their last path segment.
fn registrations(registry: &File) -> impl Iterator<Item = (usize, &str)> {
    registry.lines().filter(|(_, text)| !text.trim_start().starts_with("//")).flat_map(|(line, text)| {
        let names = text.split(REGISTER).skip(1).filter_map(|rest| rest.split('>').next());
        names.map(move |path| (line, path.rsplit("::").next().unwrap_or(path).trim()))
    })
}
