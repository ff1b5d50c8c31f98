//! What can be told of the routes of a folder without starting any: what `portcullis check` reports.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expression::{Expr, Guard};
use heap::{Environment, Generation, LevelScope, Nested};
use source::{Diagnostic, Span};

use super::registry;
use super::route::{Outline, RouteFields, RouteName};
use super::scan::{file_id, route_files, shown_path, unique};

/// The routes of one folder that were checked.
pub struct CheckedRouter {
    /// The folder as people see it.
    pub directory: String,
    /// Its routes in the order in which they are asked.
    pub routes: Vec<CheckedRoute>,
}

/// A route file that was checked.
pub struct CheckedRoute {
    /// The path as people see it.
    pub file: String,
    /// What the route is known by: its `_id`, or the name of the file.
    pub id: String,
    /// What the routes are ordered by.
    pub name: String,
    /// Whether a start would let it serve.
    pub loads: bool,
    /// Whether the router asks it at all: not where its name is refused, or its condition cannot be told.
    pub is_asked: bool,
    /// The condition as it stands in the file, tokens not replaced; nothing for a route that takes every request.
    pub condition: Option<String>,
    /// Whether the condition holds for no request at all.
    pub never_matches: bool,
    /// The name of a route before it that takes every request this one would take.
    pub shadowed_by: Option<String>,
    /// What there is to say about it.
    pub diagnostics: Vec<Diagnostic>,
    /// The names that hold in it, for looking at what is within.
    pub scope: Arc<LevelScope>,
}

/// Declares every route of a folder, and of the folders of routers within, and builds those that have no
/// mistake so far; nothing is started. A folder within that is not there is left out.
///
/// `parent` are the objects around the routes, if they could be built; without them the routes are only declared.
///
/// # Errors
/// When a folder cannot be read.
pub fn check_routes(
    environment: &Arc<Environment>,
    directory: &Path,
    scope: &Arc<LevelScope>,
    parent: Option<&Arc<Generation>>,
) -> io::Result<Vec<CheckedRouter>> {
    let mut check = Check { environment, open: Vec::new(), checked: Vec::new() };
    check.folder(directory, scope, parent)?;
    Ok(check.checked)
}

struct Check<'a> {
    environment: &'a Arc<Environment>,
    /// The folders around the present one: one that holds itself is not entered again.
    open: Vec<PathBuf>,
    checked: Vec<CheckedRouter>,
}

impl Check<'_> {
    fn folder(
        &mut self,
        directory: &Path,
        scope: &Arc<LevelScope>,
        parent: Option<&Arc<Generation>>,
    ) -> io::Result<()> {
        let files = route_files(directory)?;
        // Made now, so that a folder stands before those within it.
        let place = self.checked.len();
        self.checked
            .push(CheckedRouter { directory: shown_path(self.environment, directory), routes: Vec::new() });
        self.open.push(unique(directory));
        let mut found: Vec<Found> = Vec::with_capacity(files.len());
        for file in files {
            let route = self.file(&file, scope, parent, &found)?;
            found.push(route);
        }
        self.open.pop();
        found.sort_by(|left, right| left.identity.order(&right.identity));
        compare(&mut found);
        self.checked[place].routes = found.into_iter().map(|found| found.route).collect();
        Ok(())
    }

    fn file(
        &mut self,
        file: &Path,
        scope: &Arc<LevelScope>,
        parent: Option<&Arc<Generation>>,
        others: &[Found],
    ) -> io::Result<Found> {
        let environment = self.environment;
        let shown = shown_path(environment, file);
        let document = heap::read_document(environment, file, &shown, Some(scope));
        let outline = Outline::of(document.root.as_ref(), b"", &file_id(file));
        let root = document.root.as_ref();
        let condition_span = root.and_then(|root| root.get("condition")).map(|node| node.span.clone());
        let start = root.map(|root| root.span.sub(0..1));
        let declared = heap::declare::<RouteFields>(environment, document, Some(scope), "a route", false);
        let mut diagnostics = declared.diagnostics;
        let (identity, condition);
        let (mut generation, mut is_declared, mut is_refused) = (None, false, false);
        if let Some(level) = declared.level {
            identity = RouteName::of(&level.fields, &file_id(file));
            condition = Some(level.fields.condition.clone());
            let names = others.iter().filter(|other| other.is_declared).map(|other| &other.identity);
            let complaint = identity.complaint(names, &shown);
            is_refused = complaint.is_some();
            is_declared = true;
            diagnostics.extend(complaint);
            match parent.map(|parent| level.plan.build(environment, Some(parent))) {
                Some(Ok(mut unstarted)) => {
                    generation = Some(unstarted.generation().clone());
                    diagnostics.append(&mut unstarted.load(environment));
                }
                Some(Err(mut complaints)) => diagnostics.append(&mut complaints),
                None => {}
            }
        } else {
            condition = outline.condition(&declared.scope.bindings);
            identity = outline.identity;
        }
        self.within(declared.nested, &declared.scope, generation.as_ref(), &mut diagnostics)?;
        let condition = condition.filter(|_| !is_refused);
        let route = CheckedRoute {
            file: shown,
            id: identity.id.clone(),
            name: identity.name.clone(),
            loads: !diagnostics.iter().any(Diagnostic::is_error),
            is_asked: condition.is_some(),
            condition: condition_span.as_ref().map(|span| span.text().trim_matches('"').to_owned()),
            never_matches: false,
            shadowed_by: None,
            diagnostics,
            scope: declared.scope,
        };
        Ok(Found { route, identity, is_declared, condition, place: condition_span.or(start) })
    }

    /// The folders of the routers within a route.
    fn within(
        &mut self,
        nested: Vec<Nested>,
        scope: &Arc<LevelScope>,
        generation: Option<&Arc<Generation>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> io::Result<()> {
        let folders = nested.into_iter().map(|nested| self.environment.paths.config.join(nested.directory));
        let (loops, folders): (Vec<_>, Vec<_>) =
            folders.partition(|folder| self.open.contains(&unique(folder)));
        diagnostics.extend(loops.iter().map(|folder| registry::route_loop(folder)));
        for folder in folders {
            match self.folder(&folder, scope, generation) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A route, and what it is compared with others by.
struct Found {
    route: CheckedRoute,
    identity: RouteName,
    /// Whether others may not have its name.
    is_declared: bool,
    /// Nothing where it cannot be told, or where the route takes no requests for another reason.
    condition: Option<Option<Expr<bool>>>,
    /// The condition, or the beginning of the file.
    place: Option<Span>,
}

/// Finds the routes that take no request: in themselves, or because others come before them.
fn compare(found: &mut [Found]) {
    let guard = |found: &Found| found.condition.iter().flatten().map(Expr::guard).next().unwrap_or_default();
    let guards: Vec<Guard> = found.iter().map(guard).collect();
    for at in 0..found.len() {
        let (before, rest) = found.split_at_mut(at);
        let Some(Found { route, condition: Some(condition), place, .. }) = rest.first_mut() else { continue };
        if condition.as_ref().is_some_and(Expr::is_never_true) {
            route.never_matches = true;
            route.diagnostics.push(registry::never_matches(&route.name, place.as_ref()));
            continue;
        }
        // Most routes have nothing in common, which guards tell much sooner than their conditions.
        let may_shadow = |(_, guard): &(&Found, &Guard)| !guard.is_apart_from(&guards[at]);
        let mut related = before.iter().zip(&guards).filter(may_shadow).map(|(earlier, _)| earlier);
        let by = related.find(|earlier| {
            earlier.condition.as_ref().is_some_and(|earlier| takes_all(earlier.as_ref(), condition.as_ref()))
        });
        if let Some(by) = by {
            let by_name = &by.route.name;
            route.diagnostics.push(registry::shadowed(
                &route.name,
                place.as_ref(),
                by_name,
                by.place.as_ref(),
            ));
            route.shadowed_by = Some(by_name.clone());
        }
    }
}

/// Whether the condition of an earlier route holds wherever that of a later one does.
fn takes_all(earlier: Option<&Expr<bool>>, later: Option<&Expr<bool>>) -> bool {
    match (earlier, later) {
        (None, _) => true,
        (Some(earlier), None) => earlier.is_always_true(),
        (Some(earlier), Some(later)) => later.implies(earlier),
    }
}
