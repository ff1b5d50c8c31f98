//! Every source file says what it is for, is part of its crate, and leaves no test out.

use super::{File, Finding, Tree};

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let rules = [opening, declared, ignored];
    tree.rust_files().flat_map(|file| rules.iter().filter_map(|rule| rule(tree, file))).collect()
}

/// A file opens with what it is for.
fn opening(_: &Tree, file: &File) -> Option<Finding> {
    let message = "must begin with `//!`: what the file is for, and why it is so";
    (!file.text.starts_with("//!")).then(|| file.finding(1, message))
}

/// A file that no `mod` line names is never compiled, and nobody notices.
fn declared(tree: &Tree, file: &File) -> Option<Finding> {
    let (_, inside) = file.path.split_once("/src/")?;
    let is_root = matches!(inside, "lib.rs" | "main.rs") || inside.starts_with("bin/");
    if is_root {
        return None;
    }
    let (folder, name) = match file.path.strip_suffix("/mod.rs") {
        Some(own) => own.rsplit_once('/')?,
        None => (file.folder(), file.name().strip_suffix(".rs")?),
    };
    let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| format!("{folder}/{parent}"));
    let line = format!("mod {name};");
    let is_declared = parents.iter().chain([&format!("{folder}.rs")]).any(|parent| {
        let parent = tree.file(parent);
        parent.is_some_and(|parent| parent.lines().any(|(_, text)| is_module_line(text, &line)))
    });
    let message = format!("is never compiled: no `{line}` in the module above it");
    (!is_declared).then(|| file.finding(0, message))
}

/// Whether `text` is `line`, with or without a visibility before it.
fn is_module_line(text: &str, line: &str) -> bool {
    let before = text.trim().strip_suffix(line);
    before.is_some_and(|before| before.is_empty() || before.starts_with("pub"))
}

/// An ignored test is a promise nobody keeps.
fn ignored(_: &Tree, file: &File) -> Option<Finding> {
    let (line, _) = file.lines().find(|(_, text)| text.trim_start().starts_with("#[ignore"))?;
    let message = "no test is ignored: assert today's answer and say in a comment what is wrong with it";
    Some(file.finding(line, message))
}
