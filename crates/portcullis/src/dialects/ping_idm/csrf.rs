//! `openidm.csrfFilter.*` of `boot.properties`: a `CsrfFilter` before everything else.

use heap::{Document, Environment};
use serde_json::json;
use source::Diagnostic;

use super::super::{properties, tree};
use super::{boot_properties, flag, list, property};
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
    let place = if property(environment, PATHS).is_some() { PATHS } else { ENABLED };
    let span = properties::place(&environment.paths.instance, &[boot_properties::FILE.to_owned()], place);
    tree::set_default(document, "protectionFilter", tree::node(&filter, &span));
}
