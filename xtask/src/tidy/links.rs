//! A relative link in a Markdown file leads somewhere.

use super::{File, Finding, Tree};

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let pages = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    pages.flat_map(|page| check(tree, page)).collect()
}

fn check(tree: &Tree, page: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_code = false;
    for (line, text) in page.lines() {
        if text.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            let target = target.split(['#', ' ']).next().unwrap_or_default();
            if !leads_somewhere(tree, page, target) {
                findings.push(page.finding(line, format!("the link to `{target}` leads nowhere")));
            }
        }
    }
    findings
}

fn leads_somewhere(tree: &Tree, page: &File, target: &str) -> bool {
    if target.is_empty() || target.contains(':') {
        return true; // A place in the same page, or another site, which is not ours to check.
    }
    let Some(path) = resolve(page.folder(), target) else {
        return false;
    };
    let folder = format!("{path}/");
    path.is_empty() || tree.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

/// Joins a folder and a relative link; `None` when the link climbs out of the workspace.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().filter(|part| !part.is_empty())?),
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}
