//! The import table: crates import downhill only, and each outside engine has one door.
//!
//! Cargo refuses cycles, but not a step in the wrong direction; this does.

use super::{File, Finding, Tree};

/// Which crates of the workspace each crate may name.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("expression", &["source"]),
    ("exchange", &["expression"]),
    ("crypto", &[]),
    ("identity", &["crypto"]),
    ("transport", &["exchange", "crypto"]),
    ("heap", &["source", "expression", "exchange", "crypto"]),
    ("objects", &["source", "expression", "exchange", "crypto", "identity", "transport", "heap"]),
    (
        "portcullis",
        &["source", "expression", "exchange", "crypto", "identity", "transport", "heap", "objects"],
    ),
    ("testbed", &[]), // What tests stand on must not share a defect with what is tested.
    ("xtask", &[]),
];

/// The only crate of the workspace that tests may name beyond the table.
const TEST_KIT: &str = "testbed";

/// Outside crates that only some of ours may name.
const DOORS: &[(&str, &[&str])] = &[
    ("aws-lc", &["crypto"]),
    ("hyper", &["transport"]),
    ("rustls", &["transport", "crypto"]),
    ("tokio", &["exchange", "transport", "heap", "objects", "portcullis"]),
    ("anyhow", &["portcullis", "xtask"]),
];

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter_map(|file| Some((member(&file.path)?, file)));
    manifests.flat_map(|(name, file)| check(name, file)).collect()
}

/// The crate whose manifest this is: `crates/NAME/Cargo.toml` or `xtask/Cargo.toml`.
fn member(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    let name = folder.strip_prefix("crates/").unwrap_or(folder);
    (!name.contains('/') && (folder != name || name == "xtask")).then_some(name)
}

fn check(name: &str, manifest: &File) -> Vec<Finding> {
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(row, _)| *row == name) else {
        let message =
            format!("`{name}` is not in the import table of xtask/src/tidy/imports.rs: add its row");
        return vec![manifest.finding(0, message)];
    };
    let mut findings = Vec::new();
    for Dependency { line, name: dependency, for_tests } in dependencies(manifest) {
        let is_ours = MAY_IMPORT.iter().any(|(row, _)| *row == dependency);
        let is_test_kit = for_tests && dependency == TEST_KIT;
        if is_ours && !is_test_kit && !allowed.contains(&dependency) {
            findings.push(manifest.finding(line, format!("`{name}` may not import `{dependency}`")));
        }
        if let Some((engine, doors)) = DOORS.iter().find(|(engine, _)| is_part_of(dependency, engine))
            && !doors.contains(&name)
            && !for_tests
        {
            let doors = doors.join(", ");
            findings.push(manifest.finding(line, format!("only {doors} may name `{engine}`, not `{name}`")));
        }
    }
    findings
}

/// `hyper-util` counts as `hyper`, `tokio-rustls` as `tokio`.
fn is_part_of(dependency: &str, engine: &str) -> bool {
    dependency.strip_prefix(engine).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

struct Dependency<'a> {
    line: usize,
    name: &'a str,
    for_tests: bool,
}

/// The dependencies of a manifest, read line by line: `name = …`, `name.workspace = true`, and tables of
/// their own (`[dependencies.name]`).
fn dependencies(manifest: &File) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut section = "";
    for (line, text) in manifest.lines() {
        let text = text.trim();
        if let Some(header) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            section = header;
            if let Some((table, name)) = header.rsplit_once('.')
                && table.ends_with("dependencies")
            {
                found.push(Dependency { line, name, for_tests: table.ends_with("dev-dependencies") });
            }
        } else if section.ends_with("dependencies") && !text.is_empty() && !text.starts_with('#') {
            let name = text.split(['.', '=', ' ']).next().unwrap_or_default().trim_matches('"');
            found.push(Dependency { line, name, for_tests: section.ends_with("dev-dependencies") });
        }
    }
    found
}
