//! One route: a file with a condition and a handler, loaded, broken, or serving its last good version.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use exchange::{Context, Fault, FaultKind, HandlerRef, Outcome, Request, Response, SessionManagerRef};
use expression::{Bindings, Expr, Guard, Scope, Uses};
use heap::{AnyObject, Document, Environment, Generation, Ref, Started};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};

use super::salvage::salvaged_condition;

/// After this time a client may try a broken route again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// A route as the router asks and calls it.
pub(super) struct Route {
    pub(super) identity: RouteName,
    condition: Option<Expr<bool>>,
    pub(super) uses: Uses,
    service: Service,
}

enum Service {
    Serving {
        handler: HandlerRef,
        session: Option<SessionManagerRef>,
        _started: Started,
    },
    /// Broken from the start: closed, so that a missing filter never leaves an application open.
    Closed,
}

/// A file in the folder of a `Router`: a condition, and the handler of the requests for which it holds.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteFields {
    /// What the routes of a router are ordered by. Default: the id.
    name: Option<String>,
    /// What the route is known by in the admin endpoints. Default: the name of the file without `.json`.
    #[serde(rename = "_id")]
    id: Option<String>,
    /// Whether the route takes a request. The first route whose condition is true gets it; a route without one
    /// takes every request.
    pub(super) condition: Option<Expr<bool>>,
    /// Answers the requests of the route.
    #[serde(alias = "handlerObject")]
    pub(super) handler: Ref<HandlerRef>,
    /// Keeps the sessions of this route apart from those of the others.
    session: Option<Ref<SessionManagerRef>>,
    /// Not offered yet: a route that names one stays closed.
    #[expect(dead_code, reason = "declared, so that an audit service that is not offered closes the route")]
    audit_service: Option<Ref<AnyObject>>,
}

/// The JSON Schema of a route file's own fields.
pub fn route_schema() -> serde_json::Value {
    heap::schema_of::<RouteFields>()
}

/// What a route is known by among those of its router.
#[derive(Clone)]
pub(super) struct RouteName {
    /// The name of the file without `.json`, or the `_id` in it.
    pub(super) id: String,
    /// What the routes are ordered by.
    pub(super) name: String,
}

impl RouteName {
    pub(super) fn of(fields: &RouteFields, file_id: &str) -> Self {
        let id = fields.id.clone().unwrap_or_else(|| file_id.to_owned());
        Self { name: fields.name.clone().unwrap_or_else(|| id.clone()), id }
    }

    /// Routes are asked in the order of their names, by UTF-16 code unit as Java sorts.
    pub(super) fn order(&self, other: &RouteName) -> Ordering {
        self.name.encode_utf16().cmp(other.name.encode_utf16())
    }

    /// Whether another name may be the same, as far as a set of names and ids tells.
    pub(super) fn may_be_taken(&self, known: &HashSet<String>) -> bool {
        [&self.id, &self.name].into_iter().any(|name| name == "default" || known.contains(name))
    }

    /// Notes the name and the id.
    pub(super) fn note(&self, known: &mut HashSet<String>) {
        known.extend([self.id.clone(), self.name.clone()]);
    }

    /// Of two routes with one name or id the one loaded first stays; `default` belongs to the router.
    pub(super) fn complaint<'n>(
        &self,
        mut others: impl Iterator<Item = &'n RouteName>,
        shown_path: &str,
    ) -> Option<Diagnostic> {
        if self.id == "default" || self.name == "default" {
            return Some(super::registry::reserved_name(shown_path));
        }
        let taken = others.find(|other| other.id == self.id || other.name == self.name)?;
        Some(super::registry::taken_name(shown_path, &taken.name))
    }
}

/// A route file that has been read, and what there is to say about it.
pub(super) struct Loaded {
    pub(super) route: Route,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Why a file yields no route that serves.
pub(super) struct Broken {
    /// Stands in for the route when it has no good version, if its condition could be told.
    pub(super) closed: Option<Arc<Route>>,
    /// The file can be read, but not what it says be built: what that needs, a key store perhaps, may be mended
    /// without a change of the file.
    pub(super) may_mend: bool,
    /// Another route has its name or id.
    pub(super) is_name_taken: bool,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Route {
    /// Reads, declares, builds and starts a route.
    pub(super) fn load(
        environment: &Arc<Environment>,
        parent: &Arc<Generation>,
        file_id: &str,
        shown_path: &str,
        bytes: &[u8],
    ) -> Result<Loaded, Broken> {
        let scope = parent.scope();
        let document = Document::parse(environment, shown_path, bytes, Some(scope));
        let outline = Outline::of(document.root.as_ref(), bytes, file_id);
        let declared = heap::declare::<RouteFields>(environment, document, Some(scope), "a route", false);
        let mut diagnostics = declared.diagnostics;
        // With the route's own properties, which its condition may use.
        let bindings = &declared.scope.bindings;
        let Some(level) = declared.level else { return Err(outline.broken(bindings, diagnostics)) };
        let (fields, uses) = (level.fields, level.plan.uses());
        let started = level.plan.build(environment, Some(parent)).and_then(|unstarted| {
            let generation = unstarted.generation().clone();
            let handler = generation.decorate(generation.get(&fields.handler));
            let session = fields.session.as_ref().map(|session| generation.get(session));
            let started = unstarted.start(environment).map_err(|error| error.0)?;
            Ok(Service::Serving { handler, session, _started: started })
        });
        match started {
            Ok(service) => {
                let identity = RouteName::of(&fields, file_id);
                let route = Self { identity, condition: fields.condition, uses, service };
                Ok(Loaded { route, diagnostics })
            }
            Err(mut complaints) => {
                diagnostics.append(&mut complaints);
                Err(Broken { may_mend: true, ..outline.broken(bindings, diagnostics) })
            }
        }
    }

    /// Whether the request is this route's. A condition that fails is false.
    pub(super) fn takes(&self, scope: &dyn Scope) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.is_true(scope))
    }

    /// What is true of every request that is this route's.
    pub(super) fn guard(&self) -> Guard {
        self.condition.as_ref().map(Expr::guard).unwrap_or_default()
    }

    /// Whether the route serves, rather than standing in for a broken file.
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.service, Service::Serving { .. })
    }

    pub(super) async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        match &self.service {
            Service::Serving { handler, session: None, .. } => Ok(handler.handle(cx, request).await),
            Service::Serving { handler, session: Some(manager), .. } => {
                let outer = cx.replace_session(manager.clone());
                let outcome = handle_with_session(handler, cx, request).await;
                cx.session = outer;
                outcome
            }
            Service::Closed => {
                let detail = format!(
                    "The route `{}` is broken and closed; see the log of its loading.",
                    self.identity.name
                );
                Err(Fault::new(FaultKind::Unavailable, detail).retry_after(RETRY_AFTER))
            }
        }
    }
}

/// The route's own session is saved as the response leaves the route.
async fn handle_with_session(handler: &HandlerRef, cx: &mut Context, request: &mut Request) -> Outcome {
    let mut response: Response = handler.handle(cx, request).await;
    cx.session.save(&mut response).await?;
    Ok(response)
}

/// What can be told of a route whatever else is wrong with its file: its name and its condition.
pub(super) struct Outline {
    pub(super) identity: RouteName,
    /// As text; an error if it cannot be told.
    condition: Result<Option<String>, ()>,
}

impl Outline {
    pub(super) fn of(root: Option<&Node>, bytes: &[u8], file_id: &str) -> Self {
        let text = |field| root.and_then(|root| root.get(field)).and_then(Node::as_str).map(str::to_owned);
        let id = text("_id").unwrap_or_else(|| file_id.to_owned());
        let condition = match root {
            Some(root) => match root.get("condition") {
                None => Ok(None),
                Some(node) => node.as_str().map(str::to_owned).ok_or(()).map(Some),
            },
            None => salvaged_condition(bytes).ok_or(()).map(Some),
        };
        let identity = RouteName { name: text("name").unwrap_or_else(|| id.clone()), id };
        Self { identity, condition }
    }

    /// The condition, compiled; nothing if it cannot be told.
    pub(super) fn condition(&self, bindings: &Bindings) -> Option<Option<Expr<bool>>> {
        let text = self.condition.as_ref().ok()?.as_deref();
        text.map(|text| Expr::compile(text, bindings).ok()).map_or(Some(None), |compiled| compiled.map(Some))
    }

    /// A stand-in that answers 503 to the requests the route would take. Without a readable condition there
    /// is none: closing everything behind it would take the sound routes down as well.
    fn broken(self, bindings: &Bindings, diagnostics: Vec<Diagnostic>) -> Broken {
        let closed = self.condition(bindings).map(|condition| {
            let uses = condition.as_ref().map(Expr::uses).unwrap_or_default();
            Arc::new(Route { identity: self.identity, uses, condition, service: Service::Closed })
        });
        Broken { closed, may_mend: false, is_name_taken: false, diagnostics }
    }
}
