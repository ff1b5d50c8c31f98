//! Every object type is shown in use: in a recipe of `examples/`, or in the comment that is its manual page.

use super::registration::object_types;
use super::{File, Finding, Tree};

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let recipes = |file: &&File| file.path.starts_with("examples/") && file.path.ends_with(".json");
    let recipes: Vec<&File> = tree.files.iter().filter(recipes).collect();
    let mut findings = Vec::new();
    for object in object_types(tree) {
        let quoted = format!("\"{}\"", object.name);
        let is_shown = recipes.iter().any(|file| file.text.contains(&quoted))
            || fenced_json(object.file).contains(&quoted);
        if !is_shown {
            let message =
                format!("`{}` has no example: show one as fenced `json` in its comment", object.name);
            findings.push(object.file.finding(object.line, message));
        }
    }
    findings
}

/// The lines between ` ```json ` and ` ``` ` of a file's doc comments.
fn fenced_json(file: &File) -> String {
    let mut found = String::new();
    let mut is_inside = false;
    for (_, text) in file.lines() {
        let Some(comment) = text.trim_start().strip_prefix("///") else {
            is_inside = false;
            continue;
        };
        match comment.trim() {
            fence if fence.starts_with("```") => is_inside = !is_inside && fence.starts_with("```json"),
            line if is_inside => found.push_str(line),
            _ => {}
        }
    }
    found
}
