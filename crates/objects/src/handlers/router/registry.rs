//! Which routers there are and how their routes do: for the admin connector. Also the complaints of routers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use source::{Code, Diagnostic, Span};

use super::Running;

const ROUTE_NAME: Code = Code::new(
    400,
    "route-name",
    "A route has a name or id that another route of the router has already, or that is reserved.\n\n\
     The route that was loaded first keeps serving; the other one stays closed. `default` is reserved for the \
     router's default handler. Rename the file, or change `name` or `_id` in it.\n",
);

const ROUTE_LOOP: Code = Code::new(
    401,
    "route-loop",
    "A route holds a router for the folder that the route itself was loaded from, directly or through further \
     folders, so the routes would load themselves without end.\n\n\
     Give the inner router a `directory` of its own.\n",
);

const ROUTE_SHADOWED: Code = Code::new(
    402,
    "route-shadowed",
    "Every request that the route would take is taken by a route before it, so its handler never runs.\n\n\
     Routes are asked in the order of their names, and the first whose condition holds takes the request. A route \
     without a condition takes everything, so it must come last; a condition on `^/a` takes what one on `^/a/b` \
     would. Rename the files, or set `name` in them, so that the more particular route comes first, or make the \
     earlier condition narrower.\n\n\
     Only what is certain is reported: a route can be unreachable without this warning.\n",
);

const ROUTE_NEVER_MATCHES: Code = Code::new(
    403,
    "route-never-matches",
    "The condition of the route is false, or null, whatever the request, so its handler never runs.\n\n\
     Most often a property or an environment variable in the condition has not the value it was meant to have. To \
     switch a route off on purpose, give its file another ending than `.json`.\n",
);

/// The codes of routers.
pub const CODES: &[&Code] = &[&ROUTE_NAME, &ROUTE_LOOP, &ROUTE_SHADOWED, &ROUTE_NEVER_MATCHES];

pub(super) fn route_loop(folder: &Path) -> Diagnostic {
    let message = format!("the routes of `{}` would load themselves without end", folder.display());
    Diagnostic::error(&ROUTE_LOOP, message).help("give the inner router a `directory` of its own")
}

pub(super) fn reserved_name(file: &str) -> Diagnostic {
    Diagnostic::error(&ROUTE_NAME, format!("{file}: `default` cannot be the name or id of a route"))
        .help("it stands for the router's default handler; rename the route")
}

pub(super) fn taken_name(file: &str, other: &str) -> Diagnostic {
    Diagnostic::error(&ROUTE_NAME, format!("{file}: the route `{other}` has the same name or id"))
        .help("rename one of them; the route that was loaded first keeps serving")
}

/// `place` is the condition of the route, or the beginning of its file where it has none; likewise for the other.
pub(super) fn shadowed(name: &str, place: Option<&Span>, by: &str, by_place: Option<&Span>) -> Diagnostic {
    let message = format!("the route `{name}` takes no request: `{by}` takes all of them before it");
    let complaint = Diagnostic::warning(&ROUTE_SHADOWED, message).at(place).help(format!(
        "let `{name}` come before `{by}` in the order of names, or narrow the condition of `{by}`"
    ));
    match by_place {
        Some(by_place) => complaint.also(by_place, format!("what `{by}` takes")),
        None => complaint,
    }
}

pub(super) fn never_matches(name: &str, place: Option<&Span>) -> Diagnostic {
    let message = format!("the condition of the route `{name}` is never true");
    Diagnostic::warning(&ROUTE_NEVER_MATCHES, message).at(place).help("the route takes no request as it is")
}

/// All routers of the process, as long as they live.
#[derive(Default)]
pub struct RouterRegistry(Mutex<Vec<Weak<Running>>>);

/// How one route does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStatus {
    /// The router it belongs to.
    pub router: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it serves; a closed one answers 503.
    pub is_serving: bool,
}

impl RouterRegistry {
    pub(super) fn register(&self, router: &Arc<Running>) {
        let mut routers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        routers.retain(|router| router.strong_count() > 0);
        routers.push(Arc::downgrade(router));
    }

    /// Every route of every router, in the order in which they are asked.
    pub fn routes(&self) -> Vec<RouteStatus> {
        let routers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let live = routers.iter().filter_map(Weak::upgrade);
        live.flat_map(|router| {
            let table = router.table.load_full();
            let status = |route: &Arc<super::Route>| RouteStatus {
                router: router.name.clone(),
                id: route.identity.id.clone(),
                name: route.identity.name.clone(),
                is_serving: route.is_serving(),
            };
            table.routes.iter().map(status).collect::<Vec<_>>()
        })
        .collect()
    }
}
