//! [`Gateway`]: the handler behind every connector. It answers on the admin endpoints and sends the rest
//! through the generation that serves at the moment.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use exchange::{
    Chain, Context, FilterRef, Handler, HandlerRef, Outcome, Request, RouterContext, SessionCookies,
    SessionManagerRef, SessionSlot, TemporaryStorage,
};
use heap::{AnyObject, Document, Environment, Generation, Ref, Started, TemporaryStorageRef, Unstarted};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use crate::admin::Endpoints;

/// The configuration of an instance without `config.json`.
const DEFAULT_CONFIG: &[u8] = include_bytes!("default_config.json");

/// The objects every request meets first, and the handler that all of them begin with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayFields {
    /// Where every request begins: most often a `Router`.
    #[serde(alias = "handlerObject", alias = "servletObject")]
    handler: Ref<HandlerRef>,
    /// Keeps the sessions of requests whose route has no manager of its own. Default: that of admin.json.
    session: Option<Ref<SessionManagerRef>>,
    /// Where entities are buffered. Default: that of admin.json.
    temporary_storage: Option<Ref<TemporaryStorageRef>>,
    /// Not offered yet: naming one is an error.
    #[expect(dead_code, reason = "declared, so that a service that is not offered is an error")]
    audit_service: Option<Ref<AnyObject>>,
}

/// `config.json` declared: what `check` reports and `start` builds.
pub(crate) fn declare(environment: &Environment) -> heap::Declared<GatewayFields> {
    heap::declare(environment, document(environment), None, "config.json", true)
}

/// `config.json`, or what stands in for it.
pub(crate) fn document(environment: &Environment) -> Document {
    let path = environment.paths.config.join("config.json");
    if is_there(&path) {
        heap::read_document(environment, &path, "config/config.json", None)
    } else {
        Document::parse(environment, "(default config.json)", DEFAULT_CONFIG, None)
    }
}

/// Whether a file has been written, readable or not: only one that is not there at all leaves the defaults.
pub(crate) fn is_there(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// One generation as requests see it.
pub(crate) struct Serving {
    handler: HandlerRef,
    session: SessionManagerRef,
    storage: TemporaryStorage,
    /// Keeps the objects alive until the last request has left them.
    _generation: Arc<Generation>,
}

/// What `admin.json` provides for a `config.json` that has none of its own.
#[derive(Clone)]
pub(crate) struct Inherited {
    pub(crate) session: SessionManagerRef,
    /// `None` when `admin.json` names none: then the default object of the level applies.
    pub(crate) storage: Option<TemporaryStorage>,
    /// Guards every request before the handler of `config.json` sees it.
    pub(crate) protection: Option<FilterRef>,
}

/// A built generation whose work has not started.
pub(crate) struct Built {
    serving: Serving,
    unstarted: Unstarted,
}

impl Built {
    /// Builds the objects of `config.json`.
    pub(crate) fn build(
        environment: &Arc<Environment>,
        level: heap::Level<GatewayFields>,
        inherited: &Inherited,
    ) -> Result<Self, Vec<Diagnostic>> {
        let fields = level.fields;
        let unstarted = level.plan.build(environment, None)?;
        let generation = unstarted.generation().clone();
        let own = fields.session.as_ref().map(|session| generation.get(session));
        let storage = fields.temporary_storage.as_ref().map(|storage| generation.get(storage).0);
        let storage = storage
            .or_else(|| inherited.storage.clone())
            .or_else(|| generation.named::<TemporaryStorageRef>("TemporaryStorage").map(|storage| storage.0));
        let handler = generation.decorate(generation.get(&fields.handler));
        let serving = Serving {
            handler: match inherited.protection.clone() {
                Some(protection) => Chain::handler(vec![protection], handler),
                None => handler,
            },
            session: own.or_else(|| generation.named("Session")).unwrap_or_else(|| inherited.session.clone()),
            storage: storage.unwrap_or_default(),
            _generation: generation,
        };
        Ok(Self { serving, unstarted })
    }

    /// Starts what runs in the background, routers' first scans included.
    pub(crate) fn start(self, environment: &Arc<Environment>) -> Result<(Serving, Started), Vec<Diagnostic>> {
        let started = self.unstarted.start(environment).map_err(|error| error.0)?;
        Ok((self.serving, started))
    }
}

/// The handler behind every connector.
pub(crate) struct Gateway {
    current: ArcSwap<Serving>,
    endpoints: Endpoints,
}

impl Gateway {
    pub(crate) fn new(serving: Serving, endpoints: Endpoints) -> Arc<Self> {
        Arc::new(Self { current: ArcSwap::from_pointee(serving), endpoints })
    }

    /// Lets a new generation serve. Requests that are inside the old one finish there.
    pub(crate) fn swap(&self, serving: Serving) {
        self.current.store(Arc::new(serving));
    }

    /// The gateway as the handler of a connector.
    pub(crate) fn handler(self: &Arc<Self>) -> HandlerRef {
        HandlerRef::new(Entry(self.clone()))
    }
}

struct Entry(Arc<Gateway>);

impl Handler for Entry {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let endpoints = &self.0.endpoints;
        if endpoints.below(request).is_some() {
            return endpoints.handle(cx, request).await;
        }
        let serving = self.0.current.load_full();
        cx.storage = serving.storage.clone();
        let cookies = SessionCookies::of(&request.headers);
        cx.session = SessionSlot::with_cookies(serving.session.clone(), cookies);
        // Before any `baseURI`: redirects are rewritten to what the client asked for.
        cx.router = Some(RouterContext { original_uri: request.uri.clone() });
        let mut response = serving.handler.handle(cx, request).await;
        cx.session.save(&mut response).await?;
        Ok(response)
    }
}
