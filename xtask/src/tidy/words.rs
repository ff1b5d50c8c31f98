//! Words that have no business in the tree: paths of somebody's machine, and talk about how it was made.

use super::{Finding, Tree};

/// Split in two, so that this file does not find itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/tmp/", "bash"), "a path of one machine"),
    (concat!("sub", "agent"), "talk about how the text was made"),
];

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (line, text) in file.lines() {
            let text = text.to_ascii_lowercase();
            for (word, reason) in FORBIDDEN.iter().filter(|(word, _)| text.contains(word)) {
                findings.push(file.finding(line, format!("`{word}` is {reason}")));
            }
        }
    }
    findings
}
