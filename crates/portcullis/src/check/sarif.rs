//! The report in SARIF 2.1.0, the format in which build servers and editors take findings of any tool.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use source::{Code, Diagnostic, Span};

use super::Report;
use crate::reference::codes;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Where the sources live, and with them the pages of the codes.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The name under which readers of SARIF know the folder that was checked.
const BASE: &str = "%SRCROOT%";

/// What stands for itself in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// One run with every code as a rule and every diagnostic as a result.
pub(super) fn render(report: &Report) -> String {
    let codes = codes();
    let results: Vec<Value> = report.diagnostics.iter().map(|found| result(found, &codes)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "portcullis",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": REPOSITORY,
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { BASE: { "uri": folder_uri(&report.directory) } },
            "results": results,
        }],
    });
    // Only maps with keys that are not text cannot be written.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.to_string(),
        "name": pascal_case(code.name),
        "shortDescription": { "text": code.name.replace('-', " ") },
        "fullDescription": { "text": first_paragraph(code.explanation) },
        "help": { "text": code.explanation.trim_end(), "markdown": code.explanation.trim_end() },
        "helpUri": format!("{REPOSITORY}/docs/reference/diagnostics/{code}.md"),
    })
}

fn result(diagnostic: &Diagnostic, codes: &[&Code]) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{} ({help})", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.to_string(),
        "ruleIndex": codes.iter().position(|code| *code == diagnostic.code),
        "level": diagnostic.severity.as_str(),
        "message": { "text": message },
    });
    if let Some(location) = diagnostic.span.as_ref().and_then(location) {
        result["locations"] = json!([location]);
    }
    let related: Vec<Value> = diagnostic
        .notes
        .iter()
        .filter_map(|(span, words)| {
            let mut place = location(span)?;
            place["message"] = json!({ "text": words });
            Some(place)
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

/// A place in a file; nothing for the built-in defaults, which are no file.
fn location(span: &Span) -> Option<Value> {
    let file = span.file();
    if file.starts_with('(') {
        return None;
    }
    let mut artifact = json!({ "uri": utf8_percent_encode(file, PATH).to_string() });
    if Path::new(file).is_absolute() {
        artifact["uri"] = format!("file://{}", utf8_percent_encode(file, PATH)).into();
    } else {
        artifact["uriBaseId"] = BASE.into();
    }
    let ((line, column), (end_line, end_column)) = (span.line_column(), span.end_line_column());
    Some(json!({ "physicalLocation": {
        "artifactLocation": artifact,
        "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
    }}))
}

/// The URI of a folder, which ends with a slash so that names can be put behind it.
fn folder_uri(directory: &Path) -> String {
    let path = directory.to_string_lossy();
    format!("file://{}/", utf8_percent_encode(path.trim_end_matches('/'), PATH))
}

/// The first sentences of a page, without its headings.
fn first_paragraph(page: &str) -> &str {
    page.split("\n\n").map(str::trim).find(|part| !part.is_empty() && !part.starts_with('#')).unwrap_or(page)
}

/// `json-syntax` is `JsonSyntax`.
fn pascal_case(name: &str) -> String {
    let words = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}
