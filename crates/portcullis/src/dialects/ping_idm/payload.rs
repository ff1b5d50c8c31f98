//! `conf/servletfilter-payload.json`: how large bodies may be.

use heap::{Environment, RawNode, Spanned};
use serde::Deserialize;
use source::Diagnostic;

use super::{FOLDER, read};
use crate::{errors, gateway};

pub(super) const FILE: &str = "servletfilter-payload.json";

/// Megabytes that a body may have unless the file says otherwise.
const DEFAULT_MEGABYTES: u64 = 5;
/// What the product counts in, as computers and not as disk makers do.
const BYTES_PER_MEGABYTE: u64 = 1024 * 1024;

/// The filter that limits bodies.
const FILTER_CLASS: &str = "org.forgerock.openidm.jetty.LargePayloadServletFilter";
/// The pattern of everything, the only one that a connector can do.
const EVERYTHING: &str = "/*";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadFields {
    init_params: Option<InitParams>,
    url_patterns: Option<Vec<Spanned<String>>>,
    filter_class: Option<Spanned<String>>,
    /// The rest says how the product loads the class.
    #[serde(rename = "classPathURLs")]
    _class_path_urls: Option<RawNode>,
    #[serde(rename = "systemProperties")]
    _system_properties: Option<RawNode>,
    #[serde(rename = "requestAttributes")]
    _request_attributes: Option<RawNode>,
    #[serde(rename = "scriptExtensions")]
    _script_extensions: Option<RawNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitParams {
    max_request_size_in_megabytes: Option<Spanned<i64>>,
}

/// Bytes that bodies of requests may have. Without the file the limit is the same as in a fresh installation: a
/// file that got lost must not take the protection along.
pub(super) fn limit(environment: &Environment, diagnostics: &mut Vec<Diagnostic>) -> u64 {
    let default = DEFAULT_MEGABYTES * BYTES_PER_MEGABYTE;
    if !gateway::is_there(&environment.paths.instance.join(FOLDER).join(FILE)) {
        return default;
    }
    let declared = heap::declare::<PayloadFields>(environment, read(environment, FILE), None, FILE, false);
    diagnostics.extend(declared.diagnostics);
    let Some(level) = declared.level else { return default };
    let fields = level.fields;
    if let Some(class) = fields.filter_class.filter(|class| class.as_str() != FILTER_CLASS) {
        diagnostics.push(errors::no_servlet_filter(&class, class.span()));
    }
    for pattern in fields.url_patterns.iter().flatten().filter(|pattern| pattern.as_str() != EVERYTHING) {
        diagnostics.push(errors::url_pattern(pattern, pattern.span()));
    }
    let Some(megabytes) = fields.init_params.and_then(|params| params.max_request_size_in_megabytes) else {
        return default;
    };
    let bytes = u64::try_from(*megabytes).ok().filter(|megabytes| *megabytes > 0);
    bytes.and_then(|megabytes| megabytes.checked_mul(BYTES_PER_MEGABYTE)).unwrap_or_else(|| {
        diagnostics.push(errors::listener(
            format!("a limit is a number of megabytes of at least 1, found `{}`", *megabytes),
            Some(megabytes.span()),
        ));
        default
    })
}
