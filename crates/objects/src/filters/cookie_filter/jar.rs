//! The cookie jar of a session: what a browser's own does (RFC 6265, section 5), as plain values.

use std::net::Ipv4Addr;

use exchange::{Scheme, Uri};
use expression::Value;
use indexmap::IndexMap;

use crate::filters::cookie_date::parse_cookie_date;
use crate::filters::cookies;

/// A browser keeps as much per cookie, attributes included.
const COOKIE_BYTES_MAX: usize = 4096;
const COOKIES_MAX: usize = 100;
/// Names, values, domains and paths of all cookies. Servers refuse a request long before it carries that much.
const JAR_BYTES_MAX: usize = 32 * 1024;

/// Cookies, those that were set the longest time ago first.
#[derive(Debug, Default)]
pub(super) struct Jar(Vec<Kept>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    name: String,
    value: String,
    /// In lower case, without a dot in front.
    domain: String,
    /// Whether other hosts of the domain do not get it.
    is_host_only: bool,
    path: String,
    is_secure: bool,
    /// Seconds since 1970; `None` for as long as the session lasts.
    expires: Option<i64>,
}

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Site {
    /// In lower case.
    host: String,
    /// The host it has been sent to in the end, if that is another one.
    final_host: Option<String>,
    /// Still encoded.
    path: String,
    is_secure: bool,
}

impl Site {
    /// `is_client_secure` counts, since an application behind the gateway is told of TLS and not reached by it.
    pub(super) fn of(uri: &Uri, is_client_secure: bool) -> Self {
        Self {
            host: uri.host().to_ascii_lowercase(),
            final_host: None,
            path: uri.raw_path().to_owned(),
            is_secure: is_client_secure || uri.scheme() == Scheme::Https,
        }
    }

    /// Notes the host that the request has been sent to.
    pub(super) fn also(&mut self, host: &str) {
        self.final_host = Some(host.to_ascii_lowercase());
    }
}

impl Jar {
    /// Reads what [`Jar::write`] has written. What is not of that form is overlooked.
    pub(super) fn read(value: &Value<'static>) -> Self {
        let Value::List(list) = value else { return Self::default() };
        Self(list.iter().filter_map(Kept::read).collect())
    }

    /// The jar as a value for the session; null when it is empty.
    pub(super) fn write(&self) -> Value<'static> {
        match self.0.is_empty() {
            true => Value::Null,
            false => Value::list(self.0.iter().map(Kept::write).collect()),
        }
    }

    /// `name=value` of each cookie that belongs to a request: the longest path first, then the oldest.
    pub(super) fn cookies_for(&self, site: &Site, now_seconds: i64) -> impl Iterator<Item = String> {
        let mut fitting: Vec<&Kept> = self.0.iter().filter(|kept| kept.is_for(site, now_seconds)).collect();
        fitting.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        fitting.into_iter().map(|kept| format!("{}={}", kept.name, kept.value))
    }

    /// Takes in what a field `Set-Cookie` says. True when that changed anything.
    pub(super) fn put(&mut self, field: &[u8], site: &Site, now_seconds: i64) -> bool {
        let Some(kept) = Kept::of(field, site, now_seconds) else {
            tracing::warn!(host = site.host, "A cookie that the application set cannot be kept.");
            return false;
        };
        let before = self.0.clone();
        self.0.retain(|other| !other.is_expired(now_seconds) && !kept.replaces(other));
        if !kept.is_expired(now_seconds) {
            self.0.push(kept);
        }
        let mut bytes: usize = self.0.iter().map(Kept::bytes).sum();
        while self.0.len() > COOKIES_MAX || bytes > JAR_BYTES_MAX {
            bytes -= self.0.remove(0).bytes();
        }
        self.0 != before
    }
}

impl Kept {
    /// `None` for what is malformed, too long, or for another domain.
    fn of(field: &[u8], site: &Site, now_seconds: i64) -> Option<Self> {
        let (cookie, attributes) = cookies::set(field);
        if field.len() > COOKIE_BYTES_MAX || cookie.name.is_empty() || !cookie.text.contains(&b'=') {
            return None;
        }
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).ok();
        let mut kept = Self {
            name: text(cookie.name)?,
            value: text(cookie.value)?,
            domain: site.host.clone(),
            is_host_only: true,
            path: default_path(&site.path).to_owned(),
            is_secure: false,
            expires: None,
        };
        let (mut max_age, mut domain) = (None, Vec::new());
        for attribute in attributes {
            // Of several that are alike the last one counts.
            match attribute.name.to_ascii_lowercase().as_slice() {
                b"domain" => domain = attribute.value.to_ascii_lowercase(),
                b"path" if attribute.value.starts_with(b"/") => kept.path = text(attribute.value)?,
                b"path" => default_path(&site.path).clone_into(&mut kept.path),
                b"secure" => kept.is_secure = true,
                b"max-age" => max_age = age_of(attribute.value).or(max_age),
                b"expires" => kept.expires = parse_cookie_date(attribute.value).or(kept.expires),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            // A time in the past, even for a clock that stands at zero.
            kept.expires = Some(if seconds <= 0 { i64::MIN } else { now_seconds.saturating_add(seconds) });
        }
        kept.restrict(&text(&domain)?, site).then_some(kept)
    }

    /// Applies the attribute `Domain`; false when the cookie is for somebody else.
    fn restrict(&mut self, domain: &str, site: &Site) -> bool {
        let domain = domain.strip_prefix('.').unwrap_or(domain);
        // Nobody speaks for a whole top-level domain.
        let covers = |host: &str| host == domain || domain.contains('.') && is_within(host, domain);
        if domain.is_empty() {
            return true;
        }
        if covers(&site.host) {
            domain.clone_into(&mut self.domain);
            self.is_host_only = !domain.contains('.') || is_address(domain);
            return true;
        }
        site.final_host.as_deref().is_some_and(covers)
    }

    fn is_for(&self, site: &Site, now_seconds: i64) -> bool {
        let is_for_host =
            self.domain == site.host || !self.is_host_only && is_within(&site.host, &self.domain);
        let is_for_path = site
            .path
            .strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        is_for_host && is_for_path && (site.is_secure || !self.is_secure) && !self.is_expired(now_seconds)
    }

    fn is_expired(&self, now_seconds: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now_seconds)
    }

    fn replaces(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn bytes(&self) -> usize {
        self.name.len() + self.value.len() + self.domain.len() + self.path.len()
    }

    fn read(value: &Value<'static>) -> Option<Self> {
        let Value::Map(map) = value else { return None };
        let text = |key: &str| match map.get(key) {
            Some(Value::String(text)) => Some(text.clone().into_owned()),
            _ => None,
        };
        let flag = |key: &str| matches!(map.get(key), Some(Value::Bool(true)));
        Some(Self {
            name: text("name")?,
            value: text("value")?,
            domain: text("domain")?,
            is_host_only: flag("hostOnly"),
            path: text("path")?,
            is_secure: flag("secure"),
            expires: match map.get("expires") {
                Some(Value::Integer(seconds)) => Some(*seconds),
                _ => None,
            },
        })
    }

    fn write(&self) -> Value<'static> {
        let mut entries = IndexMap::new();
        for (key, text) in
            [("name", &self.name), ("value", &self.value), ("domain", &self.domain), ("path", &self.path)]
        {
            entries.insert(key.to_owned(), Value::owned_text(text.as_str()));
        }
        entries.insert("hostOnly".to_owned(), Value::Bool(self.is_host_only));
        entries.insert("secure".to_owned(), Value::Bool(self.is_secure));
        if let Some(expires) = self.expires {
            entries.insert("expires".to_owned(), Value::Integer(expires));
        }
        Value::map(entries)
    }
}

/// Whether a host is the domain, or belongs to it. An address belongs to nothing.
fn is_within(host: &str, domain: &str) -> bool {
    let is_below = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    host == domain || !domain.is_empty() && !is_address(host) && is_below()
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// The folder of a path, without the slash behind it.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

/// The seconds in `Max-Age`; a number that is too large is as good as the largest.
fn age_of(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let is_negative = digits.len() < text.len();
    let number = digits
        .iter()
        .fold(0_i64, |number, digit| number.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if is_negative { -number } else { number })
}
