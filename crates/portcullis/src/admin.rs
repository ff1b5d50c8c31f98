//! The admin endpoints: below a prefix on the main connectors, without it on the admin connector.
//!
//! Everything but the ping is for loopback clients only, unless `apiProtectionFilter` (for metrics,
//! `metricsProtectionFilter`) says otherwise; on the admin connector, which is there for probes, so is everything
//! but ping, health and metrics. What does not exist in
//! the present mode is 404. Paths are compared as they were sent: one that is written in another way (encoded,
//! with dots or doubled slashes) is no endpoint.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use exchange::metrics::Metrics;
use exchange::{
    Context, FilterRef, Handler, HandlerRef, HeaderValue, Method, Next, Outcome, Request, Response,
    SessionDirectory, SessionManagerRef, SessionSlot, StatusCode, TemporaryStorage, header,
};
use objects::handlers::router::RouterRegistry;
use serde_json::json;

use crate::server_config::Mode;

const JSON: &str = "application/json; charset=UTF-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=UTF-8";

/// What the endpoints report about the process.
pub(crate) struct State {
    pub(crate) mode: Mode,
    pub(crate) routers: Arc<RouterRegistry>,
    pub(crate) metrics: Arc<Metrics>,
    /// The managers whose sessions can be administered.
    pub(crate) sessions: Arc<SessionDirectory>,
    /// Whether metrics are also where older releases had them (`serveDeprecatedPrometheusEndpoint`).
    pub(crate) has_old_metrics: bool,
    /// Serving, and not about to stop.
    pub(crate) is_ready: AtomicBool,
}

/// What `admin.json` says about requests for the endpoints.
#[derive(Clone)]
pub(crate) struct Protection {
    /// `apiProtectionFilter`; decides instead of the client's address.
    pub(crate) filter: Option<FilterRef>,
    /// `metricsProtectionFilter`; the same for metrics.
    pub(crate) metrics_filter: Option<FilterRef>,
    /// For a filter that looks into the session.
    pub(crate) session: SessionManagerRef,
    pub(crate) storage: TemporaryStorage,
}

/// The endpoints below a prefix, or below none on the admin connector.
#[derive(Clone)]
pub(crate) struct Endpoints {
    /// `/openig`; empty on the admin connector.
    path: String,
    protection: Protection,
    /// What stands behind the protection filter.
    tree: HandlerRef,
    state: Arc<State>,
}

impl Endpoints {
    /// The endpoints below `/prefix`, or below none if it is empty.
    pub(crate) fn new(prefix: &str, protection: Protection, state: Arc<State>) -> Self {
        let prefix = prefix.trim_matches('/');
        let path = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        let tree = HandlerRef::new(Tree { path: path.clone(), state: state.clone() });
        Self { path, protection, tree, state }
    }

    /// The path behind the prefix, if the request is for an endpoint.
    pub(crate) fn below<'r>(&self, request: &'r Request) -> Option<&'r str> {
        below(&self.path, request).filter(|_| !self.path.is_empty())
    }

    /// The response to a request for `path` behind the prefix.
    async fn answer(&self, cx: &mut Context, request: &mut Request, is_admin_connector: bool) -> Outcome {
        let path = below(&self.path, request).unwrap_or_default();
        let filter = if is_metrics(path) { &self.protection.metrics_filter } else { &self.protection.filter };
        let is_for_probes = is_health(path) || (is_metrics(path) && filter.is_none());
        if path == "/ping" || (is_admin_connector && is_for_probes) {
            return Ok(tree(&self.state, path, request));
        }
        if let Some(filter) = filter {
            cx.session = SessionSlot::new(self.protection.session.clone());
            cx.storage = self.protection.storage.clone();
            let mut response = filter.filter(cx, request, Next::new(&[], &self.tree)).await;
            cx.session.save(&mut response).await?;
            return Ok(response);
        }
        if !is_loopback(cx, request) {
            return Ok(Response::new(StatusCode::FORBIDDEN));
        }
        Ok(tree(&self.state, path, request))
    }

    /// Answers a request that [`Endpoints::below`] has taken.
    pub(crate) async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        self.answer(cx, request, false).await
    }
}

/// The handler of the admin connector.
pub(crate) fn connector(protection: Protection, state: Arc<State>) -> HandlerRef {
    HandlerRef::new(AdminConnector(Endpoints::new("", protection, state)))
}

struct AdminConnector(Endpoints);

impl Handler for AdminConnector {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        self.0.answer(cx, request, true).await
    }
}

/// The endpoints themselves; a protection filter sees the request as the client sent it.
struct Tree {
    path: String,
    state: Arc<State>,
}

impl Handler for Tree {
    async fn handle(&self, _: &mut Context, request: &mut Request) -> Outcome {
        // A filter may have changed the path; what is no endpoint any more is not found.
        let path = below(&self.path, request).unwrap_or_default();
        Ok(tree(&self.state, path, request))
    }
}

/// What follows `prefix` in the path as it was sent.
fn below<'r>(prefix: &str, request: &'r Request) -> Option<&'r str> {
    let rest = request.uri.raw_path().strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn is_health(path: &str) -> bool {
    matches!(path, "/health/live" | "/health/startup" | "/liveness" | "/health/ready" | "/readiness")
}

fn is_metrics(path: &str) -> bool {
    path == "/metrics" || path.starts_with("/metrics/")
}

fn tree(state: &State, path: &str, request: &Request) -> Response {
    let body = match path {
        "/ping" => None,
        "/health/ready" | "/readiness" if !state.is_ready.load(Ordering::Acquire) => {
            return Response::new(StatusCode::SERVICE_UNAVAILABLE);
        }
        path if is_health(path) => None,
        "/api/info" if state.mode == Mode::Development => Some((JSON, information().to_string())),
        "/api/routes" => Some((JSON, routes(&state.routers).to_string())),
        "/metrics/prometheus/0.0.4" => Some((PROMETHEUS, state.metrics.render())),
        "/metrics/prometheus" if state.has_old_metrics => Some((PROMETHEUS, state.metrics.render())),
        _ => return Response::new(StatusCode::NOT_FOUND),
    };
    if request.method != Method::GET && request.method != Method::HEAD {
        let mut refused = Response::new(StatusCode::METHOD_NOT_ALLOWED);
        refused.headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match body {
        Some((media_type, body)) => Response::text(StatusCode::OK, media_type, body),
        None => Response::new(StatusCode::OK),
    }
}

/// What the original's `/api/info` holds; a build from sources has no revision to name.
fn information() -> serde_json::Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "revision": option_env!("PORTCULLIS_REVISION").unwrap_or("unknown"),
        "branch": option_env!("PORTCULLIS_BRANCH").unwrap_or("unknown"),
        "timestamp": option_env!("PORTCULLIS_BUILD_TIME").unwrap_or("unknown"),
    })
}

fn routes(registry: &RouterRegistry) -> serde_json::Value {
    let route = |status: objects::handlers::router::RouteStatus| {
        json!({
            "router": status.router,
            "id": status.id,
            "name": status.name,
            "state": if status.is_serving { "serving" } else { "closed" },
        })
    };
    json!({ "routes": registry.routes().into_iter().map(route).collect::<Vec<_>>() })
}

/// Whether the client sits on this machine. A request that another proxy has passed on does not, even if that
/// proxy does: its clients are anybody.
fn is_loopback(cx: &Context, request: &Request) -> bool {
    let names_hops =
        ["forwarded", "x-forwarded-for", "via"].iter().any(|name| request.headers.contains_key(*name));
    // What a proxy that is not trusted says of hops is gone from the fields.
    let is_passed_on = cx.client.is_passed_on || names_hops;
    let is_local = match cx.client.remote.ip().to_canonical() {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback(),
    };
    is_local && !is_passed_on
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use exchange::{BoxFuture, ClientInfo, Edit, Fault, FaultKind, Session, SessionManager};
    use expect_test::{Expect, expect};
    use indexmap::IndexMap;

    use super::*;

    struct NoSessions;

    impl SessionManager for NoSessions {
        fn load<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Session, Fault>> {
            Box::pin(async { Ok(Session::new("", IndexMap::new())) })
        }
        fn save<'a>(&'a self, _: &'a Session, _: &'a mut Response) -> BoxFuture<'a, Result<(), Fault>> {
            Box::pin(async { Ok(()) })
        }
    }

    /// Lets requests with a header pass.
    struct Key;

    impl Edit for Key {
        fn request(&self, _: &mut Context, request: &mut Request) -> Result<(), Fault> {
            match request.headers.contains_key("key") {
                true => Ok(()),
                false => Err(Fault::new(FaultKind::Unauthenticated, "no key")),
            }
        }
    }

    #[derive(Clone, Copy)]
    struct Case {
        client: &'static str,
        mode: Mode,
        has_filter: bool,
        header: Option<&'static str>,
        method: &'static str,
        is_ready: bool,
    }

    const LOCAL: Case = Case {
        client: "127.0.0.1",
        mode: Mode::Production,
        has_filter: false,
        header: None,
        method: "GET",
        is_ready: true,
    };

    /// The status for a path on the main connector, `-` for no endpoint, and on the admin connector.
    #[track_caller]
    fn check(case: Case, path: &str, expected: Expect) {
        let state = State {
            mode: case.mode,
            routers: Arc::new(RouterRegistry::default()),
            metrics: Arc::default(),
            sessions: Arc::default(),
            has_old_metrics: case.has_filter,
            is_ready: AtomicBool::new(case.is_ready),
        };
        let protection = Protection {
            filter: case.has_filter.then(|| FilterRef::edit(Key)),
            metrics_filter: case.has_filter.then(|| FilterRef::edit(Key)),
            session: SessionManagerRef::new(NoSessions),
            storage: TemporaryStorage::default(),
        };
        let state = Arc::new(state);
        let endpoints = Endpoints::new("openig", protection.clone(), state.clone());
        let connector = connector(protection, state);
        let address = SocketAddr::new(case.client.parse().unwrap(), 4711);
        let client = Arc::new(ClientInfo::direct(address, address));
        let request = |path: &str| {
            let mut request = Request::get("http://gateway.example/".parse().unwrap());
            request.uri.set_raw_path(path).unwrap();
            request.method = case.method.parse().unwrap();
            if let Some(name) = case.header {
                request.headers.insert(name, HeaderValue::from_static("127.0.0.1"));
            }
            request
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let shown = runtime.block_on(async {
            let (mut cx, mut below) = (Context::new(client.clone()), request(&format!("/openig{path}")));
            let main = match endpoints.below(&below) {
                Some(_) => endpoints.handle(&mut cx, &mut below).await.unwrap().status.as_u16().to_string(),
                None => "-".to_owned(),
            };
            let admin = connector.handle(&mut Context::new(client), &mut request(path)).await;
            format!("{main} {}", admin.status.as_u16())
        });
        expected.assert_eq(&shown);
    }

    #[test]
    fn clients_on_this_machine_see_everything() {
        for client in ["127.0.0.1", "::1", "::ffff:127.8.0.1"] {
            let case = Case { client, ..LOCAL };
            check(case, "/ping", expect!["200 200"]);
            check(case, "/health/live", expect!["200 200"]);
            check(case, "/api/routes", expect!["200 200"]);
            check(case, "/absent", expect!["404 404"]);
        }
    }

    #[test]
    fn others_see_that_it_runs() {
        let other = Case { client: "192.0.2.1", ..LOCAL };
        check(other, "/ping", expect!["200 200"]);
        check(other, "/health/ready", expect!["403 200"]);
        check(other, "/api/routes", expect!["403 403"]);
        check(Case { mode: Mode::Development, ..other }, "/api/info", expect!["403 403"]);
        check(other, "/absent", expect!["403 403"]);
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_vouch_for_its_clients() {
        for header in ["x-forwarded-for", "forwarded", "via"] {
            let passed_on = Case { header: Some(header), ..LOCAL };
            check(passed_on, "/api/routes", expect!["403 403"]);
            check(passed_on, "/ping", expect!["200 200"]);
        }
    }

    #[test]
    fn a_protection_filter_decides_instead_of_the_address() {
        let other = Case { client: "192.0.2.1", has_filter: true, ..LOCAL };
        check(other, "/api/routes", expect!["401 401"]);
        check(Case { header: Some("key"), ..other }, "/api/routes", expect!["200 200"]);
        check(Case { client: "127.0.0.1", ..other }, "/api/routes", expect!["401 401"]);
        check(other, "/ping", expect!["200 200"]);
        check(other, "/health/live", expect!["401 200"]);
    }

    #[test]
    fn the_inside_is_shown_in_development_only() {
        check(LOCAL, "/api/info", expect!["404 404"]);
        check(Case { mode: Mode::Development, ..LOCAL }, "/api/info", expect!["200 200"]);
    }

    #[test]
    fn metrics_are_open_on_the_admin_connector() {
        const METRICS: &str = "/metrics/prometheus/0.0.4";
        let other = Case { client: "192.0.2.1", ..LOCAL };
        check(LOCAL, METRICS, expect!["200 200"]);
        check(LOCAL, "/metrics/prometheus", expect!["404 404"]);
        check(other, METRICS, expect!["403 200"]);
        let guarded = Case { has_filter: true, ..other };
        check(guarded, METRICS, expect!["401 401"]);
        check(Case { header: Some("key"), ..guarded }, METRICS, expect!["200 200"]);
        check(Case { header: Some("key"), ..guarded }, "/metrics/prometheus", expect!["200 200"]);
    }

    #[test]
    fn readiness_ends_before_the_process() {
        let stopping = Case { is_ready: false, ..LOCAL };
        check(stopping, "/health/ready", expect!["503 503"]);
        check(stopping, "/readiness", expect!["503 503"]);
        check(stopping, "/health/live", expect!["200 200"]);
    }

    #[test]
    fn nothing_is_changed_by_a_request() {
        for path in ["/ping", "/health/live", "/api/routes"] {
            check(Case { method: "POST", ..LOCAL }, path, expect!["405 405"]);
            check(Case { method: "HEAD", ..LOCAL }, path, expect!["200 200"]);
        }
    }

    #[test]
    fn a_path_written_in_another_way_is_no_endpoint() {
        let other = Case { client: "192.0.2.1", mode: Mode::Development, ..LOCAL };
        for path in
            ["//api/info", "/./api/info", "/x/../api/info", "/%61pi/info", "/api/info/", "/api;x/info"]
        {
            check(other, path, expect!["403 403"]);
            check(Case { client: "127.0.0.1", ..other }, path, expect!["404 404"]);
        }
        check(other, "/ping/../api/info", expect!["403 403"]);
        check(other, "x/api/info", expect!["- 403"]);
        check(other, "%2Fapi/info", expect!["- 403"]);
    }
}
