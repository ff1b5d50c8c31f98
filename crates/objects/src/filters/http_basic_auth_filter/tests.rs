//! What the application is sent, and what becomes of its answer.

use std::sync::{Arc, Mutex};

use crate::testing::{check_filter, check_level, with_object};
use exchange::{
    BoxFuture, ClientInfo, Context, Fault, FilterRef, Handler, HandlerRef, HeaderValue, Next, Outcome,
    Request, Response, Session, SessionCookies, SessionManager, SessionManagerRef, StatusCode,
};
use expect_test::{Expect, expect};

const FAILURE: &str =
    r#""failureHandler": {"type": "StaticResponseHandler", "config": {"status": 403, "entity": "No."}}"#;

/// Plays a request to an application that lets `user:open sesame!` in and asks everybody else with `challenge`.
#[track_caller]
fn check_challenge(config: &str, challenge: &str, request: &str, expected: Expect) {
    let user = if config.contains("username") { "" } else { r#""username": "user","# };
    let filter = format!(r#"{{"type": "HttpBasicAuthFilter", "config": {{{user} {config}, {FAILURE}}}}}"#);
    // What stands behind the filter works on every request that passes, so that a second one shows.
    let mark = r#"{"type": "HeaderFilter", "config": {"messageType": "REQUEST", "add": {"mark": ["1"]}}}"#;
    let application = format!(
        r#"{{"type": "DispatchHandler", "config": {{"bindings": [
            {{"condition": "${{request.headers['authorization'][0] == 'Basic dXNlcjpvcGVuIHNlc2FtZSE='}}",
              "handler": {{"type": "Origin", "config": {{"headers": {{"www-authenticate": "Basic realm=x", "x": "y"}}}}}}}},
            {{"handler": {{"type": "Origin", "config": {{"status": 401, "headers": {{{challenge}}}}}}}}}
        ]}}}}"#
    );
    let chain = format!(r#"{{"filters": [{filter}, {mark}], "handler": {application}}}"#);
    check_level(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#), request, expected);
}

#[track_caller]
fn check(config: &str, request: &str, expected: Expect) {
    check_challenge(config, r#""www-authenticate": "Basic realm=x""#, request, expected);
}

const PASSWORD: &str = r#""password": "open sesame!""#;

#[test]
fn the_challenge_is_answered_once() {
    check(
        PASSWORD,
        "GET /a\nAccept: text/html",
        expect![[r#"
        GET http://app.example/a
        accept: text/html
        mark: 1

        GET http://app.example/a
        accept: text/html
        authorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=
        mark: 1

        200 OK
        x: y
    "#]],
    );
}

#[test]
fn the_entity_is_sent_again() {
    check(
        PASSWORD,
        "POST /a\n\na=1&b=2",
        expect![[r#"
        POST http://app.example/a
        mark: 1

        a=1&b=2

        POST http://app.example/a
        authorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=
        mark: 1

        a=1&b=2

        200 OK
        x: y
    "#]],
    );
}

#[test]
fn credentials_of_the_client_are_not_passed_on() {
    check(
        PASSWORD,
        "GET /a\nAuthorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        GET http://app.example/a
        authorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=
        mark: 1

        200 OK
        x: y
    "#]],
    );
}

#[test]
fn wrong_credentials_are_left_to_the_failure_handler() {
    check(
        r#""password": "wrong""#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        GET http://app.example/a
        authorization: Basic dXNlcjp3cm9uZw==
        mark: 1

        403 Forbidden

        No.
    "#]],
    );
}

#[test]
fn missing_credentials_are_left_to_the_failure_handler() {
    check(
        r#""password": "${attributes.missing}""#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        403 Forbidden

        No.
    "#]],
    );
    check(
        r#""password": "open sesame!", "username": "${attributes.missing}""#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        403 Forbidden

        No.
    "#]],
    );
}

#[test]
fn other_challenges_are_left_to_the_failure_handler() {
    check_challenge(
        PASSWORD,
        r#""www-authenticate": "Bearer realm=basic""#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        403 Forbidden

        No.
    "#]],
    );
    check_challenge(
        PASSWORD,
        "",
        "GET /a",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        403 Forbidden

        No.
    "#]],
    );
}

#[test]
fn one_challenge_of_several_is_enough() {
    check_challenge(
        PASSWORD,
        r#""www-authenticate": "Negotiate, Digest realm=x, BASIC realm=x""#,
        "GET /a",
        expect![[r#"
            GET http://app.example/a
            mark: 1

            GET http://app.example/a
            authorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=
            mark: 1

            200 OK
            x: y
        "#]],
    );
}

#[test]
fn what_is_not_401_passes_without_challenges() {
    check_filter(
        "HttpBasicAuthFilter",
        &format!(r#"{{"username": "a:b", "password": "c", {FAILURE}}}"#),
        "GET /a",
        expect![[r#"
            GET http://app.example/a

            200 OK
        "#]],
    );
}

#[test]
fn the_password_may_be_a_secret() {
    check(
        r#""passwordSecretId": "test.plain""#,
        "GET /a",
        expect![[r#"
        GET http://app.example/a
        mark: 1

        GET http://app.example/a
        authorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=
        mark: 1

        200 OK
        x: y
    "#]],
    );
    check(
        r#""passwordSecretId": "open", "secretsProvider": {"type": "Base64EncodedSecretStore",
            "config": {"secrets": {"open": "b3BlbiBzZXNhbWUh"}}}"#,
        "GET /a",
        expect![[r#"
            GET http://app.example/a
            mark: 1

            GET http://app.example/a
            authorization: Basic dXNlcjpvcGVuIHNlc2FtZSE=
            mark: 1

            200 OK
            x: y
        "#]],
    );
}

#[test]
fn a_name_with_a_colon_cannot_be_sent() {
    let filter = format!(
        r#"{{"type": "HttpBasicAuthFilter", "config": {{
        "username": "${{'a:b'}}", "password": "c", {FAILURE}}}}}"#
    );
    let origin = r#"{"type": "Origin", "config": {"status": 401, "headers": {"www-authenticate": "Basic"}}}"#;
    let chain = format!(r#"{{"filters": [{filter}], "handler": {origin}}}"#);
    check_level(
        &format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#),
        "GET /",
        expect![[r#"
        GET http://app.example/

        500 Internal Server Error
        content-type: text/plain; charset=utf-8

        500 Internal Server Error
        Transaction transaction-1

    "#]],
    );
}

#[test]
fn mistakes_are_found_at_load() {
    let refused = |config: &str, expected| check_filter("HttpBasicAuthFilter", config, "GET /", expected);
    refused(
        "{}",
        expect![[r#"
        config.json:1:96: error[PC0303]: HttpBasicAuthFilter needs the field `username`
        config.json:1:96: error[PC0303]: HttpBasicAuthFilter needs the field `failureHandler`
    "#]],
    );
    refused(
        &format!(r#"{{"username": "a", {FAILURE}}}"#),
        expect![[r#"
        config.json:1:54: error[PC0313]: `password` or `passwordSecretId` is needed
    "#]],
    );
    refused(
        &format!(r#"{{"username": "a", "password": "b", "passwordSecretId": "c", {FAILURE}}}"#),
        expect![[r#"
            config.json:1:151: error[PC0313]: `password` and `passwordSecretId` exclude one another
        "#]],
    );
}

/// A session that lasts, without a cookie.
struct Kept(Session);

impl SessionManager for Kept {
    fn load<'a>(&'a self, _: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
    fn save<'a>(&'a self, _: &'a Session, _: &'a mut Response) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

/// Lets one user in, and remembers what was sent.
struct Application {
    accepts: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Handler for Application {
    async fn handle(&self, _: &mut Context, request: &mut Request) -> Outcome {
        let sent = request.headers.text("authorization").unwrap_or("nothing").to_owned();
        let mut response = Response::new(StatusCode::OK);
        if sent != self.accepts {
            response.status = StatusCode::UNAUTHORIZED;
            response.headers.insert("www-authenticate", HeaderValue::from_static("Basic"));
        }
        self.seen.lock().unwrap().push(sent);
        Ok(response)
    }
}

/// What is sent for requests of one session: each is a target, the user's name, and what is accepted.
#[track_caller]
fn check_session(more: &str, requests: &[(&str, &str, &'static str)], expected: Expect) {
    expected.assert_eq(&play(more, requests).0);
}

/// What is sent, and the session in the end.
fn play(more: &str, requests: &[(&str, &str, &'static str)]) -> (String, Session) {
    let session = Session::new("", indexmap::IndexMap::new());
    let mut shown = String::new();
    let declaration = format!(
        r#"{{"name": "Log in", "type": "HttpBasicAuthFilter", "config": {{
            "username": "${{request.headers['user'][0]}}", "password": "p" {more}, {FAILURE}}}}}"#
    );
    with_object(&declaration, "Log in", |filter: FilterRef| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let filters = [filter];
        for (target, user, accepts) in requests {
            let address = "192.0.2.1:50000".parse().unwrap();
            let mut cx = Context::new(Arc::new(ClientInfo::direct(address, address)));
            let _ = cx.replace_session(SessionManagerRef::new(Kept(session.clone())));
            let mut request = Request::get(target.parse().unwrap());
            if !user.is_empty() {
                request.headers.insert("user", HeaderValue::from_str(user).unwrap());
            }
            let seen = Arc::default();
            let application = HandlerRef::new(Application { accepts, seen: Arc::clone(&seen) });
            let response = runtime.block_on(Next::new(&filters, &application).run(&mut cx, &mut request));
            let sent = seen.lock().unwrap().join(", ");
            shown += &format!("{sent}: {}\n", response.status.as_u16());
        }
    });
    (shown, session)
}

const A: &str = "Basic YTpw";
const B: &str = "Basic Yjpw";

#[test]
fn a_login_gives_the_session_another_id() {
    let is_renewed = |more, accepts| play(more, &[("http://x/1", "a", accepts)]).1.is_renewed();
    assert!(is_renewed("", A));
    assert!(!is_renewed("", B));
    assert!(!is_renewed("", "nothing"));
    assert!(!is_renewed(r#", "cacheHeader": false"#, A));
}

#[test]
fn accepted_credentials_are_kept_in_the_session() {
    check_session(
        "",
        &[("http://x/1", "a", A), ("http://x/2", "a", A), ("http://X:80/3", "a", A), ("http://x/4", "", A)],
        expect![[r#"
            nothing, Basic YTpw: 200
            Basic YTpw: 200
            Basic YTpw: 200
            Basic YTpw: 200
        "#]],
    );
    check_session(
        r#", "cacheHeader": false"#,
        &[("http://x/1", "a", A), ("http://x/2", "a", A)],
        expect![[r#"
            nothing, Basic YTpw: 200
            nothing, Basic YTpw: 200
        "#]],
    );
}

#[test]
fn kept_credentials_go_to_their_own_server_only() {
    check_session(
        "",
        &[("http://x/", "a", A), ("http://y/", "a", A), ("https://x/", "a", A), ("http://x:81/", "a", A)],
        expect![[r#"
            nothing, Basic YTpw: 200
            nothing, Basic YTpw: 200
            nothing, Basic YTpw: 200
            nothing, Basic YTpw: 200
        "#]],
    );
}

#[test]
fn another_user_does_not_get_the_credentials_of_the_first() {
    check_session(
        "",
        &[("http://x/", "a", A), ("http://x/", "b", B), ("http://x/", "a", A)],
        expect![[r#"
        nothing, Basic YTpw: 200
        nothing, Basic Yjpw: 200
        nothing, Basic YTpw: 200
    "#]],
    );
}

#[test]
fn credentials_that_are_not_accepted_any_more_are_forgotten() {
    check_session(
        "",
        &[
            ("http://x/", "a", A),
            ("http://x/", "a", "Basic bmV3"),
            ("http://x/", "", A),
            ("http://x/", "a", A),
        ],
        expect![[r#"
            nothing, Basic YTpw: 200
            Basic YTpw, Basic YTpw: 403
            nothing: 403
            nothing, Basic YTpw: 200
        "#]],
    );
}
