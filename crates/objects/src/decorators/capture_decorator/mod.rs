//! `CaptureDecorator`: logs messages as they pass an object. Known by its default name, `capture`.
//!
//! What is captured was written by strangers and holds their secrets. So secrets are masked unless somebody
//! says otherwise, and no text of a message can look like another line of the log. Capturing never changes
//! what happens to a message: an entity is looked at while it passes, and only its beginning is held.

mod entity;
mod masks;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use exchange::{Context, Edit, Fault, Filter, FilterRef, Next, Outcome, Request, Response};
use heap::{Builder, Declarer, Decoration, Decorator, DecoratorRef, FieldName, ObjectConfig, RawNode};
use heap::{Site, SiteKind, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use source::{Diagnostic, Node};

use entity::Seen;
use masks::Masks;

/// Logs requests and responses as they pass the decorated handler or filter, at level INFO.
///
/// Every instance has one named `capture`, so `"capture": "all"` can stand beside the `type` of any handler or
/// filter, and on a route. The value is one of these points, or an array of them:
///
/// - `request`: the request as it comes to the object.
/// - `filtered_request`: the request as a filter passes it on.
/// - `response`: the response as it comes to a filter, or leaves a handler.
/// - `filtered_response`: the response as it leaves a filter.
/// - `all`: all of these; for a handler, `request` and `response`.
/// - `none`: nothing, whatever else is listed.
///
/// The lines have the target `CaptureDecorator`, and the field `logger` holds
/// `CaptureDecorator.<decorator>.<object>`. Control characters are shown escaped, and the lines of an entity
/// are indented.
///
/// ```json
/// {
///   "type": "CaptureDecorator",
///   "config": {
///     "captureEntity": true,
///     "masks": { "headers": ["x-customer"], "attributes": ["card"] }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaptureDecorator {
    /// Whether to log entities that are text. Else, and for others, a placeholder shows that there is one.
    #[serde(default)]
    capture_entity: bool,
    /// Whether to log the contexts too, as JSON: attributes, client, session and what filters have learnt.
    #[serde(default, alias = "captureExchange")]
    capture_context: bool,
    /// How much of an entity to log, in bytes; less than 2 GiB, and never more than 16 MiB are logged. Longer
    /// entities are cut in the log. 524288 when absent.
    max_entity_length: Option<Spanned<i64>>,
    /// What to hide, beside what is hidden by default.
    #[serde(default)]
    masks: MasksConfig,
    /// Accepted and ignored: captured messages have gone to the log, not to a file, since version 4.
    #[expect(dead_code, reason = "read so that it is known, and not used")]
    file: Option<RawNode>,
}

/// What to hide in the log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MasksConfig {
    /// Header fields whose values are hidden.
    #[serde(default)]
    headers: Vec<FieldName>,
    /// Accepted and without effect: trailers are not logged.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that it is known, and not used")]
    trailers: Vec<FieldName>,
    /// Attributes, and entries of other contexts, whose values are hidden.
    #[serde(default)]
    attributes: Vec<String>,
    /// What is shown in place of a hidden value.
    #[serde(default = "default_mask")]
    mask: String,
    /// Whether to hide what usually is a secret: `Authorization`, `Proxy-Authorization`, `Cookie`,
    /// `Set-Cookie`, `X-OpenAM-…`, and whatever is named like a password or token, be it a header field, a
    /// parameter, a member of a JSON entity or an entry of a context. An addition to the original product.
    #[serde(default = "default_true")]
    defaults: bool,
}

impl Default for MasksConfig {
    fn default() -> Self {
        let (headers, trailers, attributes) = Default::default();
        Self { headers, trailers, attributes, mask: default_mask(), defaults: default_true() }
    }
}

fn default_mask() -> String {
    "*****".to_owned()
}

fn default_true() -> bool {
    true
}

const ENTITY_BYTES: u64 = 524_288;
const ENTITY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024 - 1;

impl ObjectConfig for CaptureDecorator {
    const TYPE: &'static str = "CaptureDecorator";
    type Object = DecoratorRef;

    fn build(self, b: &mut Builder<'_>) -> Result<DecoratorRef, Diagnostic> {
        let entity_bytes = match &self.max_entity_length {
            None => ENTITY_BYTES,
            Some(length) => {
                let bytes = u64::try_from(**length).ok().filter(|bytes| *bytes <= ENTITY_BYTES_MAX);
                bytes.ok_or_else(|| {
                    b.error("`maxEntityLength` must be at least 0 and less than 2 GiB", Some(length.span()))
                })?
            }
        };
        let settings = Settings {
            entity_bytes: self.capture_entity.then_some(entity_bytes),
            has_context: self.capture_context,
            masks: Masks::new(self.masks),
        };
        Ok(DecoratorRef::new(Capture(Arc::new(settings))))
    }
}

/// What all decorations of one decorator have in common.
struct Settings {
    /// How much of an entity to log, if any.
    entity_bytes: Option<u64>,
    has_context: bool,
    masks: Masks,
}

struct Capture(Arc<Settings>);

impl Decorator for Capture {
    fn decorate(&self, site: &Site<'_>, value: &Node, declarer: &mut Declarer<'_>) -> Decoration {
        let Some(points) = declarer.read::<Points>(value, "capture") else { return Decoration::default() };
        let tap = |request: Option<&'static str>, response: Option<&'static str>| {
            if request.is_none() && response.is_none() {
                return None;
            }
            let logger = format!("CaptureDecorator.{}.{}", site.decorator, render::printable(site.object));
            Some(Tap { settings: self.0.clone(), logger, request, response }.filter())
        };
        let request = points.request.then_some("request");
        let response = points.response.then_some("response");
        match site.kind {
            SiteKind::Handler => Decoration { outer: tap(request, response), inner: None },
            SiteKind::Filter => Decoration {
                outer: tap(request, points.filtered_response.then_some("filtered-response")),
                inner: tap(points.filtered_request.then_some("filtered-request"), response),
            },
        }
    }
}

/// The filter that captured messages before there were decorators: the request that comes to it, and the
/// response that it passes on.
pub(crate) fn capture_filter(object: &str, captures_entity: bool) -> FilterRef {
    let settings = Settings {
        entity_bytes: captures_entity.then_some(ENTITY_BYTES),
        has_context: false,
        masks: Masks::new(MasksConfig::default()),
    };
    let logger = format!("CaptureFilter.{}", render::printable(object));
    let (request, response) = (Some("request"), Some("response"));
    Tap { settings: Arc::new(settings), logger, request, response }.filter()
}

/// Where to capture.
#[derive(Debug, Default)]
struct Points {
    request: bool,
    response: bool,
    filtered_request: bool,
    filtered_response: bool,
    none: bool,
}

impl Points {
    fn add<E: Error>(&mut self, point: &str) -> Result<(), E> {
        let [request, response, filtered_request, filtered_response] = match point.to_lowercase().as_str() {
            "all" => [true; 4],
            "request" => [true, false, false, false],
            "response" => [false, true, false, false],
            "filtered_request" => [false, false, true, false],
            "filtered_response" => [false, false, false, true],
            "none" => {
                self.none = true;
                [false; 4]
            }
            _ => {
                let known = "all, none, request, response, filtered_request and filtered_response";
                return Err(E::custom(format!("`{point}` is not a point of capture; there are {known}")));
            }
        };
        self.request |= request;
        self.response |= response;
        self.filtered_request |= filtered_request;
        self.filtered_response |= filtered_response;
        Ok(())
    }

    fn settled(self) -> Self {
        if self.none { Self::default() } else { self }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Points;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point of capture such as \"all\", or an array of them")
            }
            fn visit_str<E: Error>(self, point: &str) -> Result<Points, E> {
                let mut points = Points::default();
                points.add(point)?;
                Ok(points.settled())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Points, A::Error> {
                let mut points = Points::default();
                while let Some(point) = items.next_element::<String>()? {
                    points.add(&point)?;
                }
                Ok(points.settled())
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// One side of one decorated object. The points are named as the log shows them.
struct Tap {
    settings: Arc<Settings>,
    logger: String,
    request: Option<&'static str>,
    response: Option<&'static str>,
}

impl Tap {
    fn filter(self) -> FilterRef {
        if self.settings.entity_bytes.is_some() { FilterRef::new(self) } else { FilterRef::edit(self) }
    }

    fn is_on() -> bool {
        tracing::enabled!(target: "CaptureDecorator", tracing::Level::INFO)
    }

    fn log(&self, text: &str) {
        tracing::info!(target: "CaptureDecorator", logger = self.logger, "{text}");
    }

    fn log_request(&self, point: &str, cx: &Context, request: &Request, entity: &Seen) {
        self.log(&self.settings.request(point, cx, request, entity));
    }

    fn log_response(&self, point: &str, cx: &Context, response: &Response, entity: &Seen) {
        self.log(&self.settings.response(point, cx, response, entity));
    }
}

/// Without entities there is nothing to wait for.
impl Edit for Tap {
    fn request(&self, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        if let Some(point) = self.request.filter(|_| Self::is_on()) {
            self.log_request(point, cx, request, &Seen::presence(&request.body));
        }
        Ok(())
    }

    fn response(&self, cx: &mut Context, _: &Request, response: &mut Response) -> Result<(), Fault> {
        if let Some(point) = self.response.filter(|_| Self::is_on()) {
            self.log_response(point, cx, response, &Seen::presence(&response.body));
        }
        Ok(())
    }
}

impl Filter for Tap {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let bytes_max = self.settings.entity_bytes.unwrap_or(0);
        if let Some(point) = self.request.filter(|_| Self::is_on()) {
            let entity = entity::look(&mut request.body, &request.headers, bytes_max).await;
            self.log_request(point, cx, request, &entity);
        }
        let mut response = next.run(cx, request).await;
        if let Some(point) = self.response.filter(|_| Self::is_on()) {
            let entity = entity::look(&mut response.body, &response.headers, bytes_max).await;
            self.log_response(point, cx, &response, &entity);
        }
        Ok(response)
    }
}
