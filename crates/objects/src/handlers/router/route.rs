//! One route: a file with a condition and a handler, loaded, broken, or serving its last good version.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange::{Context, Fault, FaultKind, HandlerRef, Outcome, Request, Response, SessionManagerRef};
use expression::{Bindings, Expr, Uses};
use heap::{AnyObject, Document, Environment, Generation, LevelScope, Ref, Started};
use serde::Deserialize;
use source::{Diagnostic, Node};

/// Seconds after which a client may try a broken route again.
const RETRY_AFTER_SECONDS: u32 = 30;

/// A route as the router asks and calls it.
pub(super) struct Route {
    /// The name of the file without `.json`, or the `_id` in it.
    pub(super) id: String,
    /// What the routes are ordered by.
    pub(super) name: String,
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
    handler: Ref<HandlerRef>,
    session: Option<Ref<SessionManagerRef>>,
    #[expect(dead_code, reason = "declared, so that an audit service that is not offered closes the route")]
    audit_service: Option<Ref<AnyObject>>,
    #[expect(dead_code, reason = "declared for the same reason")]
    secrets: Option<Stores>,
    #[expect(dead_code, reason = "metrics are always on; the older switch is accepted")]
    monitor: Option<heap::RawNode>,
}

#[derive(Deserialize)]
struct Stores {
    #[expect(dead_code, reason = "declared, so that a store that is not offered closes the route")]
    stores: Vec<Ref<AnyObject>>,
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
                let id = fields.id.unwrap_or_else(|| file_id.to_owned());
                let name = fields.name.unwrap_or_else(|| id.clone());
                let route = Self { id, name, condition: fields.condition, uses, service };
                Ok(Loaded { route, diagnostics })
            }
            Err(mut complaints) => {
                diagnostics.append(&mut complaints);
                Err(outline.broken(diagnostics))
            }
        }
    }

    /// Whether the request is this route's. A condition that fails is false.
    pub(super) fn takes(&self, cx: &Context, request: &Request) -> bool {
        match &self.condition {
            None => true,
            Some(condition) => condition.is_true(&cx.scope(request)),
        }
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
                let detail =
                    format!("The route `{}` is broken and closed; see the log of its loading.", self.name);
                Err(Fault::new(FaultKind::Unavailable, detail).retry_after(RETRY_AFTER_SECONDS))
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
    name: String,
    id: String,
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
        Self { name: text("name").unwrap_or_else(|| id.clone()), id, condition }
    }

    /// A stand-in that answers 503 to the requests the route would take. Without a readable condition there
    /// is none: closing everything behind it would take the sound routes down as well.
    fn broken(self, diagnostics: Vec<Diagnostic>) -> Broken {
        let closed = self.condition.ok().map(|condition| {
            let uses = condition.as_ref().map(Expr::uses).unwrap_or_default();
            Arc::new(Route { id: self.id, name: self.name, uses, condition, service: Service::Closed })
        });
        Broken { closed, diagnostics }
    }
}

/// The condition of a file that is not JSON as a whole: the string behind the first `"condition":`.
pub(super) fn salvaged_condition(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("\"condition\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    strings.next()?.ok()
}

/// Declares every route of a folder, and of the folders of routers within, without building any: what `check`
/// does. A folder within that is not there is left out.
pub fn check_routes(
    environment: &Environment,
    directory: &Path,
    scope: &Arc<LevelScope>,
) -> std::io::Result<Vec<CheckedRoute>> {
    let mut checked = Vec::new();
    check_folder(environment, directory, scope, &mut Vec::new(), &mut checked)?;
    Ok(checked)
}

/// `open` are the folders around this one: one that holds itself is not entered again.
fn check_folder(
    environment: &Environment,
    directory: &Path,
    scope: &Arc<LevelScope>,
    open: &mut Vec<PathBuf>,
    checked: &mut Vec<CheckedRoute>,
) -> std::io::Result<()> {
    let files = super::scan::route_files(directory)?;
    open.push(super::scan::unique(directory));
    for file in files {
        let shown = super::scan::shown_path(environment, &file);
        let document = heap::read_document(environment, &file, &shown, Some(scope));
        let declared = heap::declare::<RouteFields>(environment, document, Some(scope), "a route", false);
        let mut diagnostics = declared.diagnostics;
        let folders =
            declared.nested.into_iter().map(|nested| environment.paths.config.join(nested.directory));
        let (loops, folders): (Vec<_>, Vec<_>) =
            folders.partition(|folder| open.contains(&super::scan::unique(folder)));
        diagnostics.extend(loops.iter().map(|folder| super::registry::route_loop(folder)));
        checked.push(CheckedRoute { file: shown, diagnostics });
        for folder in folders {
            match check_folder(environment, &folder, &declared.scope, open, checked) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    open.pop();
    Ok(())
}

/// A route file that was checked.
pub struct CheckedRoute {
    /// The path as people see it.
    pub file: String,
    /// What there is to say about it.
    pub diagnostics: Vec<Diagnostic>,
}
