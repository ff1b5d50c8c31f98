//! Declaration: from a document to typed configurations and checked references. Nothing is built.
//!
//! The heap of a level is declared first, then its decorators are made, then the level's own fields are read;
//! inline objects are declared where they stand. Only then are names looked up, so order in the file does not
//! matter.

use std::collections::HashMap;
use std::sync::Arc;

use expression::{Bindings, LValue, Problem, Template, Uses};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use source::{Diagnostic, Node, Object, Span, Text, Value};

use crate::decorate::{self, DecorationSite, Spliced};
use crate::deserialize;
use crate::document::Document;
use crate::environment::Environment;
use crate::errors;
use crate::object::ErasedConfig;
use crate::plan::{self, LevelScope, Plan};
use crate::{DecoratorRef, ObjectType};

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
    /// All that was found, in the order of discovery, no two alike.
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
    let is_sound = !diagnostics.iter().any(Diagnostic::is_error);
    let level = fields.filter(|_| is_sound).zip(plan).map(|(fields, plan)| Level { fields, plan });
    Declared { level, diagnostics, scope, nested }
}

/// An object that has been declared.
pub(crate) struct DeclaredObject {
    pub(crate) name: String,
    pub(crate) object_type: Option<&'static ObjectType>,
    pub(crate) config: Option<Box<dyn ErasedConfig>>,
    /// Index ranges are not enough (inline objects interleave), so each object lists its references.
    pub(crate) sites: Vec<usize>,
    pub(crate) uses: Uses,
    pub(crate) decorations: Vec<DecorationSite>,
    pub(crate) spliced: Spliced,
    pub(crate) span: Span,
}

/// One reference in the configuration.
pub(crate) struct ReferenceSite {
    pub(crate) role: &'static str,
    pub(crate) span: Span,
    pub(crate) target: Target,
}

pub(crate) enum Target {
    Named(String),
    Inline(usize),
    /// A mistake that has been reported.
    Broken,
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
}

/// What the object being read refers to and looks at.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) sites: Vec<usize>,
    pub(crate) uses: Uses,
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
        if let Some(heap) = object.get("heap") {
            self.declare_heap(heap);
        }
        if with_defaults {
            self.declare_defaults();
        }
        decorate::make_decorators(self);
        self.globals = decorate::global_sites(object.get("globalDecorators"), self);
        let mut own = root.clone();
        if let Value::Object(own) = &mut own.value {
            for reserved in ["heap", "properties", "globalDecorators"] {
                own.remove(reserved);
            }
            for entry in object.iter() {
                if self.decorator(&entry.key).is_some() {
                    own.remove(&entry.key);
                    self.top_level.push(DecorationSite::of(entry));
                }
            }
        }
        self.read(&own, what)
    }

    /// The array of a heap, or the `{"objects": […]}` of the 2.x age.
    fn declare_heap(&mut self, heap: &Node) {
        let heap = heap.get("objects").unwrap_or(heap);
        let Some(objects) = heap.as_array() else {
            self.report(errors::not_an_object(heap.kind(), &heap.span, "an array of objects"));
            return;
        };
        for node in objects {
            let Some(index) = self.declare_object(node) else { continue };
            let Some(name) = node.get("name").and_then(Node::as_str) else {
                self.report(errors::no_name(&node.span));
                continue;
            };
            let span = node.get("name").map_or(&node.span, |name| &name.span).clone();
            match self.names.get(name) {
                Some(&first) => {
                    let first = self.objects[first].span.clone();
                    self.report(errors::duplicate_name(name, &span, &first));
                }
                None => {
                    self.objects[index].span = span;
                    self.names.insert(name.to_owned(), index);
                }
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

    /// Declares `{type, name?, config?, decorations…}`. `None` when it has no usable type.
    fn declare_object(&mut self, node: &Node) -> Option<usize> {
        let Value::Object(object) = &node.value else {
            self.report(errors::not_an_object(node.kind(), &node.span, "an object"));
            return None;
        };
        let Some(type_node) = object.get("type") else {
            self.report(errors::no_type(&node.span));
            return None;
        };
        let object_type = self.object_type(type_node);
        let (line, column) = node.span.line_column();
        let type_text = type_node.as_str().unwrap_or("object");
        let given = object.get("name").and_then(Node::as_str);
        let name = given.map_or_else(|| format!("{type_text}@{line}:{column}"), str::to_owned);
        let decorations =
            object.iter().filter(|entry| !["type", "name", "config"].contains(&entry.key.as_str()));
        let decorations = decorations.map(DecorationSite::of).collect();

        self.frames.push(Frame::default());
        let empty = Node { value: Value::Object(Object::default()), span: node.span.clone() };
        let config = object.get("config").filter(|config| !config.is_null()).unwrap_or(&empty);
        let config = object_type.and_then(|object_type| (object_type.read)(self, config));
        let frame = self.frames.pop().unwrap_or_default();
        self.objects.push(DeclaredObject {
            name,
            object_type,
            config,
            sites: frame.sites,
            uses: frame.uses,
            decorations,
            spliced: Spliced::default(),
            span: node.span.clone(),
        });
        Some(self.objects.len() - 1)
    }

    fn object_type(&mut self, node: &Node) -> Option<&'static ObjectType> {
        let Some(name) = node.as_str() else {
            self.report(errors::not_an_object(node.kind(), &node.span, "the name of an object type"));
            return None;
        };
        let catalogue = &self.environment.catalogue;
        let Some(found) = catalogue.get(name) else {
            let complaint = if catalogue.not_offered.contains(&name) {
                errors::not_offered(name, &node.span)
            } else {
                errors::unknown_type(name, &node.span, catalogue)
            };
            self.report(complaint);
            return None;
        };
        if found.name != name {
            self.report(errors::renamed(name, found.name, &node.span));
        }
        Some(found)
    }

    /// Records a reference and returns its site. An inline object is declared on the spot.
    pub(crate) fn reference(&mut self, role: &'static str, node: &Node) -> usize {
        let target = match &node.value {
            Value::String(text) if text.contains("${") => self.evaluated_name(text, node),
            Value::String(text) => Target::Named(text.to_string()),
            Value::Object(_) => self.declare_object(node).map_or(Target::Broken, Target::Inline),
            _ => {
                let wanted =
                    format!("the name of a {0}, or a {0} declared in place,", crate::role::role_name(role));
                self.report(errors::not_an_object(node.kind(), &node.span, &wanted));
                Target::Broken
            }
        };
        self.sites.push(ReferenceSite { role, span: node.span.clone(), target });
        let site = self.sites.len() - 1;
        self.frame().sites.push(site);
        site
    }

    /// `"handler": "${properties…}"`: the name is worked out now.
    fn evaluated_name(&mut self, text: &Text, node: &Node) -> Target {
        let Some(template) = self.compile(text, &node.span) else { return Target::Broken };
        match deserialize::evaluate_now(&template, &node.span, self) {
            Ok(Node { value: Value::String(name), .. }) => Target::Named(name.to_string()),
            _ => Target::Broken,
        }
    }

    /// Compiles a string that may hold expressions; problems are reported with their place in the file.
    pub(crate) fn compile(&mut self, text: &Text, span: &Span) -> Option<Template> {
        match Template::compile(text, &self.bindings) {
            Ok(template) => Some(template),
            Err(problems) => {
                self.report_problems(problems, text, span);
                None
            }
        }
    }

    /// A configuration value as a template: strings compiled, lists and objects recursively.
    pub(crate) fn template(&mut self, node: &Node) -> Template {
        let template = match &node.value {
            Value::String(text) => self.compile(text, &node.span).unwrap_or_else(null_template),
            Value::Array(items) => Template::list(items.iter().map(|item| self.template(item)).collect()),
            Value::Object(object) => {
                let entries = object.iter().map(|entry| (entry.key.clone(), self.template(&entry.value)));
                Template::map(entries.collect::<IndexMap<_, _>>())
            }
            Value::Null => null_template(),
            Value::Bool(value) => Template::literal(expression::Value::Bool(*value)),
            Value::Number(source::Number::Integer(value)) => {
                Template::literal(expression::Value::Integer(*value))
            }
            Value::Number(source::Number::Decimal(value)) => {
                Template::literal(expression::Value::Decimal(*value))
            }
        };
        let uses = template.uses();
        let frame = self.frame();
        frame.uses = frame.uses.union(uses);
        template
    }

    /// A place to assign to.
    pub(crate) fn lvalue(&mut self, node: &Node) -> Option<LValue> {
        let text = node.as_text()?;
        match LValue::compile(text, &self.bindings) {
            Ok(lvalue) => {
                let uses = lvalue.uses();
                let frame = self.frame();
                frame.uses = frame.uses.union(uses);
                Some(lvalue)
            }
            Err(problems) => {
                self.report_problems(problems, text, &node.span);
                None
            }
        }
    }

    fn report_problems(&mut self, problems: Vec<Problem>, text: &Text, span: &Span) {
        for problem in problems {
            let at = text.span_of(problem.range, span);
            let diagnostic = Diagnostic::error(problem.kind.code(), problem.message).at(at);
            self.report(diagnostic.maybe_help(problem.help));
        }
    }

    /// Warns about fields that nothing reads. Remarks and switched-off fields are left alone.
    pub(crate) fn report_unknown_fields(&mut self, what: &str, object: &Object, known: &[&str]) {
        for entry in object.iter() {
            let key = entry.key.as_str();
            let is_remark = key == "comment" || key == "comments" || key.starts_with('_');
            if !is_remark && !known.contains(&key) {
                self.report(errors::unknown_field(what, key, &entry.key_span, known));
            }
        }
    }

    /// The nearest decorator of a name, of this level or one around it.
    pub(crate) fn decorator(&self, name: &str) -> Option<DecoratorRef> {
        let own = self.decorators.get(name).cloned();
        own.or_else(|| self.parent.and_then(|parent| parent.decorator(name)))
    }

    pub(crate) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.level)
    }
}

fn null_template() -> Template {
    Template::literal(expression::Value::Null)
}

/// After a mistake an object is read again, so what stands around the mistake is reported again.
fn remove_repeats(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = std::collections::HashSet::new();
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.span.as_ref().map(|span| (span.file().to_owned(), span.range()));
        let place = place.map(|(file, range)| (file, range.start, range.end));
        seen.insert((diagnostic.code.number, place, diagnostic.message.clone()))
    });
}
