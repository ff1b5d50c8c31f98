//! A catalogue of small object types, and how the tests read, build and play a configuration with it.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "all of this is test code, called from tests")]

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crypto::{SecretStoreRef, SecretsProvider};
use exchange::{
    ClientInfo, Context, Edit, Fault, FilterRef, Handler, HandlerRef, HeaderName, HeaderValue, Method,
    Outcome, Request, Response, StatusCode, Uri,
};
use expression::{Expr, LValue};
use heap::{
    AnyObject, Builder, Catalogue, Declared, Declarer, Decoration, Decorator, DecoratorRef, Document,
    Environment, ExecutorRef, Generation, InstancePaths, LevelScope, ObjectConfig, ObjectType, OldField,
    OldNames, OldType, OneOrMany, PositiveDuration, ProcessSettings, RawNode, Ref, SecretId, Services, Site,
    SiteKind, Spanned, Started, StringOrLines, TimeSpan, Unstarted,
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};

const TYPES: &[ObjectType] = &[
    ObjectType::of::<Answer>(),
    ObjectType::of::<Choice>(),
    ObjectType::of::<Empty>(),
    ObjectType::of::<Label>(),
    ObjectType::of::<Mark>(),
    ObjectType::of::<Pass>(),
    ObjectType::of::<Picky>(),
    ObjectType::of::<Provider>(),
    ObjectType::of::<StandsFor>(),
    ObjectType::of::<Worker>(),
];

/// The fields of a level in tests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fields {
    #[serde(alias = "handlerObject")]
    pub(crate) handler: Ref<HandlerRef>,
    pub(crate) name: Option<String>,
    pub(crate) condition: Option<Expr<bool>>,
    pub(crate) worker: Option<Ref<ExecutorRef>>,
}

/// Answers with the trace of the request and a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    text: Option<Expr<String>>,
    status: Option<u16>,
}

impl ObjectConfig for Answer {
    const TYPE: &'static str = "Answer";
    const ALIASES: &'static [&'static str] = &["OldAnswer", "OldestAnswer"];
    type Object = HandlerRef;
    fn build(self, _: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        Ok(HandlerRef::new(self))
    }
}

impl Handler for Answer {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let mut words: Vec<String> =
            request.headers.get_all("trace").iter().map(|mark| mark.to_str().unwrap().to_owned()).collect();
        let scope = cx.scope(request);
        words.extend(self.text.as_ref().map(|text| text.text(&scope).unwrap_or_default().into_owned()));
        let mut response = Response::new(StatusCode::from_u16(self.status.unwrap_or(200)).unwrap());
        response.body = words.join(" ").into();
        Ok(response)
    }
}

/// Stands for the provider of the catalogue, which a level's `secrets` become.
#[derive(Debug, Deserialize, JsonSchema)]
struct Provider {
    stores: Vec<Ref<SecretStoreRef>>,
}

impl ObjectConfig for Provider {
    const TYPE: &'static str = "SecretsProvider";
    type Object = SecretStoreRef;
    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        Ok(SecretStoreRef::new(SecretsProvider::new(b.get_all(&self.stores))))
    }
}

/// References in every position, and plain fields of every type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Choice {
    #[serde(default)]
    list: Vec<Ref<HandlerRef>>,
    #[serde(default)]
    map: IndexMap<String, Ref<HandlerRef>>,
    optional: Option<Ref<HandlerRef>>,
    limits: Option<Limits>,
    #[serde(default)]
    steps: Vec<Limits>,
    mode: Option<Mode>,
    flag: Option<bool>,
    ratio: Option<f64>,
    text: Option<String>,
    lines: Option<StringOrLines>,
    target: Option<LValue>,
    wait: Option<PositiveDuration>,
    raw: Option<RawNode>,
    secret_id: Option<SecretId>,
    several: Option<OneOrMany<Ref<HandlerRef>>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Limits {
    count: u16,
    time: TimeSpan,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    First,
    Last,
    Only(u16),
}

impl ObjectConfig for Choice {
    const TYPE: &'static str = "Choice";
    type Object = HandlerRef;
    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let handlers = b.get_all(&self.list).into_iter();
        let handlers = handlers.chain(self.map.values().map(|handler| b.get(handler)));
        let handlers = handlers.chain(self.optional.iter().map(|handler| b.get(handler))).collect();
        let limits = self.limits.iter().chain(&self.steps);
        let mut words: Vec<String> =
            limits.map(|limits| format!("{}/{:?}", limits.count, limits.time.limit())).collect();
        words.extend(self.mode.map(|mode| format!("{mode:?}")));
        words.extend(self.flag.map(|flag| flag.to_string()));
        words.extend(self.ratio.map(|ratio| ratio.to_string()));
        words.extend(self.text);
        words.extend(self.lines.map(|lines| format!("{:?}", lines.0)));
        words.extend(self.secret_id.map(|id| id.0.to_string()));
        words.extend(self.several.map(|several| format!("{} of several", several.0.len())));
        Ok(HandlerRef::new(All { handlers, words }))
    }
}

struct All {
    handlers: Vec<HandlerRef>,
    words: Vec<String>,
}

impl Handler for All {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let mut words = self.words.clone();
        for handler in &self.handlers {
            words.push(text_of(handler.handle(cx, request).await, cx).await);
        }
        let mut response = Response::new(StatusCode::OK);
        response.body = words.join(" ").into();
        Ok(response)
    }
}

/// A type without fields. Answers how many may work at once for the service named `worker`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Empty;

impl ObjectConfig for Empty {
    const TYPE: &'static str = "Empty";
    type Object = HandlerRef;
    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        let concurrency = b.named::<ExecutorRef>("worker").map(|worker| worker.concurrency.to_string());
        let text = concurrency.map(|text| Expr::compile(&text, &b.bindings()).unwrap());
        Ok(HandlerRef::new(Answer { text, status: None }))
    }
}

/// Calls another handler.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Pass {
    #[serde(default)]
    filters: Vec<Ref<FilterRef>>,
    handler: Ref<HandlerRef>,
}

impl ObjectConfig for Pass {
    const TYPE: &'static str = "Pass";
    type Object = HandlerRef;
    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        Ok(exchange::Chain::handler(b.get_all(&self.filters), HandlerRef::new(Through(b.get(&self.handler)))))
    }
}

struct Through(HandlerRef);

impl Handler for Through {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        Ok(self.0.handle(cx, request).await)
    }
}

/// Adds a word to the trace.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Mark {
    word: Expr<String>,
}

impl ObjectConfig for Mark {
    const TYPE: &'static str = "Mark";
    type Object = FilterRef;
    fn build(self, _: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        Ok(FilterRef::edit(Marking(self.word)))
    }
}

struct Marking(Expr<String>);

impl Edit for Marking {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        let word = self.0.text(&cx.scope(request)).unwrap_or_default().into_owned();
        request.headers.append(HeaderName::from_static("trace"), HeaderValue::from_str(&word).unwrap());
        Ok(())
    }
}

/// A decorator that marks a request before its object and, for a filter, behind it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Label {
    #[serde(default)]
    prefix: String,
    refused: Option<Spanned<String>>,
    reference: Option<Ref<AnyObject>>,
}

impl ObjectConfig for Label {
    const TYPE: &'static str = "Label";
    type Object = DecoratorRef;
    fn build(self, b: &mut Builder<'_>) -> Result<DecoratorRef, Diagnostic> {
        match self.refused {
            Some(refused) => Err(b.error("this label is refused", Some(refused.span()))),
            None => Ok(DecoratorRef::new(self)),
        }
    }
}

impl Decorator for Label {
    fn decorate(&self, site: &Site<'_>, value: &Node, declarer: &mut Declarer<'_>) -> Decoration {
        if let Some(object) = value.as_object()
            && object.contains("type")
        {
            // A decoration made of an object, so that decorations can declare some.
            let _: Option<Ref<HandlerRef>> = declarer.read(value, "Label");
            return Decoration::default();
        }
        let Some(word) = declarer.read::<Expr<String>>(value, "Label") else { return Decoration::default() };
        let outer = Some(FilterRef::edit(Marking(word)));
        let prefix = Expr::compile(&format!("{}/", self.prefix), &Default::default()).unwrap();
        let inner = (site.kind == SiteKind::Filter).then(|| FilterRef::edit(Marking(prefix)));
        Decoration { outer, inner }
    }
}

/// Fails to be built unless its word is `good`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Picky {
    word: Spanned<String>,
}

impl ObjectConfig for Picky {
    const TYPE: &'static str = "Picky";
    type Object = HandlerRef;
    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        match self.word.as_str() {
            "good" => Ok(HandlerRef::new(Answer { text: None, status: None })),
            word => Err(b.error(format!("`{word}` is not good"), Some(self.word.span()))),
        }
    }
}

/// Another name for an object.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct StandsFor {
    object: Ref<AnyObject>,
}

impl ObjectConfig for StandsFor {
    const TYPE: &'static str = "StandsFor";
    type Object = AnyObject;
    fn build(self, b: &mut Builder<'_>) -> Result<AnyObject, Diagnostic> {
        Ok(b.get(&self.object))
    }
}

/// What the workers of a test have done.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) prepared: AtomicUsize,
    pub(crate) running: AtomicUsize,
    pub(crate) held: Mutex<Vec<Arc<String>>>,
}

/// A service that works in the background and holds a thing that outlives a reload.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Worker {
    share: Option<String>,
    #[serde(default)]
    fails: bool,
}

impl ObjectConfig for Worker {
    const TYPE: &'static str = "Worker";
    type Object = ExecutorRef;
    fn build(self, b: &mut Builder<'_>) -> Result<ExecutorRef, Diagnostic> {
        if let (Some(work), Some(key)) = (b.service::<Work>(), &self.share) {
            work.held.lock().unwrap().push(b.shared(key, || format!("made for {}", b.name())));
        }
        if let Some(work) = b.service::<Work>() {
            let fails = self.fails.then(|| b.error("this worker cannot start", None));
            b.on_start(move |_| {
                work.prepared.fetch_add(1, Ordering::SeqCst);
                fails.map_or(Ok(()), |complaint| Err(vec![complaint]))
            });
        }
        if let Some(work) = b.service::<Work>() {
            b.background("work", move |mut stop| async move {
                work.running.fetch_add(1, Ordering::SeqCst);
                stop.stopped().await;
                work.running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        Ok(ExecutorRef { grace_period: None, concurrency: 1 })
    }
}

pub(crate) fn environment(services: Services) -> Environment {
    let catalogue = Catalogue {
        types: &[TYPES],
        not_offered: &["ScriptableFilter"],
        old_names: OldNames {
            types: &[
                OldType { name: "OldestAnswer", today: "an `Answer` with a text" },
                OldType { name: "OldScriptableFilter", today: "`ScriptableFilter`" },
            ],
            fields: &[
                OldField { owner: "the level", name: "handlerObject", today: "`handler`", is_ignored: false },
                OldField { owner: "", name: "logSink", today: "there is one log", is_ignored: true },
            ],
        },
        defaults: r#"[
            {"name": "default", "type": "Answer", "config": {"text": "default"}},
            {"name": "label", "type": "Label"}
        ]"#,
    };
    let mut process = ProcessSettings::default();
    process.env.insert("PORT".into(), "8080".into());
    process.env.insert("HOST_NAME".into(), "app.example".into());
    let mut environment = Environment::new(catalogue, InstancePaths::below("/nonexistent".as_ref()), process);
    environment.services = services;
    environment
}

/// Reads and declares a level. The outermost one has the default objects.
pub(crate) fn declare(
    environment: &Environment,
    name: &str,
    config: &str,
    parent: Option<&Arc<LevelScope>>,
) -> Declared<Fields> {
    let document = Document::parse(environment, name, config.as_bytes(), parent);
    heap::declare::<Fields>(environment, document, parent, "the level", parent.is_none())
}

/// A level that has been built.
pub(crate) struct Level {
    pub(crate) unstarted: Unstarted,
    pub(crate) generation: Arc<Generation>,
    pub(crate) handler: HandlerRef,
}

impl Level {
    pub(crate) fn start(self, environment: &Arc<Environment>) -> Started {
        self.unstarted.start(environment).map_err(|error| shown(&error.0)).unwrap()
    }
}

/// Declares and builds a level, or says why not.
pub(crate) fn build(
    environment: &Arc<Environment>,
    name: &str,
    config: &str,
    parent: Option<&Arc<Generation>>,
) -> Result<Level, Vec<Diagnostic>> {
    let declared = declare(environment, name, config, parent.map(|parent| parent.scope()));
    let Some(level) = declared.level else { return Err(declared.diagnostics) };
    let unstarted = level.plan.build(environment, parent)?;
    let generation = unstarted.generation().clone();
    let handler = generation.decorate(generation.get(&level.fields.handler));
    Ok(Level { unstarted, generation, handler })
}

/// One line for each complaint.
pub(crate) fn shown(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

/// What a handler answers to `POST /path` with the body `entity`.
pub(crate) fn answer(handler: &HandlerRef) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let remote = "192.0.2.1:50000".parse().unwrap();
        let local = "192.0.2.9:8080".parse().unwrap();
        let mut cx = Context::new(Arc::new(ClientInfo::direct(remote, local)));
        let mut request = Request::new(Method::POST, Uri::from_str("http://app.example/path").unwrap());
        request.body = "entity".to_owned().into();
        let response = handler.handle(&mut cx, &mut request).await;
        text_of(response, &cx).await
    })
}

async fn text_of(mut response: Response, cx: &Context) -> String {
    response.body.buffer(&cx.storage).await.unwrap();
    response.body.text().unwrap().to_string()
}
