//! The corpus as text.
//!
//! ```text
//! # name of the case
//! POST / HTTP/1.1\r\nHost: a\r\n …          what is sent; further lines are sent behind, with nothing between
//! = 400 close                               the statuses that come back, and what becomes of the connection
//! > GET /x 0                                what the origin saw: method, target, length of the body
//! ```
//!
//! A line that begins with `## ` is a heading.
//!
//! `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` stand for bytes, `{a*3000}` for 3000 letters `a`. A line `...` waits.

use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write;

/// One hostile connection.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// What it is, for people.
    pub(super) name: String,
    /// What stands before it and is for people, too.
    heading: Option<String>,
    /// What is sent.
    pub(super) lines: Vec<String>,
    /// What has to happen.
    pub(super) expected: Seen,
}

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Statuses, then `close` or `open`.
    pub(super) answer: String,
    /// A line for each request that the origin saw.
    pub(super) origin: Vec<String>,
}

impl Seen {
    /// As it stands in the corpus.
    pub(super) fn text(&self) -> String {
        let mut text = format!("= {}\n", self.answer);
        for line in &self.origin {
            let _ = writeln!(text, "> {line}");
        }
        text
    }
}

/// What raw lines send, piece by piece, with a pause between them.
pub(super) fn pieces(lines: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut pieces = vec![Vec::new()];
    for line in lines {
        if line == "..." {
            pieces.push(Vec::new());
        } else if let Some(piece) = pieces.last_mut() {
            unescape(line, piece).with_context(|| format!("in `{line}`"))?;
        }
    }
    Ok(pieces)
}

/// Reads the corpus.
pub(super) fn read(text: &str) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let mut heading = None;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("## ") {
            heading = Some(line.to_owned());
            continue;
        }
        if let Some(name) = line.strip_prefix("# ") {
            ensure!(cases.iter().all(|case| case.name != name), "there are two cases `{name}`");
            let (name, heading) = (name.to_owned(), heading.take());
            cases.push(Case { name, heading, lines: Vec::new(), expected: Seen::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else { bail!("`{line}` stands before the first name") };
        match (line.strip_prefix("= "), line.strip_prefix("> ")) {
            (Some(answer), _) => answer.clone_into(&mut case.expected.answer),
            (_, Some(seen)) => case.expected.origin.push(seen.to_owned()),
            _ => case.lines.push(line.to_owned()),
        }
    }
    Ok(cases)
}

/// Writes the corpus.
pub(super) fn write(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        if let Some(heading) = &case.heading {
            let _ = writeln!(text, "{heading}\n");
        }
        let _ = writeln!(text, "# {}\n{}\n{}", case.name, case.lines.join("\n"), case.expected.text());
    }
    text
}

fn unescape(line: &str, into: &mut Vec<u8>) -> Result<()> {
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if let Some(escaped) = rest.strip_prefix('\\') {
            let kind = escaped.chars().next().context("a backslash at the end of a line")?;
            rest = &escaped[kind.len_utf8()..];
            match kind {
                'r' => into.push(b'\r'),
                'n' => into.push(b'\n'),
                't' => into.push(b'\t'),
                '0' => into.push(0),
                '\\' => into.push(b'\\'),
                'x' => {
                    let digits = rest.get(..2).context("`\\x` needs two digits")?;
                    into.push(u8::from_str_radix(digits, 16)?);
                    rest = &rest[2..];
                }
                other => bail!("`\\{other}` stands for nothing"),
            }
        } else if let Some((text, times, behind)) = repeated(rest) {
            into.extend(text.as_bytes().repeat(times));
            rest = behind;
        } else {
            rest = &rest[first.len_utf8()..];
            into.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Ok(())
}

/// `{text*times}` at the beginning, and what is behind it. A `\r\n` in the text is written `~`.
fn repeated(text: &str) -> Option<(String, usize, &str)> {
    let (inner, behind) = text.strip_prefix('{')?.split_once('}')?;
    let (repeated, times) = inner.rsplit_once('*')?;
    Some((repeated.replace('~', "\r\n"), times.parse().ok()?, behind))
}
