//! [`Plan`]: a level whose references are resolved and whose order of building is known.

use std::collections::HashMap;
use std::sync::Arc;

use expression::{Bindings, Uses};
use indexmap::IndexMap;
use source::{Diagnostic, Span};

mod order;
mod roles;

use crate::DecoratorRef;
use crate::declare::{Declarer, Target};
use crate::decorate::{self, DecorationSite, Spliced};
use crate::errors;
use crate::object::ErasedConfig;
use crate::role::role_name;
pub(crate) use roles::{Settled, settled_roles};

/// What a level offers to the levels below: names, decorators, properties. Holds nothing that runs.
pub struct LevelScope {
    pub(crate) parent: Option<Arc<LevelScope>>,
    pub(crate) names: HashMap<String, usize>,
    /// Role and type name of each object, by index; of a delegate, those of what it stands for.
    pub(crate) roles: Vec<Settled>,
    pub(crate) decorators: HashMap<String, DecoratorRef>,
    pub(crate) globals: Vec<DecorationSite>,
    /// What expressions of this level and those below know at load.
    pub bindings: Bindings,
    /// The properties of this level as property tokens, dotted.
    pub(crate) properties: IndexMap<String, String>,
}

impl LevelScope {
    pub(crate) fn empty(
        parent: Option<Arc<LevelScope>>,
        bindings: Bindings,
        properties: IndexMap<String, String>,
    ) -> Self {
        Self {
            parent,
            names: HashMap::new(),
            roles: Vec::new(),
            decorators: HashMap::new(),
            globals: Vec::new(),
            bindings,
            properties,
        }
    }

    pub(crate) fn decorator(&self, name: &str) -> Option<DecoratorRef> {
        let own = self.decorators.get(name).cloned();
        own.or_else(|| self.parent.as_ref().and_then(|parent| parent.decorator(name)))
    }

    /// A property of this level or one around it, as text.
    pub(crate) fn property(&self, name: &str) -> Option<&String> {
        self.properties.get(name).or_else(|| self.parent.as_ref()?.property(name))
    }

    fn names<'a>(&'a self, found: &mut Vec<&'a str>) {
        found.extend(self.names.keys().map(String::as_str));
        if let Some(parent) = &self.parent {
            parent.names(found);
        }
    }
}

/// Where a reference leads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resolved {
    Local(usize),
    /// So many levels up, then by index.
    Outer(usize, usize),
}

/// A declared level, ready to be built.
pub struct Plan {
    pub(crate) objects: Vec<Planned>,
    pub(crate) sites: Vec<Resolved>,
    /// Indexes in an order in which every object comes after those it refers to.
    pub(crate) order: Vec<usize>,
    pub(crate) top_level: Spliced,
    pub(crate) scope: Arc<LevelScope>,
    uses: Uses,
}

impl Plan {
    /// What the expressions in the level's own fields look at (a route's condition, say).
    pub fn uses(&self) -> Uses {
        self.uses
    }
}

pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) config: Box<dyn ErasedConfig>,
    pub(crate) spliced: Spliced,
    pub(crate) span: Span,
    /// The objects of this level that it refers to.
    pub(crate) needs: Vec<usize>,
}

/// Resolves what was declared. The plan is `None` after a mistake.
pub(crate) fn finish(
    declarer: &mut Declarer<'_>,
    properties: IndexMap<String, String>,
) -> (Option<Plan>, Arc<LevelScope>) {
    decorate::splice_all(declarer);
    let scope = LevelScope {
        parent: declarer.parent.cloned(),
        names: declarer.names.clone(),
        roles: settled_roles(declarer),
        decorators: declarer.decorators.clone(),
        globals: declarer.globals.clone(),
        bindings: declarer.bindings.clone(),
        properties,
    };
    let sites = resolve_all(declarer, &scope);
    roles::check(declarer, &sites, &scope);
    let needs = order::needs(declarer, &sites);
    let order = order::build_order(declarer, &needs, &scope.roles);
    let scope = Arc::new(scope);
    if declarer.diagnostics.iter().any(Diagnostic::is_error) {
        return (None, scope);
    }
    let objects = std::mem::take(&mut declarer.objects).into_iter().zip(needs).map(|(object, needs)| {
        let config = object.config?;
        Some(Planned { name: object.name, config, spliced: object.spliced, span: object.span, needs })
    });
    let Some(objects) = objects.collect() else { return (None, scope) };
    let plan = Plan {
        objects,
        sites: sites.into_iter().flatten().collect(),
        order: order.unwrap_or_default(),
        top_level: std::mem::take(&mut declarer.top_level_spliced),
        scope: scope.clone(),
        uses: declarer.level.uses,
    };
    (Some(plan), scope)
}

/// Looks every name up: this level first, then those around it. `None` for a mistake.
fn resolve_all(declarer: &mut Declarer<'_>, scope: &LevelScope) -> Vec<Option<Resolved>> {
    let mut complaints = Vec::new();
    let mut known = Vec::new();
    let mut resolved = Vec::with_capacity(declarer.sites.len());
    for site in &declarer.sites {
        resolved.push(match &site.target {
            Target::Inline(index) => Some(Resolved::Local(*index)),
            Target::Broken => None,
            Target::Named(name) => {
                let found = look_up(name, &scope.names, scope.parent.as_ref());
                if found.is_none() {
                    if known.is_empty() {
                        scope.names(&mut known);
                        known.sort_unstable();
                    }
                    let role = role_name(site.role);
                    complaints.push(errors::unknown_reference(name, role, &site.span, &known));
                }
                found
            }
        });
    }
    declarer.diagnostics.append(&mut complaints);
    resolved
}

/// Where a name leads from a level with these names, below `parent`.
pub(crate) fn look_up(
    name: &str,
    names: &HashMap<String, usize>,
    parent: Option<&Arc<LevelScope>>,
) -> Option<Resolved> {
    if let Some(index) = names.get(name) {
        return Some(Resolved::Local(*index));
    }
    let mut level = parent;
    let mut up = 1;
    while let Some(scope) = level {
        if let Some(index) = scope.names.get(name) {
            return Some(Resolved::Outer(up, *index));
        }
        level = scope.parent.as_ref();
        up += 1;
    }
    None
}
