//! From a [`Plan`] to a [`Generation`] of objects, and from there to something that runs.
//!
//! Building opens nothing and starts nothing, so a generation that fails halfway leaves nothing behind. What
//! runs is started once the whole generation stands, and stops when its [`Started`] is dropped; requests that
//! are still inside keep the objects alive until they end.

mod builder;
mod load;

use std::sync::{Arc, Weak};

use exchange::HandlerRef;
use source::Diagnostic;
use tokio::sync::watch;

pub use builder::Builder;

use crate::Ref;
use crate::decorate::Spliced;
use crate::environment::Environment;
use crate::log_diagnostics;
use crate::plan::{LevelScope, Plan, Resolved};
use crate::role::{Built, Role};

type Load = exchange::BoxFuture<'static, Vec<Diagnostic>>;
type Work = Box<dyn FnOnce(&Starting<'_>) -> Result<(), Vec<Diagnostic>> + Send>;
type Background = Box<dyn FnOnce(Stop) -> exchange::BoxFuture<'static, ()> + Send>;

/// The objects of one level, built from one reading of its files.
pub struct Generation {
    scope: Arc<LevelScope>,
    /// Weak, because the parent's router holds this generation.
    parent: Option<Weak<Generation>>,
    objects: Objects,
    sites: Vec<Resolved>,
    top_level: Spliced,
}

/// A generation with the work it wants started.
pub struct Unstarted {
    generation: Arc<Generation>,
    loads: Vec<Load>,
    work: Vec<Work>,
    background: Vec<(String, Background)>,
}

/// A generation whose background work runs until this is dropped.
pub struct Started {
    // First, so that the work is told to end before its objects go.
    _stop: watch::Sender<bool>,
    /// The objects.
    pub generation: Arc<Generation>,
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
        let mut objects = Objects::new(self.objects.len());
        let mut planned: Vec<Option<_>> = self.objects.into_iter().map(Some).collect();
        let (mut loads, mut work, mut background) = (Vec::new(), Vec::new(), Vec::new());
        let mut complaints = Vec::new();
        for index in self.order {
            let Some(object) = planned[index].take() else { continue };
            // What refers to an object that failed cannot be built, and has nothing to complain about itself.
            if object.needs.iter().any(|needed| objects.built[*needed].is_none()) {
                continue;
            }
            let mut builder = Builder {
                environment,
                name: &object.name,
                index: Some(index),
                span: &object.span,
                built: &objects.built,
                sites: &self.sites,
                ancestors: &ancestors,
                scope: Some(&self.scope),
                spliced: object.spliced,
                loads: Vec::new(),
                work: Vec::new(),
                background: Vec::new(),
            };
            match object.config.build(&mut builder) {
                Ok(object) => {
                    loads.append(&mut builder.loads);
                    work.append(&mut builder.work);
                    background.append(&mut builder.background);
                    objects.add(index, object);
                }
                Err(diagnostic) => complaints.push(diagnostic),
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let generation = Arc::new(Generation {
            scope: self.scope,
            parent: parent.map(Arc::downgrade),
            objects,
            sites: self.sites,
            top_level: self.top_level,
        });
        Ok(Unstarted { generation, loads, work, background })
    }
}

/// The objects built so far. They are dropped in the reverse order, so that each is dropped while all that it
/// holds is still held here: a long chain of objects does not need a deep stack to go.
struct Objects {
    /// By index.
    built: Vec<Option<Built>>,
    order: Vec<usize>,
}

impl Objects {
    fn new(count: usize) -> Self {
        Self { built: vec![None; count], order: Vec::with_capacity(count) }
    }

    fn add(&mut self, index: usize, object: Built) {
        self.built[index] = Some(object);
        self.order.push(index);
    }

    fn get(&self, index: usize) -> Option<&Built> {
        self.built.get(index)?.as_ref()
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        for index in self.order.iter().rev() {
            self.built[*index] = None;
        }
    }
}

impl Unstarted {
    /// The objects, before anything of them runs.
    pub fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Fetches what objects need before they can serve, and yields all there is to say about it. Nothing is
    /// opened to others, so a check does it, too. A second call has nothing to do.
    pub fn load(&mut self, environment: &Environment) -> Vec<Diagnostic> {
        load::all(std::mem::take(&mut self.loads), environment.runtime.as_ref())
    }

    /// Loads, runs the start-up work of every object, then starts the background work.
    ///
    /// # Errors
    /// The complaints of loading, or of the first object whose start-up work failed; no background work runs then.
    pub fn start(mut self, environment: &Arc<Environment>) -> Result<Started, StartError> {
        let loaded = self.load(environment);
        if loaded.iter().any(Diagnostic::is_error) {
            return Err(StartError(loaded));
        }
        log_diagnostics(module_path!(), &loaded);
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
        Ok(Started { _stop: stop, generation: self.generation })
    }
}

impl Generation {
    /// The object a level's own field refers to.
    pub fn get<R: Role>(self: &Arc<Self>, reference: &Ref<R>) -> R {
        let ancestors = ancestors(self.parent.as_ref().and_then(Weak::upgrade).as_ref());
        let find = |index: usize| self.objects.get(index);
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
        self.objects.get(*self.scope.names.get(name)?)?.get()
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
        Some(Resolved::Outer(up, index)) => ancestors.get(up - 1).and_then(|level| level.objects.get(*index)),
        None => None,
    };
    built.and_then(Built::get::<R>).expect("declaration checked name, role and order of every reference")
}
