//! The report as one JSON object, for programs.

use objects::handlers::router::{CheckedRoute, CheckedRouter};
use serde_json::{Value, json};
use source::{Diagnostic, Severity};

use super::{Report, count};

/// `{"diagnostics": […], "routers": […], "counts": {…}}`, a line for each diagnostic and each router.
pub(super) fn render(report: &Report) -> String {
    let diagnostics: Vec<String> = report.diagnostics.iter().map(Diagnostic::to_json).collect();
    let routers: Vec<String> = report.routers.iter().map(|router| of_router(router).to_string()).collect();
    let counts = json!({
        "errors": count(&report.diagnostics, Severity::Error),
        "warnings": count(&report.diagnostics, Severity::Warning),
        "notes": count(&report.diagnostics, Severity::Note),
    });
    format!(
        "{{\"diagnostics\":[\n{}\n],\"routers\":[\n{}\n],\"counts\":{counts}}}\n",
        diagnostics.join(",\n"),
        routers.join(",\n")
    )
}

fn of_router(router: &CheckedRouter) -> Value {
    let routes: Vec<Value> = router.routes.iter().map(of_route).collect();
    json!({ "directory": router.directory, "routes": routes })
}

fn of_route(route: &CheckedRoute) -> Value {
    json!({
        "name": route.name,
        "id": route.id,
        "file": route.file,
        "loads": route.loads,
        "errors": count(&route.diagnostics, Severity::Error),
        "warnings": count(&route.diagnostics, Severity::Warning),
        "condition": route.condition,
        "neverMatches": route.never_matches,
        "shadowedBy": route.shadowed_by,
    })
}
