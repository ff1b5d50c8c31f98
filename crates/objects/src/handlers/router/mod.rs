//! `Router`: sends each request to the first route whose condition is true, and keeps the routes in step with
//! the files of a folder.

mod check;
mod index;
mod registry;
mod route;
mod salvage;
mod scan;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use exchange::{Context, Fault, FaultKind, Handler, HandlerRef, Outcome, Prepare, Request, RouterContext};
use expression::Uses;
use heap::{Builder, Nested, ObjectConfig, RawNode, Ref, Spanned, Stop, TimeSpan};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, Visitor};
use source::{Diagnostic, DurationValue};

pub use check::{CheckedRoute, CheckedRouter, check_routes};
use index::Index;
pub use registry::{CODES, RouteStatus, RouterRegistry};
use route::Route;
pub use route::route_schema;
use scan::{GoodTexts, ScanError, Scanner};

/// Scans this often unless the configuration or `IG_ROUTER_SCAN_INTERVAL` says otherwise.
const SCAN_INTERVAL: Duration = Duration::from_secs(10);

/// Sends each request to the first route whose condition is true.
///
/// Routes are the `.json` files of a folder, in the order of their names (or ids). The folder is scanned at
/// start and then at an interval; what changed is found by content, not by time. A file that breaks while its
/// route serves leaves the last good version serving; a file that is broken from the start answers 503 to
/// the requests its condition takes. A request that no route takes goes to `defaultHandler`, or is answered
/// with 404.
///
/// ```json
/// {
///   "type": "Router",
///   "name": "_router",
///   "config": { "directory": "${openig.configDirectory}/routes", "scanInterval": "2 seconds" }
/// }
/// ```
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Router {
    /// Folder of the route files. Default: `config/routes` of the instance.
    directory: Option<Spanned<String>>,
    /// Time between two scans; `disabled` loads the routes once. Default: 10 seconds, or what
    /// `IG_ROUTER_SCAN_INTERVAL` says.
    scan_interval: Option<Spanned<ScanInterval>>,
    /// Takes the requests that no route takes. Default: an answer of 404.
    default_handler: Option<Ref<HandlerRef>>,
    /// Whether a broken route keeps the router, and so the gateway, from starting.
    #[serde(default)]
    fail_on_route_error: bool,
    /// Accepted and ignored: OpenAPI documents are not read as routes.
    #[expect(dead_code, reason = "only its presence is tolerated")]
    open_api_validation: Option<RawNode>,
}

impl Router {
    fn directory(&self, routes: PathBuf) -> PathBuf {
        self.directory.as_ref().map_or(routes, |directory| PathBuf::from(directory.as_str()))
    }
}

impl ObjectConfig for Router {
    const TYPE: &'static str = "Router";
    const ALIASES: &'static [&'static str] = &["RouterHandler"];
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let interval = scan_interval(self.scan_interval.as_ref(), b)?;
        let routes = b.paths().config.join("routes");
        let directory = self.directory(routes);
        let directory = if directory.is_relative() { b.paths().config.join(directory) } else { directory };
        let running = Arc::new(Running {
            name: b.name().to_owned(),
            table: ArcSwap::default(),
            default_handler: self.default_handler.as_ref().map(|handler| b.get(handler)),
        });
        let span = self.directory.as_ref().map(Spanned::span);
        let unreadable = b.error(format!("the folder `{}` cannot be read", directory.display()), span);
        let must_exist = self.directory.is_some();
        if must_exist && let Err(error) = std::fs::read_dir(&directory) {
            return Err(unreadable.help(error.to_string()));
        }
        let is_strict = self.fail_on_route_error;
        if let Some(registry) = b.service::<RouterRegistry>() {
            registry.register(&running);
        }
        let (hand_over, scanner) = tokio::sync::oneshot::channel();
        let started = Arc::downgrade(&running);
        let good = b.shared(&directory.display().to_string(), GoodTexts::default);
        b.on_start(move |starting| {
            let mut scanner = Scanner::new(directory, good, starting, started);
            let complaints = match scanner.scan() {
                Ok(complaints) => complaints,
                Err(ScanError::Folder(error)) if !must_exist && error.kind() == ErrorKind::NotFound => {
                    Vec::new()
                }
                Err(ScanError::Folder(error)) => return Err(vec![unreadable.help(error.to_string())]),
                Err(ScanError::Loop(complaint)) => return Err(vec![complaint]),
            };
            if is_strict && complaints.iter().any(Diagnostic::is_error) {
                return Err(complaints);
            }
            report(&complaints);
            // Nobody listens when scanning is disabled.
            let _ = hand_over.send(scanner);
            Ok(())
        });
        if let Some(interval) = interval {
            b.background("route scan", move |stop| rescan(scanner, interval, stop));
        }
        Ok(HandlerRef::new(RouterHandler(running)))
    }

    fn nested(&self) -> Option<Nested> {
        // Without a folder of its own the router reads `config/routes`, which the caller knows.
        Some(Nested { directory: self.directory(PathBuf::from("routes")) })
    }
}

/// A duration, or a number of seconds; zero or less means never, which other durations do not take.
#[derive(Debug)]
struct ScanInterval(TimeSpan);

impl<'de> Deserialize<'de> for ScanInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = ScanInterval;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"10 seconds\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ScanInterval, E> {
                TimeSpan::deserialize(text.into_deserializer()).map(ScanInterval)
            }
            fn visit_i64<E: Error>(self, seconds: i64) -> Result<ScanInterval, E> {
                TimeSpan::deserialize(seconds.max(0).into_deserializer()).map(ScanInterval)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for ScanInterval {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        TimeSpan::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TimeSpan::json_schema(generator)
    }
}

/// `None` when the routes are to be loaded once.
fn scan_interval(
    configured: Option<&Spanned<ScanInterval>>,
    b: &Builder<'_>,
) -> Result<Option<Duration>, Diagnostic> {
    let (span, place) = match (configured, b.setting("ig.router.scan.interval")) {
        (Some(configured), _) => (configured.0.0, Some(configured.span())),
        (None, Some(text)) => {
            let complain = |error| b.error(format!("IG_ROUTER_SCAN_INTERVAL: {error}"), None);
            (source::parse_duration(&text).map_err(complain)?, None)
        }
        (None, None) => (DurationValue::Limited(SCAN_INTERVAL), None),
    };
    match span {
        DurationValue::Limited(interval) if interval.is_zero() => Ok(None),
        DurationValue::Limited(interval) => Ok(Some(interval)),
        DurationValue::Unlimited => {
            let complaint = b.error("a scan interval cannot be unlimited", place);
            Err(complaint.help("write `disabled` to load the routes once"))
        }
    }
}

/// Scans until the generation is retired. A scan reads files, so it runs beside the requests' threads.
async fn rescan(scanner: tokio::sync::oneshot::Receiver<Scanner>, interval: Duration, mut stop: Stop) {
    let Ok(mut scanner) = scanner.await else { return };
    let mut was_readable = true;
    loop {
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(interval) => {}
        }
        let scanned = tokio::task::spawn_blocking(move || {
            let outcome = scanner.scan();
            (scanner, outcome)
        });
        let (back, outcome) = match scanned.await {
            Ok(scanned) => scanned,
            Err(error) => {
                tracing::error!(target: "Router", %error, "Scanning ended; restart to load further changes.");
                return;
            }
        };
        scanner = back;
        let is_readable = outcome.is_ok();
        match outcome {
            Ok(complaints) => report(&complaints),
            // Once is enough: the folder may be missing on purpose.
            Err(_) if !was_readable => {}
            Err(ScanError::Folder(error)) => {
                tracing::warn!(
                    target: "Router", %error,
                    "The routes folder cannot be read; the routes stay as they are."
                );
            }
            Err(ScanError::Loop(complaint)) => report(&[complaint]),
        }
        was_readable = is_readable;
    }
}

/// Logs what there is to say about route files.
fn report(diagnostics: &[Diagnostic]) {
    heap::log_diagnostics(Router::TYPE, diagnostics);
}

/// The routes of one moment, in the order in which they are asked.
#[derive(Default)]
struct Table {
    routes: Vec<Arc<Route>>,
    /// What the conditions look at, so that it can be fetched once, before the first of them.
    uses: Uses,
    index: Index,
}

/// What requests and scans share.
struct Running {
    name: String,
    table: ArcSwap<Table>,
    default_handler: Option<HandlerRef>,
}

struct RouterHandler(Arc<Running>);

impl Handler for RouterHandler {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        if cx.router.is_none() {
            cx.router = Some(RouterContext { original_uri: request.uri.clone() });
        }
        let found = match self.0.find(cx, request) {
            Ok(found) => found,
            Err(table) => {
                Prepare::request(table.uses, cx, request).await?;
                table.find(cx, request)
            }
        };
        match (found, &self.0.default_handler) {
            (Some(route), _) => route.handle(cx, request).await,
            (None, Some(handler)) => Ok(handler.handle(cx, request).await),
            (None, None) => {
                // Without the query: it may hold what belongs into no log.
                let (name, method, path) = (&self.0.name, &request.method, request.uri.raw_path());
                let detail = format!("No route of `{name}` takes {method} {path}.");
                Err(Fault::new(FaultKind::NotFound, detail))
            }
        }
    }
}

impl Table {
    fn new(routes: Vec<Arc<Route>>) -> Self {
        let uses = routes.iter().fold(Uses::default(), |uses, route| uses.union(route.uses));
        let guards: Vec<_> = routes.iter().map(|route| route.guard()).collect();
        Self { uses, index: Index::new(&guards), routes }
    }

    fn find(&self, cx: &Context, request: &Request) -> Option<Arc<Route>> {
        let scope = cx.scope(request);
        let position = self.index.first(&scope, |position| self.routes[position].takes(&scope))?;
        Some(self.routes[position].clone())
    }
}

impl Running {
    /// The route that takes the request; the table, if something has to be fetched before it can be asked.
    fn find(&self, cx: &Context, request: &Request) -> Result<Option<Arc<Route>>, Arc<Table>> {
        let table = self.table.load();
        if table.uses.request_entity || table.uses.session {
            // What is fetched is what this table needs: the next one may need more.
            return Err(Guard::into_inner(table));
        }
        Ok(table.find(cx, request))
    }

    fn publish(&self, table: Table) {
        self.table.store(Arc::new(table));
    }
}

type Publisher = Weak<Running>;
