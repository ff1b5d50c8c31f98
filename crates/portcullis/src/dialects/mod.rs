//! Dialects: listeners in the words of neighbouring products.
//!
//! PingIDM and Airlock IAM are configured by files of their own. Here these are rewritten in the words of
//! `admin.json` before that is declared, so that there is one listener to secure and to test. What they say keeps
//! its place in the file it comes from, and mistakes are shown there.

mod airlock;
mod ping_idm;
mod properties;
mod stores;
#[cfg(test)]
mod testing;
mod tree;

use std::path::{Path, PathBuf};

use heap::{Document, Environment, ProcessSettings};
use source::Diagnostic;

pub(crate) use airlock::PROFILE;

/// Adds what files of a dialect say about the process: values for property tokens.
pub(crate) fn settle(instance: &Path, process: &mut ProcessSettings, diagnostics: &mut Vec<Diagnostic>) {
    ping_idm::settle(instance, process, diagnostics);
    airlock::settle(instance, process, diagnostics);
}

/// Adds what files of a dialect say to `admin.json`. The complaints are added to those of the document.
pub(crate) fn translate(environment: &Environment, document: &mut Document) {
    ping_idm::translate(environment, document);
    airlock::translate(environment, document);
}

/// The files that count for an instance, whether they are there or not.
pub(crate) fn files(instance: &Path) -> Vec<PathBuf> {
    [ping_idm::files(instance), airlock::property_files(instance)].concat()
}
