//! `openidm.csrfFilter.*` of `boot.properties`: a `CsrfFilter` before everything else.

use heap::{Document, Environment};
use serde_json::json;
use source::{Diagnostic, Source, Span};

use super::super::tree;
use super::{flag, list, property};
use crate::errors;

const ENABLED: &str = "openidm.csrfFilter.enabled";
const COOKIE: &str = "openidm.csrfFilter.authCookieName";
const PATHS: &str = "openidm.csrfFilter.pathWhitelistCSV";

/// The cookie that authentication sets unless the properties name another.
const DEFAULT_COOKIE: &str = "session-jwt";

pub(super) fn translate(
    environment: &Environment,
    document: &mut Document,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !flag(environment, ENABLED, diagnostics) {
        return;
    }
    let filter = json!({
        "type": "CsrfFilter",
        "config": {
            "cookieName": property(environment, COOKIE).unwrap_or_else(|| DEFAULT_COOKIE.to_owned()),
            "token": "COOKIE",
            "excludeSafeMethods": false,
            "excludedPaths": list(environment, PATHS),
        }
    });
    let has_one = document.root.as_ref().and_then(|root| root.get("protectionFilter"));
    if let Some(present) = has_one.filter(|present| !present.is_null()) {
        return diagnostics.push(errors::two_protections(ENABLED, &present.span));
    }
    // The properties have no lines to point at; their names say where they come from.
    let source = Source::new("resolver/boot.properties", format!("{ENABLED}=true"));
    let span = Span::new(&source, 0..source.text().len());
    tree::set_default(document, "protectionFilter", tree::node(&filter, &span));
}
