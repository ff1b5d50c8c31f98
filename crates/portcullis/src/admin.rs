//! The admin endpoints: below a prefix on the main connectors, without it on the admin connector.
//!
//! Everything but the ping is for loopback clients only, unless `apiProtectionFilter` (for metrics,
//! `metricsProtectionFilter`) says otherwise; on the admin connector, which is there for probes, so is everything
//! but ping, health and metrics. Sessions are not even for loopback clients of the main connectors: a load balancer
//! on this machine that says nothing of its clients makes everybody one. What does not exist in the present mode is
//! 404. Paths are compared as they were sent: one that is written in another way (encoded,
//! with dots or doubled slashes) is no endpoint.

mod sessions;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
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
    async fn answer(&self, cx: &mut Context, request: &mut Request, door: Door) -> Outcome {
        let path = below(&self.path, request).unwrap_or_default();
        let filter = if is_metrics(path) { &self.protection.metrics_filter } else { &self.protection.filter };
        let is_for_probes = is_health(path) || (is_metrics(path) && filter.is_none());
        if path == "/ping" || (door != Door::Main && is_for_probes) {
            return Ok(tree(&self.path, &self.state, path, cx, request).await);
        }
        if let Some(filter) = filter {
            cx.session = SessionSlot::new(self.protection.session.clone());
            cx.storage = self.protection.storage.clone();
            let mut response = filter.filter(cx, request, Next::new(&[], &self.tree)).await;
            cx.session.save(&mut response).await?;
            return Ok(response);
        }
        let is_here = is_loopback(cx, request);
        if sessions::below(path).is_some() {
            if let Some(refusal) = sessions::refusal(door, is_here, request) {
                return Ok(refusal);
            }
        } else if !is_here {
            return Ok(Response::new(StatusCode::FORBIDDEN));
        }
        Ok(tree(&self.path, &self.state, path, cx, request).await)
    }

    /// Answers a request that [`Endpoints::below`] has taken.
    pub(crate) async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        self.answer(cx, request, Door::Main).await
    }
}

/// Where a request has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Main,
    /// The admin connector, and whether it listens on loopback addresses only.
    Admin {
        is_local: bool,
    },
}

/// The handler of the admin connector, which listens at these addresses.
pub(crate) fn connector(protection: Protection, state: Arc<State>, addresses: &[SocketAddr]) -> HandlerRef {
    let is_local = addresses.iter().all(|address| is_loopback_address(address.ip()));
    let endpoints = Endpoints::new("", protection, state);
    HandlerRef::new(AdminConnector { endpoints, door: Door::Admin { is_local } })
}

struct AdminConnector {
    endpoints: Endpoints,
    door: Door,
}

impl Handler for AdminConnector {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        self.endpoints.answer(cx, request, self.door).await
    }
}

/// The endpoints themselves; a protection filter sees the request as the client sent it.
struct Tree {
    path: String,
    state: Arc<State>,
}

impl Handler for Tree {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        // A filter may have changed the path; what is no endpoint any more is not found.
        let path = below(&self.path, request).unwrap_or_default();
        Ok(tree(&self.path, &self.state, path, cx, request).await)
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

/// The answer to `path`, which stood behind `prefix`.
async fn tree(prefix: &str, state: &State, path: &str, cx: &Context, request: &Request) -> Response {
    if let Some(handle) = sessions::below(path) {
        return sessions::answer(prefix, &state.sessions, handle, cx, request).await;
    }
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
        return not_allowed(Response::new(StatusCode::METHOD_NOT_ALLOWED), "GET, HEAD");
    }
    match body {
        Some((media_type, body)) => Response::text(StatusCode::OK, media_type, body),
        None => Response::new(StatusCode::OK),
    }
}

fn not_allowed(mut refused: Response, methods: &'static str) -> Response {
    refused.headers.insert(header::ALLOW, HeaderValue::from_static(methods));
    refused
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
    is_loopback_address(cx.client.remote.ip()) && !is_passed_on
}

fn is_loopback_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback(),
    }
}
