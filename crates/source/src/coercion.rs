//! `{"$int": "8080"}` and its like: objects that stand for a value of another type.
//!
//! Tokens always give text; coercions make numbers, switches and lists of it. They are applied from the inside
//! out, so that one can take the result of another.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

use crate::charset::Charset;
use crate::reader::number;
use crate::text::{TextBuilder, relocate};
use crate::tokens::{Interpolator, MAXIMUM_EXPANSION_BYTES};
use crate::{
    Diagnostic, Entry, Node, Number, Object, Source, Span, Text, Tokens, Value, errors, nearest, parse,
};

/// Replaces the tokens in every string (not in keys), then the coercions, from the inside out.
///
/// Where that fails an error is reported, and a value of the right type stands in, so that later stages find
/// other mistakes instead of this one again. Embedded JSON is not resolved again, so the result is at most twice
/// [`MAXIMUM_DEPTH`](crate::MAXIMUM_DEPTH) deep. The stand-in must never be used: `diagnostics` has an error.
pub fn resolve(node: Node, tokens: &dyn Tokens, diagnostics: &mut Vec<Diagnostic>) -> Node {
    resolve_within(node, tokens, &mut { MAXIMUM_EXPANSION_BYTES }, diagnostics)
}

/// The same for a part of a file: `budget` are the bytes that tokens may still add to the file, and shrinks.
///
/// The values of tokens may hold what earlier parts were resolved to, so each part on its own could double them.
pub fn resolve_within(
    node: Node,
    tokens: &dyn Tokens,
    budget: &mut usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Node {
    let mut resolver =
        Resolver { interpolator: Interpolator::new(tokens, *budget, diagnostics), failures: 0 };
    let node = resolver.node(node);
    *budget = resolver.interpolator.budget;
    node
}

const COERCIONS: [(&str, Coercion); 9] = [
    ("$int", Coercion::Int),
    ("$number", Coercion::Number),
    ("$bool", Coercion::Bool),
    ("$string", Coercion::String),
    ("$list", Coercion::List),
    ("$array", Coercion::Array),
    ("$object", Coercion::Object),
    ("$base64:encode", Coercion::Encode),
    ("$base64:decode", Coercion::Decode),
];
const CHARSET: &str = "$charset";
/// The keys that load properties from elsewhere start like this; they are no coercions.
const LOCATION: &str = "$location";

#[derive(Clone, Copy, PartialEq)]
enum Coercion {
    Int,
    Number,
    Bool,
    String,
    List,
    Array,
    Object,
    Encode,
    Decode,
}

struct Resolver<'a> {
    interpolator: Interpolator<'a>,
    /// How many strings and coercions have failed: a coercion of a failed value is not tried.
    failures: usize,
}

impl Resolver<'_> {
    /// The recursion is as deep as the tree, which [`parse`] keeps within bounds.
    fn node(&mut self, node: Node) -> Node {
        let Node { value, span } = node;
        let value = match value {
            Value::String(text) => Value::String(match self.interpolator.text(&text, &span) {
                Some(text) => text,
                None => {
                    self.failures += 1;
                    text
                }
            }),
            Value::Array(elements) => {
                Value::Array(elements.into_iter().map(|element| self.node(element)).collect())
            }
            Value::Object(object) => self.object(object, &span),
            other => other,
        };
        Node { value, span }
    }

    fn object(&mut self, object: Object, span: &Span) -> Value {
        let failures = self.failures;
        let resolved = object.into_iter().map(|Entry { key, key_span, value }| Entry {
            key,
            key_span,
            value: self.node(value),
        });
        let object = Object::from_unique(resolved.collect());
        let Some(call) = self.call(&object) else { return Value::Object(object) };
        if self.failures > failures {
            return call.coercion.stand_in();
        }
        let outcome = call.apply(span).and_then(|value| match &value {
            // Encoding makes a text longer, and one can stand in another.
            Value::String(text) if !self.interpolator.charge(text.len()) => {
                Err(vec![errors::expansion_too_large(call.input.span.clone())])
            }
            _ => Ok(value),
        });
        outcome.unwrap_or_else(|complaints| {
            self.failures += 1;
            for complaint in complaints {
                self.interpolator.report(|| complaint);
            }
            call.coercion.stand_in()
        })
    }

    /// The object as a coercion, if it is one; an object that only looks like one is warned about.
    fn call<'o>(&mut self, object: &'o Object) -> Option<Call<'o>> {
        let charset = object.get(CHARSET);
        let mut others = object.iter().filter(|entry| entry.key != CHARSET);
        let (entry, None) = (others.next()?, others.next()) else { return None };
        let known = COERCIONS.iter().find(|(name, _)| *name == entry.key);
        match known {
            Some(&(name, coercion)) => {
                let takes_charset = matches!(coercion, Coercion::Encode | Coercion::Decode);
                (charset.is_none() || takes_charset).then_some(Call {
                    name,
                    coercion,
                    input: &entry.value,
                    charset,
                })
            }
            None => {
                if object.len() == 1 && entry.key.starts_with('$') && !entry.key.starts_with(LOCATION) {
                    let near = nearest(&entry.key, COERCIONS.iter().map(|(name, _)| *name));
                    let warning = errors::unknown_coercion(&entry.key, near, &entry.key_span);
                    self.interpolator.report(|| warning);
                }
                None
            }
        }
    }
}

impl Coercion {
    /// A value of the type the coercion would have made.
    fn stand_in(self) -> Value {
        match self {
            Coercion::Int | Coercion::Number => Value::Number(Number::Integer(0)),
            Coercion::Bool => Value::Bool(false),
            Coercion::String | Coercion::Encode | Coercion::Decode => Value::String(Text::default()),
            Coercion::List | Coercion::Array => Value::Array(Vec::new()),
            Coercion::Object => Value::Object(Object::default()),
        }
    }
}

/// One coercion and what it is given.
struct Call<'o> {
    name: &'static str,
    coercion: Coercion,
    input: &'o Node,
    charset: Option<&'o Node>,
}

type Outcome = Result<Value, Vec<Diagnostic>>;

impl Call<'_> {
    fn apply(&self, span: &Span) -> Outcome {
        match self.coercion {
            Coercion::Int => self.int(),
            Coercion::Number => self.number(),
            Coercion::Bool => match &self.input.value {
                Value::Bool(value) => Ok(Value::Bool(*value)),
                Value::String(text) => Ok(Value::Bool(text.eq_ignore_ascii_case("true"))),
                _ => Err(self.refuse("a text or a boolean")),
            },
            Coercion::String => self.string(),
            Coercion::List => match &self.input.value {
                Value::String(text) => Ok(Value::Array(list(text, &self.input.span))),
                Value::Array(elements) => Ok(Value::Array(elements.clone())),
                _ => Err(self.refuse("a text with commas")),
            },
            Coercion::Array | Coercion::Object => self.json(span),
            Coercion::Encode => self.encode(),
            Coercion::Decode => self.decode(),
        }
    }

    fn int(&self) -> Outcome {
        let integer = match &self.input.value {
            Value::Number(Number::Integer(integer)) => Some(*integer),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        integer
            .map(|integer| Value::Number(Number::Integer(integer)))
            .ok_or_else(|| self.refuse("a whole number"))
    }

    fn number(&self) -> Outcome {
        let number = match &self.input.value {
            Value::Number(number) => Some(*number),
            Value::String(text) => number::read(text.trim()),
            _ => None,
        };
        number.map(Value::Number).ok_or_else(|| self.refuse("a number"))
    }

    fn string(&self) -> Outcome {
        let text = match &self.input.value {
            Value::String(text) => text.clone(),
            Value::Bool(value) => Text::from(value.to_string()),
            Value::Number(Number::Integer(integer)) => Text::from(integer.to_string()),
            // The debug form of a decimal is its shortest exact one, with an exponent when it is long.
            Value::Number(Number::Decimal(decimal)) => Text::from(format!("{decimal:?}")),
            _ => return Err(self.refuse("a text, a number or a boolean")),
        };
        Ok(Value::String(text))
    }

    /// `$array` and `$object`: text read as JSON. A value that already is one passes.
    fn json(&self, span: &Span) -> Outcome {
        let wants_array = self.coercion == Coercion::Array;
        let fits = |value: &Value| match value {
            Value::Array(_) => wants_array,
            Value::Object(_) => !wants_array,
            _ => false,
        };
        let needs = if wants_array { "a JSON array" } else { "a JSON object" };
        let text = match &self.input.value {
            Value::String(text) => text,
            value if fits(value) => return Ok(value.clone()),
            _ => return Err(self.refuse(needs)),
        };
        // `Source` drops a byte order mark; without one, the places in it are the places in the text.
        let text = &text.slice(text.len() - text.trim_start_matches('\u{feff}').len()..text.len());
        let parsed = parse(&Source::new(span.file(), text.as_str()));
        let outer = Outer { text, span: &self.input.span };
        let complaints = parsed.diagnostics.into_iter().filter(Diagnostic::is_error);
        let complaints: Vec<Diagnostic> = complaints.map(|complaint| outer.diagnostic(complaint)).collect();
        if !complaints.is_empty() {
            return Err(complaints);
        }
        match parsed.root {
            Some(root) if fits(&root.value) => Ok(outer.node(root).value),
            _ => Err(self.refuse(needs)),
        }
    }

    fn encode(&self) -> Outcome {
        let charset = self.charset()?;
        let Value::String(text) = &self.input.value else { return Err(self.refuse("a text")) };
        let Some(bytes) = charset.encode(text) else {
            return Err(self.complain("characters of its `$charset`", "others"));
        };
        Ok(replaced(text, &general_purpose::STANDARD.encode(bytes)))
    }

    /// What is decoded is often a secret: it is never quoted in a message.
    fn decode(&self) -> Outcome {
        let charset = self.charset()?;
        let Value::String(text) = &self.input.value else { return Err(self.refuse("a text in base64")) };
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
        let Ok(bytes) = GeneralPurpose::new(&alphabet, lenient).decode(text.trim()) else {
            return Err(self.complain("a text in base64", "another text"));
        };
        match charset.decode(bytes) {
            Some(decoded) => Ok(replaced(text, &decoded)),
            None => Err(self.complain("base64 of a text in its `$charset` (UTF-8 if none)", "other bytes")),
        }
    }

    fn charset(&self) -> Result<Charset, Vec<Diagnostic>> {
        let Some(node) = self.charset else { return Ok(Charset::Utf8) };
        node.as_str()
            .and_then(Charset::named)
            .ok_or_else(|| vec![errors::unknown_charset(&found(node), &node.span)])
    }

    fn refuse(&self, needs: &str) -> Vec<Diagnostic> {
        self.complain(needs, &found(self.input))
    }

    fn complain(&self, needs: &str, found: &str) -> Vec<Diagnostic> {
        vec![errors::coercion_input(self.name, needs, found, &self.input.span)]
    }
}

/// What was found, for a message: a short quotation of a text, else the type.
fn found(node: &Node) -> String {
    match &node.value {
        Value::String(text) => format!("`{}`", errors::quote(text)),
        Value::Number(_) => format!("`{}`", errors::quote(node.span.text())),
        _ => node.kind().to_owned(),
    }
}

/// A text that stands for the whole of another.
fn replaced(text: &Text, by: &str) -> Value {
    let mut builder = TextBuilder::default();
    builder.push_for(by, text, 0..text.len());
    Value::String(builder.finish())
}

/// The parts between the commas, without spaces around them; none of an empty text.
fn list(text: &Text, span: &Span) -> Vec<Node> {
    let mut start = 0;
    let mut parts = Vec::new();
    if text.trim().is_empty() {
        return parts;
    }
    for part in text.split(',') {
        let trimmed = part.trim();
        let from = start + (part.len() - part.trim_start().len());
        let item = text.slice(from..from + trimmed.len());
        parts.push(Node { value: Value::String(item), span: text.span_of(from..from + trimmed.len(), span) });
        start += part.len() + 1;
    }
    parts
}

/// A text out of which a tree was read: carries the tree's places over to where the text stands.
struct Outer<'a> {
    text: &'a Text,
    span: &'a Span,
}

impl Outer<'_> {
    fn place(&self, inner: &Span) -> Span {
        self.text.span_of(inner.range(), self.span)
    }

    fn diagnostic(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.span = diagnostic.span.map(|span| self.place(&span));
        for (span, _) in &mut diagnostic.notes {
            *span = self.place(span);
        }
        diagnostic
    }

    /// The recursion is bounded as the tree's depth is.
    fn node(&self, node: Node) -> Node {
        let span = self.place(&node.span);
        let value = match node.value {
            Value::String(text) => Value::String(relocate(&text, self.text)),
            Value::Array(elements) => {
                Value::Array(elements.into_iter().map(|element| self.node(element)).collect())
            }
            Value::Object(object) => Value::Object(Object::from_unique(
                object
                    .into_iter()
                    .map(|entry| Entry {
                        key_span: self.place(&entry.key_span),
                        value: self.node(entry.value),
                        key: entry.key,
                    })
                    .collect(),
            )),
            other => other,
        };
        Node { value, span }
    }
}
