//! `portcullis check`: every mistake of a configuration, without starting anything.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use heap::{Environment, Generation, InstancePaths, Plan, Services};
use objects::handlers::router::check_routes;
use source::{Diagnostic, Severity};

use crate::commands::Format;
use crate::{boot, errors, gateway, instance};

/// Reads every file of the instance and prints what there is to say. Exit code 0 when it would start.
pub(crate) fn check(directory: Option<PathBuf>, format: Format, is_strict: bool) -> ExitCode {
    let directory = instance::directory(directory);
    let (process, mut diagnostics) = instance::process_settings(&directory);
    let environment =
        instance::environment(InstancePaths::below(&directory), process, Services::default(), None);
    diagnostics.append(&mut find_all(&environment));
    if is_strict {
        for diagnostic in diagnostics.iter_mut().filter(|found| found.severity == Severity::Warning) {
            diagnostic.severity = Severity::Error;
        }
    }
    match format {
        Format::Human => print(&diagnostics),
        Format::Json => {
            let mut lines = String::new();
            for diagnostic in &diagnostics {
                lines.push_str(&diagnostic.to_json());
                lines.push('\n');
            }
            write_out(&lines);
        }
    }
    let count = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is wrong with `admin.json`, `config.json` and every route. What has no mistake as far as it can be read
/// is built as well, and dropped without having been started.
fn find_all(environment: &Arc<Environment>) -> Vec<Diagnostic> {
    if let Err(error) = std::fs::read_dir(&environment.paths.instance) {
        return vec![errors::cannot_read(&environment.paths.instance, &error)];
    }
    let admin = boot::declare_admin(environment);
    let mut diagnostics = admin.diagnostics;
    if let Some(level) = admin.level {
        level.fields.server(&mut diagnostics);
        build(level.plan, environment, &mut diagnostics);
    }
    let gateway = gateway::declare(environment);
    diagnostics.extend(gateway.diagnostics);
    let built = gateway.level.and_then(|level| build(level.plan, environment, &mut diagnostics));
    for nested in gateway.nested {
        let folder = environment.paths.config.join(nested.directory);
        match check_routes(environment, &folder, &gateway.scope, built.as_ref()) {
            Ok(routes) => diagnostics.extend(routes.into_iter().flat_map(|route| route.diagnostics)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => diagnostics.push(errors::cannot_read(&folder, &error)),
        }
    }
    diagnostics
}

fn build(
    plan: Plan,
    environment: &Arc<Environment>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Arc<Generation>> {
    match plan.build(environment, None) {
        Ok(unstarted) => Some(unstarted.generation().clone()),
        Err(complaints) => {
            diagnostics.extend(complaints);
            None
        }
    }
}

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
    let count = |severity: Severity| {
        let count = sorted.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        format!("{count} {severity}{}", if count == 1 { "" } else { "s" })
    };
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    text.push_str(&format!("{}\n", counts.join(", ")));
    // Whoever read it may have gone; that is no reason to panic.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Logs diagnostics of something that starts, or stays as it is.
pub(crate) fn log(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let rendered = diagnostic.render(false);
        match diagnostic.severity {
            Severity::Error => tracing::error!("{rendered}"),
            Severity::Warning => tracing::warn!("{rendered}"),
            Severity::Note => tracing::info!("{rendered}"),
        }
    }
}

/// Standard output may be a pipe that somebody closed; that is no reason to panic.
fn write_out(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
