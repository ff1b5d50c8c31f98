//! The parts of a `Location` that decide where it leads (RFC 3986, section 4).

/// A reference taken apart: `[scheme:][//authority]path[?query][#fragment]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location<'a> {
    /// The scheme, without its colon.
    pub(crate) scheme: Option<&'a str>,
    /// What stands between `//` and the path.
    pub(crate) authority: Option<&'a str>,
    /// The path, still encoded; may be empty.
    pub(crate) path: &'a str,
    /// Query and fragment, with their marks.
    pub(crate) tail: &'a str,
}

impl<'a> Location<'a> {
    /// Takes a reference apart. Any text is one.
    pub(crate) fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                (Some(authority), rest)
            }
            None => (None, rest),
        };
        let (path, tail) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        Self { scheme, authority, path, tail }
    }

    /// Whether the scheme is one of HTTP, or none is given.
    pub(crate) fn is_http(&self) -> bool {
        self.scheme
            .is_none_or(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
