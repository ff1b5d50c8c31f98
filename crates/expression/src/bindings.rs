//! What is known when a configuration is loaded, and therefore folded into the compiled expression.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::scope::Root;
use crate::value::Value;

/// Environment, system properties, folders, and the `properties` of this level and those above.
///
/// Cheap to clone: all parts are shared.
#[derive(Clone, Default)]
pub struct Bindings {
    env: Arc<IndexMap<String, Value<'static>>>,
    system: Arc<IndexMap<String, Value<'static>>>,
    openig: Arc<IndexMap<String, Value<'static>>>,
    properties: Option<Arc<Level>>,
    extras: Arc<Vec<String>>,
}

struct Level {
    properties: IndexMap<String, Value<'static>>,
    parent: Option<Arc<Level>>,
}

impl Bindings {
    /// The bindings of the outermost level.
    pub fn new(
        env: IndexMap<String, Value<'static>>,
        system: IndexMap<String, Value<'static>>,
        openig: IndexMap<String, Value<'static>>,
    ) -> Bindings {
        Bindings {
            env: Arc::new(env),
            system: Arc::new(system),
            openig: Arc::new(openig),
            properties: None,
            extras: Arc::default(),
        }
    }

    /// The bindings of a level below, whose properties hide those of the same name above.
    pub fn child(&self, properties: IndexMap<String, Value<'static>>) -> Bindings {
        let parent = self.properties.clone();
        Bindings { properties: Some(Arc::new(Level { properties, parent })), ..self.clone() }
    }

    /// The same bindings, with names that [`Scope::extra`](crate::Scope::extra) supplies at evaluation.
    pub fn with_extras<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Bindings {
        let mut extras = Vec::clone(&self.extras);
        extras.extend(names.into_iter().map(str::to_owned));
        Bindings { extras: Arc::new(extras), ..self.clone() }
    }

    /// The property of this name, nearest level first.
    pub fn property(&self, name: &str) -> Option<&Value<'static>> {
        let mut level = self.properties.as_deref();
        while let Some(here) = level {
            if let Some(value) = here.properties.get(name) {
                return Some(value);
            }
            level = here.parent.as_deref();
        }
        None
    }

    /// The value of a root that is known at load.
    pub(crate) fn constant(&self, root: Root) -> Option<Value<'static>> {
        let map = match root {
            Root::Env => &self.env,
            Root::System => &self.system,
            Root::OpenIg => &self.openig,
            _ => return None,
        };
        Some(Value::Map(Arc::clone(map)))
    }

    /// Whether the scope supplies this name at evaluation.
    pub(crate) fn has_extra(&self, name: &str) -> bool {
        self.extras.iter().any(|extra| extra == name)
    }

    /// All names that are properties or extras, for suggestions.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.extras.iter().map(String::as_str).collect();
        let mut level = self.properties.as_deref();
        while let Some(here) = level {
            names.extend(here.properties.keys().map(String::as_str));
            level = here.parent.as_deref();
        }
        names
    }
}

impl fmt::Debug for Bindings {
    /// Names only: environment variables hold passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bindings").field("names", &self.names()).finish_non_exhaustive()
    }
}
