//! A file of the configuration with those around it: where the name of an object leads.

use heap::Document;
use source::{Node, Source, Value};

/// A file, and the one around it.
#[derive(Clone, Copy)]
pub(super) struct Level<'l> {
    pub(super) document: &'l Document,
    pub(super) outer: Option<&'l Level<'l>>,
}

impl<'l> Level<'l> {
    /// The declaration of a name, and the level whose names hold in it.
    pub(super) fn named(&'l self, name: &str) -> Option<(&'l Node, &'l Level<'l>)> {
        let heap = self.document.root.as_ref().and_then(|root| root.get("heap"));
        let objects = heap.map(|heap| heap.get("objects").unwrap_or(heap)).and_then(Node::as_array);
        let found = objects.unwrap_or_default().iter().find(|object| is_named(object, name));
        match (found, self.outer) {
            (Some(found), _) => Some((found, self)),
            (None, Some(outer)) => outer.named(name),
            (None, None) => None,
        }
    }

    /// A string, its expressions worked out now; nothing if they need a request.
    pub(super) fn text(&self, node: &Node) -> Option<String> {
        let Value::String(text) = &node.value else { return None };
        let template = expression::Template::compile(text, self.document.bindings()).ok()?;
        template.constant()?.as_str().map(str::to_owned)
    }
}

/// The objects that every instance has.
pub(super) fn defaults() -> Option<Node> {
    source::parse(&Source::new("(default objects)", objects::catalogue().defaults)).root
}

pub(super) fn is_named(object: &Node, name: &str) -> bool {
    object.get("name").and_then(Node::as_str) == Some(name)
}
