//! Every code of a diagnostic is shown by a test: its message has been read by somebody, and a change of it is
//! seen.

use super::{File, Finding, Tree};

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let shown: String = tree.files.iter().map(tests).collect();
    let programs = tree.rust_files().filter(|file| file.path.starts_with("crates/"));
    let codes = programs.flat_map(|file| codes(file).map(move |code| (file, code)));
    let hidden = codes.filter(|(_, code)| !shown.contains(&format!("PC{:04}", code.number)));
    hidden
        .map(|(file, Code { line, number, name })| {
            file.finding(line, format!("no test shows PC{number:04} ({name}): add the expected text of one"))
        })
        .collect()
}

struct Code<'a> {
    line: usize,
    number: u16,
    name: &'a str,
}

/// `Code::new(400, "route-name", …)`, over one line or two, or a line of a table: `CYCLE = 309, "cycle", …`.
fn codes(file: &File) -> impl Iterator<Item = Code<'_>> {
    let program = program(file);
    let calls = program.match_indices("Code::new(").map(|(at, call)| at + call.len());
    let has_table = program.contains("macro_rules! codes");
    let rows = program.match_indices(" = ").filter(move |_| has_table).map(|(at, sign)| at + sign.len());
    calls.chain(rows).filter_map(|at| {
        let (number, name) = number_and_name(&program[at..])?;
        Some(Code { line: program[..at].lines().count(), number, name })
    })
}

fn number_and_name(text: &str) -> Option<(u16, &str)> {
    let text = text.trim_start();
    let (digits, rest) = text.split_at(text.find(|character: char| !character.is_ascii_digit())?);
    let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    Some((digits.parse().ok()?, rest.strip_prefix('"')?.split('"').next()?))
}

/// What of a file is no test; tests stand at the bottom.
fn program(file: &File) -> &str {
    match is_test(file) {
        true => "",
        false => file.text.split("#[cfg(test)]").next().unwrap_or_default(),
    }
}

/// What of a file is a test, or the expected text of one.
fn tests(file: &File) -> &str {
    match is_test(file) {
        true => &file.text,
        false if file.path.ends_with(".rs") => &file.text[program(file).len()..],
        false => "",
    }
}

fn is_test(file: &File) -> bool {
    file.path.starts_with("crates/") && (file.path.contains("/tests/") || file.name() == "tests.rs")
}
