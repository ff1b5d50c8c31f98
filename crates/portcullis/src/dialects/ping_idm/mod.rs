//! PingIDM's `conf/webserver.listener-*.json`, `conf/servletfilter-payload.json` and `resolver/boot.properties`.

mod boot_properties;
mod csrf;
mod listener;
mod payload;
mod stores;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use heap::{Document, Environment, ProcessSettings};
use source::{Diagnostic, Tokens};

use super::tree;
use crate::errors;

/// The folder of the files in JSON.
const FOLDER: &str = "conf";

/// Reads `resolver/boot.properties`.
pub(super) fn settle(instance: &Path, process: &mut ProcessSettings, diagnostics: &mut Vec<Diagnostic>) {
    boot_properties::settle(instance, process, diagnostics);
}

/// The files that are read, as far as the folder can be.
pub(super) fn files(instance: &Path) -> Vec<PathBuf> {
    let folder = instance.join(FOLDER);
    let listeners = listener_files(instance).unwrap_or_default();
    let mut files: Vec<PathBuf> = listeners.iter().map(|name| folder.join(name)).collect();
    files.extend([folder.join(payload::FILE), instance.join(boot_properties::FILE)]);
    files
}

/// Adds the listeners, their limit and their protection to `admin.json`.
pub(super) fn translate(environment: &Environment, document: &mut Document) {
    let instance = &environment.paths.instance;
    let mut diagnostics = Vec::new();
    match listener_files(instance) {
        Ok(files) if files.is_empty() => {}
        Ok(files) => {
            let body_bytes_max = payload::limit(environment, &mut diagnostics);
            let mut connectors = Vec::new();
            let mut failures = 0;
            for file in &files {
                match listener::read_listener(environment, file, body_bytes_max, &mut diagnostics) {
                    Ok(connector) => connectors.extend(connector),
                    Err(listener::Unreadable) => failures += 1,
                }
            }
            // Without any connector, `admin.json` would have the default one, in clear text.
            let has_others = document.root.as_ref().and_then(|root| root.get("connectors")).is_some();
            if connectors.is_empty() && failures == 0 && !has_others {
                diagnostics.push(errors::no_listener(FOLDER));
            }
            tree::add_connectors(document, connectors);
        }
        Err(diagnostic) => diagnostics.push(diagnostic),
    }
    csrf::translate(environment, document, &mut diagnostics);
    document.diagnostics.append(&mut diagnostics);
}

/// The names of the listener files, sorted; a folder that is not there has none.
fn listener_files(instance: &Path) -> Result<Vec<String>, Diagnostic> {
    let folder = instance.join(FOLDER);
    let unreadable = |error: &std::io::Error| errors::cannot_read(&folder, error);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(&error))?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("webserver.listener-") && name.ends_with(".json") {
            names.push(name.into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// A file of the folder as a document, its property tokens resolved.
fn read(environment: &Environment, file: &str) -> Document {
    let path = environment.paths.instance.join(FOLDER).join(file);
    heap::read_document(environment, &path, &format!("{FOLDER}/{file}"), None)
}

/// A property of `boot.properties`, unless it is set elsewhere. An empty one is none.
fn property(environment: &Environment, name: &str) -> Option<String> {
    environment.process.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A property that is `true` or `false`, the latter by default.
fn flag(environment: &Environment, name: &str, diagnostics: &mut Vec<Diagnostic>) -> bool {
    match property(environment, name) {
        None => false,
        Some(text) if text.eq_ignore_ascii_case("true") => true,
        Some(text) if text.eq_ignore_ascii_case("false") => false,
        Some(text) => {
            diagnostics.push(errors::boot_property(name, &format!("`{text}` is neither `true` nor `false`")));
            false
        }
    }
}

/// The parts of a property that are separated by commas.
fn list(environment: &Environment, name: &str) -> Vec<String> {
    let text = property(environment, name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
