//! The value of a condition and of each of its parts.

use exchange::{Context, Request};
use expression::{Bindings, Expr, Part};
use source::{Node, Text, Value};

use super::{Condition, ShownPart};

/// Whether a condition holds, and why; `None` where there is no condition, which always holds.
pub(super) fn evaluate(
    node: Option<&Node>,
    bindings: &Bindings,
    cx: &Context,
    request: &Request,
) -> Option<Condition> {
    let node = node?;
    let text = match &node.value {
        Value::String(text) => text,
        plain => {
            let holds = matches!(plain, Value::Bool(true));
            return Some(Condition { text: node.span.text().to_owned(), holds, parts: Vec::new() });
        }
    };
    let scope = cx.scope(request);
    let holds = Expr::<bool>::compile(text, bindings).is_ok_and(|condition| condition.is_true(&scope));
    let parts = expression::explain(text, bindings, &scope).unwrap_or_default();
    // The whole is the condition itself, whose value is said already.
    let parts = parts.into_iter().flat_map(|whole| whole.parts);
    let parts = parts.map(|part| shown(part, text, node)).collect();
    Some(Condition { text: node.span.text().trim_matches('"').to_owned(), holds, parts })
}

/// A part as it stands in the file, so that the values of tokens are not shown.
fn shown(part: Part, text: &Text, node: &Node) -> ShownPart {
    let written = text.span_of(part.range, &node.span);
    let parts = part.parts.into_iter().map(|inner| shown(inner, text, node)).collect();
    ShownPart { text: written.text().to_owned(), value: part.value, parts }
}
