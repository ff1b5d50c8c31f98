//! Diagnostics and routes as people read them.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use objects::handlers::router::{CheckedRoute, CheckedRouter};
use source::{Diagnostic, Severity};

use super::count;
use crate::table::Table;

/// Characters of a condition that the table shows.
const CONDITION_WIDTH: usize = 60;

/// Prints diagnostics for people, errors first, then a line that counts them.
pub(crate) fn print(diagnostics: &[Diagnostic]) {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let color = std::io::stderr().is_terminal();
    let mut text = String::new();
    for diagnostic in &sorted {
        text.push_str(&diagnostic.render(color));
        text.push_str("\n\n");
    }
    let counted = |severity: Severity| {
        let count = count(diagnostics, severity);
        format!("{count} {severity}{}", if count == 1 { "" } else { "s" })
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(counted);
    text.push_str(&format!("{}\n", counts.join(", ")));
    // Whoever read it may have gone; that is no reason to panic.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The routes of every folder in the order in which they are asked.
pub(super) fn table(routers: &[CheckedRouter]) -> String {
    let mut text = String::new();
    for router in routers.iter().filter(|router| !router.routes.is_empty()) {
        let count = router.routes.len();
        let plural = if count == 1 { "" } else { "s" };
        let _infallible =
            writeln!(text, "\n{count} route{plural} in {}, as they are asked:\n", router.directory);
        let mut table = Table::new(["", "route", "loads", "warnings", "condition", ""]);
        for (at, route) in router.routes.iter().enumerate() {
            table.row([
                (at + 1).to_string(),
                route.name.clone(),
                if route.loads { "yes" } else { "no" }.to_owned(),
                count_or_dash(&route.diagnostics),
                condition(route),
                remark(route),
            ]);
        }
        text.push_str(&table.render());
    }
    text
}

fn count_or_dash(diagnostics: &[Diagnostic]) -> String {
    match count(diagnostics, Severity::Warning) {
        0 => "-".to_owned(),
        count => count.to_string(),
    }
}

fn condition(route: &CheckedRoute) -> String {
    let Some(condition) = &route.condition else { return "(every request)".to_owned() };
    let mut shown: String = condition.chars().take(CONDITION_WIDTH).collect();
    if shown.len() < condition.len() {
        shown.push('…');
    }
    shown
}

fn remark(route: &CheckedRoute) -> String {
    match &route.shadowed_by {
        _ if route.never_matches => "never matches".to_owned(),
        Some(by) => format!("never reached: {by} takes its requests"),
        None => String::new(),
    }
}
