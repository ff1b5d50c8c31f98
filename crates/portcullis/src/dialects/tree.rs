//! Trees of configuration that no file holds word by word.

use heap::Document;
use serde_json::Value as Json;
use source::{Entry, Node, Number, Span, Value};

/// JSON as a tree whose every part is said to stand at `span`.
pub(super) fn node(json: &Json, span: &Span) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(match number.as_i64() {
            Some(integer) => Number::Integer(integer),
            None => Number::Decimal(number.as_f64().unwrap_or_default()),
        }),
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::Array(items.iter().map(|item| node(item, span)).collect()),
        Json::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| entry(key, node(value, span))).collect())
        }
    };
    Node { value, span: span.clone() }
}

/// An entry that stands where its value does.
pub(super) fn entry(key: &str, value: Node) -> Entry {
    Entry { key: key.to_owned(), key_span: value.span.clone(), value }
}

/// Adds connectors to those that `admin.json` has.
pub(super) fn add_connectors(document: &mut Document, connectors: Vec<Node>) {
    let Some(root) = &mut document.root else { return };
    let span = root.span.clone();
    let Value::Object(fields) = &mut root.value else { return };
    match fields.get_mut("connectors").map(|present| &mut present.value) {
        Some(Value::Array(present)) => present.extend(connectors),
        // What is no list is complained about where `admin.json` is declared.
        Some(other) if !matches!(other, Value::Null) => {}
        _ => fields.insert(entry("connectors", Node { value: Value::Array(connectors), span })),
    }
}

/// Sets a field of `admin.json` unless it is there already.
pub(super) fn set_default(document: &mut Document, key: &str, value: Node) {
    let Some(Value::Object(fields)) = document.root.as_mut().map(|root| &mut root.value) else { return };
    if fields.get(key).is_none_or(Node::is_null) {
        fields.insert(entry(key, value));
    }
}
