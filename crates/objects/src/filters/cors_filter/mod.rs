//! `CorsFilter`: lets pages of other origins use an application, as far as policies say (CORS).
//!
//! The rules are those of the Fetch standard, section 3.3. The answer to a preflight request names what was
//! asked for and never `*`, because a browser does not take `*` for an answer when credentials are sent, nor
//! for the field `Authorization`.

mod star_or;
#[cfg(test)]
mod tests;

use std::time::Duration;

use exchange::{
    Context, Fault, FaultKind, Filter, FilterRef, HandlerRef, HeaderName, HeaderValue, Headers, Method, Next,
    Outcome, Request, Response, StatusCode, header,
};
use heap::{Builder, FieldName, ObjectConfig, Ref, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::origin::Origin;
use super::vary::add_vary;
use star_or::StarOr;

/// What `unlimited` means for `maxAge`: no browser remembers an answer for longer.
const AGE_MAX: Duration = Duration::from_hours(24);

/// The origin of pages without one, such as a file or a sandboxed frame.
const NULL: &str = "null";

/// Lets pages of other origins send requests to an application and read its answers (cross-origin resource
/// sharing).
///
/// The first policy that accepts the origin of a request decides; a later one is not asked. A preflight
/// request is answered by this filter and never reaches the application. A request whose origin, method or
/// fields are not accepted is refused. Answers that the gateway makes itself further on, such as 401 and 403,
/// carry the fields too, so that a page can read them. Fields of this kind that the application sends are
/// replaced. Requests without `Origin`, and those of the gateway's own pages, pass as they are.
///
/// A WebSocket that such a page opens is refused as well. Put the filter in front of those that authenticate: a
/// browser sends no credentials in a preflight request.
///
/// ```json
/// {
///   "type": "CorsFilter",
///   "config": {
///     "policies": [
///       {
///         "acceptedOrigins": ["https://www.example.com", "https://shop.example.com:8443"],
///         "acceptedMethods": ["GET", "PUT", "DELETE"],
///         "acceptedHeaders": ["Content-Type", "X-CSRF-Token"],
///         "exposedHeaders": ["X-CSRF-Token"],
///         "maxAge": "10 minutes",
///         "allowCredentials": true
///       },
///       { "acceptedOrigins": "*", "acceptedMethods": ["GET", "HEAD"] }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CorsFilter {
    /// What pages of which origins may do.
    policies: Vec<PolicyConfig>,
    /// Answers the requests that are refused. When absent, the answer is 403.
    failure_handler: Option<Ref<HandlerRef>>,
}

/// What pages of some origins may do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PolicyConfig {
    /// The origins, such as `https://www.example.com:8443`, or `*` for all. Scheme, host and port must be
    /// equal; letter case and the scheme's own port do not count. The origin `null`, which every file and
    /// every sandboxed frame has, must be listed and is not among `*`. In older releases: `origins`.
    #[serde(alias = "origins")]
    accepted_origins: Spanned<StarOr<Spanned<String>>>,
    /// The methods, or `*` for all. `GET`, `HEAD` and `POST` when absent.
    accepted_methods: Option<StarOr<Spanned<String>>>,
    /// Names of request fields beyond those that every page may set, or `*` for all; `Content-Type` is needed
    /// for JSON. None when absent.
    accepted_headers: Option<StarOr<FieldName>>,
    /// Names of response fields that pages may read beyond those they always may.
    #[serde(default)]
    exposed_headers: Vec<Spanned<FieldName>>,
    /// How long a browser may remember the answer to a preflight request, in whole seconds. When absent, five
    /// seconds, which is the choice of browsers.
    max_age: Option<TimeSpan>,
    /// Whether requests may carry cookies and other credentials of the person. Not together with `*` for
    /// origins: any site could then act as the person.
    #[serde(default)]
    allow_credentials: bool,
}

impl ObjectConfig for CorsFilter {
    const TYPE: &'static str = "CorsFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let policies = self.policies.into_iter().map(|policy| policy.build(b)).collect::<Result<_, _>>()?;
        let failure_handler = self.failure_handler.as_ref().map(|handler| b.get(handler));
        Ok(FilterRef::new(Cors { policies, failure_handler }))
    }
}

impl PolicyConfig {
    fn build(self, b: &Builder<'_>) -> Result<Policy, Diagnostic> {
        let span = self.accepted_origins.span().clone();
        let StarOr { is_star: accepts_all, listed } = self.accepted_origins.into_inner();
        if accepts_all && self.allow_credentials {
            let message = "with allowCredentials the accepted origins must be listed: with `*` any site could \
                           act as the person";
            return Err(b.error(message, Some(&span)));
        }
        let accepts_null = listed.iter().any(|origin| **origin == NULL);
        let listed = listed.iter().filter(|origin| ***origin != NULL).map(|origin| {
            Origin::parse(origin).ok_or_else(|| {
                let message =
                    format!("`{}` is no origin; write for example https://www.example.com", **origin);
                b.error(message, Some(origin.span()))
            })
        });
        let origins = Origins { accepts_all, accepts_null, listed: listed.collect::<Result<_, _>>()? };
        let methods = match self.accepted_methods {
            None => Some(vec![Method::GET, Method::HEAD, Method::POST]),
            Some(methods) if methods.is_star => None,
            Some(methods) => {
                Some(methods.listed.iter().map(|name| method(name, b)).collect::<Result<_, _>>()?)
            }
        };
        let request_fields = match self.accepted_headers {
            None => Some(Vec::new()),
            Some(names) if names.is_star => None,
            Some(names) => Some(names.listed.into_iter().map(|name| name.0).collect()),
        };
        let star = self.exposed_headers.iter().find(|name| name.0.as_str() == "*");
        if let Some(star) = star.filter(|_| self.allow_credentials) {
            let message =
                "with allowCredentials the exposed headers must be listed: browsers ignore `*` then";
            return Err(b.error(message, Some(star.span())));
        }
        let exposed = self.exposed_headers.iter().map(|name| name.0.as_str());
        Ok(Policy {
            origins,
            methods,
            request_fields,
            exposed: list(exposed),
            age_seconds: self.max_age.map(|age| age.limit().unwrap_or(AGE_MAX).as_secs()),
            allows_credentials: self.allow_credentials,
        })
    }
}

fn method(name: &Spanned<String>, b: &Builder<'_>) -> Result<Method, Diagnostic> {
    name.parse()
        .map_err(|_| b.error(format!("`{}` cannot be the name of a method", **name), Some(name.span())))
}

struct Cors {
    policies: Vec<Policy>,
    failure_handler: Option<HandlerRef>,
}

/// A checked [`PolicyConfig`]. `None` in place of a list stands for `*`.
struct Policy {
    origins: Origins,
    methods: Option<Vec<Method>>,
    request_fields: Option<Vec<HeaderName>>,
    exposed: Option<HeaderValue>,
    age_seconds: Option<u64>,
    allows_credentials: bool,
}

struct Origins {
    accepts_all: bool,
    accepts_null: bool,
    listed: Vec<Origin>,
}

/// What becomes of a request.
enum Verdict<'a> {
    /// It is none of this filter's business.
    Passes,
    /// It goes on, and its response gets the fields.
    Accepted(&'a Policy, HeaderValue),
    /// It asks what may be asked; this is the answer.
    Answered(Response),
    /// It is not accepted, for this reason.
    Refused(&'static str),
}

impl Filter for Cors {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let is_preflight = is_preflight(request);
        let mut response = match self.judge(cx, request) {
            Verdict::Passes => next.run(cx, request).await,
            Verdict::Answered(response) => response,
            Verdict::Accepted(policy, origin) => {
                let mut response = next.run(cx, request).await;
                policy.grant(origin, &mut response.headers);
                response
            }
            Verdict::Refused(reason) => match &self.failure_handler {
                Some(handler) => handler.handle(cx, request).await,
                None => Fault::new(FaultKind::Forbidden, reason).into_response(cx),
            },
        };
        // On refusals too: a cache must not hand one to a page of another origin.
        add_vary(&mut response.headers, &header::ORIGIN);
        if is_preflight {
            add_vary(&mut response.headers, &header::ACCESS_CONTROL_REQUEST_METHOD);
            add_vary(&mut response.headers, &header::ACCESS_CONTROL_REQUEST_HEADERS);
        }
        Ok(response)
    }
}

fn is_preflight(request: &Request) -> bool {
    request.method == Method::OPTIONS
        && request.headers.contains_key(header::ORIGIN)
        && request.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl Cors {
    fn judge(&self, cx: &Context, request: &Request) -> Verdict<'_> {
        let mut values = request.headers.get_all(header::ORIGIN).iter();
        let Some(value) = values.next() else { return Verdict::Passes };
        let Some(text) = value.to_str().ok().filter(|_| values.next().is_none()) else {
            return Verdict::Refused("The field Origin occurs twice or is not made of ASCII.");
        };
        let origin = Origin::parse(text);
        if origin.as_ref().is_some_and(|origin| origin.is_own(cx, request)) {
            return Verdict::Passes;
        }
        let policy = self.policies.iter().find(|policy| policy.origins.accept(text, origin.as_ref()));
        let Some(policy) = policy else { return Verdict::Refused("No policy accepts the origin.") };
        if is_preflight(request) {
            return policy.answer(value.clone(), request);
        }
        if !policy.accepts_method(request.method.as_str()) {
            return Verdict::Refused("The policy does not accept the method.");
        }
        Verdict::Accepted(policy, value.clone())
    }
}

impl Origins {
    /// `origin` is what `text` was read as.
    fn accept(&self, text: &str, origin: Option<&Origin>) -> bool {
        match origin {
            Some(origin) => self.accepts_all || self.listed.contains(origin),
            None => self.accepts_null && text == NULL,
        }
    }
}

impl Policy {
    /// Method names are case-sensitive.
    fn accepts_method(&self, name: &str) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(|method| method.as_str() == name))
    }

    /// The answer to a preflight request.
    fn answer(&self, origin: HeaderValue, request: &Request) -> Verdict<'_> {
        let wanted = request.headers.text(header::ACCESS_CONTROL_REQUEST_METHOD).unwrap_or_default().trim();
        let Some(method) = wanted.parse::<Method>().ok().filter(|_| self.accepts_method(wanted)) else {
            return Verdict::Refused("The policy does not accept the method.");
        };
        let Some(fields) = self.wanted_fields(&request.headers) else {
            return Verdict::Refused("The policy does not accept a field of the request.");
        };
        let mut response = Response::new(StatusCode::OK);
        let headers = &mut response.headers;
        self.allow(origin, headers);
        let methods = match &self.methods {
            Some(methods) => list(methods.iter().map(Method::as_str)),
            None => list([method.as_str()]),
        };
        headers.extend(methods.map(|methods| (header::ACCESS_CONTROL_ALLOW_METHODS, methods)));
        let fields = list(fields.iter().map(HeaderName::as_str));
        headers.extend(fields.map(|fields| (header::ACCESS_CONTROL_ALLOW_HEADERS, fields)));
        let age = self.age_seconds.map(HeaderValue::from);
        headers.extend(age.map(|seconds| (header::ACCESS_CONTROL_MAX_AGE, seconds)));
        Verdict::Answered(response)
    }

    /// The fields a preflight request asks for; `None` when one of them is not accepted.
    fn wanted_fields(&self, headers: &Headers) -> Option<Vec<HeaderName>> {
        let mut wanted = Vec::new();
        for value in headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            for name in value.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let name: HeaderName = name.parse().ok()?;
                let is_accepted =
                    self.request_fields.as_ref().is_none_or(|accepted| accepted.contains(&name));
                wanted.push(Some(name).filter(|_| is_accepted)?);
            }
        }
        Some(wanted)
    }

    /// Puts the fields on a response, in place of those of the application.
    fn grant(&self, origin: HeaderValue, headers: &mut Headers) {
        let is_ours = |name: &&HeaderName| name.as_str().starts_with("access-control-");
        let present: Vec<HeaderName> = headers.keys().filter(is_ours).cloned().collect();
        for name in present {
            headers.remove(name);
        }
        self.allow(origin, headers);
        headers.extend(self.exposed.clone().map(|names| (header::ACCESS_CONTROL_EXPOSE_HEADERS, names)));
    }

    fn allow(&self, origin: HeaderValue, headers: &mut Headers) {
        let for_all = self.origins.accepts_all && origin != NULL;
        let origin = if for_all { HeaderValue::from_static("*") } else { origin };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.allows_credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

/// Names as one field; `None` without any.
fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<HeaderValue> {
    let names: Vec<&str> = names.into_iter().collect();
    // Names of methods and fields are made of what a field may hold.
    Some(names.join(", ")).filter(|names| !names.is_empty())?.try_into().ok()
}
