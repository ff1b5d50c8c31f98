//! `UriPathRewriteFilter`: exchanges the beginning of the path on the way in, and back in locations on the way
//! out.
//!
//! Whatever judged the path before, a condition or a policy, judged the path that came. So the path that goes
//! on is inspected again: a rewrite must not bring forth one that the origin could read in another way.

use std::str::FromStr;

use exchange::{
    Context, Edit, Fault, Filter, FilterRef, HandlerRef, HeaderName, HeaderValue, Next, Outcome, Request,
    Response, Uri, header, inspect_path,
};
use expression::{EmptyScope, Template};
use heap::{Builder, ObjectConfig, Ref, Spanned};
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::location::Location;

/// Rewrites the beginning of paths between clients and the origin, in both directions.
///
/// A request whose path begins with the left side of a mapping, segment by segment, goes on with the right
/// side in its place; the longest left side wins. A request that no mapping fits goes on as it is. In the
/// response, `Location` and `Content-Location` are rewritten from right to left, if they are relative or lead
/// to the scheme, host and port that the request was sent to.
///
/// ```json
/// {
///   "type": "UriPathRewriteFilter",
///   "config": {
///     "mappings": {
///       "/shop": "/webshop/v2",
///       "/shop/help": "/help"
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UriPathRewriteFilter {
    /// Paths as clients write them, and what the origin gets instead. Both sides may be expressions that are
    /// known at load. Slashes at the end do not matter. Of two equal left sides the later one counts.
    mappings: IndexMap<String, Spanned<String>>,
    /// Answers when a rewritten path is not valid, or could be read in more than one way. When absent, the
    /// answer is 500.
    failure_handler: Option<Ref<HandlerRef>>,
}

impl ObjectConfig for UriPathRewriteFilter {
    const TYPE: &'static str = "UriPathRewriteFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let mut mappings: Vec<Mapping> = Vec::with_capacity(self.mappings.len());
        for (from, to) in &self.mappings {
            let wrong = |message: String| b.error(message, Some(to.span()));
            let from = evaluate(from, b).and_then(|from| Prefix::parse(&from)).map_err(wrong)?;
            let to = Prefix::parse(to).map_err(wrong)?;
            if let Some(index) = mappings.iter().position(|known| known.from.segments == from.segments) {
                tracing::warn!(
                    object = b.name(),
                    path = from.raw,
                    "A path is mapped twice; the later mapping counts."
                );
                mappings.remove(index);
            }
            mappings.push(Mapping { from, to });
        }
        let rewrite = Rewrite { mappings };
        Ok(match &self.failure_handler {
            Some(handler) => FilterRef::new(Diverting { rewrite, handler: b.get(handler) }),
            None => FilterRef::edit(rewrite),
        })
    }
}

/// The left side of a mapping: the heap evaluates values of a map, but not its keys.
fn evaluate(key: &str, b: &Builder<'_>) -> Result<String, String> {
    let template = Template::compile(key, &b.bindings()).map_err(|problems| {
        problems
            .first()
            .map_or_else(|| format!("`{key}` is no expression"), |problem| format!("`{key}`: {problem}"))
    })?;
    if !template.uses().is_load_time() {
        return Err(format!("`{key}` depends on the request; a mapping is fixed at load"));
    }
    let value = template.evaluate(&EmptyScope).map_err(|error| format!("`{key}`: {error}"))?;
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("`{key}` is not a text but {}", value.type_name()))
}

struct Rewrite {
    mappings: Vec<Mapping>,
}

struct Mapping {
    from: Prefix,
    to: Prefix,
}

/// The beginning of a path, as whole segments.
struct Prefix {
    /// Encoded, without a slash at the end; so `/` is empty.
    raw: String,
    /// The segments, decoded, so that `/caf%C3%A9` and `/café` are the same path.
    segments: Vec<String>,
}

impl Edit for Rewrite {
    fn request(&self, _: &mut Context, request: &mut Request) -> Result<(), Fault> {
        let raw = request.uri.raw_path();
        let Some(path) = rewrite(raw, self.mappings.iter().map(|mapping| (&mapping.from, &mapping.to)))
        else {
            return Ok(());
        };
        inspect(&path)?;
        let set = request.uri.set_raw_path(&path);
        set.map_err(|error| Fault::internal("The rewritten path is not valid.").because(error))
    }

    fn response(&self, _: &mut Context, request: &Request, response: &mut Response) -> Result<(), Fault> {
        for name in [header::LOCATION, header::CONTENT_LOCATION] {
            self.rewrite_back(name, request, response)?;
        }
        Ok(())
    }
}

impl Rewrite {
    fn rewrite_back(
        &self,
        name: HeaderName,
        request: &Request,
        response: &mut Response,
    ) -> Result<(), Fault> {
        let Some(text) = response.headers.text(&name) else { return Ok(()) };
        let location = Location::parse(text);
        if !leads_to_origin(&location, &request.uri) {
            return Ok(());
        }
        // Several left sides may lead to one path of the origin; the mapping that stands last counts.
        let back = self.mappings.iter().rev().map(|mapping| (&mapping.to, &mapping.from));
        let path = if location.path.is_empty() { "/" } else { location.path };
        let Some(path) = rewrite(path, back) else { return Ok(()) };
        inspect(&path)?;
        let scheme = location.scheme.map(|scheme| format!("{scheme}:")).unwrap_or_default();
        let authority = location.authority.map(|authority| format!("//{authority}")).unwrap_or_default();
        let rewritten = HeaderValue::from_str(&format!("{scheme}{authority}{path}{}", location.tail));
        let rewritten = rewritten
            .map_err(|error| Fault::internal(format!("The rewritten {name} is not valid.")).because(error))?;
        response.headers.insert(name, rewritten);
        Ok(())
    }
}

/// With a handler for what goes wrong, which takes waiting.
struct Diverting {
    rewrite: Rewrite,
    handler: HandlerRef,
}

impl Filter for Diverting {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let mut response = match self.rewrite.request(cx, request) {
            Ok(()) => next.run(cx, request).await,
            Err(fault) => return Ok(self.divert(fault, cx, request).await),
        };
        Ok(match self.rewrite.response(cx, request, &mut response) {
            Ok(()) => response,
            Err(fault) => self.divert(fault, cx, request).await,
        })
    }
}

impl Diverting {
    async fn divert(&self, fault: Fault, cx: &mut Context, request: &mut Request) -> Response {
        tracing::info!(transaction = %cx.transaction(), "The failure handler answers: {fault}");
        self.handler.handle(cx, request).await
    }
}

impl Prefix {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains("://") || text.contains(['?', '#']) {
            return Err(format!("`{text}` is not a path; write only the path, such as /app"));
        }
        let path = text.trim_end_matches('/');
        let mut raw = String::with_capacity(path.len() + 1);
        if !path.is_empty() && !path.starts_with('/') {
            raw.push('/');
        }
        for character in path.chars() {
            if character.is_ascii_graphic() && !r#""<>^`{|}"#.contains(character) {
                raw.push(character);
            } else {
                let mut bytes = [0; 4];
                raw.extend(character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
            }
        }
        if let Some(finding) = inspect_path(&raw) {
            return Err(format!("`{text}` cannot be used in a mapping: {}", finding.describe()));
        }
        let segments = raw.split('/').skip(1).map(decode).collect();
        Ok(Self { raw, segments })
    }

    /// What of an encoded path follows this prefix: nothing, or a slash and more.
    fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut rest = path;
        for wanted in &self.segments {
            let behind = rest.strip_prefix('/')?;
            let (segment, behind) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
            if decode(segment) != *wanted {
                return None;
            }
            rest = behind;
        }
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

/// The path with the longest prefix that fits exchanged; `None` when none does.
fn rewrite<'m>(path: &str, mappings: impl Iterator<Item = (&'m Prefix, &'m Prefix)>) -> Option<String> {
    let fitting = mappings.filter_map(|(from, to)| Some((from.segments.len(), to, from.strip(path)?)));
    // Of equals the first counts.
    let (_, to, rest) = fitting.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    let rewritten = format!("{}{rest}", to.raw);
    Some(if rewritten.is_empty() { "/".to_owned() } else { rewritten })
}

/// Whether a location is relative with a path from the root, or names the server the request was sent to.
fn leads_to_origin(location: &Location<'_>, sent_to: &Uri) -> bool {
    let Some(authority) = location.authority else {
        return location.scheme.is_none() && location.path.starts_with('/');
    };
    let scheme = location.scheme.unwrap_or(sent_to.scheme().as_str());
    location.is_http()
        && Uri::from_str(&format!("{scheme}://{authority}")).is_ok_and(|named| named.same_origin(sent_to))
}

fn inspect(path: &str) -> Result<(), Fault> {
    match inspect_path(path) {
        None => Ok(()),
        Some(finding) => {
            Err(Fault::internal(format!("A rewritten path was refused: {}.", finding.describe())))
        }
    }
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
