//! Shows how an expression comes to its value: every part of it that stands in the text, with what it yields.
//!
//! Each part is compiled and evaluated by itself, so what is shown of one does not depend on whether an evaluation
//! of the whole would have come to it.

use std::ops::Range;

use crate::bindings::Bindings;
use crate::errors::Problem;
use crate::parser;
use crate::scope::{Root, Scope};
use crate::syntax::{Ast, AstKind};
use crate::template::Template;
use crate::value::Value;

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 200;

/// Keys whose values are not shown, by what their names hold.
const SECRET_WORDS: &[&str] =
    &["authorization", "cookie", "password", "secret", "token", "apikey", "api-key", "credential"];

/// A part of an expression and what it yields.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// The value as text: quoted if it is text, `(hidden)` if it may hold a secret, or why there is none.
    pub value: String,
    /// What it is made of, literals left out.
    pub parts: Vec<Part>,
}

/// Takes the expressions of a configuration string apart and evaluates every part.
///
/// What comes from credentials or cookies is hidden, unless it is a truth value or a number.
///
/// # Errors
/// The mistakes in the text.
pub fn explain(text: &str, bindings: &Bindings, scope: &dyn Scope) -> Result<Vec<Part>, Vec<Problem>> {
    Template::compile(text, bindings)?;
    let explainer = Explainer { text, bindings, scope };
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(start) = opening(text, at) {
        match parser::parse(text, start) {
            Ok((ast, end)) => {
                parts.push(explainer.part(ast));
                at = end;
            }
            Err(problem) => return Err(vec![problem]),
        }
    }
    Ok(parts)
}

/// The byte behind the next `${` or `#{` that no backslash takes the meaning from.
fn opening(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].find(['$', '#'])? + 1;
        if text[at..].starts_with('{') && !text[..at - 1].ends_with('\\') {
            return Some(at + 1);
        }
    }
}

struct Explainer<'e> {
    text: &'e str,
    bindings: &'e Bindings,
    scope: &'e dyn Scope,
}

impl Explainer<'_> {
    fn part(&self, ast: Ast) -> Part {
        let range = ast.range.clone();
        let value = self.value(&range, is_secret(&ast));
        let parts = operands(ast.kind).into_iter().filter(is_worth_showing).map(|operand| self.part(operand));
        Part { range, value, parts: parts.collect() }
    }

    fn value(&self, range: &Range<usize>, is_secret: bool) -> String {
        let text = format!("${{{}}}", &self.text[range.clone()]);
        let template = match Template::compile(&text, self.bindings) {
            Ok(template) => template,
            // A part of what compiles as a whole compiles, too, except at the very limits.
            Err(_) => return "(too large to be shown)".to_owned(),
        };
        match template.evaluate(self.scope) {
            Ok(Value::String(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Object(_))
                if is_secret =>
            {
                "(hidden)".to_owned()
            }
            Ok(value) => shortened(format!("{value:?}")),
            Err(error) => format!("null: {error}"),
        }
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What an expression is made of. The steps of a plain path are no parts of their own.
fn operands(kind: AstKind) -> Vec<Ast> {
    match kind {
        AstKind::Literal(_) | AstKind::Name(_) => Vec::new(),
        AstKind::Property(base, _) => beyond_path(*base),
        AstKind::Index(base, key) => {
            let mut parts = beyond_path(*base);
            parts.push(*key);
            parts
        }
        AstKind::Method(base, _, arguments) => std::iter::once(*base).chain(arguments).collect(),
        AstKind::Call(_, arguments) => arguments,
        AstKind::Unary(_, operand) => vec![*operand],
        AstKind::Binary(_, left, right) => vec![*left, *right],
        AstKind::Logic(_, operands) => operands,
        AstKind::Conditional(parts) => (*parts).into(),
    }
}

/// What a path begins with, if that is more than a name.
fn beyond_path(base: Ast) -> Vec<Ast> {
    match base.kind {
        AstKind::Property(..) | AstKind::Index(..) | AstKind::Name(_) => operands(base.kind),
        _ => vec![base],
    }
}

fn is_worth_showing(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Literal(_) => false,
        AstKind::Name(name) => Root::named(name).is_none(),
        _ => true,
    }
}

/// Whether the value may come from something that must not be shown.
fn is_secret(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::Literal(_) => false,
        AstKind::Name(name) => is_secret_word(name),
        AstKind::Property(base, name) => is_secret_word(name) || name == "headers" || is_secret_path(base),
        AstKind::Index(base, key) => {
            let hides = match &key.kind {
                AstKind::Literal(Value::String(name)) => is_secret_word(name),
                AstKind::Literal(_) => false,
                // A key that is not known could be any.
                _ => true,
            };
            hides || is_secret_path(base)
        }
        AstKind::Method(base, _, arguments) => is_secret(base) || arguments.iter().any(is_secret),
        AstKind::Call(_, arguments) | AstKind::Logic(_, arguments) => arguments.iter().any(is_secret),
        AstKind::Unary(_, operand) => is_secret(operand),
        AstKind::Binary(_, left, right) => is_secret(left) || is_secret(right),
        AstKind::Conditional(parts) => parts.iter().any(is_secret),
    }
}

/// The same for what a further step leads away from: one field out of all header fields need not be secret.
fn is_secret_path(base: &Ast) -> bool {
    match &base.kind {
        AstKind::Property(inner, name) if name == "headers" => is_secret_path(inner),
        _ => is_secret(base),
    }
}

fn is_secret_word(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}
