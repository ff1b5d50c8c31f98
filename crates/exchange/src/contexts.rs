//! `contexts`: what expressions see beside the request, by the names of catalogue section 1.20.

use expression::{Object, ObjectRef, Value};
use std::sync::Arc;

use crate::beans::{copied, map, owned, shared, text_owned};
use crate::{Context, Request, RouterContext};

/// The contexts that are always there.
const BUILT_IN: &[&str] = &["attributes", "client", "requestAudit", "router", "session", "transactionId"];

/// `contexts`, and `context` whose properties are those of the nearest context that has them.
#[derive(Clone, Copy)]
pub(crate) struct Contexts<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) request: &'a Request,
}

impl Object for Contexts<'_> {
    fn type_name(&self) -> &'static str {
        "contexts"
    }
    fn property(&self, name: &str) -> Value<'_> {
        let cx = self.cx;
        if let Some(fact) = cx.fact(name) {
            return Value::Object(ObjectRef::Shared(fact.clone()));
        }
        match name {
            "attributes" => map([("attributes", Value::Map(Arc::new(cx.attributes.0.clone())))]),
            "session" => match cx.session.get() {
                Some(session) => map([("session", shared(session.clone()))]),
                None => map([("session", Value::Null)]),
            },
            "client" => client(cx, self.request),
            "router" => cx.router.as_ref().map_or(Value::Null, router),
            "transactionId" => {
                map([("transactionId", map([("value", text_owned(cx.transaction().as_str()))]))])
            }
            "requestAudit" => map([("requestReceivedTime", Value::Integer(cx.received_millis()))]),
            _ => Value::Null,
        }
    }
    fn keys(&self) -> Vec<String> {
        let mut names = owned(BUILT_IN);
        for fact in self.cx.fact_names() {
            if !names.iter().any(|name| name == fact) {
                names.push(fact.to_owned());
            }
        }
        names
    }
    fn snapshot(&self) -> Value<'static> {
        copied(self)
    }
}

fn client(cx: &Context, request: &Request) -> Value<'static> {
    let client = &cx.client;
    let user_agent = request.headers.get(http::header::USER_AGENT);
    map([
        ("remoteAddress", text_owned(&cx.remote_address())),
        ("remotePort", Value::Integer(i64::from(client.remote.port()))),
        ("localAddress", text_owned(&client.local.ip().to_canonical().to_string())),
        ("localPort", Value::Integer(i64::from(client.local.port()))),
        ("isSecure", Value::Bool(client.is_secure)),
        ("isExternal", Value::Bool(true)),
        ("remoteUser", Value::Null),
        (
            "userAgent",
            user_agent.map_or(Value::Null, |value| text_owned(&String::from_utf8_lossy(value.as_bytes()))),
        ),
        ("certificates", Value::List(Arc::new(Vec::new()))),
    ])
}

/// Routes here match by condition, never by a template, so that all of the path remains.
fn router(router: &RouterContext) -> Value<'static> {
    map([
        ("originalUri", shared(router.original_uri.clone())),
        ("matchedUri", text_owned("")),
        ("remainingUri", text_owned(router.original_uri.raw_path().trim_start_matches('/'))),
        ("uriTemplateVariables", map([])),
    ])
}
