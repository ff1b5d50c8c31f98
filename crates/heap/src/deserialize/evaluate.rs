//! Expressions in plain fields: evaluated while the configuration is read.

use std::borrow::Cow;

use expression::{EmptyScope, Template};
use source::{Entry, Node, Number, Span, Text, Value};

use super::reader::Reader;
use crate::declare::Declarer;
use crate::errors;
use crate::failure::Failure;

/// Whether a text holds what is to be evaluated.
pub(crate) fn has_expression(text: &str) -> bool {
    text.contains("${") || text.contains("#{")
}

impl<'e> Reader<'_, '_, 'e> {
    /// The node itself, or what the expression in it comes to. An owned node is an evaluated one.
    pub(super) fn evaluated(&mut self) -> Result<Cow<'e, Node>, Failure> {
        let Value::String(text) = &self.node.value else { return Ok(Cow::Borrowed(self.node)) };
        if !has_expression(text) {
            return Ok(Cow::Borrowed(self.node));
        }
        let template = self.declarer.compile(text, &self.node.span).ok_or_else(Failure::told)?;
        evaluate_now(&template, &self.node.span, self.declarer).map(Cow::Owned)
    }

    /// Whether nothing is given: `null`, or an expression that is known to yield it.
    pub(super) fn is_absent(&self) -> bool {
        match &self.node.value {
            Value::Null => true,
            Value::String(text) if has_expression(text) => {
                let template = Template::compile(text, &self.declarer.bindings);
                template.is_ok_and(|template| template.constant().is_some_and(expression::Value::is_null))
            }
            _ => false,
        }
    }
}

/// Evaluates a template that must not depend on a request. What is wrong is reported.
pub(crate) fn evaluate_now(
    template: &Template,
    span: &Span,
    declarer: &mut Declarer<'_>,
) -> Result<Node, Failure> {
    match value_now(template, span) {
        Ok(value) if declarer.afford(&value, span) => Ok(node_of(value.to_json(), span)),
        Ok(_) => Err(Failure::told()),
        Err(complaint) => {
            declarer.report(*complaint);
            Err(Failure::told())
        }
    }
}

/// The value of a template that must not depend on a request.
pub(crate) fn value_now(
    template: &Template,
    span: &Span,
) -> Result<expression::Value<'static>, Box<source::Diagnostic>> {
    let uses = template.uses();
    if !uses.is_load_time() {
        let root = match uses {
            uses if uses.response => "`response`",
            uses if uses.session => "`session`",
            uses if uses.request => "`request`",
            uses if uses.context => "what belongs to a request, such as `contexts` and `attributes`,",
            _ => "what this expression uses",
        };
        return Err(Box::new(errors::not_at_load(span.clone(), root)));
    }
    let value = template.evaluate(&EmptyScope).map(expression::Value::into_owned);
    value.map_err(|error| Box::new(errors::evaluation(span.clone(), &error.to_string())))
}

/// The tree of a JSON value, all of it at one place.
fn node_of(json: serde_json::Value, span: &Span) -> Node {
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => Value::Number(match number.as_i64() {
            Some(integer) => Number::Integer(integer),
            None => Number::Decimal(number.as_f64().unwrap_or_default()),
        }),
        serde_json::Value::String(text) => Value::String(Text::from(text)),
        serde_json::Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| node_of(item, span)).collect())
        }
        serde_json::Value::Object(entries) => {
            Value::Object(entries.into_iter().map(entry_of(span)).collect())
        }
    };
    Node { value, span: span.clone() }
}

fn entry_of(span: &Span) -> impl Fn((String, serde_json::Value)) -> Entry {
    |(key, value)| Entry { key, key_span: span.clone(), value: node_of(value, span) }
}
