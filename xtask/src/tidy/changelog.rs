//! Fragments in `changelog.d/` are named by what they are, so that a release can sort them.

use super::{Finding, Tree};

const FOLDER: &str = "changelog.d/";
const KINDS: &[&str] = &["added", "changed", "deprecated", "fixed", "removed", "security"];

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let fragments =
        tree.files.iter().filter(|file| file.path.starts_with(FOLDER) && file.name() != "README.md");
    let wrong = fragments.filter(|file| {
        let kind = file.name().strip_suffix(".md").and_then(|name| name.split_once('-'));
        !kind.is_some_and(|(kind, rest)| KINDS.contains(&kind) && !rest.is_empty())
    });
    let message = format!("must be called KIND-WORDS.md, with a kind out of {}", KINDS.join(", "));
    wrong.map(|file| file.finding(0, message.clone())).collect()
}
