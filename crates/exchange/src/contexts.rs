//! `contexts` and `context`: what expressions see beside the request, by the names of catalogue section 1.20.
//!
//! A property is worked out when it is asked for: conditions look at one property of one context, and most
//! requests at none.

use std::borrow::Cow;
use std::sync::Arc;

use expression::{Object, ObjectRef, Value};
use indexmap::IndexMap;

use crate::beans::{copied, map, shared, text_owned};
use crate::{Context, Request, RouterContext};

/// The contexts that are always there, with their properties, outermost first.
const BUILT_IN: &[(&str, &[&str])] = &[
    ("transactionId", &["transactionId"]),
    (
        "client",
        &[
            "remoteAddress",
            "remotePort",
            "localAddress",
            "localPort",
            "isSecure",
            "isExternal",
            "remoteUser",
            "userAgent",
            "certificates",
        ],
    ),
    ("requestAudit", &["requestReceivedTime"]),
    ("attributes", &["attributes"]),
    ("session", &["session"]),
    ("router", &["originalUri", "matchedUri", "remainingUri", "uriTemplateVariables"]),
];

/// The context around all others. It holds nothing.
const ROOT: &str = "root";

/// `contexts`: all contexts by name, the nearest of each.
#[derive(Clone, Copy)]
pub(crate) struct Contexts<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) request: &'a Request,
}

impl<'a> Contexts<'a> {
    /// A property of the nearest context of a name.
    fn look(&self, context: &str, property: &str) -> Value<'a> {
        let own = match self.cx.fact(context) {
            Some(fact) => fact.property(property),
            None => self.built_in(context, property),
        };
        if !own.is_null() || !self.has(context) {
            return own;
        }
        match property {
            "contextName" => text_owned(context),
            "id" => Value::text(self.cx.transaction().as_str()),
            "rootContext" => {
                map([("contextName", text_owned(ROOT)), ("id", text_owned(self.cx.transaction().as_str()))])
            }
            "parent" => self.parent(context),
            _ => Value::Null,
        }
    }

    fn built_in(&self, context: &str, property: &str) -> Value<'a> {
        let cx = self.cx;
        match (context, property) {
            ("attributes", "attributes") => Value::object(&cx.attributes),
            ("session", "session") => cx.session.get().map_or(Value::Null, |session| Value::object(session)),
            ("client", property) => client(cx, self.request, property),
            ("router", property) => {
                cx.router.as_ref().map_or(Value::Null, |context| router(context, property))
            }
            ("transactionId", "transactionId") => map([("value", text_owned(cx.transaction().as_str()))]),
            ("requestAudit", "requestReceivedTime") => Value::Integer(cx.received_millis()),
            _ => Value::Null,
        }
    }

    fn has(&self, context: &str) -> bool {
        let is_built_in = BUILT_IN.iter().any(|(name, _)| *name == context);
        self.cx.fact(context).is_some()
            || (is_built_in && (context != "router" || self.cx.router.is_some()))
            || context == ROOT
    }

    /// The names of the contexts of this request, outermost first.
    fn chain(&self) -> Vec<&'static str> {
        let mut names = vec![ROOT];
        names.extend(BUILT_IN.iter().map(|(name, _)| *name).filter(|name| self.has(name)));
        for fact in self.cx.fact_names() {
            names.retain(|name| *name != fact);
            names.push(fact);
        }
        names
    }

    /// A copy of the contexts around one, each with its own parent.
    fn parent(&self, context: &str) -> Value<'static> {
        let chain = self.chain();
        let around = chain.iter().take_while(|name| **name != context);
        around.fold(Value::Null, |parent, name| {
            let mut entries = match self.copy(name) {
                Value::Map(entries) => Arc::unwrap_or_clone(entries),
                _ => IndexMap::new(),
            };
            for property in ["contextName", "id", "rootContext"] {
                entries.insert(property.to_owned(), self.look(name, property).into_owned());
            }
            entries.insert("parent".to_owned(), parent);
            Value::map(entries)
        })
    }

    /// What a context holds, as a map.
    fn copy(&self, context: &str) -> Value<'static> {
        if let Some(fact) = self.cx.fact(context) {
            return copied(&**fact);
        }
        let properties =
            BUILT_IN.iter().find(|(name, _)| *name == context).map(|(_, properties)| *properties);
        let entry = |property: &&str| {
            let value = self.built_in(context, property).into_owned();
            ((*property).to_owned(), value)
        };
        Value::map(properties.unwrap_or_default().iter().map(entry).collect())
    }
}

impl Object for Contexts<'_> {
    fn type_name(&self) -> &'static str {
        "contexts"
    }
    fn property(&self, name: &str) -> Value<'_> {
        match self.cx.fact(name) {
            Some(fact) => Value::Object(ObjectRef::Shared(fact.clone())),
            None if self.has(name) => self.copy(name),
            None => Value::Null,
        }
    }
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        Some(self.look(name, key.as_str()?))
    }
    fn keys(&self) -> Vec<String> {
        let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort_unstable();
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

/// `context`: the nearest context. What it does not have is looked for among all contexts by name.
#[derive(Clone, Copy)]
pub(crate) struct Nearest<'a>(pub(crate) Contexts<'a>);

impl Object for Nearest<'_> {
    fn type_name(&self) -> &'static str {
        "context"
    }
    fn property(&self, name: &str) -> Value<'_> {
        let nearest = self.0.chain().pop().unwrap_or(ROOT);
        match self.0.look(nearest, name) {
            Value::Null => self.0.property(name).into_owned(),
            found => found,
        }
    }
    fn within(&self, name: &str, key: &Value<'_>) -> Option<Value<'_>> {
        self.0.has(name).then(|| self.0.within(name, key).map(Value::into_owned)).flatten()
    }
    fn keys(&self) -> Vec<String> {
        self.0.keys()
    }
    fn snapshot(&self) -> Value<'static> {
        copied(self)
    }
}

fn client<'a>(cx: &'a Context, request: &'a Request, property: &str) -> Value<'a> {
    let client = &cx.client;
    match property {
        "remoteAddress" => Value::String(cx.remote_address()),
        "remotePort" => Value::Integer(i64::from(client.remote.port())),
        "localAddress" => Value::owned_text(client.local.ip().to_canonical().to_string()),
        "localPort" => Value::Integer(i64::from(client.local.port())),
        // The getters of Java's class give them both names.
        "isSecure" | "secure" => Value::Bool(client.is_secure),
        "isExternal" | "external" => Value::Bool(true),
        "userAgent" => match request.headers.get(http::header::USER_AGENT) {
            Some(agent) => Value::String(String::from_utf8_lossy(agent.as_bytes())),
            None => Value::Null,
        },
        "certificates" => Value::List(Arc::new(
            client
                .certificates
                .iter()
                .map(|certificate| Value::shared(Arc::new(certificate.clone())))
                .collect(),
        )),
        _ => Value::Null,
    }
}

/// Routes here match by condition, never by a template, so that all of the path remains.
fn router<'a>(router: &'a RouterContext, property: &str) -> Value<'a> {
    match property {
        "originalUri" => shared(router.original_uri.clone()),
        "matchedUri" => Value::text(""),
        "remainingUri" => {
            Value::String(Cow::Borrowed(router.original_uri.raw_path().trim_start_matches('/')))
        }
        "uriTemplateVariables" => map([]),
        _ => Value::Null,
    }
}
