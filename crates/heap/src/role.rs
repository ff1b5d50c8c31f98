//! Roles: what an object can be used as. A reference asks for one, a type provides one.

use std::any::Any;
use std::sync::Arc;

use crypto::SecretStoreRef;
use exchange::{FilterRef, HandlerRef, SessionManagerRef, TemporaryStorage, ThrottlingPolicyRef};

use crate::DecoratorRef;

/// Something a reference can ask for. Each role is the shared handle of one kind of object.
pub trait Role: Clone + Send + Sync + 'static {
    /// The name of the role behind `$ref:`, as people read it: `$ref:Handler`. The prefix lets the
    /// configuration reader tell a reference from any other newtype.
    const REFERENCE: &'static str;

    /// Splices filters around the object. Only handlers and filters can be decorated.
    #[must_use]
    fn decorated(self, outer: Vec<FilterRef>, inner: Vec<FilterRef>) -> Self {
        let _ = (outer, inner);
        self
    }
}

/// The role's name without the prefix.
pub(crate) fn role_name(reference: &'static str) -> &'static str {
    reference.strip_prefix("$ref:").unwrap_or(reference)
}

impl Role for HandlerRef {
    const REFERENCE: &'static str = "$ref:Handler";

    fn decorated(self, outer: Vec<FilterRef>, inner: Vec<FilterRef>) -> Self {
        exchange::Chain::handler(outer.into_iter().chain(inner).collect(), self)
    }
}

impl Role for FilterRef {
    const REFERENCE: &'static str = "$ref:Filter";

    fn decorated(self, outer: Vec<FilterRef>, inner: Vec<FilterRef>) -> Self {
        if outer.is_empty() && inner.is_empty() {
            return self;
        }
        FilterRef::several(outer.into_iter().chain([self]).chain(inner).collect())
    }
}

impl Role for SessionManagerRef {
    const REFERENCE: &'static str = "$ref:SessionManager";
}

impl Role for ThrottlingPolicyRef {
    const REFERENCE: &'static str = "$ref:ThrottlingPolicy";
}

/// A store of secrets, or a provider that asks several: wherever one fits, so does the other.
impl Role for SecretStoreRef {
    const REFERENCE: &'static str = "$ref:SecretStore";
}

impl Role for DecoratorRef {
    const REFERENCE: &'static str = "$ref:Decorator";
}

/// Where entities are buffered: the role of `TemporaryStorage`.
#[derive(Clone, Debug)]
pub struct TemporaryStorageRef(pub TemporaryStorage);

impl Role for TemporaryStorageRef {
    const REFERENCE: &'static str = "$ref:TemporaryStorage";
}

/// Where background work runs: the role of `ScheduledExecutorService`.
#[derive(Clone, Debug)]
pub struct ExecutorRef {
    /// How long running work may take to end when the object is destroyed; `None` interrupts it at once.
    pub grace_period: Option<std::time::Duration>,
    /// Pieces of work that may run at the same time.
    pub concurrency: usize,
}

impl Role for ExecutorRef {
    const REFERENCE: &'static str = "$ref:ScheduledExecutorService";
}

/// The role of a reference that takes any object, such as that of `Delegate`.
#[derive(Clone)]
pub struct AnyObject(Arc<Built>);

impl Role for AnyObject {
    const REFERENCE: &'static str = "$ref:any object";

    fn decorated(self, outer: Vec<FilterRef>, inner: Vec<FilterRef>) -> Self {
        if let Some(handler) = self.0.get::<HandlerRef>() {
            return Self(Arc::new(Built::new(handler.decorated(outer, inner))));
        }
        match self.0.get::<FilterRef>() {
            Some(filter) => Self(Arc::new(Built::new(filter.decorated(outer, inner)))),
            None => self,
        }
    }
}

/// A built object of any role.
#[derive(Clone)]
pub(crate) struct Built {
    object: Arc<dyn Any + Send + Sync>,
}

impl Built {
    pub(crate) fn new<R: Role>(object: R) -> Self {
        Self { object: Arc::new(object) }
    }

    /// The object in a role: its own, the one a delegate stands for, or any object at all.
    pub(crate) fn get<R: Role>(&self) -> Option<R> {
        if let Some(object) = self.object.downcast_ref::<R>() {
            return Some(object.clone());
        }
        let any: Box<dyn Any> = Box::new(AnyObject(Arc::new(self.clone())));
        if let Ok(any) = any.downcast::<R>() {
            return Some(*any);
        }
        self.object.downcast_ref::<AnyObject>()?.0.get()
    }
}
