//! The crate through its public doors: texts in, trees and printed complaints out.

mod coercions;
mod fuzz;
mod json;
mod json_errors;
mod rendering;
mod tokens;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use crate::{CODES, Diagnostic, Node, Number, Source, Value, parse, resolve};

fn source(text: &str) -> Arc<Source> {
    Source::new("routes/10-app.json", text)
}

/// All complaints as people see them, an empty line between two.
fn render(diagnostics: &[Diagnostic]) -> String {
    let rendered: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect();
    rendered.join("\n\n")
}

/// The same, one line each: where, what is underlined, what is wrong, what to do.
fn brief(diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(|diagnostic| {
        let help = diagnostic.help.as_deref().map_or_else(String::new, |help| format!(" | {help}"));
        let span = diagnostic.span.as_ref().unwrap();
        let (line, column) = span.line_column();
        let (code, message) = (diagnostic.code, &diagnostic.message);
        format!("{line}:{column} {code} ^{}^ {message}{help}", span.text())
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// The tree as strict JSON, in which integers and decimals can be told apart.
fn show(node: &Node) -> String {
    let mut text = String::new();
    show_into(node, &mut text);
    text
}

fn show_into(node: &Node, text: &mut String) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => write!(text, "{value}").unwrap(),
        Value::Number(Number::Integer(integer)) => write!(text, "{integer}").unwrap(),
        Value::Number(Number::Decimal(decimal)) => write!(text, "{decimal:?}").unwrap(),
        Value::String(string) => write!(text, "{:?}", string.as_str()).unwrap(),
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                show_into(element, text);
            }
            text.push(']');
        }
        Value::Object(object) => {
            text.push('{');
            for (index, entry) in object.iter().enumerate() {
                write!(text, "{}{:?}: ", if index > 0 { ", " } else { "" }, entry.key).unwrap();
                show_into(&entry.value, text);
            }
            text.push('}');
        }
    }
}

/// Parses without complaint, then resolves with these tokens.
fn resolved(text: &str, tokens: &[(&str, &str)]) -> (Node, Vec<Diagnostic>) {
    let parsed = parse(&source(text));
    let mut diagnostics = parsed.diagnostics;
    let tokens: BTreeMap<String, String> =
        tokens.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let root = parsed.root.unwrap_or_else(|| panic!("{}", render(&diagnostics)));
    let node = resolve(root, &tokens, &mut diagnostics);
    (node, diagnostics)
}

#[test]
fn codes_are_in_order_and_explained() {
    assert!(CODES.is_sorted_by(|left, right| left.number < right.number));
    for code in CODES {
        assert!((1..200).contains(&code.number), "{code:?} is out of this crate's numbers");
        for heading in ["What it means", "Why it matters", "How to mend it", "Example"] {
            assert!(code.explanation.contains(&format!("## {heading}\n\n")), "{code:?} lacks {heading}");
        }
    }
}
