//! From a [`Plan`] to a [`Generation`] of objects, and from there to something that runs.
//!
//! Building opens nothing and starts nothing, so a generation that fails halfway leaves nothing behind. What
//! runs is started once the whole generation stands, and stops when its [`Started`] is dropped; requests that
//! are still inside keep the objects alive until they end.

use std::any::Any;
use std::future::Future;
use std::sync::{Arc, Weak};

use exchange::HandlerRef;
use expression::Bindings;
use source::{Diagnostic, Span};
use tokio::sync::watch;

use crate::Ref;
use crate::decorate::Spliced;
use crate::environment::{Environment, InstancePaths};
use crate::errors;
use crate::plan::{LevelScope, Plan, Resolved};
use crate::role::{Built, Role};

type Work = Box<dyn FnOnce(&Starting<'_>) -> Result<(), Vec<Diagnostic>> + Send>;
type Background = Box<dyn FnOnce(Stop) -> exchange::BoxFuture<'static, ()> + Send>;

/// The objects of one level, built from one reading of its files.
pub struct Generation {
    scope: Arc<LevelScope>,
    /// Weak, because the parent's router holds this generation.
    parent: Option<Weak<Generation>>,
    built: Vec<Built>,
    sites: Vec<Resolved>,
    top_level: Spliced,
}

/// A generation with the work it wants started.
pub struct Unstarted {
    generation: Arc<Generation>,
    work: Vec<Work>,
    background: Vec<(String, Background)>,
}

/// A generation whose background work runs until this is dropped.
pub struct Started {
    /// The objects.
    pub generation: Arc<Generation>,
    _stop: watch::Sender<bool>,
}

/// Why a generation could not be started: nothing of it runs.
#[derive(Debug)]
pub struct StartError(pub Vec<Diagnostic>);

/// Tells background work to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits until the generation is retired.
    pub async fn stopped(&mut self) {
        // An error means that the sender, and so the generation, is gone.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// What work that starts after the build can use.
pub struct Starting<'a> {
    /// The whole generation. Keep only a [`Weak`] of it.
    pub generation: &'a Arc<Generation>,
    /// The environment.
    pub environment: &'a Arc<Environment>,
}

impl Plan {
    /// Builds every object, each after those it refers to.
    ///
    /// # Errors
    /// The complaints of every object that could not be built.
    pub fn build(
        self,
        environment: &Arc<Environment>,
        parent: Option<&Arc<Generation>>,
    ) -> Result<Unstarted, Vec<Diagnostic>> {
        let ancestors = ancestors(parent);
        let mut built: Vec<Option<Built>> = Vec::new();
        built.resize_with(self.objects.len(), || None);
        let mut objects: Vec<Option<_>> = self.objects.into_iter().map(Some).collect();
        let (mut work, mut background, mut complaints) = (Vec::new(), Vec::new(), Vec::new());
        for index in self.order {
            let Some(object) = objects[index].take() else { continue };
            let mut builder = Builder {
                environment,
                name: &object.name,
                span: Some(&object.span),
                built: &built,
                sites: &self.sites,
                ancestors: &ancestors,
                scope: Some(&self.scope),
                spliced: object.spliced,
                work: Vec::new(),
                background: Vec::new(),
            };
            match object.config.build(&mut builder) {
                Ok(object) => {
                    work.append(&mut builder.work);
                    background.append(&mut builder.background);
                    built[index] = Some(object);
                }
                // Those that refer to it cannot be built either, and would only repeat the complaint.
                Err(diagnostic) => {
                    complaints.push(diagnostic);
                    return Err(complaints);
                }
            }
        }
        let generation = Arc::new(Generation {
            scope: self.scope,
            parent: parent.map(Arc::downgrade),
            built: built.into_iter().flatten().collect(),
            sites: self.sites,
            top_level: self.top_level,
        });
        Ok(Unstarted { generation, work, background })
    }
}

impl Unstarted {
    /// The objects, before anything of them runs.
    pub fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Runs the start-up work of every object, then starts the background work.
    ///
    /// # Errors
    /// The complaints of the first object whose start-up work failed; no background work runs then.
    pub fn start(self, environment: &Arc<Environment>) -> Result<Started, StartError> {
        let starting = Starting { generation: &self.generation, environment };
        for work in self.work {
            work(&starting).map_err(StartError)?;
        }
        let (stop, stopped) = watch::channel(false);
        if let Some(runtime) = &environment.runtime {
            for (name, work) in self.background {
                tracing::debug!(work = name, "Starting background work.");
                runtime.spawn(work(Stop(stopped.clone())));
            }
        }
        Ok(Started { generation: self.generation, _stop: stop })
    }
}

impl Generation {
    /// The object a level's own field refers to.
    pub fn get<R: Role>(self: &Arc<Self>, reference: &Ref<R>) -> R {
        let ancestors = ancestors(self.parent.as_ref().and_then(Weak::upgrade).as_ref());
        let find = |index: usize| self.built.get(index);
        get(reference.site, &self.sites, find, &ancestors)
    }

    /// Puts the decorations of the level itself around its handler.
    pub fn decorate(&self, handler: HandlerRef) -> HandlerRef {
        handler.decorated(self.top_level.outer.clone(), Vec::new())
    }

    /// Names and properties, for declaring levels below.
    pub fn scope(&self) -> &Arc<LevelScope> {
        &self.scope
    }

    /// A declared object by its name, of this level only.
    pub fn named<R: Role>(&self, name: &str) -> Option<R> {
        self.built.get(*self.scope.names.get(name)?)?.get()
    }
}

fn ancestors(parent: Option<&Arc<Generation>>) -> Vec<Arc<Generation>> {
    let mut found: Vec<Arc<Generation>> = parent.cloned().into_iter().collect();
    while let Some(next) = found.last().and_then(|last| last.parent.as_ref()?.upgrade()) {
        found.push(next);
    }
    found
}

/// Follows a reference that declaration has checked.
fn get<'b, R: Role>(
    site: usize,
    sites: &[Resolved],
    local: impl Fn(usize) -> Option<&'b Built>,
    ancestors: &'b [Arc<Generation>],
) -> R {
    let built = match sites.get(site) {
        Some(Resolved::Local(index)) => local(*index),
        Some(Resolved::Outer(up, index)) => ancestors.get(up - 1).and_then(|level| level.built.get(*index)),
        None => None,
    };
    built.and_then(Built::get::<R>).expect("declaration checked name, role and order of every reference")
}

/// What an object can ask for while it is built.
pub struct Builder<'a> {
    environment: &'a Environment,
    name: &'a str,
    span: Option<&'a Span>,
    built: &'a [Option<Built>],
    sites: &'a [Resolved],
    ancestors: &'a [Arc<Generation>],
    scope: Option<&'a Arc<LevelScope>>,
    spliced: Spliced,
    work: Vec<Work>,
    background: Vec<(String, Background)>,
}

impl<'a> Builder<'a> {
    pub(crate) fn for_decorator(environment: &'a Environment, name: &'a str) -> Self {
        Self {
            environment,
            name,
            span: None,
            built: &[],
            sites: &[],
            ancestors: &[],
            scope: None,
            spliced: Spliced::default(),
            work: Vec::new(),
            background: Vec::new(),
        }
    }

    /// The object a reference leads to. Cannot fail: name, role and order were checked.
    pub fn get<R: Role>(&self, reference: &Ref<R>) -> R {
        let find = |index: usize| self.built.get(index).and_then(Option::as_ref);
        get(reference.site, self.sites, find, self.ancestors)
    }

    /// The objects a list of references leads to.
    pub fn get_all<R: Role>(&self, references: &[Ref<R>]) -> Vec<R> {
        references.iter().map(|reference| self.get(reference)).collect()
    }

    /// An object of this level or one around it by its well-known name, such as `TemporaryStorage`.
    pub fn named<R: Role>(&self, name: &str) -> Option<R> {
        let own = self.scope.and_then(|scope| scope.names.get(name));
        let own = own.and_then(|index| self.built.get(*index)?.as_ref()?.get());
        own.or_else(|| self.ancestors.iter().find_map(|level| level.named(name)))
    }

    /// The name of the object, for logs.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The file that declares the object; empty for a decorator.
    pub fn file(&self) -> &str {
        self.span.map_or("", Span::file)
    }

    /// The folders of the instance.
    pub fn paths(&self) -> &InstancePaths {
        &self.environment.paths
    }

    /// An environment variable or system property by the name of its token, `ig.router.scan.interval`.
    pub fn setting(&self, name: &str) -> Option<String> {
        source::Tokens::get(&self.environment.process, name)
    }

    /// What expressions of this level know at load.
    pub fn bindings(&self) -> Bindings {
        self.scope.map_or_else(|| self.environment.bindings(), |scope| scope.bindings.clone())
    }

    /// A thing the program lends to objects.
    pub fn service<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.environment.services.get()
    }

    /// A thing that outlives a reload: made once per key, kept while any generation holds it.
    pub fn shared<T: Any + Send + Sync>(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        self.environment.shared(key, make)
    }

    /// Work to do once the whole generation is built, before it serves: a router's first scan.
    pub fn on_start(
        &mut self,
        work: impl FnOnce(&Starting<'_>) -> Result<(), Vec<Diagnostic>> + Send + 'static,
    ) {
        self.work.push(Box::new(work));
    }

    /// Work that runs from the start of the generation until it is retired.
    pub fn background<F>(&mut self, name: &str, work: impl FnOnce(Stop) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.background.push((format!("{}: {name}", self.name), Box::new(move |stop| Box::pin(work(stop)))));
    }

    /// A complaint at a field, or at the object when the field has no place of its own.
    pub fn error(&self, message: impl Into<String>, span: Option<&Span>) -> Diagnostic {
        match span.or(self.span) {
            Some(span) => errors::cannot_build(message, span),
            None => Diagnostic::error(errors::CODES[errors::CODES.len() - 1], message.into()),
        }
    }

    /// Puts the decorations around the finished object.
    pub(crate) fn decorate<R: Role>(&mut self, object: R) -> R {
        let spliced = std::mem::take(&mut self.spliced);
        object.decorated(spliced.outer, spliced.inner)
    }
}
