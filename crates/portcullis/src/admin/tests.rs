//! Who may see what, on which connector.

use std::net::SocketAddr;

use exchange::{BoxFuture, ClientInfo, Edit, Fault, FaultKind, Session, SessionCookies, SessionManager};
use expect_test::{Expect, expect};
use indexmap::IndexMap;

use super::*;

struct NoSessions;

impl SessionManager for NoSessions {
    fn load<'a>(&'a self, _: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
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
    /// What the admin connector listens on.
    listener: &'static str,
    host: &'static str,
    mode: Mode,
    has_filter: bool,
    header: Option<&'static str>,
    method: &'static str,
    is_ready: bool,
}

const LOCAL: Case = Case {
    client: "127.0.0.1",
    listener: "127.0.0.1",
    host: "gateway.example",
    mode: Mode::Production,
    has_filter: false,
    header: None,
    method: "GET",
    is_ready: true,
};

/// The status for a path on the main connector, `-` for no endpoint, and on the admin connector.
#[track_caller]
fn check(case: Case, path: &str, expected: Expect) {
    expected.assert_eq(&answers(case, path));
}

fn answers(case: Case, path: &str) -> String {
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
    let listener = SocketAddr::new(case.listener.parse().unwrap(), 8085);
    let connector = connector(protection, state, &[listener]);
    let address = SocketAddr::new(case.client.parse().unwrap(), 4711);
    let client = Arc::new(ClientInfo::direct(address, address));
    let request = |path: &str| {
        let mut request = Request::get(format!("http://{}/", case.host).parse().unwrap());
        request.uri.set_raw_path(path).unwrap();
        request.method = case.method.parse().unwrap();
        if let Some(name) = case.header {
            request.headers.insert(name, HeaderValue::from_static("127.0.0.1"));
        }
        request
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut cx, mut below) = (Context::new(client.clone()), request(&format!("/openig{path}")));
        let main = match endpoints.below(&below) {
            Some(_) => endpoints.handle(&mut cx, &mut below).await.unwrap().status.as_u16().to_string(),
            None => "-".to_owned(),
        };
        let admin = connector.handle(&mut Context::new(client), &mut request(path)).await;
        format!("{main} {}", admin.status.as_u16())
    })
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
fn sessions_are_for_this_machine_under_a_name_of_its_own() {
    for (path, status) in [("/api/sessions", "200"), ("/api/sessions/x", "404")] {
        for host in ["localhost", "LOCALHOST:8085", "127.0.0.1:8085", "[::1]"] {
            let shown = answers(Case { host, ..LOCAL }, path);
            assert_eq!(shown, format!("403 {status}"), "{host} {path}");
        }
        // A page of this host would be of the same origin, wherever its name leads today.
        let other = Case { host: "rebound.example", ..LOCAL };
        check(other, path, expect!["403 403"]);
        for host in ["localhost", "gateway.example"] {
            check(Case { client: "192.0.2.1", host, ..LOCAL }, path, expect!["403 403"]);
            let passed_on = Case { header: Some("x-forwarded-for"), host, ..LOCAL };
            check(passed_on, path, expect!["403 403"]);
        }
        let guarded = Case { client: "192.0.2.1", has_filter: true, ..LOCAL };
        check(guarded, path, expect!["401 401"]);
        let shown = answers(Case { header: Some("key"), ..guarded }, path);
        assert_eq!(shown, format!("{status} {status}"), "{path}");
    }
    let local = Case { host: "localhost", ..LOCAL };
    check(Case { method: "DELETE", ..local }, "/api/sessions", expect!["403 400"]);
    check(Case { method: "POST", ..local }, "/api/sessions", expect!["403 405"]);
}

#[test]
fn sessions_are_not_shown_where_others_could_ask() {
    for method in ["GET", "DELETE"] {
        for listener in ["0.0.0.0", "::", "192.0.2.7"] {
            for client in ["127.0.0.1", "192.0.2.1"] {
                let open = Case { listener, client, method, host: "localhost", ..LOCAL };
                for path in ["/api/sessions?subject=bob", "/api/sessions/x"] {
                    check(open, path, expect!["403 403"]);
                }
                let guarded = Case { has_filter: true, header: Some("key"), ..open };
                check(guarded, "/api/sessions/x", expect!["404 404"]);
                check(Case { header: None, ..guarded }, "/api/sessions/x", expect!["401 401"]);
            }
        }
        // What only this machine reaches.
        for listener in ["127.0.0.1", "::1", "127.8.0.1"] {
            let local = Case { listener, method, host: "localhost", ..LOCAL };
            check(local, "/api/sessions/x", expect!["403 404"]);
        }
    }
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
    for path in ["//api/info", "/./api/info", "/x/../api/info", "/%61pi/info", "/api/info/", "/api;x/info"] {
        check(other, path, expect!["403 403"]);
        check(Case { client: "127.0.0.1", ..other }, path, expect!["404 404"]);
    }
    check(other, "/ping/../api/info", expect!["403 403"]);
    check(other, "x/api/info", expect!["- 403"]);
    check(other, "%2Fapi/info", expect!["- 403"]);
}
