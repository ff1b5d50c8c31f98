//! Declares one object, in a heap or in place, and the references in its configuration.

use expression::Uses;
use source::{Node, Object, Span, Text, Value};

use super::{Declarer, Frame};
use crate::ObjectType;
use crate::decorate::{DecorationSite, OWN_FIELDS, Spliced};
use crate::deserialize::{evaluate_now, has_expression};
use crate::errors;
use crate::object::ErasedConfig;
use crate::role::{Role, role_name};

/// An object that has been declared.
pub(crate) struct DeclaredObject {
    pub(crate) name: String,
    /// `None` when its type is not known.
    pub(crate) object_type: Option<&'static ObjectType>,
    /// `None` after a mistake.
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

impl Declarer<'_> {
    /// Declares `{type, name?, config?, decorations…}`. `None` when it is not even an object.
    ///
    /// An object without a usable type is declared all the same, so that references to it find it.
    pub(super) fn declare_object(&mut self, node: &Node) -> Option<usize> {
        let Value::Object(object) = &node.value else {
            self.report(errors::not_an_object(node.kind(), &node.span, "an object"));
            return None;
        };
        let type_node = object.get("type");
        let object_type = match type_node {
            Some(type_node) => self.object_type(type_node),
            None => {
                self.report(errors::no_type(&node.span));
                None
            }
        };
        let type_text = type_node.and_then(Node::as_str).unwrap_or("object");
        let given = object.get("name").and_then(Node::as_str);
        let nameless = || {
            let (line, column) = node.span.line_column();
            format!("{type_text}@{line}:{column}")
        };
        let name = given.map_or_else(nameless, str::to_owned);
        let decorations = object.iter().filter(|entry| !OWN_FIELDS.contains(&entry.key.as_str()));
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
        let today = catalogue.old_names.today(name);
        let Some(found) = catalogue.get(name) else {
            let complaint = if catalogue.not_offered.contains(&name) || today.is_some() {
                errors::not_offered(name, today, &node.span)
            } else {
                errors::unknown_type(name, &node.span, catalogue)
            };
            self.report(complaint);
            return None;
        };
        match today {
            Some(today) => self.report(errors::old_type(name, today, &node.span)),
            None if found.name != name => self.report(errors::renamed(name, found.name, &node.span)),
            None => {}
        }
        Some(found)
    }

    /// Refers to an object by its well-known name, for a field that is left out, so that
    /// [`Builder::named`](crate::Builder::named) finds it. `node` is whatever has the field.
    pub fn refer_to<R: Role>(&mut self, name: &str, node: &Node) {
        let name = Node { value: Value::String(Text::from(name)), span: node.span.clone() };
        self.reference(R::REFERENCE, &name);
    }

    /// Records a reference and returns its site. An inline object is declared on the spot.
    pub(crate) fn reference(&mut self, role: &'static str, node: &Node) -> usize {
        let target = match &node.value {
            Value::String(text) if has_expression(text) => self.evaluated_target(role, text, node),
            _ => self.target(role, node),
        };
        self.sites.push(ReferenceSite { role, span: node.span.clone(), target });
        let site = self.sites.len() - 1;
        self.frame().sites.push(site);
        site
    }

    fn target(&mut self, role: &'static str, node: &Node) -> Target {
        match &node.value {
            Value::String(text) => Target::Named(text.to_string()),
            Value::Object(_) => {
                if let Some(index) = self.frame().inline.again(&node.span) {
                    return Target::Inline(index);
                }
                let Some(index) = self.declare_object(node) else { return Target::Broken };
                self.frame().inline.add(&node.span, index);
                Target::Inline(index)
            }
            _ => {
                let wanted = format!("the name of a {0}, or a {0} declared in place,", role_name(role));
                self.report(errors::not_an_object(node.kind(), &node.span, &wanted));
                Target::Broken
            }
        }
    }

    /// `"handler": "${properties…}"`: the name, or the whole object, is worked out now.
    fn evaluated_target(&mut self, role: &'static str, text: &Text, node: &Node) -> Target {
        let Some(template) = self.compile(text, &node.span) else { return Target::Broken };
        match evaluate_now(&template, &node.span, self) {
            Ok(evaluated) => self.target(role, &evaluated),
            Err(_) => Target::Broken,
        }
    }
}
