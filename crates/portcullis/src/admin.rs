//! The admin endpoints: below a prefix on the main connectors, without it on the admin connector.
//!
//! On a main connector everything but the ping is for loopback clients only, unless `apiProtectionFilter`
//! says otherwise; what does not exist in the present mode is 404.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use exchange::{
    Context, FilterRef, Handler, HandlerRef, Method, Next, Outcome, Request, Response, StatusCode,
};
use objects::handlers::router::RouterRegistry;
use serde_json::json;

use crate::server_config::Mode;

/// What the endpoints report about the process.
pub(crate) struct State {
    pub(crate) mode: Mode,
    pub(crate) routers: Arc<RouterRegistry>,
    /// Serving, and not about to stop.
    pub(crate) is_ready: AtomicBool,
}

/// The endpoints below the prefix of the main connectors.
pub(crate) struct Endpoints {
    /// `/openig`
    path: String,
    protected: Option<(FilterRef, HandlerRef)>,
    state: Arc<State>,
}

impl Endpoints {
    pub(crate) fn new(prefix: &str, protection: Option<FilterRef>, state: Arc<State>) -> Self {
        let tree = HandlerRef::new(Tree(state.clone()));
        let path = format!("/{}", prefix.trim_matches('/'));
        Self { path, protected: protection.map(|filter| (filter, tree)), state }
    }

    /// The response, if the request is for an endpoint.
    pub(crate) fn answer(&self, cx: &Context, request: &Request) -> Option<Response> {
        let path = self.below(request)?;
        if path == "/ping" {
            return Some(ping(request));
        }
        // A protection filter needs to run as a filter; see `Protected`.
        if !is_loopback(cx) {
            return Some(Response::new(StatusCode::FORBIDDEN));
        }
        Some(tree(&self.state, path, request))
    }

    /// The path behind the prefix.
    fn below<'r>(&self, request: &'r Request) -> Option<&'r str> {
        let rest = request.uri.raw_path().strip_prefix(self.path.as_str())?;
        (self.path.len() > 1 && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    }

    /// Whether a configured filter, rather than the client's address, decides about this request.
    pub(crate) fn protection(&self, request: &Request) -> Option<&(FilterRef, HandlerRef)> {
        let path = self.below(request)?;
        self.protected.as_ref().filter(|_| path != "/ping")
    }

    /// Runs the request through the configured protection and, if it lets it, to the endpoint.
    pub(crate) async fn protected(
        &self,
        (filter, handler): &(FilterRef, HandlerRef),
        cx: &mut Context,
        request: &mut Request,
    ) -> Response {
        let path = self.below(request).unwrap_or_default().to_owned();
        if request.uri.set_raw_path(&path).is_err() {
            return Response::new(StatusCode::NOT_FOUND);
        }
        filter.filter(cx, request, Next::new(&[], handler)).await
    }
}

/// The handler of the admin connector.
pub(crate) fn connector(state: Arc<State>) -> HandlerRef {
    HandlerRef::new(Tree(state))
}

struct Tree(Arc<State>);

impl Handler for Tree {
    async fn handle(&self, _: &mut Context, request: &mut Request) -> Outcome {
        let path = request.uri.raw_path();
        Ok(if path == "/ping" { ping(request) } else { tree(&self.0, path, request) })
    }
}

fn tree(state: &State, path: &str, request: &Request) -> Response {
    let is_development = state.mode == Mode::Development;
    let body = match path {
        "/health/live" | "/health/startup" | "/liveness" => return health(true),
        "/health/ready" | "/readiness" => return health(state.is_ready.load(Ordering::Acquire)),
        "/api/info" if is_development => information(),
        "/api/routes" => routes(&state.routers),
        _ => return Response::new(StatusCode::NOT_FOUND),
    };
    if !is_read(request) {
        return Response::new(StatusCode::METHOD_NOT_ALLOWED);
    }
    Response::text(StatusCode::OK, "application/json; charset=UTF-8", body.to_string())
}

fn ping(request: &Request) -> Response {
    Response::new(if is_read(request) { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED })
}

fn health(is_well: bool) -> Response {
    Response::new(if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
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

fn is_read(request: &Request) -> bool {
    request.method == Method::GET || request.method == Method::HEAD
}

fn is_loopback(cx: &Context) -> bool {
    match cx.client.remote.ip().to_canonical() {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback(),
    }
}
