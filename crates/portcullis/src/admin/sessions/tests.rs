//! Requests to two managers that are made up, and the answers.

use std::net::SocketAddr;
use std::sync::Mutex;

use exchange::{BoxFuture, ClientInfo, FaultKind, SessionPage};
use expect_test::{Expect, expect};

use super::*;

/// A manager with these sessions, by handle and subject.
struct Made {
    name: &'static str,
    file: &'static str,
    sessions: Mutex<Vec<(String, Option<&'static str>)>>,
    is_down: bool,
}

impl Made {
    fn new(name: &'static str, file: &'static str, sessions: &[(char, Option<&'static str>)]) -> Arc<Self> {
        let sessions = sessions.iter().map(|(digit, subject)| (handle(*digit), *subject)).collect();
        Arc::new(Self { name, file, sessions: Mutex::new(sessions), is_down: name == "Down" })
    }

    fn all(&self) -> Result<Vec<SessionSummary>, Fault> {
        if self.is_down {
            return Err(Fault::new(FaultKind::Unavailable, "The store does not answer."));
        }
        let summary = |(handle, subject): &(String, Option<&'static str>)| SessionSummary {
            handle: handle.clone(),
            subject: subject.map(str::to_owned),
            entries: vec!["user".to_owned(), "token".to_owned()],
            expires_in_seconds: 1800,
        };
        Ok(self.sessions.lock().unwrap().iter().map(summary).collect())
    }

    fn remove(&self, is_meant: impl Fn(&SessionSummary) -> bool) -> Result<u64, Fault> {
        let all = self.all()?;
        let meant: Vec<String> = all.into_iter().filter(is_meant).map(|session| session.handle).collect();
        self.sessions.lock().unwrap().retain(|(handle, _)| !meant.contains(handle));
        Ok(meant.len() as u64)
    }
}

impl SessionAdministration for Made {
    fn name(&self) -> &str {
        self.name
    }
    fn type_name(&self) -> &'static str {
        "Made"
    }
    fn file(&self) -> &str {
        self.file
    }
    fn list(&self, query: SessionQuery) -> BoxFuture<'_, Result<SessionPage, Fault>> {
        Box::pin(async move {
            let mut sessions = self.all()?;
            sessions.retain(|session| query.subject.is_none() || session.subject == query.subject);
            let from = query.cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let cursor = (from + query.limit < sessions.len()).then(|| (from + query.limit).to_string());
            let sessions = sessions.into_iter().skip(from).take(query.limit).collect();
            Ok(SessionPage { sessions, cursor })
        })
    }
    fn inspect<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<Option<SessionSummary>, Fault>> {
        Box::pin(async move { Ok(self.all()?.into_iter().find(|session| session.handle == handle)) })
    }
    fn revoke<'a>(&'a self, handle: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { Ok(self.remove(|session| session.handle == handle)? > 0) })
    }
    fn revoke_subject<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u64, Fault>> {
        if self.name == "Nameless" {
            return Box::pin(async { Err(Fault::bad_request("It has no `subject`.")) });
        }
        Box::pin(async move { self.remove(|session| session.subject.as_deref() == Some(subject)) })
    }
}

/// The handle that is made of one digit.
fn handle(digit: char) -> String {
    digit.to_string().repeat(HANDLE_LENGTH)
}

/// Two managers of a name in two files, and one more.
fn managers() -> Vec<Arc<Made>> {
    vec![
        Made::new("Session", "config.json", &[('1', Some("bob")), ('2', Some("eve")), ('3', None)]),
        Made::new("Session", "routes/a b.json", &[('4', Some("bob"))]),
        Made::new("Other", "config.json", &[]),
    ]
}

/// Sends `METHOD path field=value…`. Handles of one digit are written `*1`, and refusals without what all have.
#[track_caller]
fn check(managers: &[Arc<Made>], request: &str, expected: Expect) {
    let directory = SessionDirectory::default();
    for manager in managers {
        directory.register(manager);
    }
    let mut words = request.split(' ');
    let method = words.next().unwrap().parse().unwrap();
    let mut target = words.next().unwrap().to_owned();
    if let Some(at) = target.find('*') {
        let digit = target[at + 1..].chars().next().unwrap();
        target.replace_range(at..at + 2, &handle(digit));
    }
    let uri = format!("http://localhost/openig{target}").parse().unwrap();
    let mut request = Request::new(method, uri);
    for (name, value) in words.map(|field| field.split_once('=').unwrap()) {
        let name: exchange::HeaderName = name.parse().unwrap();
        request.headers.insert(name, value.parse().unwrap());
    }
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let cx = Context::new(Arc::new(ClientInfo::direct(address, address)));
    let path = request.uri.raw_path().strip_prefix("/openig").unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let response = runtime.block_on(answer("/openig", &directory, below(&path).unwrap(), &cx, &request));
    assert_eq!(response.headers.text(header::CACHE_CONTROL), Some("no-store"));
    let (code, reason) = (response.status.as_u16(), response.status.canonical_reason().unwrap());
    let mut text = response.body.text().unwrap();
    ('1'..='9').for_each(|digit| text = text.replace(&handle(digit), &format!("*{digit}")));
    let refusal = format!(r#"{{"code":{code},"reason":"{reason}","message":"#);
    let text = text.strip_prefix(&refusal).unwrap_or(&text);
    let allow = response.headers.text(header::ALLOW).map(|allow| format!(" [{allow}]")).unwrap_or_default();
    expected.assert_eq(&format!("{code}{allow} {text}"));
}

#[test]
fn only_two_shapes_of_path_are_endpoints() {
    for (path, expected) in [
        ("/api/sessions", Some("")),
        ("/api/sessions/x", Some("x")),
        ("/api/sessions/x/y", Some("x/y")),
        ("/api/sessions/", None),
        ("/api/sessionsx", None),
        ("/api/session", None),
        ("//api/sessions", None),
    ] {
        assert_eq!(below(path), expected, "{path}");
    }
}

#[test]
fn managers_are_named_with_what_to_ask_next() {
    let managers = managers();
    check(
        &managers[1..],
        "GET /api/sessions",
        expect![[
            r#"200 {"managers":[{"name":"Session","type":"Made","file":"routes/a b.json","sessions":"/openig/api/sessions?manager=Session&file=routes%2Fa%20b%2Ejson"},{"name":"Other","type":"Made","file":"config.json","sessions":"/openig/api/sessions?manager=Other&file=config%2Ejson"}]}"#
        ]],
    );
    // A reload is under way: the old manager is not listed twice.
    let twice = [managers[2].clone(), Made::new("Other", "config.json", &[('5', None)])];
    check(
        &twice,
        "GET /api/sessions",
        expect![[
            r#"200 {"managers":[{"name":"Other","type":"Made","file":"config.json","sessions":"/openig/api/sessions?manager=Other&file=config%2Ejson"}]}"#
        ]],
    );
    check(
        &twice,
        "GET /api/sessions?manager=Other",
        expect![[
            r#"200 {"sessions":[{"handle":"*5","subject":null,"entries":["user","token"],"expiresInSeconds":1800}],"cursor":null}"#
        ]],
    );
    check(&[], "GET /api/sessions", expect![[r#"200 {"managers":[]}"#]]);
}

#[test]
fn a_list_comes_in_pages() {
    let managers = managers();
    const FIRST: &str = "GET /api/sessions?manager=Session&file=config.json";
    check(
        &managers,
        FIRST,
        expect![[
            r#"200 {"sessions":[{"handle":"*1","subject":"bob","entries":["user","token"],"expiresInSeconds":1800},{"handle":"*2","subject":"eve","entries":["user","token"],"expiresInSeconds":1800},{"handle":"*3","subject":null,"entries":["user","token"],"expiresInSeconds":1800}],"cursor":null}"#
        ]],
    );
    check(
        &managers,
        &format!("{FIRST}&limit=2"),
        expect![[
            r#"200 {"sessions":[{"handle":"*1","subject":"bob","entries":["user","token"],"expiresInSeconds":1800},{"handle":"*2","subject":"eve","entries":["user","token"],"expiresInSeconds":1800}],"cursor":"2"}"#
        ]],
    );
    check(
        &managers,
        &format!("{FIRST}&limit=2&cursor=2"),
        expect![[
            r#"200 {"sessions":[{"handle":"*3","subject":null,"entries":["user","token"],"expiresInSeconds":1800}],"cursor":null}"#
        ]],
    );
    check(
        &managers,
        &format!("{FIRST}&subject=eve"),
        expect![[
            r#"200 {"sessions":[{"handle":"*2","subject":"eve","entries":["user","token"],"expiresInSeconds":1800}],"cursor":null}"#
        ]],
    );
    check(
        &managers,
        "GET /api/sessions?manager=Session&file=routes/a+b.json",
        expect![[
            r#"200 {"sessions":[{"handle":"*4","subject":"bob","entries":["user","token"],"expiresInSeconds":1800}],"cursor":null}"#
        ]],
    );
    check(
        &managers,
        "GET /api/sessions?file=routes%2Fa%20b.json&manager=Session&subject=x",
        expect![[r#"200 {"sessions":[],"cursor":null}"#]],
    );
}

#[test]
fn questions_are_read_strictly() {
    let managers = managers();
    for (query, expected) in [
        (
            "manager=Session",
            expect![[r#"400 "Several managers are called `Session`: name the `file`, too."}"#]],
        ),
        (
            "manager=Absent",
            expect![[r#"404 "No session manager is called so; `GET /api/sessions` names them all."}"#]],
        ),
        (
            "manager=Other&file=b.json",
            expect![[r#"404 "No session manager is called so; `GET /api/sessions` names them all."}"#]],
        ),
        ("subject=bob", expect![[r#"400 "Whose sessions? Name their `manager`, too."}"#]]),
        ("manager=Other&manager=Other", expect![[r#"400 "The parameter `manager` is there twice."}"#]]),
        ("manager=Other&sort=x", expect![[r#"400 "There is no parameter `sort` here."}"#]]),
        ("manager=Other&limit=0", expect![[r#"400 "`limit` is a number from 1 to 1000."}"#]]),
        ("manager=Other&limit=1001", expect![[r#"400 "`limit` is a number from 1 to 1000."}"#]]),
        ("manager=%ff", expect![[r#"400 "The parameter `manager` is not UTF-8."}"#]]),
    ] {
        check(&managers, &format!("GET /api/sessions?{query}"), expected);
    }
    check(
        &managers,
        "GET /api/sessions/*1?manager=Session",
        expect![[r#"400 "There is no parameter `manager` here."}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions/*1?dry-run=true",
        expect![[r#"400 "There is no parameter `dry-run` here."}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions?subject=bob&dry-run",
        expect![[r#"400 "There is no parameter `dry-run` here."}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions",
        expect![[r#"400 "Whose sessions are to end? Name their `subject`."}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions?subject=",
        expect![[r#"400 "Whose sessions are to end? Name their `subject`."}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions?manager=Session",
        expect![[r#"400 "Whose sessions are to end? Name their `subject`."}"#]],
    );
    check(
        &managers,
        "POST /api/sessions/*1",
        expect![[r#"405 [GET, HEAD, DELETE] "Sessions are read with GET and ended with DELETE."}"#]],
    );
    check(
        &managers,
        "PUT /api/sessions?subject=bob",
        expect![[r#"405 [GET, HEAD, DELETE] "Sessions are read with GET and ended with DELETE."}"#]],
    );
    check(
        &managers,
        "GET /api/sessions/*1",
        expect![[
            r#"200 {"handle":"*1","subject":"bob","entries":["user","token"],"expiresInSeconds":1800,"manager":"Session","file":"config.json"}"#
        ]],
    );
}

#[test]
fn a_session_is_found_whoever_keeps_it() {
    let managers = managers();
    check(
        &managers,
        "GET /api/sessions/*3",
        expect![[
            r#"200 {"handle":"*3","subject":null,"entries":["user","token"],"expiresInSeconds":1800,"manager":"Session","file":"config.json"}"#
        ]],
    );
    check(
        &managers,
        "GET /api/sessions/*4",
        expect![[
            r#"200 {"handle":"*4","subject":"bob","entries":["user","token"],"expiresInSeconds":1800,"manager":"Session","file":"routes/a b.json"}"#
        ]],
    );
    check(&managers, "HEAD /api/sessions/*9", expect![[r#"404 "There is no session of this handle."}"#]]);
    check(&managers, "GET /api/sessions/short", expect![[r#"404 "There is no session of this handle."}"#]]);
    check(&managers, "GET /api/sessions/*1/x", expect![[r#"404 "There is no session of this handle."}"#]]);
}

#[test]
fn one_session_ends_or_all_of_a_user() {
    let managers = managers();
    check(&managers, "DELETE /api/sessions/*2", expect!["204 "]);
    check(&managers, "DELETE /api/sessions/*2", expect![[r#"404 "There is no session of this handle."}"#]]);
    check(
        &managers,
        "DELETE /api/sessions?subject=bob&manager=Session&file=config.json",
        expect![[r#"200 {"revoked":1}"#]],
    );
    check(&managers, "DELETE /api/sessions?subject=bob", expect![[r#"200 {"revoked":1}"#]]);
    check(&managers, "DELETE /api/sessions?subject=bob", expect![[r#"200 {"revoked":0}"#]]);
    check(
        &managers,
        "DELETE /api/sessions?subject=bob&manager=Absent",
        expect![[r#"404 "No session manager is called so; `GET /api/sessions` names them all."}"#]],
    );
    check(
        &managers,
        "GET /api/sessions?manager=Session&file=config.json",
        expect![[
            r#"200 {"sessions":[{"handle":"*3","subject":null,"entries":["user","token"],"expiresInSeconds":1800}],"cursor":null}"#
        ]],
    );
}

#[test]
fn pages_in_a_browser_end_nothing() {
    let managers = managers();
    let refused = || {
        expect![[
            r#"403 "Sessions are not ended from pages in a browser: the request has `Origin` or `Sec-Fetch-Site`."}"#
        ]]
    };
    for field in [
        "Origin=http://localhost",
        "Origin=null",
        "Origin=http://evil.example",
        "Sec-Fetch-Site=cross-site",
        "Sec-Fetch-Site=same-origin",
        "Sec-Fetch-Site=none",
    ] {
        check(&managers, &format!("DELETE /api/sessions/*1 {field}"), refused());
        check(&managers, &format!("DELETE /api/sessions?subject=bob {field}"), refused());
    }
    check(
        &managers,
        "GET /api/sessions/*1 Sec-Fetch-Site=none",
        expect![[
            r#"200 {"handle":"*1","subject":"bob","entries":["user","token"],"expiresInSeconds":1800,"manager":"Session","file":"config.json"}"#
        ]],
    );
}

#[test]
fn a_manager_that_cannot_be_asked_is_no_answer() {
    let mut managers = managers();
    managers.insert(0, Made::new("Down", "config.json", &[]));
    check(
        &managers,
        "GET /api/sessions?manager=Down",
        expect![[r#"503 "The manager `Down` cannot do this: The store does not answer."}"#]],
    );
    // What others know counts; what nobody else knows may be there.
    check(
        &managers,
        "GET /api/sessions/*1",
        expect![[
            r#"200 {"handle":"*1","subject":"bob","entries":["user","token"],"expiresInSeconds":1800,"manager":"Session","file":"config.json"}"#
        ]],
    );
    check(
        &managers,
        "GET /api/sessions/*9",
        expect![[r#"503 "The manager `Down` cannot do this: The store does not answer."}"#]],
    );
    check(&managers, "DELETE /api/sessions/*1", expect!["204 "]);
    check(
        &managers,
        "DELETE /api/sessions/*9",
        expect![[r#"503 "The manager `Down` cannot do this: The store does not answer."}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions?subject=bob",
        expect![[r#"503 "The manager `Down` cannot do this: The store does not answer.","revoked":1}"#]],
    );
}

#[test]
fn a_manager_that_knows_no_users_is_named() {
    let mut managers = managers();
    managers.push(Made::new("Nameless", "config.json", &[('8', None)]));
    check(
        &managers,
        "DELETE /api/sessions?subject=bob",
        expect![[r#"200 {"revoked":2,"notAsked":["Nameless"]}"#]],
    );
    check(
        &managers,
        "DELETE /api/sessions?subject=bob&manager=Nameless",
        expect![[r#"400 "The manager `Nameless` cannot do this: It has no `subject`.","revoked":0}"#]],
    );
    managers.insert(0, Made::new("Down", "config.json", &[]));
    check(
        &managers,
        "DELETE /api/sessions?subject=bob",
        expect![[r#"503 "The manager `Down` cannot do this: The store does not answer.","revoked":0}"#]],
    );
    check(&[], "DELETE /api/sessions?subject=bob", expect![[r#"200 {"revoked":0}"#]]);
}
