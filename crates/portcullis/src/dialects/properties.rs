//! Where a property stands, for messages.

use std::fs;
use std::path::Path;

use source::{Source, Span};

/// The first line of these files (below `folder`) that sets the property. One that no line sets comes from the
/// environment, and its name stands for itself.
pub(super) fn place(folder: &Path, files: &[String], property: &str) -> Span {
    let found = files.iter().find_map(|file| line(folder, file, property));
    found.unwrap_or_else(|| {
        let source = Source::new("(environment)", property);
        Span::new(&source, 0..property.len())
    })
}

fn line(folder: &Path, file: &str, property: &str) -> Option<Span> {
    let bytes = fs::read(folder.join(file)).ok()?;
    let source = Source::new(file, String::from_utf8_lossy(&bytes).into_owned());
    let mut at = 0;
    for line in source.text().split_inclusive('\n') {
        let text = line.trim_start();
        let begin = at + line.len() - text.len();
        let rest = text.strip_prefix(property);
        if rest.is_some_and(|rest| rest.starts_with(['=', ':', ' ', '\t', '\r', '\n']) || rest.is_empty()) {
            return Some(Span::new(&source, begin..begin + text.trim_end().len()));
        }
        at += line.len();
    }
    None
}
