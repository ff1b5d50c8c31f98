//! Follows a request from handler to handler, as far as the files tell.
//!
//! What an object does with others is known of the few types that exist to hold others; every other object is a step
//! that stands for itself.

use std::path::PathBuf;
use std::sync::Arc;

use exchange::{Context, Request};
use heap::{Document, Environment, Generation, LevelScope};
use objects::handlers::router::{CheckedRouter, check_routes};
use source::{Node, Span, Value};

use super::level::{self, Level};
use super::{Choice, Condition, Outcome, Step, conditions};

/// Objects in objects deeper than this are a loop in the configuration.
const DEPTH_MAX: usize = 64;

/// Fields of an object, or of a file, that are not decorations.
const OWN_FIELDS: &[&str] = &[
    "type",
    "name",
    "config",
    "_id",
    "condition",
    "handler",
    "handlerObject",
    "servletObject",
    "heap",
    "properties",
    "globalDecorators",
    "session",
    "temporaryStorage",
    "auditService",
    "secrets",
    "monitor",
    "logSink",
    "audit",
];

pub(super) struct Explainer<'e> {
    environment: &'e Arc<Environment>,
    cx: &'e Context,
    request: &'e Request,
    /// The objects of config.json, so that routes can be built on them.
    built: &'e Arc<Generation>,
    defaults: Option<Node>,
}

/// What is walked at the moment: the names that hold, and how deep it is.
#[derive(Clone, Copy)]
struct At<'l> {
    level: &'l Level<'l>,
    scope: &'l Arc<LevelScope>,
    depth: usize,
}

impl<'e> Explainer<'e> {
    pub(super) fn new(
        environment: &'e Arc<Environment>,
        built: &'e Arc<Generation>,
        cx: &'e Context,
        request: &'e Request,
    ) -> Self {
        Self { environment, cx, request, built, defaults: level::defaults() }
    }

    /// The way through `config.json` and everything in it.
    pub(super) fn whole(&self, document: &Document) -> Step {
        let level = Level { document, outer: None };
        self.main_handler(At { level: &level, scope: self.built.scope(), depth: 0 })
    }

    /// The handler of a file.
    fn main_handler(&self, at: At<'_>) -> Step {
        let Some(root) = &at.level.document.root else { return unknown("the file cannot be read") };
        let handler = ["handler", "handlerObject", "servletObject"].iter().find_map(|field| root.get(field));
        let mut step = match handler {
            Some(handler) => self.reference(handler, at),
            None => unknown("the file has no handler"),
        };
        step.decorations.extend(decorations(root));
        step
    }

    /// An object, by its name or in place.
    fn reference(&self, node: &Node, at: At<'_>) -> Step {
        let at = At { depth: at.depth + 1, ..at };
        if at.depth > DEPTH_MAX {
            return unknown("the objects are nested too deeply to be followed");
        }
        if let Value::Object(_) = &node.value {
            return self.object(node, at);
        }
        let Some(name) = at.level.text(node) else { return unknown("the reference is worked out at load") };
        if let Some((object, level)) = at.level.named(&name) {
            return self.object(object, At { level, ..at });
        }
        let defaults = self.defaults.as_ref().and_then(Node::as_array).unwrap_or_default();
        match defaults.iter().find(|object| level::is_named(object, &name)) {
            Some(object) => self.object(object, at),
            None => unknown(&format!("no object is named `{name}`")),
        }
    }

    fn object(&self, node: &Node, at: At<'_>) -> Step {
        let written = node.get("type").and_then(Node::as_str).unwrap_or_default();
        let catalogue = objects::catalogue();
        let known = catalogue.iter().find(|entry| entry.name == written || entry.aliases.contains(&written));
        let kind = known.map_or(written, |entry| entry.name);
        let config = node.get("config");
        let field = |name: &str| config.and_then(|config| config.get(name));
        let mut step = Step {
            kind: kind.to_owned(),
            name: node.get("name").and_then(Node::as_str).map(str::to_owned),
            place: place(&node.span),
            decorations: decorations(node).collect(),
            ..Step::default()
        };
        match kind {
            "Chain" => step.steps = self.all([field("filters"), field("handler")], at),
            "ChainOfFilters" => step.steps = self.all([field("filters")], at),
            "Delegate" => step.steps = self.all([field("delegate")], at),
            "HandlerServlet" => step.steps = self.all([field("handler")], at),
            "ConditionalFilter" => self.branches(&mut step, config.into_iter(), "delegate", at),
            "DispatchHandler" => self.branches(&mut step, list(field("bindings")), "handler", at),
            "SwitchFilter" => {
                self.branches(&mut step, list(field("onRequest")), "handler", at);
                if step.steps.is_empty() {
                    step.note = Some("goes on; what `onResponse` does depends on the response".into());
                }
            }
            "SequenceHandler" => {
                let handlers = list(field("bindings")).filter_map(|binding| binding.get("handler"));
                step.steps = handlers.map(|handler| self.reference(handler, at)).collect();
                step.note = Some("in order, until a `postcondition` does not hold for the response".into());
            }
            "Router" => self.router(&mut step, config, at),
            _ => {}
        }
        step
    }

    /// What runs one after the other: references, and lists of them.
    fn all<const N: usize>(&self, fields: [Option<&Node>; N], at: At<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        for node in fields.into_iter().flatten() {
            match node.as_array() {
                Some(items) => steps.extend(items.iter().map(|item| self.reference(item, at))),
                None => steps.push(self.reference(node, at)),
            }
        }
        steps
    }

    /// The first branch whose condition holds, and how the ones before it did.
    fn branches<'n>(
        &self,
        step: &mut Step,
        branches: impl Iterator<Item = &'n Node>,
        then: &str,
        at: At<'_>,
    ) {
        for (index, branch) in branches.enumerate() {
            let name = format!("{}", index + 1);
            if !step.steps.is_empty() {
                step.choices.push(Choice { name, outcome: Outcome::NotAsked, condition: None });
                continue;
            }
            let condition = self.condition(branch, at.level);
            let outcome = outcome(condition.as_ref());
            step.choices.push(Choice { name, outcome, condition });
            if outcome == Outcome::Taken
                && let Some(then) = branch.get(then)
            {
                step.steps.push(self.reference(then, at));
            }
        }
    }

    fn condition(&self, holder: &Node, level: &Level<'_>) -> Option<Condition> {
        conditions::evaluate(holder.get("condition"), level.document.bindings(), self.cx, self.request)
    }

    /// The routes of a router, and the way through the one that takes the request.
    fn router(&self, step: &mut Step, config: Option<&Node>, at: At<'_>) {
        let directory = config.and_then(|config| config.get("directory"));
        let directory = match directory {
            None => PathBuf::from("routes"),
            Some(node) => match at.level.text(node) {
                Some(text) => PathBuf::from(text),
                None => {
                    step.note = Some("its folder is worked out at load".into());
                    return;
                }
            },
        };
        let folder = self.environment.paths.config.join(directory);
        // Of a router within a route the objects around are not there.
        let parent = at.level.outer.is_none().then_some(self.built);
        let router = check_routes(self.environment, &folder, at.scope, parent).ok();
        let router = router.and_then(|routers| routers.into_iter().next());
        step.note = router.as_ref().map(|router| format!("routes of {}", router.directory));
        let routes = router.into_iter().flat_map(|CheckedRouter { routes, .. }| routes);
        for route in routes {
            if !step.steps.is_empty() {
                step.choices.push(Choice { name: route.name, outcome: Outcome::NotAsked, condition: None });
                continue;
            }
            let path = self.environment.paths.instance.join(&route.file);
            let document = heap::read_document(self.environment, &path, &route.file, Some(at.scope));
            let level = Level { document: &document, outer: Some(at.level) };
            let condition = document.root.as_ref().and_then(|root| self.condition(root, &level));
            let outcome = match outcome(condition.as_ref()) {
                _ if !route.is_asked => Outcome::Broken,
                Outcome::Taken if !route.loads => Outcome::Closed,
                outcome => outcome,
            };
            match outcome {
                Outcome::Taken => {
                    let scope = &route.scope;
                    step.steps.push(self.main_handler(At { level: &level, scope, depth: at.depth }));
                }
                Outcome::Closed => {
                    step.steps.push(answer("503 until the file is mended; see `portcullis check`"))
                }
                _ => {}
            }
            step.choices.push(Choice { name: route.name, outcome, condition });
        }
        if step.steps.is_empty() {
            match config.and_then(|config| config.get("defaultHandler")) {
                Some(handler) => step.steps.push(self.reference(handler, at)),
                None => step
                    .steps
                    .push(answer("404: no route takes the request, and there is no default handler")),
            }
        }
    }
}

fn outcome(condition: Option<&Condition>) -> Outcome {
    match condition {
        Some(condition) if !condition.holds => Outcome::NotMatched,
        _ => Outcome::Taken,
    }
}

/// The elements of a list; none where there is no list.
fn list(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    node.and_then(Node::as_array).unwrap_or_default().iter()
}

/// A response that no object gives.
fn answer(note: &str) -> Step {
    Step { kind: "answer".into(), note: Some(note.into()), ..Step::default() }
}

/// A step that the files do not tell.
fn unknown(note: &str) -> Step {
    Step { kind: "unknown".into(), note: Some(note.into()), ..Step::default() }
}

fn place(span: &Span) -> Option<String> {
    // The objects that every instance has stand in no file.
    (!span.file().starts_with('(')).then(|| span.to_string())
}

/// The names of the decorations of an object or a file.
fn decorations(node: &Node) -> impl Iterator<Item = String> {
    let fields = node.as_object().into_iter().flat_map(source::Object::iter);
    let keys = fields.map(|entry| entry.key.clone());
    keys.filter(|key| {
        !OWN_FIELDS.contains(&key.as_str()) && !key.starts_with('_') && key != "comment" && key != "comments"
    })
}
