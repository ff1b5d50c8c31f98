//! `portcullis explain`: which way a request would take through a configuration, without sending anything.
//!
//! Nothing is built or started for it. The configuration is walked as it stands in the files, and what decides (the
//! conditions of routes, of a `DispatchHandler` and so on) is evaluated on the request as the client would send it.
//! What a filter on the way would change in the request is not known here; the help of the command says so.

mod conditions;
mod flow;
mod human;
mod level;
mod request;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use heap::{InstancePaths, Services};
use serde::Serialize;
use source::Diagnostic;

use crate::{check, errors, gateway, instance};

/// The command line is wrong, or the directory cannot be read.
const NOTHING_EXPLAINED: u8 = 2;

/// How the explanation is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: an indented list.
    Human,
    /// One JSON object.
    Json,
}

/// Something that the request passes: a handler or a filter.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Step {
    /// The object type.
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `file:line:column` of its declaration.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// The decorations around it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decorations: Vec<String>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The choices it has, in the order in which it looks at them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<Choice>,
    /// What runs inside, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
}

/// A route, or another branch with a condition.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Choice {
    name: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    /// The request goes here.
    Taken,
    /// It would, but the file is broken: the answer is 503.
    Closed,
    /// The condition does not hold.
    NotMatched,
    /// An earlier one has the request.
    NotAsked,
    /// It does not load, and its condition cannot be told.
    Broken,
}

/// A condition as it stands in the file, and what its parts yield.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    text: String,
    holds: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<ShownPart>,
}

#[derive(Serialize)]
struct ShownPart {
    text: String,
    value: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<ShownPart>,
}

#[derive(Serialize)]
struct Explanation {
    request: String,
    handler: Step,
}

/// Prints the way of a request. Exit code 0 when there is one, 1 when config.json has mistakes, 2 when the request
/// cannot be read or the directory is not there.
pub(crate) fn explain(directory: Option<PathBuf>, format: Format, words: &[String]) -> ExitCode {
    let directory = instance::directory(directory);
    if let Err(error) = std::fs::read_dir(&directory) {
        check::print(&[errors::cannot_read(&directory, &error)]);
        return ExitCode::from(NOTHING_EXPLAINED);
    }
    let request = match request::parse(words) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(NOTHING_EXPLAINED);
        }
    };
    let (process, mut diagnostics) = instance::process_settings(&directory, None);
    let environment =
        instance::environment(InstancePaths::below(&directory), process, Services::default(), None);
    let declared = gateway::declare(&environment);
    diagnostics.extend(declared.diagnostics);
    let built = declared.level.map(|level| level.plan.build(&environment, None));
    let built = match built {
        Some(Ok(unstarted)) if !diagnostics.iter().any(Diagnostic::is_error) => {
            unstarted.generation().clone()
        }
        built => {
            diagnostics.extend(built.and_then(Result::err).into_iter().flatten());
            check::print(&diagnostics);
            return ExitCode::FAILURE;
        }
    };
    let shown =
        format!("{} {}", request.method, request.uri.to_string().split('?').next().unwrap_or_default());
    let cx = request::context();
    let document = gateway::document(&environment);
    let explainer = flow::Explainer::new(&environment, &built, &cx, &request);
    let explanation = Explanation { request: shown, handler: explainer.whole(&document) };
    let text = match format {
        Format::Human => human::render(&explanation),
        Format::Json => serde_json::to_string_pretty(&explanation).unwrap_or_default() + "\n",
    };
    // Whoever read it may have gone; that is no reason to panic.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
