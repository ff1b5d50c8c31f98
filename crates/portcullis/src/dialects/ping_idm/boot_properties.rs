//! `resolver/boot.properties`: values for property tokens, behind those of the environment.

use std::path::Path;

use heap::ProcessSettings;
use indexmap::IndexMap;
use source::{Diagnostic, Source, Span, Tokens};

use crate::{env_config, errors, gateway};

/// The file below the instance directory.
pub(super) const FILE: &str = "resolver/boot.properties";

/// What the product calls the folders it was installed in and runs from. Both are the instance directory.
const FOLDERS: [&str; 3] = ["idm.install.dir", "idm.instance.dir", "idm.data.dir"];

/// Reads the file, if there is one. Its values may hold tokens of the process and of the lines before.
pub(super) fn settle(instance: &Path, process: &mut ProcessSettings, diagnostics: &mut Vec<Diagnostic>) {
    let path = instance.join(FILE);
    if !gateway::is_there(&path) {
        return;
    }
    for name in FOLDERS {
        process.system.entry(name.to_owned()).or_insert_with(|| instance.display().to_string());
    }
    let entries = match env_config::properties(&path) {
        Ok(entries) => entries,
        Err(complaint) => return diagnostics.push(errors::boot_properties(&path, &complaint)),
    };
    // Within a file the last value of a name counts, as in Java.
    let entries: IndexMap<String, String> = entries.into_iter().collect();
    for (name, value) in entries {
        match resolve(&value, process) {
            Ok(value) => drop(process.env_config.entry(name).or_insert(value)),
            // Left out, its default would take its place, which may protect less.
            Err(complaint) => diagnostics.push(errors::boot_property(&name, &complaint)),
        }
    }
}

/// The value with its tokens replaced, or why it has none.
fn resolve(value: &str, tokens: &dyn Tokens) -> Result<String, String> {
    if !value.contains("&{") {
        return Ok(value.to_owned());
    }
    let mut complaints = Vec::new();
    // Values may be passwords, so messages show no line of the file.
    let source = Source::new(FILE, "");
    let text = source::interpolate(&value.into(), &Span::new(&source, 0..0), tokens, &mut complaints);
    match complaints.first() {
        Some(complaint) => Err(complaint.message.to_string()),
        None => Ok(text.as_str().to_owned()),
    }
}
