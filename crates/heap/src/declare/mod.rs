//! Declaration: from a document to typed configurations and checked references. Nothing is built.
//!
//! The heap of a level is declared first, then its decorators are made, then the level's own fields are read;
//! inline objects are declared where they stand. Only then are names looked up, so order in the file does not
//! matter.

mod expressions;
mod inline;
mod object;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use expression::{Bindings, Uses};
use serde::de::DeserializeOwned;
use source::{Diagnostic, Entry, Node, Object, Span, Text, Value};

pub(crate) use expressions::{literal, problem};
pub(crate) use inline::Inline;
pub(crate) use object::{DeclaredObject, ReferenceSite, Target};

use crate::DecoratorRef;
use crate::budget::Budget;
use crate::decorate::{self, DecorationSite, Spliced};
use crate::deserialize;
use crate::document::Document;
use crate::environment::Environment;
use crate::errors;
use crate::plan::{self, LevelScope, Plan};

/// Fields of a level that are never taken for decorations, whatever a decorator is named.
const NEVER_DECORATIONS: &[&str] = &[
    "auditService",
    "comment",
    "comments",
    "condition",
    "globalDecorators",
    "handler",
    "handlerObject",
    "heap",
    "name",
    "properties",
    "secrets",
    "session",
    "temporaryStorage",
    "type",
];
/// What expressions come to while a level is read may not be larger together: every one of them may repeat a large
/// property.
pub(crate) const EVALUATED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Fields of a level that its own type does not read.
const READ_ELSEWHERE: &[&str] = &["heap", "properties", "globalDecorators", "secrets"];
/// The name of a level's own secrets provider; no object of a heap is called so by accident.
pub const LEVEL_SECRETS: &str = "(secrets)";

/// A level (`admin.json`, `config.json`, a route) whose objects are declared and checked.
pub struct Level<F> {
    /// The level's own fields.
    pub fields: F,
    /// Its objects.
    pub plan: Plan,
}

/// What a declaration yields: the level, if it can be built, and everything there is to say.
pub struct Declared<F> {
    /// `None` when a mistake leaves nothing to build.
    pub level: Option<Level<F>>,
    /// All that was found, in the order of the file, no two alike.
    pub diagnostics: Vec<Diagnostic>,
    /// Names of this level, for declaring what is nested in it even when the level itself is broken.
    pub scope: Arc<LevelScope>,
    /// Folders of further configuration that objects of this level load.
    pub nested: Vec<crate::Nested>,
}

/// Declares the objects of a document and reads its own fields into `F`.
///
/// `what` names the document in complaints ("a route"). `with_defaults` adds the objects every instance has.
pub fn declare<F: DeserializeOwned>(
    environment: &Environment,
    document: Document,
    parent: Option<&Arc<LevelScope>>,
    what: &'static str,
    with_defaults: bool,
) -> Declared<F> {
    let mut declarer = Declarer::new(environment, parent, document.bindings.clone());
    declarer.diagnostics = document.diagnostics;
    let Some(root) = document.root else {
        let scope = Arc::new(LevelScope::empty(parent.cloned(), document.bindings, document.properties));
        return Declared { level: None, diagnostics: declarer.diagnostics, scope, nested: Vec::new() };
    };
    let fields = declarer.declare_level::<F>(&root, what, with_defaults);
    let nested = declarer.objects.iter().filter_map(|object| object.config.as_ref()?.nested()).collect();
    let (plan, scope) = plan::finish(&mut declarer, document.properties);
    let mut diagnostics = declarer.diagnostics;
    remove_repeats(&mut diagnostics);
    let file = root.span.file();
    diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.span.as_ref().map(|span| (span.file() != file, span.range().start));
        place.unwrap_or((true, 0))
    });
    let is_sound = !diagnostics.iter().any(Diagnostic::is_error);
    let level = fields.filter(|_| is_sound).zip(plan).map(|(fields, plan)| Level { fields, plan });
    Declared { level, diagnostics, scope, nested }
}

/// Collects the objects of one level while its files are read.
pub struct Declarer<'d> {
    pub(crate) environment: &'d Environment,
    pub(crate) parent: Option<&'d Arc<LevelScope>>,
    pub(crate) bindings: Bindings,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) objects: Vec<DeclaredObject>,
    pub(crate) names: HashMap<String, usize>,
    pub(crate) sites: Vec<ReferenceSite>,
    pub(crate) decorators: HashMap<String, DecoratorRef>,
    /// Decorations for every object of this level and the levels below, outer levels first.
    pub(crate) globals: Vec<DecorationSite>,
    /// Decorations of the level's own handler.
    pub(crate) top_level: Vec<DecorationSite>,
    pub(crate) top_level_spliced: Spliced,
    pub(crate) frames: Vec<Frame>,
    pub(crate) level: Frame,
    /// For the values of expressions that are known at load.
    pub(crate) budget: Budget,
}

/// What the object being read refers to and looks at.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) sites: Vec<usize>,
    pub(crate) uses: Uses,
    /// What has been declared in place, in case the configuration is read again.
    pub(crate) inline: Inline,
}

impl<'d> Declarer<'d> {
    pub(crate) fn new(
        environment: &'d Environment,
        parent: Option<&'d Arc<LevelScope>>,
        bindings: Bindings,
    ) -> Self {
        Self {
            environment,
            parent,
            bindings,
            diagnostics: Vec::new(),
            objects: Vec::new(),
            names: HashMap::new(),
            sites: Vec::new(),
            decorators: HashMap::new(),
            globals: Vec::new(),
            top_level: Vec::new(),
            top_level_spliced: Spliced::default(),
            frames: Vec::new(),
            level: Frame::default(),
            budget: Budget::new(EVALUATED_BYTES_MAX),
        }
    }

    /// Adds a complaint.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reads a value of any configuration type from a node, reporting every mistake.
    pub fn read<T: DeserializeOwned>(&mut self, node: &Node, what: &'static str) -> Option<T> {
        deserialize::read(self, node, what)
    }

    fn declare_level<F: DeserializeOwned>(
        &mut self,
        root: &Node,
        what: &'static str,
        with_defaults: bool,
    ) -> Option<F> {
        let Value::Object(object) = &root.value else {
            self.report(errors::not_an_object(root.kind(), &root.span, "an object"));
            return None;
        };
        // First, because services of the heap may use it without a reference.
        if let Some(secrets) = object.get("secrets").filter(|secrets| !secrets.is_null()) {
            self.declare_level_secrets(secrets);
        }
        if let Some(heap) = object.get("heap") {
            self.declare_heap(heap);
        }
        if with_defaults {
            self.declare_defaults();
        }
        decorate::make_decorators(self);
        self.globals = decorate::global_sites(object.get("globalDecorators"), self);
        let mut own = Object::default();
        for entry in object.iter() {
            let key = entry.key.as_str();
            if !NEVER_DECORATIONS.contains(&key) && self.decorator(key).is_some() {
                self.top_level.push(DecorationSite::of(entry));
            } else if !READ_ELSEWHERE.contains(&key) {
                own.insert(entry.clone());
            }
        }
        self.read(&Node { value: Value::Object(own), span: root.span.clone() }, what)
    }

    /// The `{"stores": […]}` of older files, which is the `config` of a provider.
    fn declare_level_secrets(&mut self, secrets: &Node) {
        self.report(errors::level_secrets(&secrets.span));
        let entry = |key: &str, value: Value| Entry {
            key: key.to_owned(),
            key_span: secrets.span.clone(),
            value: Node { value, span: secrets.span.clone() },
        };
        let mut provider = Object::default();
        provider.insert(entry("type", Value::String(Text::from("SecretsProvider"))));
        provider.insert(entry("config", secrets.value.clone()));
        let provider = Node { value: Value::Object(provider), span: secrets.span.clone() };
        if let Some(index) = self.declare_object(&provider) {
            self.names.insert(LEVEL_SECRETS.to_owned(), index);
        }
    }

    /// The array of a heap, or the `{"objects": […]}` of the 2.x age.
    fn declare_heap(&mut self, heap: &Node) {
        let oldest = heap.as_object().and_then(|heap| heap.entry("objects"));
        if let Some(oldest) = oldest {
            self.report(errors::heap_of_objects(&oldest.key_span));
        }
        let heap = oldest.map_or(heap, |oldest| &oldest.value);
        let Some(objects) = heap.as_array() else {
            self.report(errors::not_an_object(heap.kind(), &heap.span, "an array of objects"));
            return;
        };
        for node in objects {
            let Some(index) = self.declare_object(node) else { continue };
            match node.get("name").map(|name| (name.as_str(), name)) {
                Some((Some(text), name)) => self.register(text, index, &name.span),
                Some((None, name)) => {
                    self.report(errors::not_an_object(
                        name.kind(),
                        &name.span,
                        "the name of the object, a string,",
                    ));
                }
                None => self.report(errors::no_name(&node.span)),
            }
        }
    }

    /// Lets an object be referred to.
    fn register(&mut self, name: &str, index: usize, span: &Span) {
        match self.names.get(name) {
            Some(&first) => {
                let first = self.objects[first].span.clone();
                self.report(errors::duplicate_name(name, span, &first));
            }
            None => {
                self.objects[index].span = span.clone();
                self.names.insert(name.to_owned(), index);
            }
        }
    }

    /// The objects every instance has, unless this level declares its own.
    fn declare_defaults(&mut self) {
        let source = source::Source::new("(default objects)", self.environment.catalogue.defaults);
        let parsed = source::parse(&source);
        let defaults = parsed.root.as_ref().and_then(Node::as_array).unwrap_or_default();
        for node in defaults {
            let Some(name) = node.get("name").and_then(Node::as_str) else { continue };
            if !self.names.contains_key(name)
                && let Some(index) = self.declare_object(node)
            {
                self.names.insert(name.to_owned(), index);
            }
        }
    }

    /// Warns about fields that nothing reads, and about those of older releases. Remarks and switched-off
    /// fields are left alone.
    pub(crate) fn report_unknown_fields(&mut self, what: &str, object: &Object, known: &[&str]) {
        for entry in object.iter() {
            let key = entry.key.as_str();
            let is_remark = key == "comment" || key == "comments" || key.starts_with('_');
            if let Some(old) = self.environment.catalogue.old_names.field(what, key) {
                self.report(errors::old_field(what, old, &entry.key_span));
            } else if !is_remark && !known.contains(&key) {
                self.report(errors::unknown_field(what, key, &entry.key_span, known));
            }
        }
    }

    /// The nearest decorator of a name, of this level or one around it.
    pub(crate) fn decorator(&self, name: &str) -> Option<DecoratorRef> {
        let own = self.decorators.get(name).cloned();
        own.or_else(|| self.parent.and_then(|parent| parent.decorator(name)))
    }

    /// The names of all decorators that can be used here, for hints.
    pub(crate) fn decorator_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.decorators.keys().cloned().collect();
        let mut level = self.parent;
        while let Some(scope) = level {
            names.extend(scope.decorators.keys().cloned());
            level = scope.parent.as_ref();
        }
        names.sort_unstable();
        names
    }

    pub(crate) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.level)
    }
}

/// After a mistake an object is read again, so what stands around the mistake is reported again. And a text
/// whose token has no value is no mistake of a second kind.
fn remove_repeats(diagnostics: &mut Vec<Diagnostic>) {
    let tokens: Vec<Span> = diagnostics
        .iter()
        .filter(|diagnostic| TOKEN_CODES.contains(&diagnostic.code.number))
        .filter_map(|diagnostic| diagnostic.span.clone())
        .collect();
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.span.as_ref().map(|span| (span.file().to_owned(), span.range()));
        let place = place.map(|(file, range)| (file, range.start, range.end));
        let is_own = TOKEN_CODES.contains(&diagnostic.code.number);
        let follows_from_token =
            !is_own && diagnostic.span.as_ref().is_some_and(|span| is_text_with(span, &tokens));
        !follows_from_token && seen.insert((diagnostic.code.number, place, diagnostic.message.clone()))
    });
}

/// The codes of tokens and coercions, which belong to `source`.
const TOKEN_CODES: RangeInclusive<u16> = 50..=99;

/// Whether the span is (part of) a string in which one of the tokens stands.
fn is_text_with(span: &Span, tokens: &[Span]) -> bool {
    let is_text = span.text().starts_with(['"', '\'']);
    tokens.iter().any(|token| {
        let (inner, outer) = (token.range(), span.range());
        is_text && token.file() == span.file() && outer.start <= inner.start && inner.end <= outer.end
    })
}
