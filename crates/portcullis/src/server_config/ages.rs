//! `admin.json` of older releases, rewritten in the words of today before it is read.

use heap::Document;
use source::{Diagnostic, Entry, Node, Object, Value};

/// Objects that older releases found by their name in the heap, and the fields that name them today.
const PROTECTION: [(&str, &str); 3] = [
    ("ApiProtectionFilter", "apiProtectionFilter"),
    ("MetricsProtectionFilter", "metricsProtectionFilter"),
    ("StudioProtectionFilter", "studioProtectionFilter"),
];

/// Rewrites what has a new shape today. The complaints are added to those of the document.
pub(crate) fn modernise(document: &mut Document) {
    let Some(root) = &mut document.root else { return };
    modernise_session(root);
    name_protection(root, &mut document.diagnostics);
}

/// Names the protection filters of the heap in the fields of today, unless these name others.
fn name_protection(root: &mut Node, diagnostics: &mut Vec<Diagnostic>) {
    let heap = root.get("heap").map(|heap| heap.get("objects").unwrap_or(heap));
    let objects = heap.and_then(Node::as_array).unwrap_or_default();
    let mut found = Vec::new();
    for name in objects.iter().filter_map(|object| object.get("name")) {
        let field = PROTECTION.iter().find(|(old, _)| name.as_str() == Some(*old));
        found.extend(field.map(|(_, field)| (*field, name.clone())));
    }
    let Value::Object(fields) = &mut root.value else { return };
    for (field, name) in found {
        if fields.get(field).is_none_or(Node::is_null) {
            diagnostics.push(heap::named_in_heap(field, &name));
            fields.insert(Entry { key: field.to_owned(), key_span: name.span.clone(), value: name });
        }
    }
}

/// Makes `session` an object declaration: the older shape `{cookie, timeout}` is rewritten, and a file
/// without it gets an in-memory session manager with its defaults.
fn modernise_session(root: &mut Node) {
    let span = root.span.clone();
    let entry = |key: &str, value| Entry {
        key: key.to_owned(),
        key_span: span.clone(),
        value: Node { value, span: span.clone() },
    };
    let Value::Object(fields) = &mut root.value else { return };
    if fields.get("session").is_none_or(Node::is_null) {
        fields.remove("session");
        fields.insert(entry("session", Value::Object(Object::default())));
    }
    let Some(Value::Object(session)) = fields.get_mut("session").map(|session| &mut session.value) else {
        return;
    };
    if session.contains("type") {
        return;
    }
    let config = std::mem::take(session);
    session.insert(entry("type", Value::String("InMemorySessionManager".into())));
    session.insert(entry("config", Value::Object(config)));
}
