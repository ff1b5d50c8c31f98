//! `portcullis check`: every mistake of a configuration, without starting anything.

mod human;
mod json;
mod page;
mod sarif;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use heap::{Environment, Generation, InstancePaths, Plan, Services};
use objects::handlers::router::{CheckedRouter, check_routes};
use source::{Diagnostic, Severity};

pub(crate) use human::print;
pub(crate) use page::explain;

use crate::{boot, errors, gateway, instance};

/// The command line is wrong, or the directory cannot be read: nothing has been checked.
const NOTHING_CHECKED: u8 = 2;

/// How the report is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the line, a caret, what to do, and a table of the routes.
    Human,
    /// One JSON object: the diagnostics, the routes, the counts.
    Json,
    /// SARIF 2.1.0, for build servers and editors.
    Sarif,
}

/// What there is to say about an instance.
struct Report {
    directory: PathBuf,
    diagnostics: Vec<Diagnostic>,
    routers: Vec<CheckedRouter>,
}

/// Reads every file of the instance and prints what there is to say. Exit code 0 when it would start, 1 when a
/// mistake keeps it or a route from starting, 2 when the directory cannot be read.
pub(crate) fn check(
    directory: Option<PathBuf>,
    profile: Option<String>,
    format: Format,
    is_strict: bool,
) -> ExitCode {
    let directory = instance::directory(directory);
    if let Err(error) = std::fs::read_dir(&directory) {
        print(&[errors::cannot_read(&directory, &error)]);
        return ExitCode::from(NOTHING_CHECKED);
    }
    let mut report = Report::of(&directory, profile.as_deref());
    if is_strict {
        report.make_warnings_errors();
    }
    match format {
        Format::Human => {
            print(&report.diagnostics);
            write_out(&human::table(&report.routers));
        }
        Format::Json => write_out(&json::render(&report)),
        Format::Sarif => write_out(&sarif::render(&report)),
    }
    if report.diagnostics.iter().any(Diagnostic::is_error) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

impl Report {
    /// What is wrong with `admin.json`, `config.json` and every route. What has no mistake as far as it can be
    /// read is built as well, and dropped without having been started.
    fn of(directory: &Path, profile: Option<&str>) -> Self {
        let (process, mut diagnostics) = instance::process_settings(directory, profile);
        let paths = InstancePaths::below(directory);
        let environment = instance::environment(paths.clone(), process.clone(), Services::default(), None);
        let admin = boot::declare_admin(&environment);
        diagnostics.extend(admin.diagnostics);
        let server = admin.level.as_ref().map(|level| level.fields.server(&mut diagnostics));
        let budget = boot::header_budget(&server.map(|server| server.connectors).unwrap_or_default());
        let environment = instance::environment(paths, process, Services::default().with(budget), None);
        if let Some(level) = admin.level {
            build(level.plan, &environment, &mut diagnostics);
        }
        let gateway = gateway::declare(&environment);
        diagnostics.extend(gateway.diagnostics);
        let built = gateway.level.and_then(|level| build(level.plan, &environment, &mut diagnostics));
        let mut routers = Vec::new();
        for nested in gateway.nested {
            let folder = environment.paths.config.join(nested.directory);
            match check_routes(&environment, &folder, &gateway.scope, built.as_ref()) {
                Ok(checked) => routers.extend(checked),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => diagnostics.push(errors::cannot_read(&folder, &error)),
            }
        }
        for router in &routers {
            let mut routes: Vec<_> = router.routes.iter().collect();
            // As a listing of the folder has them.
            routes.sort_by_key(|route| &route.file);
            diagnostics.extend(routes.into_iter().flat_map(|route| &route.diagnostics).cloned());
        }
        Self { directory: directory.to_owned(), diagnostics, routers }
    }

    /// A route stays one that loads: what it would do at a start does not depend on how strict a check is.
    fn make_warnings_errors(&mut self) {
        for diagnostic in self.diagnostics.iter_mut().filter(|found| found.severity == Severity::Warning) {
            diagnostic.severity = Severity::Error;
        }
    }
}

fn build(
    plan: Plan,
    environment: &Arc<Environment>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Arc<Generation>> {
    match plan.build(environment, None) {
        Ok(mut unstarted) => {
            diagnostics.append(&mut unstarted.load(environment));
            Some(unstarted.generation().clone())
        }
        Err(complaints) => {
            diagnostics.extend(complaints);
            None
        }
    }
}

/// How many of the diagnostics are of this severity.
fn count(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
}

/// Standard output may be a pipe that somebody closed; that is no reason to panic.
fn write_out(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
