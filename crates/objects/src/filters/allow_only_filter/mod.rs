//! `AllowOnlyFilter`: lets through only what one of its rules describes.
//!
//! Whatever a rule cannot tell counts against the request: an address that is none, a certificate that is
//! not there, a condition that fails.

mod rule;
mod values;

use exchange::{Context, Fault, FaultKind, Filter, FilterRef, HandlerRef, Next, Outcome, Request, header};
use expression::Expr;
use heap::{Builder, JavaPattern, ObjectConfig, Ref, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use rule::Rule;
use values::{AddressRange, CaselessPattern, PortRange};

/// Lets a request pass only when at least one of its rules matches it.
///
/// A rule matches when each of its parts does: who sends the request (`from`), what it asks for
/// (`destination`) and a condition (`when`). A part that is left out matches everything; a part that is a
/// list matches when one of its entries does. What cannot be told does not match: an address that is null or
/// malformed, a certificate that was not shown, a condition that is not true.
///
/// **The sender's address** is the client's address as `contexts.client.remoteAddress` gives it: that of the
/// connection, or the one that a trusted proxy names. Header fields such as `X-Forwarded-For` are not looked
/// at by this filter, because anybody can write them; list the proxies you trust in `admin.json`, and the
/// address is taken from what they say. A `resolver` may name another address.
///
/// Addresses are compared as addresses, so that `::ffff:192.0.2.1` is `192.0.2.1`. Patterns must describe the
/// whole of a host, path or subject: for everything below a path write `/path/.*`. Paths are compared decoded.
///
/// ```json
/// {
///   "type": "AllowOnlyFilter",
///   "config": {
///     "rules": [
///       {
///         "name": "office",
///         "from": [{ "ip": { "list": ["192.0.2.0/24", "2001:db8::/32"] } }],
///         "destination": [{ "methods": ["GET", "HEAD"], "paths": ["/reports/.*"] }]
///       },
///       {
///         "name": "monitoring",
///         "destination": [{ "paths": ["/health"] }],
///         "when": "${not empty request.headers['x-probe']}"
///       }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowOnlyFilter {
    /// The rules. One that matches is enough.
    rules: Spanned<Vec<Spanned<RuleConfig>>>,
    /// Answers the requests that no rule lets through. When absent, the answer is 401 without content.
    failure_handler: Option<Ref<HandlerRef>>,
}

/// What a request must be like. At least one of `from`, `destination` and `when` is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RuleConfig {
    /// What the log calls the rule.
    name: Option<String>,
    /// Who may send the request. One entry that matches is enough.
    from: Option<Spanned<Vec<Spanned<FromConfig>>>>,
    /// What may be asked for. One entry that matches is enough.
    destination: Option<Spanned<Vec<Spanned<DestinationConfig>>>>,
    /// What else must hold.
    when: Option<Expr<bool>>,
}

/// A sender. Both parts must match when both are given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FromConfig {
    /// The address of the sender.
    ip: Option<IpConfig>,
    /// The certificate of the sender. Without TLS there is none, and nothing matches.
    certificate: Option<CertificateConfig>,
}

/// Addresses of senders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IpConfig {
    /// Addresses (`192.0.2.1`), networks (`192.0.2.0/24`) and ranges (`192.0.2.1-192.0.2.9`), IPv4 or IPv6.
    list: Spanned<Vec<AddressRange>>,
    /// Yields the address to compare. When absent, it is the client's address.
    resolver: Option<Expr<String>>,
}

/// Certificates of senders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CertificateConfig {
    /// Patterns of the subject's distinguished name.
    #[serde(rename = "subjectDNs")]
    subject_dns: Spanned<Vec<JavaPattern>>,
}

/// A target. Every list that is given must match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DestinationConfig {
    /// Patterns of the host, in any case.
    hosts: Option<Spanned<Vec<CaselessPattern>>>,
    /// Ports (`80`) and ranges of ports (`8000:8099`). A URI without a port has that of its scheme.
    ports: Option<Spanned<Vec<PortRange>>>,
    /// Methods, in upper case as requests write them.
    methods: Option<Spanned<Vec<String>>>,
    /// Patterns of the path.
    paths: Option<Spanned<Vec<JavaPattern>>>,
}

impl ObjectConfig for AllowOnlyFilter {
    const TYPE: &'static str = "AllowOnlyFilter";
    type Object = FilterRef;

    fn build(self, b: &mut Builder<'_>) -> Result<FilterRef, Diagnostic> {
        let failure_handler = self.failure_handler.as_ref().map(|handler| b.get(handler));
        let rules = not_empty(self.rules, "rules", b)?.into_iter().map(|rule| Rule::of(rule, b));
        Ok(FilterRef::new(AllowOnly { rules: rules.collect::<Result<_, _>>()?, failure_handler }))
    }
}

/// A list without entries matches nothing, which nobody means.
fn not_empty<T>(list: Spanned<Vec<T>>, field: &str, b: &Builder<'_>) -> Result<Vec<T>, Diagnostic> {
    if list.is_empty() {
        let message = format!("`{field}` has no entry, so that nothing can match");
        return Err(b.error(message, Some(list.span())));
    }
    Ok(list.into_inner())
}

struct AllowOnly {
    rules: Vec<Rule>,
    failure_handler: Option<HandlerRef>,
}

impl Filter for AllowOnly {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        if let Some(rule) = self.rules.iter().find(|rule| rule.matches(cx, request)) {
            tracing::debug!(rule = rule.name(), "A rule lets the request pass.");
            return Ok(next.run(cx, request).await);
        }
        if let Some(handler) = &self.failure_handler {
            return Ok(handler.handle(cx, request).await);
        }
        let detail = format!("No rule lets a request from {} to this target pass.", cx.remote_address());
        let mut response = Fault::new(FaultKind::Unauthenticated, detail).into_response(cx);
        // The manual promises an answer without content.
        response.body = exchange::Body::empty();
        response.headers.remove(header::CONTENT_TYPE);
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
