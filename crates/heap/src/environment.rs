//! [`Environment`]: all that a configuration is read and built with, beside the files themselves.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use expression::{Bindings, Value};
use indexmap::IndexMap;
use source::Tokens;
use tokio::runtime::Handle;

use crate::object::{AnyBox, Catalogue};

/// The folders of an instance.
#[derive(Debug, Clone)]
pub struct InstancePaths {
    /// The instance directory: the argument of `start`, or `$HOME/.openig`.
    pub instance: PathBuf,
    /// `<instance>/config`.
    pub config: PathBuf,
    /// Scratch space, `<instance>/tmp` unless `temporaryDirectory` says otherwise.
    pub temporary: PathBuf,
}

impl InstancePaths {
    /// The usual layout below an instance directory.
    pub fn below(instance: &Path) -> Self {
        Self {
            instance: instance.to_owned(),
            config: instance.join("config"),
            temporary: instance.join("tmp"),
        }
    }
}

/// What the process was started with.
#[derive(Debug, Clone, Default)]
pub struct ProcessSettings {
    /// Environment variables.
    pub env: IndexMap<String, String>,
    /// System properties: `-Dname=value` of `IG_OPTS` and `JAVA_OPTS`, and the built-in ones.
    pub system: IndexMap<String, String>,
    /// Entries of the files in `IG_ENVCONFIG_DIRS`.
    pub env_config: IndexMap<String, String>,
}

impl Tokens for ProcessSettings {
    /// Environment variable, then system property, then `IG_ENVCONFIG_DIRS` (catalogue, section 2.6).
    fn get(&self, name: &str) -> Option<String> {
        let variable = name.to_uppercase().replace(['.', '-'], "_");
        let found = self.env.get(&variable).or_else(|| self.system.get(name));
        found.or_else(|| self.env_config.get(name)).cloned()
    }

    fn names(&self) -> Vec<String> {
        let variables = self.env.keys().map(|name| name.to_lowercase().replace('_', "."));
        variables.chain(self.system.keys().cloned()).chain(self.env_config.keys().cloned()).collect()
    }
}

/// Things the program lends to objects, one per type: a resolver, a registry of listeners.
#[derive(Default)]
pub struct Services(HashMap<TypeId, AnyBox>);

impl Services {
    /// Lends a thing to every object that asks for its type.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, service: Arc<T>) -> Self {
        self.0.insert(TypeId::of::<T>(), Box::new(service));
        self
    }

    /// The thing of this type, if the program lends one.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref::<Arc<T>>().cloned()
    }
}

/// All that a configuration is read and built with.
pub struct Environment {
    /// The object types.
    pub catalogue: Catalogue,
    /// The folders of the instance.
    pub paths: InstancePaths,
    /// What the process was started with.
    pub process: Arc<ProcessSettings>,
    /// Things the program lends to objects.
    pub services: Services,
    /// Where background work runs; `None` while a configuration is only checked.
    pub runtime: Option<Handle>,
    shared: Mutex<HashMap<(TypeId, String), Weak<dyn Any + Send + Sync>>>,
}

impl Environment {
    /// An environment that lends nothing and runs nothing, enough for a check.
    pub fn new(catalogue: Catalogue, paths: InstancePaths, process: ProcessSettings) -> Self {
        let (process, services) = (Arc::new(process), Services::default());
        Self { catalogue, paths, process, services, runtime: None, shared: Mutex::default() }
    }

    /// The outermost names of expressions: `env`, `system` and `openig`.
    pub fn bindings(&self) -> Bindings {
        let texts = |map: &IndexMap<String, String>| {
            map.iter().map(|(name, value)| (name.clone(), Value::owned_text(value.clone()))).collect()
        };
        let path = |path: &Path| Value::owned_text(path.to_string_lossy());
        let folders = [
            ("baseDirectory", path(&self.paths.instance)),
            ("instanceDirectory", path(&self.paths.instance)),
            ("configDirectory", path(&self.paths.config)),
            ("temporaryDirectory", path(&self.paths.temporary)),
            ("tempDirectory", path(&self.paths.temporary)),
        ];
        let folders = folders.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Bindings::new(texts(&self.process.env), texts(&self.process.system), folders)
            .with_roots(exchange::ROOTS)
            .with_tokens(self.process.clone())
    }

    /// A thing that several generations share while at least one of them holds it.
    pub(crate) fn shared<T: Any + Send + Sync>(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, held| held.strong_count() > 0);
        let key = (TypeId::of::<T>(), key.to_owned());
        let held = shared.get(&key).and_then(Weak::upgrade).and_then(|held| held.downcast::<T>().ok());
        held.unwrap_or_else(|| {
            let made = Arc::new(make());
            let erased: Arc<dyn Any + Send + Sync> = made.clone();
            shared.insert(key, Arc::downgrade(&erased));
            made
        })
    }
}
