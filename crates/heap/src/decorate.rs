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
use crate::declare::Frame;
use crate::errors;
use crate::object::made;
use crate::plan::{Settled, settled_roles};
use crate::role::{AnyObject, Role, role_name};

/// Fields of a declaration that are no decorations.
pub(crate) const OWN_FIELDS: &[&str] = &["type", "name", "config"];

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
    fn wrap(&mut self, decoration: Decoration, kind: SiteKind) {
        if let Some(outer) = decoration.outer {
            self.outer.insert(0, outer);
        }
        if kind == SiteKind::Filter {
            self.inner.extend(decoration.inner);
        }
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
    let mut named: Vec<(usize, String)> =
        declarer.names.iter().map(|(name, index)| (*index, name.clone())).collect();
    named.sort_unstable();
    for (index, name) in named {
        let object = &mut declarer.objects[index];
        if object.object_type.map(|object_type| object_type.reference) != Some(DecoratorRef::REFERENCE) {
            continue;
        }
        let Some(config) = object.config.take() else { continue };
        if !object.sites.is_empty() {
            let span = object.span.clone();
            let message = "a decorator is made before all other objects and cannot refer to one";
            declarer.report(errors::cannot_build(message, &span));
            continue;
        }
        let mut builder = Builder::for_decorator(declarer.environment, &name, &object.span);
        match config.build(&mut builder) {
            Ok(built) => {
                declarer.decorators.extend(built.get::<DecoratorRef>().map(|decorator| (name, decorator)));
                declarer.objects[index].config = Some(made(built));
            }
            Err(diagnostic) => declarer.report(diagnostic),
        }
    }
}

/// The sites of `globalDecorators`, after those of the levels around.
pub(crate) fn global_sites(node: Option<&Node>, declarer: &mut Declarer<'_>) -> Vec<DecorationSite> {
    let mut sites = declarer.parent.map(|parent| parent.globals.clone()).unwrap_or_default();
    let Some(node) = node.filter(|node| !node.is_null()) else { return sites };
    let Some(object) = node.as_object() else {
        declarer.report(errors::not_an_object(node.kind(), &node.span, "an object of decorations"));
        return sites;
    };
    for entry in object.iter() {
        let site = DecorationSite::of(entry);
        if declarer.decorator(&site.name).is_some() {
            sites.push(site);
        } else {
            report_unknown(declarer, "globalDecorators", &site, &[]);
        }
    }
    sites
}

/// Works out the filters around every object of the level, and around the level's handler.
pub(crate) fn splice_all(declarer: &mut Declarer<'_>) {
    let mut roles = settled_roles(declarer);
    let declared = declarer.objects.len();
    let globals = declarer.globals.clone();
    let mut index = 0;
    // Decorations may declare objects, which have decorations of their own. The global ones stay away from
    // them: they would decorate what they are made of, without end.
    while index < declarer.objects.len() {
        if index >= roles.len() {
            roles = settled_roles(declarer);
        }
        let globals = if index < declared { &globals[..] } else { &[] };
        splice(declarer, index, roles[index], globals);
        index += 1;
    }
    let mut spliced = Spliced::default();
    declarer.frames.push(Frame::default());
    for site in declarer.top_level.clone() {
        if let Some(decorator) = declarer.decorator(&site.name) {
            let decoration = apply(&decorator, "handler", &site, SiteKind::Handler, declarer);
            spliced.wrap(decoration, SiteKind::Handler);
        }
    }
    let frame = declarer.frames.pop().unwrap_or_default();
    declarer.level.sites.extend(frame.sites);
    spliced.prepare(frame.uses);
    declarer.top_level_spliced = spliced;
}

/// Works out the filters around one object: its own decorations, then the global ones.
fn splice(declarer: &mut Declarer<'_>, index: usize, (role, _): Settled, globals: &[DecorationSite]) {
    let Some(object_type) = declarer.objects[index].object_type else { return };
    let own = declarer.objects[index].decorations.clone();
    let role = role_name(role);
    let kind = match role {
        "Filter" => Some(SiteKind::Filter),
        "Handler" => Some(SiteKind::Handler),
        _ => None,
    };
    let name = declarer.objects[index].name.clone();
    declarer.frames.push(Frame::default());
    let mut spliced = Spliced::default();
    for site in &own {
        match (declarer.decorator(&site.name), kind) {
            (None, _) => report_unknown(declarer, object_type.name, site, OWN_FIELDS),
            (Some(decorator), Some(kind)) => {
                spliced.wrap(apply(&decorator, &name, site, kind, declarer), kind);
            }
            // A delegate of what is not known; that has been reported.
            (Some(_), None) if role == role_name(AnyObject::REFERENCE) => {}
            (Some(_), None) => declarer.report(errors::not_decorated(&site.name, role, &site.name_span)),
        }
    }
    for site in globals {
        if let (Some(decorator), Some(kind)) = (declarer.decorator(&site.name), kind) {
            spliced.wrap(apply(&decorator, &name, site, kind, declarer), kind);
        }
    }
    let frame = declarer.frames.pop().unwrap_or_default();
    let object = &mut declarer.objects[index];
    object.sites.extend(frame.sites);
    spliced.prepare(object.uses.union(frame.uses));
    object.spliced = spliced;
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

/// Complains about a field that names no decorator, unless it names one that is broken.
fn report_unknown(declarer: &mut Declarer<'_>, what: &str, site: &DecorationSite, own_fields: &[&str]) {
    let broken = declarer.names.get(&site.name).map(|index| declarer.objects[*index].object_type);
    if broken.is_some_and(|kind| kind.is_none_or(|kind| kind.reference == DecoratorRef::REFERENCE)) {
        return;
    }
    let mut object = source::Object::default();
    let DecorationSite { name, name_span, value } = site.clone();
    object.insert(Entry { key: name, key_span: name_span, value });
    let decorators = declarer.decorator_names();
    let known: Vec<&str> = own_fields.iter().copied().chain(decorators.iter().map(String::as_str)).collect();
    declarer.report_unknown_fields(what, &object, &known);
}
