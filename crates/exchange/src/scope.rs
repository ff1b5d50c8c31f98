//! What expressions see of a request in flight ([`Exchange`]) and may change ([`ExchangeMut`]).

use std::sync::Arc;

use expression::{Now, Object, Root, Scope, Value};

use crate::beans::{copied, owned};
use crate::contexts::{Contexts, Nearest};
use crate::{Context, Request, Response};

/// The read side of an evaluation.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    cx: &'a Context,
    request: &'a Request,
    response: Option<&'a Response>,
    contexts: Contexts<'a>,
    nearest: Nearest<'a>,
}

impl<'a> Exchange<'a> {
    /// The scope before there is a response.
    pub fn new(cx: &'a Context, request: &'a Request) -> Self {
        let contexts = Contexts { cx, request };
        Self { cx, request, response: None, contexts, nearest: Nearest(contexts) }
    }

    /// The scope once there is a response.
    #[must_use]
    pub fn with(mut self, response: &'a Response) -> Self {
        self.response = Some(response);
        self
    }
}

impl Scope for Exchange<'_> {
    fn root(&self, root: Root) -> Value<'_> {
        match root {
            Root::Request => Value::object(self.request),
            Root::Response => self.response.map_or(Value::Null, |response| Value::object(response)),
            Root::Contexts => Value::object(&self.contexts),
            Root::Context => Value::object(&self.nearest),
            Root::Exchange => Value::object(self),
            Root::Attributes => Value::object(&self.cx.attributes),
            Root::Session => self.cx.session.get().map_or(Value::Null, |session| Value::object(session)),
            Root::Now => Value::shared(Arc::new(Now::from_epoch_millis(self.cx.now_millis()))),
            _ => Value::Null,
        }
    }
}

/// `exchange`, the one root of version 3: today's roots are its properties, then the contexts, then what
/// filters of that age kept directly in it and now is an attribute.
impl Object for Exchange<'_> {
    fn type_name(&self) -> &'static str {
        "exchange"
    }
    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "request" => self.root(Root::Request),
            "response" => self.root(Root::Response),
            "session" => self.root(Root::Session),
            "attributes" => self.root(Root::Attributes),
            name => match self.contexts.property(name) {
                Value::Null => self.cx.attributes.property(name),
                found => found,
            },
        }
    }
    fn keys(&self) -> Vec<String> {
        owned(&["request", "response", "session", "attributes"])
    }
    fn snapshot(&self) -> Value<'static> {
        copied(self)
    }
}

/// The write side of an evaluation: what assignments may change.
pub struct ExchangeMut<'a> {
    pub(crate) cx: &'a mut Context,
    pub(crate) request: &'a mut Request,
    pub(crate) response: Option<&'a mut Response>,
}

impl<'a> ExchangeMut<'a> {
    /// The scope before there is a response.
    pub fn new(cx: &'a mut Context, request: &'a mut Request) -> Self {
        Self { cx, request, response: None }
    }

    /// The scope once there is a response.
    #[must_use]
    pub fn with(mut self, response: &'a mut Response) -> Self {
        self.response = Some(response);
        self
    }

    /// The same, for reading.
    pub fn read(&self) -> Exchange<'_> {
        let scope = Exchange::new(self.cx, self.request);
        match &self.response {
            Some(response) => scope.with(response),
            None => scope,
        }
    }
}

impl Scope for ExchangeMut<'_> {
    /// For the keys of a place: `${attributes[request.headers['x'][0]]}`. Values are read through `read()`
    /// before the assignment begins.
    fn root(&self, root: Root) -> Value<'_> {
        match root {
            Root::Request => Value::object(&*self.request),
            Root::Response => {
                self.response.as_deref().map_or(Value::Null, |response| Value::object(response))
            }
            Root::Attributes => Value::object(&self.cx.attributes),
            // The others borrow from the scope that is made here.
            root => self.read().root(root).into_owned(),
        }
    }
}
