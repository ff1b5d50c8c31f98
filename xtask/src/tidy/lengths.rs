//! A file fits in a head: 400 lines at most. Tests are lists of cases, which nobody reads at once: 800.

use super::{Finding, Tree};

/// A longer file does two things; split it into a folder of the same name.
const LINES_MAX: usize = 400;

/// The same for files that hold nothing but tests.
const TEST_LINES_MAX: usize = 800;

/// Files that are longer for now, each with the reason. Take a line out as soon as its file is short enough.
const EXCEPTIONS: &[(&str, &str)] = &[];

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust_files() {
        let lines = file.text.lines().count();
        let is_test = file.path.contains("/tests/") || file.name() == "tests.rs";
        let most = if is_test { TEST_LINES_MAX } else { LINES_MAX };
        let is_excepted = EXCEPTIONS.iter().any(|(path, _)| *path == file.path);
        if lines > most && !is_excepted {
            let advice = "split it into a folder of the same name, or move its tests to tests.rs";
            findings.push(file.finding(0, format!("{lines} lines, more than {most}: {advice}")));
        }
        if lines <= most && is_excepted {
            let message = "is short enough now: take it off the exceptions in xtask/src/tidy/lengths.rs";
            findings.push(file.finding(0, message));
        }
    }
    for (path, _) in EXCEPTIONS {
        if tree.file(path).is_none() {
            let message =
                "does not exist: take it off the exceptions in xtask/src/tidy/lengths.rs".to_owned();
            findings.push(Finding { path: (*path).to_owned(), line: 0, message });
        }
    }
    findings
}
