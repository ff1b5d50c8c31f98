//! The `properties` of a document: registered in order, so that a later one may use an earlier one (catalogue,
//! section 2.6), and each of them both a value of expressions and a token.

use std::path::Path;

use expression::{Bindings, Template, Value as Evaluated};
use indexmap::IndexMap;
use source::{Diagnostic, Node, Object, Span, Text, Value};

use crate::budget::Budget;
use crate::declare::{literal, problem};
use crate::deserialize::{has_expression, value_now};
use crate::document::LevelTokens;
use crate::errors;
use crate::location::{self, FILES_MAX, Located};

/// The values of a document's properties may not be larger together: one that repeats the one before it twice
/// doubles with every line.
const VALUES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The properties of a document while they are read.
pub(crate) struct Properties<'r, 't> {
    instance: &'r Path,
    /// What expressions know, the properties so far included.
    pub(crate) bindings: Bindings,
    /// The same for tokens.
    pub(crate) tokens: LevelTokens<'t>,
    diagnostics: &'r mut Vec<Diagnostic>,
    /// What tokens may still add to the document.
    pub(crate) expansion: usize,
    budget: Budget,
    files: usize,
    /// A limit has been exceeded and told; nothing more is read.
    is_over: bool,
}

impl<'r, 't> Properties<'r, 't> {
    /// Properties of a level within `outer`.
    pub(crate) fn new(
        instance: &'r Path,
        outer: Bindings,
        tokens: LevelTokens<'t>,
        diagnostics: &'r mut Vec<Diagnostic>,
    ) -> Self {
        let bindings = outer.child(IndexMap::new());
        let budget = Budget::new(VALUES_BYTES_MAX);
        let expansion = source::MAXIMUM_EXPANSION_BYTES;
        Self { instance, bindings, tokens, diagnostics, expansion, budget, files: 0, is_over: false }
    }

    /// Reads them all.
    pub(crate) fn read(&mut self, node: &Node) {
        self.members(node, 0);
    }

    /// Registers the members of an object. `depth` counts the files around it.
    fn members(&mut self, node: &Node, depth: usize) {
        let Some(object) = node.as_object() else {
            self.diagnostics.push(errors::not_an_object(node.kind(), &node.span, "an object of properties"));
            return;
        };
        for entry in object.iter() {
            if self.is_over {
                return;
            }
            let value = self.resolved(entry.value.clone());
            if !location::is_location(&entry.key) {
                let value = self.value(&value, depth);
                self.register(&entry.key, value, &entry.value.span);
                continue;
            }
            match self.located(&entry.key, &value, depth) {
                Found::Json(root) => self.members(&root, depth + 1),
                Found::Entries(entries) => {
                    for (name, text) in entries {
                        self.register(&name, Evaluated::owned_text(text), &entry.value.span);
                    }
                }
                Found::Nothing => {}
            }
        }
    }

    fn resolved(&mut self, node: Node) -> Node {
        let node = source::resolve_within(node, &self.tokens, &mut self.expansion, self.diagnostics);
        // That has been told, and every further token would be told again.
        self.is_over |= self.expansion == 0;
        node
    }

    fn register(&mut self, name: &str, value: Evaluated<'static>, span: &Span) {
        if !self.budget.charge(&value) {
            self.stop(errors::values_too_large(VALUES_BYTES_MAX, span));
        }
        if self.is_over {
            return;
        }
        flatten(name, &value.to_json(), &mut self.tokens.own);
        self.bindings.define(name.to_owned(), value);
    }

    /// The value of a property: any JSON, with expressions evaluated now and files in the place of `$location`s.
    fn value(&mut self, node: &Node, depth: usize) -> Evaluated<'static> {
        match &node.value {
            Value::Array(items) => {
                Evaluated::list(items.iter().map(|item| self.value(item, depth)).collect())
            }
            Value::Object(object) => {
                let mut entries = IndexMap::new();
                self.inner_members(object, depth, &mut entries);
                Evaluated::map(entries)
            }
            Value::String(text) if has_expression(text) => self.evaluated(text, &node.span),
            Value::String(text) => Evaluated::owned_text(text.as_str()),
            plain => literal(plain),
        }
    }

    fn evaluated(&mut self, text: &Text, span: &Span) -> Evaluated<'static> {
        let template = match Template::compile(text, &self.bindings) {
            Ok(template) => {
                let warned = template.warnings().iter();
                self.diagnostics.extend(warned.map(|found| problem(found.clone(), text, span)));
                template
            }
            Err(problems) => {
                self.diagnostics.extend(problems.into_iter().map(|found| problem(found, text, span)));
                return Evaluated::Null;
            }
        };
        value_now(&template, span).unwrap_or_else(|complaint| {
            self.diagnostics.push(*complaint);
            Evaluated::Null
        })
    }

    /// The members of a property that is an object. Its tokens have been replaced.
    fn inner_members(
        &mut self,
        object: &Object,
        depth: usize,
        entries: &mut IndexMap<String, Evaluated<'static>>,
    ) {
        for entry in object.iter() {
            if !location::is_location(&entry.key) {
                let value = self.value(&entry.value, depth);
                entries.insert(entry.key.clone(), value);
                continue;
            }
            match self.located(&entry.key, &entry.value, depth) {
                Found::Json(root) => {
                    let root = self.resolved(root);
                    match &root.value {
                        Value::Object(object) => self.inner_members(object, depth + 1, entries),
                        _ => self.diagnostics.push(errors::not_an_object(
                            root.kind(),
                            &root.span,
                            "an object of properties",
                        )),
                    }
                }
                Found::Entries(found) => {
                    let found = found.into_iter().map(|(name, text)| (name, Evaluated::owned_text(text)));
                    entries.extend(found);
                }
                Found::Nothing => {}
            }
        }
    }

    /// What the file holds that the property `name` names; what is wrong is reported.
    fn located(&mut self, name: &str, node: &Node, depth: usize) -> Found {
        if self.is_over {
            return Found::Nothing;
        }
        self.files += 1;
        if self.files > FILES_MAX {
            let complaint = format!("more than {FILES_MAX} files are named");
            self.stop(errors::location(complaint).at(&node.span));
            return Found::Nothing;
        }
        let told = self.diagnostics.len();
        let place = self.value(node, depth);
        if self.diagnostics.len() > told {
            return Found::Nothing;
        }
        match location::read(name, &place, self.instance, depth) {
            Ok(Located::Json(source)) => {
                let mut parsed = source::parse(&source);
                self.diagnostics.append(&mut parsed.diagnostics);
                parsed.root.map_or(Found::Nothing, Found::Json)
            }
            Ok(Located::Entries(entries)) => Found::Entries(entries),
            Err(complaint) => {
                self.diagnostics.push(complaint.at(&node.span));
                Found::Nothing
            }
        }
    }

    fn stop(&mut self, complaint: Diagnostic) {
        self.diagnostics.push(complaint);
        self.is_over = true;
    }
}

/// What a `$location` leads to.
enum Found {
    Json(Node),
    Entries(Vec<(String, String)>),
    Nothing,
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
