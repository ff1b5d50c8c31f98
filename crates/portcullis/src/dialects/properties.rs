//! Where a property stands, for messages.

use std::fs;
use std::path::Path;

use source::{Source, Span};

/// The name of the property in the first line of these files (below `folder`) that sets it. One that no line sets
/// comes from the environment, and its name stands for itself. No value is shown: it may be a password.
pub(super) fn place(folder: &Path, files: &[String], property: &str) -> Span {
    let found = files.iter().find_map(|file| line(folder, file, property));
    found.unwrap_or_else(|| {
        let source = Source::new("(environment)", property);
        Span::new(&source, 0..property.len())
    })
}

fn line(folder: &Path, file: &str, property: &str) -> Option<Span> {
    let bytes = fs::read(folder.join(file)).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let ends = |c: char| matches!(c, '=' | ':') || c.is_whitespace();
    let mut names = String::new();
    let mut found = None;
    for line in text.lines() {
        let indented = line.trim_start();
        let name = indented.split(ends).next().unwrap_or_default();
        names.push_str(&line[..line.len() - indented.len()]);
        if name == property && found.is_none() {
            found = Some(names.len()..names.len() + name.len());
        }
        names.push_str(name);
        names.push('\n');
    }
    found.map(|span| Span::new(&Source::new(file, names), span))
}
