//! Decorators: filters spliced around an object, asked for by a field beside `type`, `name` and `config`.
//!
//! A decorator is no wrapper class. It yields up to two filters; the heap puts them outside and, for a
//! filter, also inside of the object, so the object keeps its type by construction.
//!
//! Order for one object: its own fields in the order of the file, a later one outside of an earlier one; then
//! the global decorators from the outermost level inwards; then, for the handler of a level, the decorations
//! on the level itself.

use std::fmt;
use std::sync::Arc;

use exchange::{FilterRef, Prepare};
use expression::Uses;
use source::{Entry, Node, Span};

use crate::Declarer;
use crate::build::Builder;
use crate::errors;
use crate::role::{Role, role_name};

/// What is being decorated.
#[derive(Debug, Clone)]
pub struct Site<'a> {
    /// The name of the object, for logs.
    pub object: &'a str,
    /// The name of the decorator, which is also the name of the field.
    pub decorator: &'a str,
    /// Whether the object is a handler or a filter.
    pub kind: SiteKind,
}

/// The two kinds of objects that can be decorated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteKind {
    /// Filters go outside of it.
    Handler,
    /// Filters go on either side of it.
    Filter,
}

/// The filters of one decoration.
#[derive(Debug, Clone, Default)]
pub struct Decoration {
    /// Runs before the object's request and after its response.
    pub outer: Option<FilterRef>,
    /// Between a decorated filter and what it calls. Unused for handlers.
    pub inner: Option<FilterRef>,
}

/// Turns the value of a decoration into filters.
pub trait Decorator: Send + Sync + 'static {
    /// Reads `value` (with [`Declarer::read`], which reports mistakes) and yields the filters.
    fn decorate(&self, site: &Site<'_>, value: &Node, declarer: &mut Declarer<'_>) -> Decoration;
}

/// A shared decorator of any type.
#[derive(Clone)]
pub struct DecoratorRef(Arc<dyn Decorator>);

impl DecoratorRef {
    /// Erases the type of a decorator.
    pub fn new(decorator: impl Decorator) -> Self {
        Self(Arc::new(decorator))
    }
}

impl fmt::Debug for DecoratorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecoratorRef")
    }
}

/// A field that asks for a decoration.
#[derive(Clone)]
pub(crate) struct DecorationSite {
    name: String,
    name_span: Span,
    value: Node,
}

impl DecorationSite {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { name: entry.key.clone(), name_span: entry.key_span.clone(), value: entry.value.clone() }
    }
}

/// The filters around one object, in the order of the request.
#[derive(Default, Clone)]
pub(crate) struct Spliced {
    pub(crate) outer: Vec<FilterRef>,
    pub(crate) inner: Vec<FilterRef>,
}

impl Spliced {
    /// Puts a decoration around what is there already.
    fn wrap(&mut self, decoration: Decoration) {
        if let Some(outer) = decoration.outer {
            self.outer.insert(0, outer);
        }
        self.inner.extend(decoration.inner);
    }

    /// Fetches entity and session before anything that looks at them.
    fn prepare(&mut self, uses: Uses) {
        if let Some(outer) = Prepare::outer(uses) {
            self.outer.insert(0, outer);
        }
        self.inner.extend(Prepare::inner(uses));
    }
}

/// Makes the decorators of this level, which depend on nothing but their configuration.
pub(crate) fn make_decorators(declarer: &mut Declarer<'_>) {
    let names: Vec<(String, usize)> =
        declarer.names.iter().map(|(name, index)| (name.clone(), *index)).collect();
    for (name, index) in names {
        let object = &mut declarer.objects[index];
        if object.object_type.map(|object_type| object_type.reference) != Some(DecoratorRef::REFERENCE) {
            continue;
        }
        let Some(config) = object.config.take() else { continue };
        let mut builder = Builder::for_decorator(declarer.environment, &name);
        match config.build(&mut builder) {
            Ok(built) => {
                declarer.decorators.extend(built.get::<DecoratorRef>().map(|decorator| (name, decorator)));
            }
            Err(diagnostic) => declarer.report(diagnostic),
        }
    }
}

/// The sites of `globalDecorators`, after those of the levels around.
pub(crate) fn global_sites(node: Option<&Node>, declarer: &mut Declarer<'_>) -> Vec<DecorationSite> {
    let mut sites = declarer.parent.map(|parent| parent.globals.clone()).unwrap_or_default();
    let Some(node) = node else { return sites };
    let Some(object) = node.as_object() else {
        declarer.report(errors::not_an_object(node.kind(), &node.span, "an object of decorations"));
        return sites;
    };
    for entry in object.iter() {
        if declarer.decorator(&entry.key).is_some() {
            sites.push(DecorationSite::of(entry));
        } else {
            declarer.report_unknown_fields("globalDecorators", &one(entry), &[]);
        }
    }
    sites
}

/// Works out the filters around every object of the level, and around the level's handler.
pub(crate) fn splice_all(declarer: &mut Declarer<'_>) {
    for index in 0..declarer.objects.len() {
        let Some(object_type) = declarer.objects[index].object_type else { continue };
        let own = declarer.objects[index].decorations.clone();
        let kind = match role_name(object_type.reference) {
            "Filter" => Some(SiteKind::Filter),
            "Handler" | "any object" => Some(SiteKind::Handler),
            _ => None,
        };
        let globals = if kind.is_some() { declarer.globals.clone() } else { Vec::new() };
        let name = declarer.objects[index].name.clone();
        declarer.frames.push(crate::declare::Frame::default());
        let mut spliced = Spliced::default();
        for (site, is_own) in
            own.iter().map(|site| (site, true)).chain(globals.iter().map(|site| (site, false)))
        {
            let Some(decorator) = declarer.decorator(&site.name) else {
                declarer.report_unknown_fields(
                    object_type.name,
                    &one_site(site),
                    &["type", "name", "config"],
                );
                continue;
            };
            match kind {
                Some(kind) => spliced.wrap(apply(&decorator, &name, site, kind, declarer)),
                None if is_own => {
                    let role = role_name(object_type.reference);
                    declarer.report(errors::not_decorated(&site.name, role, &site.name_span));
                }
                None => {}
            }
        }
        let frame = declarer.frames.pop().unwrap_or_default();
        let object = &mut declarer.objects[index];
        object.sites.extend(frame.sites);
        spliced.prepare(object.uses.union(frame.uses));
        object.spliced = spliced;
    }
    let mut spliced = Spliced::default();
    for site in declarer.top_level.clone() {
        if let Some(decorator) = declarer.decorator(&site.name) {
            spliced.wrap(apply(&decorator, "handler", &site, SiteKind::Handler, declarer));
        }
    }
    declarer.top_level_spliced = spliced;
}

fn apply(
    decorator: &DecoratorRef,
    object: &str,
    site: &DecorationSite,
    kind: SiteKind,
    declarer: &mut Declarer<'_>,
) -> Decoration {
    decorator.0.decorate(&Site { object, decorator: &site.name, kind }, &site.value, declarer)
}

fn one(entry: &Entry) -> source::Object {
    let mut object = source::Object::default();
    object.insert(entry.clone());
    object
}

fn one_site(site: &DecorationSite) -> source::Object {
    one(&Entry { key: site.name.clone(), key_span: site.name_span.clone(), value: site.value.clone() })
}
