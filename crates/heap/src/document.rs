//! Reading a configuration file: bytes → text → tree → properties → tokens.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use expression::Bindings;
use indexmap::IndexMap;
use source::{Diagnostic, Node, Source, Tokens, Value};

use crate::environment::{Environment, ProcessSettings};
use crate::errors;
use crate::plan::LevelScope;
use crate::properties::Properties;

/// A larger file is refused unread.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A file as a tree whose property tokens are replaced.
pub struct Document {
    /// The tree; `None` when the file could not be read or is not JSON.
    pub root: Option<Node>,
    /// What was found on the way.
    pub diagnostics: Vec<Diagnostic>,
    /// What expressions of this document know at load, its own `properties` included.
    pub(crate) bindings: Bindings,
    /// Its own `properties` as tokens, dotted.
    pub(crate) properties: IndexMap<String, String>,
}

/// Reads a file of at most 16 MiB. `name` is the path as people should see it.
///
/// Never fails: what is wrong is among the diagnostics.
pub fn read_document(
    environment: &Environment,
    path: &Path,
    name: &str,
    parent: Option<&Arc<LevelScope>>,
) -> Document {
    match read_bytes(path, name) {
        Ok(bytes) => Document::parse(environment, name, &bytes, parent),
        Err(diagnostic) => Document::broken(environment, parent, vec![diagnostic]),
    }
}

impl Document {
    /// A document from bytes that have been read already.
    pub fn parse(
        environment: &Environment,
        name: &str,
        bytes: &[u8],
        parent: Option<&Arc<LevelScope>>,
    ) -> Self {
        let source = match Source::decode(name, bytes) {
            Ok(source) => source,
            Err(diagnostic) => return Self::broken(environment, parent, vec![diagnostic]),
        };
        let parsed = source::parse(&source);
        let mut diagnostics = parsed.diagnostics;
        let Some(mut root) = parsed.root else { return Self::broken(environment, parent, diagnostics) };
        let properties = match &mut root.value {
            Value::Object(object) => object.remove("properties"),
            _ => None,
        };
        let tokens = LevelTokens { process: &environment.process, own: IndexMap::new(), parent };
        let outer = outer_bindings(environment, parent);
        let mut reading = Properties::new(&environment.paths.instance, outer, tokens, &mut diagnostics);
        if let Some(properties) = properties {
            reading.read(&properties.value);
        }
        let Properties { bindings, tokens, mut expansion, .. } = reading;
        let root = source::resolve_within(root, &tokens, &mut expansion, &mut diagnostics);
        Self { root: Some(root), diagnostics, bindings, properties: tokens.own }
    }

    /// What expressions of this document know at load.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    fn broken(
        environment: &Environment,
        parent: Option<&Arc<LevelScope>>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let bindings = outer_bindings(environment, parent);
        Self { root: None, diagnostics, bindings, properties: IndexMap::new() }
    }
}

fn outer_bindings(environment: &Environment, parent: Option<&Arc<LevelScope>>) -> Bindings {
    parent.map_or_else(|| environment.bindings(), |parent| parent.bindings.clone())
}

pub(crate) fn read_bytes(path: &Path, name: &str) -> Result<Vec<u8>, Diagnostic> {
    let file = std::fs::File::open(path).map_err(|error| errors::unreadable(name, &error))?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| errors::unreadable(name, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(errors::too_large(name, FILE_BYTES_MAX));
    }
    Ok(bytes)
}

/// Tokens of the process, then of this document's properties, then of the levels around.
pub(crate) struct LevelTokens<'a> {
    process: &'a ProcessSettings,
    pub(crate) own: IndexMap<String, String>,
    parent: Option<&'a Arc<LevelScope>>,
}

impl Tokens for LevelTokens<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let process = self.process.get(name);
        let own = process.or_else(|| self.own.get(name).cloned());
        own.or_else(|| self.parent.and_then(|parent| parent.property(name)).cloned())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.process.names();
        names.extend(self.own.keys().cloned());
        let mut level = self.parent;
        while let Some(scope) = level {
            names.extend(scope.properties.keys().cloned());
            level = scope.parent.as_ref();
        }
        names
    }
}
