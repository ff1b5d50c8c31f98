//! What is known when a configuration is loaded, and therefore folded into the compiled expression.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use source::Tokens;

use crate::scope::Root;
use crate::types::Type;
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
    tokens: Option<Arc<dyn Tokens + Send + Sync>>,
    roots: &'static [RootType],
}

/// What a root is, for the static check and the reference.
#[derive(Debug)]
pub struct RootType {
    /// The root.
    pub root: Root,
    /// The type of its value.
    pub of: Type,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// What to write instead, for a root of old.
    pub instead: Option<&'static str>,
}

#[derive(Clone)]
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
            tokens: None,
            roots: &[],
        }
    }

    /// The same bindings, which also tell what the roots are. Without, paths are not checked.
    #[must_use]
    pub fn with_roots(mut self, roots: &'static [RootType]) -> Bindings {
        self.roots = roots;
        self
    }

    /// The same bindings, with property tokens that stand before the properties of every level.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Arc<dyn Tokens + Send + Sync>) -> Bindings {
        self.tokens = Some(tokens);
        self
    }

    /// The bindings of a level below, whose properties hide those of the same name above.
    pub fn child(&self, properties: IndexMap<String, Value<'static>>) -> Bindings {
        let parent = self.properties.clone();
        Bindings { properties: Some(Arc::new(Level { properties, parent })), ..self.clone() }
    }

    /// Adds a property to the innermost level, in place of one of the same name.
    pub fn define(&mut self, name: String, value: Value<'static>) {
        match &mut self.properties {
            Some(level) => {
                Arc::make_mut(level).properties.insert(name, value);
            }
            None => *self = self.child([(name, value)].into()),
        }
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

    /// What is known of a root.
    pub(crate) fn root(&self, root: Root) -> Option<&'static RootType> {
        self.roots.iter().find(|known| known.root == root)
    }

    /// The value of a property token: `a.b` is also the entry `b` of the property `a`.
    pub(crate) fn token(&self, name: &str) -> Option<String> {
        if let Some(value) = self.tokens.as_ref().and_then(|tokens| tokens.get(name)) {
            return Some(value);
        }
        let mut level = self.properties.as_deref();
        while let Some(here) = level {
            let found = dotted(&here.properties, name).filter(|value| !matches!(value, Value::Map(_)));
            if let Some(value) = found {
                return match value.to_json() {
                    serde_json::Value::Null => None,
                    serde_json::Value::String(text) => Some(text),
                    other => Some(other.to_string()),
                };
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

/// The entry of a dotted name, whose keys may hold dots themselves.
fn dotted<'m>(map: &'m IndexMap<String, Value<'static>>, name: &str) -> Option<&'m Value<'static>> {
    map.get(name).or_else(|| {
        name.match_indices('.').find_map(|(dot, _)| match map.get(&name[..dot]) {
            Some(Value::Map(inner)) => dotted(inner, &name[dot + 1..]),
            _ => None,
        })
    })
}
