//! Origins as browsers name them in the field `Origin`: scheme, host and port (RFC 6454).

use exchange::{Context, Request, Uri};
use http::uri::Authority;

use super::location::Location;

/// Scheme, host and port, written so that equal origins are equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    /// `None` for the scheme's own port.
    port: Option<u16>,
}

impl Origin {
    /// Reads `scheme://host[:port]`; a slash behind it is overlooked. `null` is no origin of anybody.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let location = Location::parse(text);
        let authority = location.authority.filter(|authority| !authority.contains(['@', '*']))?;
        if !matches!(location.path, "" | "/") || !location.tail.is_empty() {
            return None;
        }
        let authority: Authority = authority.parse().ok()?;
        if authority.host().is_empty() {
            return None;
        }
        let has_port = authority.as_str().len() > authority.host().len();
        if has_port && authority.port_u16().is_none() {
            return None;
        }
        Some(Self::new(location.scheme?, authority.host(), authority.port_u16()))
    }

    /// The origin of what is found at a URI.
    pub(crate) fn of(uri: &Uri) -> Self {
        Self::new(uri.scheme().as_str(), uri.host(), uri.port())
    }

    fn new(scheme: &str, host: &str, port: Option<u16>) -> Self {
        let scheme = scheme.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Self { host: host.to_ascii_lowercase(), port: port.filter(|port| Some(*port) != default), scheme }
    }

    /// Whether pages of this origin come from the host that the request was sent to.
    ///
    /// In front of a gateway without TLS something else may end it, so that the browser says https where the
    /// gateway knows of http only. The other way round there is no such excuse.
    pub(crate) fn is_own(&self, cx: &Context, request: &Request) -> bool {
        let own = Self::of(client_uri(cx, request));
        let is_behind_tls = self.scheme == "https" && own.scheme == "http";
        self.host == own.host && self.port == own.port && (self.scheme == own.scheme || is_behind_tls)
    }
}

/// The target as the client sent it, before anything in the gateway changed it.
pub(crate) fn client_uri<'r>(cx: &'r Context, request: &'r Request) -> &'r Uri {
    cx.router.as_ref().map_or(&request.uri, |router| &router.original_uri)
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[track_caller]
    fn check(left: &str, right: &str, is_equal: bool) {
        let (left, right) = (Origin::parse(left).unwrap(), Origin::parse(right).unwrap());
        assert_eq!(left == right, is_equal, "{left:?} {right:?}");
    }

    #[test]
    fn scheme_host_and_port_decide() {
        check("https://app.example", "HTTPS://App.Example:443/", true);
        check("http://app.example:80", "http://app.example", true);
        check("http://[2001:db8::1]:8080", "http://[2001:DB8::1]:8080", true);
        check("app-scheme://localhost", "app-scheme://localhost", true);
        check("https://app.example", "http://app.example", false);
        check("https://app.example", "https://app.example:8443", false);
        check("https://app.example", "https://www.app.example", false);
        check("https://app.example:80", "https://app.example", false);
    }

    #[test]
    fn anything_else_is_no_origin() {
        let texts = ["", "null", "*", "app.example", "//app.example", "https://", "https://a.example/x"];
        let more =
            ["https://a.example?x", "https://u@a.example", "https://*.example", "https://a.example:99999"];
        for text in texts.into_iter().chain(more).chain(["https://a.example https://b.example"]) {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
