//! Pages that filters answer with by themselves: they load nothing, and no script runs in them but the one that
//! they come with, whatever a request smuggles into them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::{HeaderName, HeaderValue, Response, StatusCode, header};
use sha2::{Digest, Sha256};

/// A page with one script, which is known at load so that the browser can be told its hash.
pub(crate) struct Page {
    title: &'static str,
    script: &'static str,
    policy: HeaderValue,
}

impl Page {
    /// `directives` are added to the content security policy, which otherwise allows nothing but the script.
    pub(crate) fn new(title: &'static str, script: &'static str, directives: &[&str]) -> Self {
        let hash = STANDARD.encode(Sha256::digest(script));
        let own = format!("script-src 'sha256-{hash}'");
        let all = ["default-src 'none'", &own, "base-uri 'none'", "frame-ancestors 'self'"];
        let policy = [&all, directives].concat().join("; ");
        let policy = HeaderValue::try_from(policy).expect("a policy is made of visible ASCII");
        Self { title, script, policy }
    }

    /// The page with this content, whose texts have been [`escape`]d.
    pub(crate) fn response(&self, content: &str) -> Response {
        let Self { title, script, policy } = self;
        let text = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n\
             <body>\n{content}<script>{script}</script>\n</body>\n</html>\n"
        );
        let mut response = Response::text(StatusCode::OK, "text/html; charset=utf-8", text);
        let fields: [(HeaderName, HeaderValue); 4] = [
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::CONTENT_SECURITY_POLICY, policy.clone()),
            // Not `no-referrer`: the browser would hide the origin of what the page posts.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        response.headers.extend(fields);
        response
    }
}

/// Makes a text harmless in element content and in quoted attributes. Line ends are written as references too,
/// since a browser would change them otherwise.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            other => escaped.push(other),
        }
    }
    escaped
}
