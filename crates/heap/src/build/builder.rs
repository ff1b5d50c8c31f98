//! [`Builder`]: what an object can ask for while it is built.

use std::any::Any;
use std::sync::Arc;

use expression::Bindings;
use source::{Diagnostic, Span};

use super::{Background, Generation, Load, Starting, Stop, Work, get};
use crate::Ref;
use crate::decorate::Spliced;
use crate::environment::{Environment, InstancePaths, ProcessSettings};
use crate::errors;
use crate::plan::{LevelScope, Resolved};
use crate::role::{Built, Role};

/// What an object can ask for while it is built.
pub struct Builder<'a> {
    pub(super) environment: &'a Environment,
    pub(super) name: &'a str,
    /// `None` for a decorator, as for `scope`.
    pub(super) index: Option<usize>,
    pub(super) span: &'a Span,
    pub(super) built: &'a [Option<Built>],
    pub(super) sites: &'a [Resolved],
    pub(super) ancestors: &'a [Arc<Generation>],
    /// `None` for a decorator, which is made before the level is complete.
    pub(super) scope: Option<&'a Arc<LevelScope>>,
    pub(super) spliced: Spliced,
    pub(super) loads: Vec<Load>,
    pub(super) work: Vec<Work>,
    pub(super) background: Vec<(String, Background)>,
}

impl<'a> Builder<'a> {
    pub(crate) fn for_decorator(environment: &'a Environment, name: &'a str, span: &'a Span) -> Self {
        Self {
            environment,
            name,
            index: None,
            span,
            built: &[],
            sites: &[],
            ancestors: &[],
            scope: None,
            spliced: Spliced::default(),
            loads: Vec::new(),
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

    /// The name without the position that stands in that of an unnamed object, which moves when the file is edited:
    /// for keys of [`Builder::shared`] that have to outlast an edit.
    pub fn lasting_name(&self) -> &str {
        self.name.split('@').next().unwrap_or_default()
    }

    /// What tells this object from every other of the instance, for keeping its state over a reload: its file
    /// and name, or its place in the file when it is declared in place, where names need not be unique.
    pub fn identity(&self) -> String {
        let registered = self.scope.and_then(|scope| scope.names.get(self.name).copied());
        if self.index.is_some() && registered == self.index {
            return format!("{}\n{}", self.file(), self.name);
        }
        let (line, column) = self.span.line_column();
        format!("{}\n{}@{line}:{column}", self.file(), self.name)
    }

    /// The file that declares the object.
    pub fn file(&self) -> &str {
        self.span.file()
    }

    /// Where the object is declared.
    pub fn span(&self) -> &Span {
        self.span
    }

    /// The folders of the instance.
    pub fn paths(&self) -> &InstancePaths {
        &self.environment.paths
    }

    /// An environment variable or system property by the name of its token, `ig.router.scan.interval`.
    pub fn setting(&self, name: &str) -> Option<String> {
        source::Tokens::get(&*self.environment.process, name)
    }

    /// What the process was started with.
    pub fn process(&self) -> Arc<ProcessSettings> {
        Arc::clone(&self.environment.process)
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

    /// What has to be fetched once the whole generation is built, and cannot be while it is built because that
    /// takes waiting: keys, certificates. It yields complaints, of which an error keeps the generation from
    /// starting. A check does the same, so it must not open anything to others.
    pub fn load(&mut self, work: impl Future<Output = Vec<Diagnostic>> + Send + 'static) {
        self.loads.push(Box::pin(work));
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
        errors::cannot_build(message, span.unwrap_or(self.span))
    }

    /// Puts the decorations around the finished object.
    pub(crate) fn decorate<R: Role>(&mut self, object: R) -> R {
        let spliced = std::mem::take(&mut self.spliced);
        object.decorated(spliced.outer, spliced.inner)
    }
}
