//! Reading a configuration file: bytes → text → tree → properties → tokens.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use expression::{Bindings, Template};
use indexmap::IndexMap;
use source::{Diagnostic, Node, Source, Span, Tokens, Value};

use crate::declare::{literal, problem};
use crate::deserialize::{has_expression, value_now};
use crate::environment::{Environment, ProcessSettings};
use crate::errors;
use crate::location::{self, Located};
use crate::plan::LevelScope;

/// A larger file is refused unread.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A file as a tree whose property tokens are replaced.
pub struct Document {
    /// The tree; `None` when the file could not be read or is not JSON.
    pub root: Option<Node>,
    /// What was found on the way.
    pub diagnostics: Vec<Diagnostic>,
    /// What expressions of this document know at load, its own `properties` included.
    pub(crate) bindings: Bindings,
    /// Its own `properties` as tokens, dotted.
    pub(crate) properties: IndexMap<String, String>,
}

/// Reads a file of at most 16 MiB. `name` is the path as people should see it.
///
/// Never fails: what is wrong is among the diagnostics.
pub fn read_document(
    environment: &Environment,
    path: &Path,
    name: &str,
    parent: Option<&Arc<LevelScope>>,
) -> Document {
    match read_bytes(path, name) {
        Ok(bytes) => Document::parse(environment, name, &bytes, parent),
        Err(diagnostic) => Document::broken(environment, parent, vec![diagnostic]),
    }
}

impl Document {
    /// A document from bytes that have been read already.
    pub fn parse(
        environment: &Environment,
        name: &str,
        bytes: &[u8],
        parent: Option<&Arc<LevelScope>>,
    ) -> Self {
        let source = match Source::decode(name, bytes) {
            Ok(source) => source,
            Err(diagnostic) => return Self::broken(environment, parent, vec![diagnostic]),
        };
        let parsed = source::parse(&source);
        let mut diagnostics = parsed.diagnostics;
        let Some(mut root) = parsed.root else { return Self::broken(environment, parent, diagnostics) };
        let outer = outer_bindings(environment, parent);
        let mut tokens = LevelTokens { process: &environment.process, own: IndexMap::new(), parent };
        let mut values = IndexMap::new();
        let mut budget = source::MAXIMUM_EXPANSION_BYTES;
        let properties = match &mut root.value {
            Value::Object(object) => object.remove("properties"),
            _ => None,
        };
        if let Some(properties) = properties {
            let mut reading = Reading {
                outer: &outer,
                instance: &environment.paths.instance,
                tokens: &mut tokens,
                values: &mut values,
                budget: &mut budget,
                diagnostics: &mut diagnostics,
            };
            reading.properties(&properties.value, 0);
        }
        let bindings = outer.child(values);
        let root = source::resolve_within(root, &tokens, &mut budget, &mut diagnostics);
        Self { root: Some(root), diagnostics, bindings, properties: tokens.own }
    }

    /// What expressions of this document know at load.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    fn broken(
        environment: &Environment,
        parent: Option<&Arc<LevelScope>>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let bindings = outer_bindings(environment, parent);
        Self { root: None, diagnostics, bindings, properties: IndexMap::new() }
    }
}

fn outer_bindings(environment: &Environment, parent: Option<&Arc<LevelScope>>) -> Bindings {
    parent.map_or_else(|| environment.bindings(), |parent| parent.bindings.clone())
}

pub(crate) fn read_bytes(path: &Path, name: &str) -> Result<Vec<u8>, Diagnostic> {
    let file = std::fs::File::open(path).map_err(|error| errors::unreadable(name, &error))?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| errors::unreadable(name, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(errors::too_large(name, FILE_BYTES_MAX));
    }
    Ok(bytes)
}

/// The properties of a document while they are read.
struct Reading<'r, 't> {
    outer: &'r Bindings,
    instance: &'r Path,
    tokens: &'r mut LevelTokens<'t>,
    values: &'r mut IndexMap<String, expression::Value<'static>>,
    /// What tokens may still add to the document.
    budget: &'r mut usize,
    diagnostics: &'r mut Vec<Diagnostic>,
}

impl Reading<'_, '_> {
    /// Registers properties in order, so that a later one may use an earlier one (catalogue, section 2.6).
    /// `depth` counts the files around these properties.
    fn properties(&mut self, node: &Node, depth: usize) {
        let Some(object) = node.as_object() else {
            self.diagnostics.push(errors::not_an_object(node.kind(), &node.span, "an object of properties"));
            return;
        };
        for entry in object.iter() {
            let resolved =
                source::resolve_within(entry.value.clone(), self.tokens, self.budget, self.diagnostics);
            let value = evaluate(&resolved, &|| self.outer.child(self.values.clone()), self.diagnostics);
            if location::is_location(&entry.key) {
                self.located(&value, &entry.value.span, depth);
            } else {
                self.register(&entry.key, value);
            }
        }
    }

    fn register(&mut self, name: &str, value: expression::Value<'static>) {
        flatten(name, &value.to_json(), &mut self.tokens.own);
        self.values.insert(name.to_owned(), value);
    }

    /// Registers the properties of the file that a `$location` names, as if they stood in its place.
    fn located(&mut self, value: &expression::Value<'static>, span: &Span, depth: usize) {
        match location::read(value, self.instance, depth) {
            Ok(Located::Json(source)) => {
                let mut parsed = source::parse(&source);
                self.diagnostics.append(&mut parsed.diagnostics);
                if let Some(root) = &parsed.root {
                    self.properties(root, depth + 1);
                }
            }
            Ok(Located::Entries(entries)) => {
                for (name, text) in entries {
                    self.register(&name, expression::Value::owned_text(text));
                }
            }
            Err(complaint) => self.diagnostics.push(complaint.at(span)),
        }
    }
}

/// The value of a property: any JSON, with expressions evaluated now. The bindings are only made for texts
/// that need them.
fn evaluate(
    node: &Node,
    bindings: &dyn Fn() -> Bindings,
    diagnostics: &mut Vec<Diagnostic>,
) -> expression::Value<'static> {
    use expression::Value as Evaluated;
    match &node.value {
        Value::Array(items) => {
            Evaluated::list(items.iter().map(|item| evaluate(item, bindings, diagnostics)).collect())
        }
        Value::Object(object) => {
            let entries =
                object.iter().map(|entry| (entry.key.clone(), evaluate(&entry.value, bindings, diagnostics)));
            Evaluated::map(entries.collect())
        }
        Value::String(text) => {
            let bindings = if has_expression(text) { bindings() } else { Bindings::default() };
            let template = Template::compile(text, &bindings).map_err(|problems| {
                problems.into_iter().map(|found| problem(found, text, &node.span)).collect::<Vec<_>>()
            });
            let warned = template.as_ref().map(Template::warnings).unwrap_or_default();
            diagnostics.extend(warned.iter().map(|found| problem(found.clone(), text, &node.span)));
            let value = template
                .and_then(|template| value_now(&template, &node.span).map_err(|complaint| vec![*complaint]));
            value.unwrap_or_else(|complaints| {
                diagnostics.extend(complaints);
                Evaluated::Null
            })
        }
        plain => literal(plain),
    }
}

/// `{"a": {"b": 1}}` is the token `a.b`.
fn flatten(name: &str, value: &serde_json::Value, tokens: &mut IndexMap<String, String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                flatten(&format!("{name}.{key}"), value, tokens);
            }
        }
        serde_json::Value::String(text) => {
            tokens.insert(name.to_owned(), text.clone());
        }
        serde_json::Value::Null => {}
        other => {
            tokens.insert(name.to_owned(), other.to_string());
        }
    }
}

/// Tokens of the process, then of this document's properties, then of the levels around.
struct LevelTokens<'a> {
    process: &'a ProcessSettings,
    own: IndexMap<String, String>,
    parent: Option<&'a Arc<LevelScope>>,
}

impl Tokens for LevelTokens<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let process = self.process.get(name);
        let own = process.or_else(|| self.own.get(name).cloned());
        own.or_else(|| self.parent.and_then(|parent| parent.property(name)).cloned())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.process.names();
        names.extend(self.own.keys().cloned());
        let mut level = self.parent;
        while let Some(scope) = level {
            names.extend(scope.properties.keys().cloned());
            level = scope.parent.as_ref();
        }
        names
    }
}
