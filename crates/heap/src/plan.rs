//! [`Plan`]: a level whose references are resolved and whose order of building is known.

use std::collections::HashMap;
use std::sync::Arc;

use expression::{Bindings, Uses};
use indexmap::IndexMap;
use source::{Diagnostic, Span};

use crate::declare::{Declarer, Target};
use crate::decorate::{self, DecorationSite, Spliced};
use crate::errors;
use crate::object::ErasedConfig;
use crate::role::role_name;
use crate::{AnyObject, DecoratorRef, Role};

/// What a level offers to the levels below: names, decorators, properties. Holds nothing that runs.
pub struct LevelScope {
    pub(crate) parent: Option<Arc<LevelScope>>,
    pub(crate) names: HashMap<String, usize>,
    /// Role and type name of each object, by index.
    pub(crate) roles: Vec<(&'static str, &'static str)>,
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
}

/// Resolves what was declared. The plan is `None` after a mistake.
pub(crate) fn finish(
    declarer: &mut Declarer<'_>,
    properties: IndexMap<String, String>,
) -> (Option<Plan>, Arc<LevelScope>) {
    decorate::splice_all(declarer);
    let roles = declarer.objects.iter().map(|object| {
        object.object_type.map_or(("$ref:unknown", "unknown"), |known| (known.reference, known.name))
    });
    let mut scope = LevelScope {
        parent: declarer.parent.cloned(),
        names: declarer.names.clone(),
        roles: roles.collect(),
        decorators: declarer.decorators.clone(),
        globals: declarer.globals.clone(),
        bindings: declarer.bindings.clone(),
        properties,
    };
    let sites = resolve_all(declarer, &scope);
    let order = build_order(declarer, &sites);
    check_roles(declarer, &sites, &scope);
    settle_delegates(declarer, &sites, &mut scope);
    let scope = Arc::new(scope);
    if declarer.diagnostics.iter().any(Diagnostic::is_error) {
        return (None, scope);
    }
    let objects = std::mem::take(&mut declarer.objects).into_iter().map(|object| Planned {
        name: object.name,
        config: object.config.unwrap_or_else(|| Box::new(Spent)),
        spliced: object.spliced,
        span: object.span,
    });
    let plan = Plan {
        objects: objects.collect(),
        sites: sites.into_iter().flatten().collect(),
        order: order.unwrap_or_default(),
        top_level: std::mem::take(&mut declarer.top_level_spliced),
        scope: scope.clone(),
        uses: declarer.level.uses,
    };
    (Some(plan), scope)
}

/// Stands where a decorator's configuration stood: decorators are made during declaration.
struct Spent;

impl ErasedConfig for Spent {
    fn build(self: Box<Self>, _: &mut crate::Builder<'_>) -> Result<crate::role::Built, Diagnostic> {
        Ok(crate::role::Built::new(AnyObject::none()))
    }
    fn nested(&self) -> Option<crate::Nested> {
        None
    }
}

/// Looks every name up: this level first, then those around it. `None` for a mistake.
fn resolve_all(declarer: &mut Declarer<'_>, scope: &LevelScope) -> Vec<Option<Resolved>> {
    let mut complaints = Vec::new();
    let mut resolved = Vec::with_capacity(declarer.sites.len());
    for site in &declarer.sites {
        resolved.push(match &site.target {
            Target::Inline(index) => Some(Resolved::Local(*index)),
            Target::Broken => None,
            Target::Named(name) => {
                let found = look_up(name, scope);
                if found.is_none() {
                    let mut known = Vec::new();
                    scope.names(&mut known);
                    known.sort_unstable();
                    complaints.push(errors::unknown_reference(
                        name,
                        role_name(site.role),
                        &site.span,
                        &known,
                    ));
                }
                found
            }
        });
    }
    declarer.diagnostics.append(&mut complaints);
    resolved
}

fn look_up(name: &str, scope: &LevelScope) -> Option<Resolved> {
    if let Some(index) = scope.names.get(name) {
        return Some(Resolved::Local(*index));
    }
    let mut level = scope.parent.as_ref();
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

/// Orders objects so that each comes after those it refers to; reports circles.
fn build_order(declarer: &mut Declarer<'_>, sites: &[Option<Resolved>]) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        No,
        Open,
        Done,
    }
    let count = declarer.objects.len();
    let targets = |index: usize| -> Vec<usize> {
        let local = |site: &usize| match sites.get(*site) {
            Some(Some(Resolved::Local(target))) => Some(*target),
            _ => None,
        };
        declarer.objects[index].sites.iter().filter_map(local).collect()
    };
    let mut visits = vec![Visit::No; count];
    let mut order = Vec::with_capacity(count);
    let mut circle: Option<Vec<usize>> = None;
    // An explicit stack: a configuration may chain more objects than a thread's stack holds frames.
    for start in 0..count {
        if visits[start] != Visit::No {
            continue;
        }
        let mut stack = vec![(start, targets(start), 0)];
        visits[start] = Visit::Open;
        while let Some((index, below, next)) = stack.last_mut() {
            let Some(&target) = below.get(*next) else {
                visits[*index] = Visit::Done;
                order.push(*index);
                stack.pop();
                continue;
            };
            *next += 1;
            match visits[target] {
                Visit::No => {
                    visits[target] = Visit::Open;
                    stack.push((target, targets(target), 0));
                }
                Visit::Open => {
                    let path: Vec<usize> = stack.iter().map(|(index, ..)| *index).collect();
                    let from = path.iter().position(|index| *index == target).unwrap_or(0);
                    circle.get_or_insert_with(|| path[from..].iter().copied().chain([target]).collect());
                }
                Visit::Done => {}
            }
        }
    }
    let Some(circle) = circle else { return Some(order) };
    let names: Vec<String> = circle.iter().map(|index| declarer.objects[*index].name.clone()).collect();
    let span = declarer.objects[circle[0]].span.clone();
    declarer.report(errors::cycle(&names, &span));
    None
}

/// Every reference must lead to an object of the role it asks for; delegates count as what they stand for.
fn check_roles(declarer: &mut Declarer<'_>, sites: &[Option<Resolved>], scope: &LevelScope) {
    let mut complaints = Vec::new();
    for (site, resolved) in declarer.sites.iter().zip(sites) {
        let Some(resolved) = resolved else { continue };
        let (role, type_name, name) = match effective(declarer, sites, scope, *resolved) {
            Some(found) => found,
            None => continue,
        };
        if site.role != AnyObject::REFERENCE && role != site.role && role != "$ref:unknown" {
            let wanted = role_name(site.role);
            complaints.push(errors::wrong_role(&name, role_name(role), type_name, wanted, &site.span));
        }
    }
    declarer.diagnostics.append(&mut complaints);
}

/// Role, type and name of what a reference leads to, through delegates. `None` when that cannot be told.
fn effective(
    declarer: &Declarer<'_>,
    sites: &[Option<Resolved>],
    scope: &LevelScope,
    mut resolved: Resolved,
) -> Option<(&'static str, &'static str, String)> {
    for _ in 0..=declarer.objects.len() {
        match resolved {
            Resolved::Local(index) => {
                let object = &declarer.objects[index];
                let (role, type_name) = *scope.roles.get(index)?;
                if role != AnyObject::REFERENCE {
                    return Some((role, type_name, object.name.clone()));
                }
                resolved = (*sites.get(*object.sites.first()?)?)?;
            }
            Resolved::Outer(up, index) => {
                let mut level = scope;
                for _ in 0..up {
                    level = level.parent.as_deref()?;
                }
                let (role, type_name) = *level.roles.get(index)?;
                let name = level.names.iter().find(|(_, known)| **known == index)?.0.clone();
                return Some((role, type_name, name));
            }
        }
    }
    None
}

/// Gives each delegate the role of what it stands for, so that levels below need not follow it.
fn settle_delegates(declarer: &Declarer<'_>, sites: &[Option<Resolved>], scope: &mut LevelScope) {
    for index in 0..scope.roles.len() {
        if scope.roles[index].0 == AnyObject::REFERENCE
            && let Some((role, type_name, _)) = effective(declarer, sites, scope, Resolved::Local(index))
        {
            scope.roles[index] = (role, type_name);
        }
    }
}
