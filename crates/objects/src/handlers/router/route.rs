//! One route: a file with a condition and a handler, loaded, broken, or serving its last good version.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use exchange::{Context, Fault, FaultKind, HandlerRef, Outcome, Request, Response, SessionManagerRef};
use expression::{Bindings, Expr, Guard, Scope, Uses};
use heap::{AnyObject, Document, Environment, Generation, LevelScope, Ref, Started};
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

/// The fields of a route file. Any other field that names a decorator decorates the handler.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouteFields {
    name: Option<String>,
    #[serde(rename = "_id")]
    id: Option<String>,
    condition: Option<Expr<bool>>,
    #[serde(alias = "handlerObject")]
    handler: Ref<HandlerRef>,
    session: Option<Ref<SessionManagerRef>>,
    #[expect(dead_code, reason = "declared, so that an audit service that is not offered closes the route")]
    audit_service: Option<Ref<AnyObject>>,
    #[expect(dead_code, reason = "declared for the same reason")]
    secrets: Option<Stores>,
}

#[derive(Deserialize)]
struct Stores {
    #[expect(dead_code, reason = "declared, so that a store that is not offered closes the route")]
    stores: Vec<Ref<AnyObject>>,
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
    fn of(fields: &RouteFields, file_id: &str) -> Self {
        let id = fields.id.clone().unwrap_or_else(|| file_id.to_owned());
        Self { name: fields.name.clone().unwrap_or_else(|| id.clone()), id }
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
        let outline = Outline::of(document.root.as_ref(), bytes, file_id, &scope.bindings);
        let declared = heap::declare::<RouteFields>(environment, document, Some(scope), "a route", false);
        let mut diagnostics = declared.diagnostics;
        let Some(level) = declared.level else { return Err(outline.broken(diagnostics)) };
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
                Err(outline.broken(diagnostics))
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
struct Outline {
    identity: RouteName,
    condition: Result<Option<Expr<bool>>, ()>,
}

impl Outline {
    fn of(root: Option<&Node>, bytes: &[u8], file_id: &str, bindings: &Bindings) -> Self {
        let text = |field| root.and_then(|root| root.get(field)).and_then(Node::as_str).map(str::to_owned);
        let id = text("_id").unwrap_or_else(|| file_id.to_owned());
        let condition = match root {
            Some(root) => match root.get("condition") {
                None => Ok(None),
                Some(node) => node.as_str().map(str::to_owned).ok_or(()).map(Some),
            },
            None => salvaged_condition(bytes).ok_or(()).map(Some),
        };
        let compile = |text: String| Expr::compile(&text, bindings).map_err(|_| ());
        let condition = condition.and_then(|text| text.map(compile).transpose());
        let identity = RouteName { name: text("name").unwrap_or_else(|| id.clone()), id };
        Self { identity, condition }
    }

    /// A stand-in that answers 503 to the requests the route would take. Without a readable condition there
    /// is none: closing everything behind it would take the sound routes down as well.
    fn broken(self, diagnostics: Vec<Diagnostic>) -> Broken {
        let closed = self.condition.ok().map(|condition| {
            let uses = condition.as_ref().map(Expr::uses).unwrap_or_default();
            Arc::new(Route { identity: self.identity, uses, condition, service: Service::Closed })
        });
        Broken { closed, diagnostics }
    }
}

/// Declares every route of a folder, and of the folders of routers within, and builds those that have no
/// mistake so far; nothing is started. What `check` does. A folder within that is not there is left out.
///
/// `parent` are the objects around the routes, if they could be built; without them the routes are only declared.
pub fn check_routes(
    environment: &Arc<Environment>,
    directory: &Path,
    scope: &Arc<LevelScope>,
    parent: Option<&Arc<Generation>>,
) -> std::io::Result<Vec<CheckedRoute>> {
    let mut check = Check { environment, open: Vec::new(), checked: Vec::new() };
    check.folder(directory, scope, parent)?;
    Ok(check.checked)
}

struct Check<'a> {
    environment: &'a Arc<Environment>,
    /// The folders around the present one: one that holds itself is not entered again.
    open: Vec<PathBuf>,
    checked: Vec<CheckedRoute>,
}

impl Check<'_> {
    fn folder(
        &mut self,
        directory: &Path,
        scope: &Arc<LevelScope>,
        parent: Option<&Arc<Generation>>,
    ) -> std::io::Result<()> {
        let files = super::scan::route_files(directory)?;
        self.open.push(super::scan::unique(directory));
        let mut names = Vec::new();
        for file in files {
            self.file(&file, scope, parent, &mut names)?;
        }
        self.open.pop();
        Ok(())
    }

    fn file(
        &mut self,
        file: &Path,
        scope: &Arc<LevelScope>,
        parent: Option<&Arc<Generation>>,
        names: &mut Vec<RouteName>,
    ) -> std::io::Result<()> {
        let environment = self.environment;
        let shown = super::scan::shown_path(environment, file);
        let document = heap::read_document(environment, file, &shown, Some(scope));
        let declared = heap::declare::<RouteFields>(environment, document, Some(scope), "a route", false);
        let mut diagnostics = declared.diagnostics;
        let mut generation = None;
        if let Some(level) = declared.level {
            let name = RouteName::of(&level.fields, &super::scan::file_id(file));
            diagnostics.extend(name.complaint(names.iter(), &shown));
            names.push(name);
            match parent.map(|parent| level.plan.build(environment, Some(parent))) {
                Some(Ok(unstarted)) => generation = Some(unstarted.generation().clone()),
                Some(Err(mut complaints)) => diagnostics.append(&mut complaints),
                None => {}
            }
        }
        let folders =
            declared.nested.into_iter().map(|nested| environment.paths.config.join(nested.directory));
        let (loops, folders): (Vec<_>, Vec<_>) =
            folders.partition(|folder| self.open.contains(&super::scan::unique(folder)));
        diagnostics.extend(loops.iter().map(|folder| super::registry::route_loop(folder)));
        self.checked.push(CheckedRoute { file: shown, diagnostics });
        for folder in folders {
            match self.folder(&folder, &declared.scope, generation.as_ref()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A route file that was checked.
pub struct CheckedRoute {
    /// The path as people see it.
    pub file: String,
    /// What there is to say about it.
    pub diagnostics: Vec<Diagnostic>,
}
