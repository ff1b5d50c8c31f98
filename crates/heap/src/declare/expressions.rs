//! Compiles the expressions of a configuration, and notes what they look at.

use expression::{LValue, Problem, Template};
use indexmap::IndexMap;
use source::{Diagnostic, Node, Number, Severity, Span, Text, Value};

use super::{Declarer, EVALUATED_BYTES_MAX};
use crate::errors;

impl Declarer<'_> {
    /// Compiles a string that may hold expressions; problems are reported with their place in the file.
    pub(crate) fn compile(&mut self, text: &Text, span: &Span) -> Option<Template> {
        match Template::compile(text, &self.bindings) {
            Ok(template) => {
                self.report_problems(template.warnings().to_vec(), text, span);
                Some(template)
            }
            Err(problems) => {
                self.report_problems(problems, text, span);
                None
            }
        }
    }

    /// Whether there is room for what an expression comes to; if not, that is reported.
    pub(crate) fn afford(&mut self, value: &expression::Value<'_>, span: &Span) -> bool {
        let can = self.budget.charge(value);
        if !can {
            self.report(errors::values_too_large(EVALUATED_BYTES_MAX, span));
        }
        can
    }

    /// A configuration value as a template: strings compiled, lists and objects recursively.
    pub(crate) fn template(&mut self, node: &Node) -> Template {
        let template = match &node.value {
            Value::String(text) => {
                let template = self.compile(text, &node.span);
                let template = template.filter(|template| {
                    template.constant().is_none_or(|value| self.afford(value, &node.span))
                });
                template.unwrap_or_else(|| Template::literal(expression::Value::Null))
            }
            Value::Array(items) => Template::list(items.iter().map(|item| self.template(item)).collect()),
            Value::Object(object) => {
                let entries = object.iter().map(|entry| (entry.key.clone(), self.template(&entry.value)));
                Template::map(entries.collect::<IndexMap<_, _>>())
            }
            plain => Template::literal(literal(plain)),
        };
        let uses = template.uses();
        let frame = self.frame();
        frame.uses = frame.uses.union(uses);
        template
    }

    /// A place to assign to; problems are reported.
    pub(crate) fn lvalue(&mut self, text: &Text, span: &Span) -> Option<LValue> {
        match LValue::compile(text, &self.bindings) {
            Ok(lvalue) => {
                self.report_problems(lvalue.warnings().to_vec(), text, span);
                let uses = lvalue.uses();
                let frame = self.frame();
                frame.uses = frame.uses.union(uses);
                Some(lvalue)
            }
            Err(problems) => {
                self.report_problems(problems, text, span);
                None
            }
        }
    }

    fn report_problems(&mut self, problems: Vec<Problem>, text: &Text, span: &Span) {
        self.diagnostics.extend(problems.into_iter().map(|found| problem(found, text, span)));
    }
}

/// A value without parts and without expressions; null for any other.
pub(crate) fn literal(value: &Value) -> expression::Value<'static> {
    match value {
        Value::Bool(value) => expression::Value::Bool(*value),
        Value::Number(Number::Integer(value)) => expression::Value::Integer(*value),
        Value::Number(Number::Decimal(value)) => expression::Value::Decimal(*value),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => expression::Value::Null,
    }
}

/// A mistake in an expression, at its place in the file.
pub(crate) fn problem(problem: Problem, text: &Text, span: &Span) -> Diagnostic {
    let at = text.span_of(problem.range, span);
    let code = problem.kind.code();
    let diagnostic = match problem.kind.severity() {
        Severity::Error => Diagnostic::error(code, problem.message),
        Severity::Warning => Diagnostic::warning(code, problem.message),
        Severity::Note => Diagnostic::note(code, problem.message),
    };
    diagnostic.at(at).maybe_help(problem.help)
}
