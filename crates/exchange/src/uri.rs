//! [`Uri`]: the absolute target of a request, and [`BaseUri`], what `baseURI` sets on it.
//!
//! The parts are the reference-counted types of the `http` crate, so cloning and rebasing a URI copies no
//! text. Setters take raw (encoded) text and refuse what RFC 3986 does not allow in that part.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::uri::{Authority, PathAndQuery};
use percent_encoding::percent_decode_str;

/// The schemes a gateway speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Clear text.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The scheme's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port used when the authority names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl FromStr for Scheme {
    type Err = UriError;
    fn from_str(text: &str) -> Result<Self, UriError> {
        match text {
            _ if text.eq_ignore_ascii_case("http") || text.eq_ignore_ascii_case("ws") => Ok(Self::Http),
            _ if text.eq_ignore_ascii_case("https") || text.eq_ignore_ascii_case("wss") => Ok(Self::Https),
            _ => Err(UriError(format!("`{text}` is not a scheme Portcullis speaks; use http or https"))),
        }
    }
}

/// Why a text is not the URI, or part of a URI, that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UriError(pub String);

/// An absolute http or https URI.
#[derive(Debug, Clone)]
pub struct Uri {
    scheme: Scheme,
    authority: Authority,
    path_and_query: PathAndQuery,
}

impl Uri {
    /// Puts a URI together from parts that are parsed already.
    pub fn from_parts(scheme: Scheme, authority: Authority, path_and_query: PathAndQuery) -> Self {
        Self { scheme, authority, path_and_query }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `host[:port]`, and user information if there is any.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host, without the brackets of an IPv6 literal removed.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The port as written.
    pub fn port(&self) -> Option<u16> {
        self.authority.port_u16()
    }

    /// The port as written, or the scheme's own.
    pub fn effective_port(&self) -> u16 {
        self.port().unwrap_or(self.scheme.default_port())
    }

    /// User information, still encoded.
    pub fn raw_user_info(&self) -> Option<&str> {
        self.authority.as_str().rsplit_once('@').map(|(user_info, _)| user_info)
    }

    /// The path and query as they go on the request line.
    pub fn path_and_query(&self) -> &PathAndQuery {
        &self.path_and_query
    }

    /// The path, still encoded; `/` when empty.
    pub fn raw_path(&self) -> &str {
        self.path_and_query.path()
    }

    /// The path, percent-decoded. Borrowed when nothing was encoded.
    pub fn path(&self) -> Cow<'_, str> {
        decode(self.raw_path())
    }

    /// The query, still encoded.
    pub fn raw_query(&self) -> Option<&str> {
        self.path_and_query.query()
    }

    /// The query, percent-decoded.
    pub fn query(&self) -> Option<Cow<'_, str>> {
        self.raw_query().map(decode)
    }

    /// Replaces scheme, host and port; keeps path and query.
    pub fn rebase(&mut self, base: &BaseUri) {
        self.scheme = base.scheme;
        self.authority = base.authority.clone();
    }

    /// Replaces the scheme.
    pub fn set_scheme(&mut self, scheme: Scheme) {
        self.scheme = scheme;
    }

    /// Replaces host, port and user information.
    pub fn set_authority(&mut self, authority: &str) -> Result<(), UriError> {
        self.authority = parse_authority(authority)?;
        Ok(())
    }

    /// Replaces the host and keeps the port.
    pub fn set_host(&mut self, host: &str) -> Result<(), UriError> {
        if host.contains('@') {
            return Err(UriError(format!("`{host}` is not a host")));
        }
        let authority = join_authority(self.raw_user_info(), host, self.port());
        self.set_authority(&authority)
    }

    /// Replaces the port; `None` leaves the scheme's own.
    pub fn set_port(&mut self, port: Option<u16>) -> Result<(), UriError> {
        let authority = join_authority(self.raw_user_info(), self.host(), port);
        self.set_authority(&authority)
    }

    /// Replaces user information with encoded text; `None` removes it.
    pub fn set_raw_user_info(&mut self, user_info: Option<&str>) -> Result<(), UriError> {
        let authority = join_authority(user_info, self.host(), self.port());
        // A `/`, `?` or `#` would end the authority and begin a path of the caller's making.
        if user_info.is_some_and(|text| text.contains(['@', '/', '?', '#'])) {
            return Err(UriError("user information holds characters that must be encoded".to_owned()));
        }
        self.set_authority(&authority)
    }

    /// Replaces the path with encoded text; keeps the query.
    pub fn set_raw_path(&mut self, path: &str) -> Result<(), UriError> {
        let text = match self.raw_query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        self.set_path_and_query(&text)
    }

    /// Replaces the query with encoded text; `None` removes it.
    pub fn set_raw_query(&mut self, query: Option<&str>) -> Result<(), UriError> {
        let text = match query {
            Some(query) => format!("{}?{query}", self.raw_path()),
            None => self.raw_path().to_owned(),
        };
        self.set_path_and_query(&text)
    }

    /// Replaces path and query with encoded text.
    pub fn set_path_and_query(&mut self, text: &str) -> Result<(), UriError> {
        let text = if text.starts_with('/') { Cow::Borrowed(text) } else { Cow::Owned(format!("/{text}")) };
        if text.contains('#') {
            return Err(UriError(format!("`{text}` has a fragment, which is not sent in a request")));
        }
        self.path_and_query = text.parse().map_err(|_| {
            UriError(format!("`{text}` holds characters that a path or query may not; encode them"))
        })?;
        Ok(())
    }

    /// Scheme, host and port only, for comparisons (`http://host:80` equals `http://HOST`).
    pub fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.effective_port() == other.effective_port()
            && self.host().eq_ignore_ascii_case(other.host())
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (base, rest) = split_base(text)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let mut uri = Self {
            scheme: base.scheme,
            authority: base.authority,
            path_and_query: PathAndQuery::from_static("/"),
        };
        let rest = if rest.starts_with('?') { format!("/{rest}") } else { rest.to_owned() };
        uri.set_path_and_query(&rest)?;
        Ok(uri)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.path_and_query)
    }
}

/// Scheme, host and port: where requests are sent. What `baseURI` holds.
#[derive(Debug, Clone)]
pub struct BaseUri {
    scheme: Scheme,
    authority: Authority,
}

impl FromStr for BaseUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        split_base(text).map(|(base, _)| base)
    }
}

impl From<&Uri> for BaseUri {
    fn from(uri: &Uri) -> Self {
        Self { scheme: uri.scheme, authority: uri.authority.clone() }
    }
}

impl fmt::Display for BaseUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority)
    }
}

/// Splits `scheme://authority` from what follows.
fn split_base(text: &str) -> Result<(BaseUri, &str), UriError> {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(UriError(format!(
            "`{text}` has no scheme; write for example http://app.example.com:8081"
        )));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    Ok((BaseUri { scheme: scheme.parse()?, authority: parse_authority(authority)? }, rest))
}

fn parse_authority(text: &str) -> Result<Authority, UriError> {
    let authority: Authority =
        text.parse().map_err(|_| UriError(format!("`{text}` is not a host, or a host and port")))?;
    let host = authority.host();
    if host.is_empty() {
        return Err(UriError(format!("`{text}` has no host")));
    }
    // `http` takes "host:" and "host:99999"; neither can be connected to.
    let after_host =
        text.rsplit_once('@').map_or(text, |(_, host)| host).get(host.len()..).unwrap_or_default();
    if !after_host.is_empty() && authority.port_u16().is_none() {
        return Err(UriError(format!("`{text}` has a port that is not a number from 0 to 65535")));
    }
    Ok(authority)
}

fn join_authority(user_info: Option<&str>, host: &str, port: Option<u16>) -> String {
    let user_info = user_info.map(|text| format!("{text}@")).unwrap_or_default();
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{user_info}{host}{port}")
}

/// The text without its percent encoding. Most has none, and is only looked through for the sign.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&b'%') {
        return Cow::Borrowed(text);
    }
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match text.parse::<Uri>() {
            Ok(uri) => {
                format!("{uri} path={} query={:?} port={}", uri.path(), uri.query(), uri.effective_port())
            }
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn parses_absolute_uris() {
        check(
            "http://a.example/x%20y?q=1#f",
            expect![[r#"http://a.example/x%20y?q=1 path=/x y query=Some("q=1") port=80"#]],
        );
        check("https://a.example", expect![[r#"https://a.example/ path=/ query=None port=443"#]]);
        check("http://[::1]:8081?x", expect![[r#"http://[::1]:8081/?x path=/ query=Some("x") port=8081"#]]);
    }

    #[test]
    fn refuses_what_cannot_be_connected_to() {
        check(
            "a.example/x",
            expect!["`a.example/x` has no scheme; write for example http://app.example.com:8081"],
        );
        check("ftp://a", expect!["`ftp` is not a scheme Portcullis speaks; use http or https"]);
        check("http://a:99999/", expect!["`a:99999` has a port that is not a number from 0 to 65535"]);
        check("http:///x", expect!["`` is not a host, or a host and port"]);
    }

    #[test]
    fn rebasing_keeps_path_and_query() {
        let mut uri: Uri = "http://front.example:8080/a/b?c=d".parse().unwrap();
        uri.rebase(&"https://app.example:8444/ignored".parse().unwrap());
        assert_eq!(uri.to_string(), "https://app.example:8444/a/b?c=d");
    }

    #[test]
    fn setters_keep_the_other_parts() {
        let mut uri: Uri = "http://user:pw@a.example:81/p?q".parse().unwrap();
        uri.set_host("b.example").unwrap();
        uri.set_port(None).unwrap();
        uri.set_raw_query(None).unwrap();
        uri.set_raw_path("new").unwrap();
        assert_eq!(uri.to_string(), "http://user:pw@b.example/new");
        assert!(uri.set_raw_path("/a b").is_err());
    }
}
