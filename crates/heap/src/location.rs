//! `$location` among `properties`: further properties, from files of their own.
//!
//! `{"$location": "file:///etc/ig/common.json"}`; several stand side by side as `$location:one`,
//! `$location:two`. A file that ends in `.properties`, and that of `$location:props`, is read by the rules of
//! Java, any other as JSON. Within a property it yields the members of that property. Only files are read: a configuration must not depend on what a server somewhere answers while it is loaded.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expression::Value;
use percent_encoding::percent_decode_str;
use source::{Diagnostic, Source};

use crate::document::read_bytes;
use crate::errors;

/// Files that name files that name files: more than this many is a loop.
const DEPTH_MAX: usize = 8;
/// Files that the properties of one document may name in all: files that each name several others would
/// otherwise take for ever, loop or not.
pub(crate) const FILES_MAX: usize = 64;

/// Names a `.properties` file whatever its ending is.
const PROPS: &str = "$location:props";

/// What a file holds.
pub(crate) enum Located {
    /// JSON, still to be parsed.
    Json(Arc<Source>),
    /// The entries of a `.properties` file.
    Entries(Vec<(String, String)>),
}

/// Whether a property names a file of properties.
pub(crate) fn is_location(name: &str) -> bool {
    name.strip_prefix("$location").is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Reads the file that the property `name` names. `depth` counts the files that led to it; a relative path starts
/// at the instance directory.
pub(crate) fn read(
    name: &str,
    value: &Value<'_>,
    instance: &Path,
    depth: usize,
) -> Result<Located, Diagnostic> {
    let Some(text) = value.as_str() else {
        return Err(errors::location("it is not a text").help("write for example file:///etc/ig/common.json"));
    };
    if depth == DEPTH_MAX {
        return Err(errors::location("the files name one another without end"));
    }
    let path = instance.join(path_of(text)?);
    let shown = path.display().to_string();
    let bytes = read_bytes(&path, &shown)?;
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    if ending == "properties" || (name == PROPS && ending != "json") {
        // UTF-8 as of release 2026.3, Latin-1 before it.
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
        let entries = expression::parse_properties(&text);
        return entries
            .map(Located::Entries)
            .map_err(|error| errors::location(format!("`{shown}`, {error}")));
    }
    Source::decode(shown, &bytes).map(Located::Json)
}

/// The path of a `file:` URL, or the text itself if it has no scheme.
fn path_of(text: &str) -> Result<PathBuf, Diagnostic> {
    let not_a_file = || {
        errors::location(format!("`{text}` is not on this machine"))
            .help("copy what it names into a file and write file:///path/to/it")
    };
    let Some(rest) = text.strip_prefix("file:") else {
        return if text.contains("://") { Err(not_a_file()) } else { Ok(PathBuf::from(text)) };
    };
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    if !path.starts_with('/') {
        return Err(not_a_file());
    }
    Ok(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()))
}
