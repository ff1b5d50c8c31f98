//! Every complaint of this crate as people see it: `diagnostics/*.json` beside the expected `*.txt`.
//!
//! `UPDATE_EXPECT=1 cargo test -p heap` writes the expected files anew. Read what it wrote.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

mod types;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expect_test::expect_file;
use heap::Services;

/// All that there is to say about a file: while it is declared and, if it can be, while it is built.
fn complaints(path: &Path) -> String {
    let environment = Arc::new(types::environment(Services::default()));
    let config = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let declared = types::declare(&environment, name, &config, None);
    let mut diagnostics = declared.diagnostics;
    assert_eq!(declared.level.is_some(), !diagnostics.iter().any(|diagnostic| diagnostic.is_error()));
    if let Some(level) = declared.level {
        diagnostics.extend(level.plan.build(&environment, None).err().unwrap_or_default());
    }
    diagnostics.iter().map(|diagnostic| diagnostic.render(false) + "\n\n").collect()
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    files
}

#[test]
fn every_file_has_its_complaints() {
    for file in files() {
        let complaints = complaints(&file);
        assert!(!complaints.is_empty(), "{} has no mistake", file.display());
        expect_file![file.with_extension("txt")].assert_eq(&complaints);
    }
}

#[test]
fn every_code_has_a_file() {
    let shown: String = files().iter().map(|file| complaints(file)).collect();
    for code in heap::CODES {
        // A file that cannot be read has no text to show; see `unreadable`.
        let is_shown = shown.contains(&format!("[{code}]")) || code.name == "unreadable-file";
        assert!(is_shown, "no file shows {code:?}");
        assert!(!code.explanation.trim().is_empty());
    }
}

#[test]
fn unreadable() {
    let environment = types::environment(Services::default());
    let path = Path::new("/nonexistent/config.json");
    let document = heap::read_document(&environment, path, "config/config.json", None);
    expect_test::expect![[r#"
        error[PC0300]: `config/config.json` cannot be read: No such file or directory (os error 2)
    "#]]
    .assert_eq(&types::shown(&document.diagnostics));
    assert!(document.root.is_none());
}

/// Twelve different mistakes, each told once and at its own place.
#[test]
fn twelve_mistakes_at_twelve_places() {
    let environment = types::environment(Services::default());
    let config = include_str!("diagnostics/twelve.json");
    let declared = types::declare(&environment, "twelve.json", config, None);
    let found = &declared.diagnostics;
    let mut places: Vec<_> = found.iter().map(|found| found.span.as_ref().unwrap().line_column()).collect();
    assert!(places.is_sorted());
    places.dedup();
    let codes: HashSet<u16> = found.iter().map(|found| found.code.number).collect();
    assert_eq!((found.len(), places.len(), codes.len()), (12, 12, 12));
}
