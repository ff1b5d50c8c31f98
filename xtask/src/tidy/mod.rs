//! `tidy`: rules of the house that no compiler knows, as tests over the text of the tree.
//!
//! Each rule is a pure function from the tree to its findings, in a file of its own. All findings are
//! reported at once. A rule that not everything obeys yet carries a list of exceptions, and an exception that
//! is no longer needed is itself a finding, so the lists can only shrink.

mod changelog;
mod codes;
mod doors;
mod examples;
mod imports;
mod lengths;
mod links;
mod modules;
mod registration;
mod serde;
mod words;

#[cfg(test)]
mod tests;

use crate::workspace;
use anyhow::{Result, bail};
use std::fmt;
use std::path::Path;

const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    imports::findings,
    doors::findings,
    lengths::findings,
    modules::findings,
    serde::findings,
    registration::findings,
    examples::findings,
    words::findings,
    links::findings,
    changelog::findings,
    codes::findings,
];

/// Checks the workspace and prints every finding.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::read(&workspace::root())?;
    let findings = findings(&tree);
    for finding in &findings {
        println!("tidy: {finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {} things to mend", findings.len());
    }
    println!("tidy: {} files follow {} rules", tree.files.len(), RULES.len());
    Ok(())
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}

/// All text files of the workspace, read once.
struct Tree {
    files: Vec<File>,
}

/// One file: where it is, relative to the workspace with `/` between folders, and what it says.
struct File {
    path: String,
    text: String,
}

/// One thing to mend. Line 0 stands for the whole file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Tree {
    fn read(root: &Path) -> Result<Tree> {
        let mut files = Vec::new();
        for path in workspace::files(root)? {
            // What is not text (images, key stores) has nothing these rules look at.
            if let Ok(text) = String::from_utf8(std::fs::read(&path)?) {
                let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
        Ok(Tree { files })
    }

    fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// A finding about this file; `line` counts from 1, and 0 stands for the whole file.
    fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }

    /// The lines, numbered from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}
