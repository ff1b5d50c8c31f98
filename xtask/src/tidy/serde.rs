//! Serde features that configuration structs must not use.
//!
//! `flatten`, `untagged` and internally tagged enums read their input into a buffer first. The buffer forgets
//! where each value stood and which values were references, so a mistake could no longer be shown in place.

use super::{Finding, Tree};

const FOLDER: &str = "crates/objects/src/";

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust_files().filter(|file| file.path.starts_with(FOLDER)) {
        for (offset, _) in file.text.match_indices("#[serde(") {
            let attribute = file.text[offset..].split(")]").next().unwrap_or_default();
            if let Some(feature) = forbidden(attribute) {
                let line = file.text[..offset].matches('\n').count() + 1;
                let message = format!("serde's `{feature}` loses where a value stands in its file");
                findings.push(file.finding(line, message));
            }
        }
    }
    findings
}

fn forbidden(attribute: &str) -> Option<&'static str> {
    let words: Vec<&str> = attribute.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    // With `content` beside it the tag is a field of its own, which needs no buffer when it comes first.
    let is_internal = words.contains(&"tag") && !words.contains(&"content");
    if is_internal {
        return Some("tag");
    }
    ["flatten", "untagged"].into_iter().find(|feature| words.contains(feature))
}
