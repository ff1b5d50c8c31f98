//! How objects are tested: a configuration and a request as text in, what the origin saw and what the client
//! got as text out. Only this file knows the interfaces in between.

use std::fmt::Write;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use exchange::{
    BoxFuture, ClientInfo, Context, Fault, Handler, HandlerRef, HeaderName, HeaderValue, Method, Outcome,
    Request, Response, Session, SessionCookies, SessionManager, SessionManagerRef, SessionSlot, StatusCode,
    Uri,
};
use expect_test::Expect;
use heap::{
    Builder, Catalogue, Environment, Generation, InstancePaths, ObjectConfig, ObjectType, ProcessSettings,
    Ref, Role,
};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// Plays `request` through a chain of one filter of this type and configuration, in front of an origin that
/// answers 200 (see [`Origin`]), and compares what happened.
#[track_caller]
pub(crate) fn check_filter(object_type: &str, config: &str, request: &str, expected: Expect) {
    let filter = format!(r#"{{"type": "{object_type}", "config": {config}}}"#);
    let handler = format!(
        r#"{{"type": "Chain", "config": {{"filters": [{filter}], "handler": {{"type": "Origin"}}}}}}"#
    );
    check_level(&format!(r#"{{"handler": {handler}}}"#), request, expected);
}

/// The same for a handler. Use `{"type": "Origin"}` in it for the end of the line.
#[track_caller]
pub(crate) fn check_handler(object_type: &str, config: &str, request: &str, expected: Expect) {
    check_level(
        &format!(r#"{{"handler": {{"type": "{object_type}", "config": {config}}}}}"#),
        request,
        expected,
    );
}

/// The same for a whole `config.json`.
#[track_caller]
pub(crate) fn check_level(config: &str, request: &str, expected: Expect) {
    let shown = match play(config, request) {
        Ok(shown) => shown,
        Err(diagnostics) => diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect(),
    };
    expected.assert_eq(&shown);
}

/// What the loader has to say about a configuration, rendered.
#[track_caller]
pub(crate) fn check_complaints(config: &str, expected: Expect) {
    let (_, diagnostics) = load(config);
    let shown: String = diagnostics.iter().map(|diagnostic| diagnostic.render(false) + "\n").collect();
    expected.assert_eq(&shown);
}

/// The same, one line each.
#[track_caller]
pub(crate) fn check_brief(config: &str, expected: Expect) {
    expected.assert_eq(&brief(config));
}

/// One line for each complaint about a configuration.
pub(crate) fn brief(config: &str) -> String {
    let (_, diagnostics) = load(config);
    let line = |diagnostic: &Diagnostic| {
        let help = diagnostic.help.as_deref().map(|help| format!(" | {help}")).unwrap_or_default();
        format!("{diagnostic}{help}\n")
    };
    diagnostics.iter().map(line).collect()
}

/// Hands the object `name` of a heap with this one declaration to `look`.
#[track_caller]
pub(crate) fn with_object<R: Role>(declaration: &str, name: &str, look: impl FnOnce(R)) {
    with_running_object(declaration, name, None, look);
}

/// The same with background work, which goes on until the runtime ends.
#[track_caller]
pub(crate) fn with_running_object<R: Role>(
    declaration: &str,
    name: &str,
    runtime: Option<tokio::runtime::Handle>,
    look: impl FnOnce(R),
) {
    let config = format!(r#"{{"heap": [{declaration}], "handler": {{"type": "Origin"}}}}"#);
    let (generation, diagnostics) = build_on(&config, runtime);
    let Some((generation, _)) = generation else { panic!("{diagnostics:?}") };
    look(generation.named(name).expect("the heap has an object of this name and role"));
}

/// The example on the reference page of an object type.
pub(crate) fn example_of(object_type: &ObjectType) -> String {
    let schema = (object_type.schema)(&mut schemars::SchemaGenerator::default());
    let page = schema.get("description").and_then(serde_json::Value::as_str).unwrap_or_default();
    let example = page.split("```json").nth(1).and_then(|rest| rest.split("```").next());
    example.unwrap_or_else(|| panic!("the page of {} has no example", object_type.name)).to_owned()
}

/// `METHOD /path` (or an absolute URI), header lines, an empty line, the body.
pub(crate) fn parse_request(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let uri = if target.starts_with('/') { format!("http://app.example{target}") } else { target.to_owned() };
    let mut request = Request::new(Method::from_str(method).unwrap(), Uri::from_str(&uri).unwrap());
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::from_str(name.trim()).unwrap();
        request.headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    request.body = body.to_owned().into();
    request
}

/// The context of a request from 192.0.2.1.
pub(crate) fn context() -> Context {
    let address = "192.0.2.1:50000".parse().unwrap();
    let local = "192.0.2.9:8080".parse().unwrap();
    let cx = Context::new(Arc::new(ClientInfo::direct(address, local)));
    cx.adopt_transaction(exchange::TransactionId::from_text("transaction-1"));
    cx
}

/// What the origin saw, then what the client got.
pub(crate) fn play(config: &str, request: &str) -> Result<String, Vec<Diagnostic>> {
    play_all(config, &[request], None)
}

/// Plays the requests of one browser, one after the other, and compares what happened and what its session
/// holds in the end.
#[track_caller]
pub(crate) fn check_session(config: &str, requests: &[&str], expected: Expect) {
    let session = Session::new("1", indexmap::IndexMap::new());
    let shown = play_all(config, requests, Some(&session)).expect("the configuration loads");
    let session = expression::Value::map(session.values()).to_json();
    expected.assert_eq(&format!("{shown}session: {session:#}\n"));
}

/// What happened to the requests of one browser, whose session this is.
pub(crate) fn play_all(
    config: &str,
    requests: &[&str],
    session: Option<&Session>,
) -> Result<String, Vec<Diagnostic>> {
    SEEN.with(|seen| seen.lock().unwrap().clear());
    let (handler, diagnostics) = load(config);
    let Some(handler) = handler else { return Err(diagnostics) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut shown = String::new();
        for request in requests {
            let mut request = parse_request(request);
            let mut cx = context();
            if let Some(session) = session {
                cx.session = SessionSlot::new(SessionManagerRef::new(OneSession(session.clone())));
            }
            let mut response = handler.handle(&mut cx, &mut request).await;
            shown += &SEEN.with(|seen| std::mem::take(&mut *seen.lock().unwrap()));
            response.body.buffer(&cx.storage).await.unwrap();
            let reason =
                response.reason.as_deref().or(response.status.canonical_reason()).unwrap_or_default();
            let _ = writeln!(shown, "{} {reason}", response.status.as_u16());
            write_message(&mut shown, &response.headers, &response.body.text().unwrap());
        }
        Ok(shown)
    })
}

/// The session of the only browser there is.
struct OneSession(Session);

impl SessionManager for OneSession {
    fn load<'a>(&'a self, _: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
    fn save<'a>(&'a self, _: &'a Session, _: &'a mut Response) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

fn load(config: &str) -> (Option<HandlerRef>, Vec<Diagnostic>) {
    let (built, diagnostics) = build(config);
    (built.map(|(_, handler)| handler), diagnostics)
}

/// Some variables and properties, for what reads them.
fn process_settings() -> ProcessSettings {
    let texts = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    ProcessSettings {
        env: texts(&[
            ("TEST_BASE64", "cGFzc3dvcmQ="),
            ("TEST_PLAIN", "open sesame!"),
            ("TEST_BOTH", "ZW52aXJvbm1lbnQ="),
            ("TEST_EMPTY", ""),
        ]),
        system: texts(&[("test.system", "c3lzdGVt"), ("test.both", "c3lzdGVt")]),
        ..ProcessSettings::default()
    }
}

type Running = (Arc<Generation>, HandlerRef);

fn build(config: &str) -> (Option<Running>, Vec<Diagnostic>) {
    build_on(config, None)
}

fn build_on(config: &str, runtime: Option<tokio::runtime::Handle>) -> (Option<Running>, Vec<Diagnostic>) {
    #[derive(Deserialize)]
    struct Fields {
        handler: Ref<HandlerRef>,
    }
    let catalogue = crate::catalogue();
    const TEST_TYPES: &[ObjectType] = &[ObjectType::of::<Origin>()];
    let types: &'static [&'static [ObjectType]] =
        Box::leak(catalogue.types.iter().copied().chain([TEST_TYPES]).collect());
    let catalogue = Catalogue { types, ..catalogue };
    let paths = InstancePaths::below(std::path::Path::new("/nonexistent"));
    let mut environment = Environment::new(catalogue, paths, process_settings());
    environment.runtime = runtime;
    let environment = Arc::new(environment);
    let document = heap::Document::parse(&environment, "config.json", config.as_bytes(), None);
    let declared = heap::declare::<Fields>(&environment, document, None, "config.json", true);
    let Some(level) = declared.level else { return (None, declared.diagnostics) };
    let fields = level.fields;
    match level.plan.build(&environment, None) {
        Ok(unstarted) => {
            let generation = unstarted.generation().clone();
            let handler = generation.decorate(generation.get(&fields.handler));
            match unstarted.start(&environment) {
                // Leaked, so that weak references to it stay good for the length of a test.
                Ok(started) => std::mem::forget(started),
                Err(error) => return (None, error.0),
            }
            (Some((generation, handler)), declared.diagnostics)
        }
        Err(diagnostics) => (None, diagnostics),
    }
}

thread_local! {
    static SEEN: Mutex<String> = const { Mutex::new(String::new()) };
}

/// The end of the line in tests: records the request it gets and answers with what is configured.
#[derive(Debug, Deserialize, JsonSchema)]
struct Origin {
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: indexmap::IndexMap<String, String>,
    #[serde(default)]
    entity: String,
    #[serde(default, rename = "delayMilliseconds")]
    delay_milliseconds: u64,
}

impl ObjectConfig for Origin {
    const TYPE: &'static str = "Origin";
    type Object = HandlerRef;
    fn build(self, _: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        Ok(HandlerRef::new(self))
    }
}

impl Handler for Origin {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let mut body = request.body.take();
        body.buffer(&cx.storage).await.unwrap();
        let mut shown = format!("{} {}\n", request.method, request.uri);
        write_message(&mut shown, &request.headers, &body.text().unwrap());
        shown.push('\n');
        SEEN.with(|seen| seen.lock().unwrap().push_str(&shown));
        tokio::time::sleep(std::time::Duration::from_millis(self.delay_milliseconds)).await;
        let mut response = Response::new(StatusCode::from_u16(self.status.unwrap_or(200)).unwrap());
        for (name, value) in &self.headers {
            let name = HeaderName::from_str(name).unwrap();
            response.headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        response.body = self.entity.clone().into();
        Ok(response)
    }
}

fn write_message(shown: &mut String, headers: &exchange::Headers, body: &str) {
    for (name, value) in headers.iter() {
        let _ = writeln!(shown, "{name}: {}", value.to_str().unwrap());
    }
    if !body.is_empty() {
        let _ = writeln!(shown, "\n{body}");
    }
}
