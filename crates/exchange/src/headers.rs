//! [`Headers`]: the fields of a message, as expressions and filters see them.

use std::ops::{Deref, DerefMut};

use http::{HeaderMap, HeaderName, HeaderValue};

/// Header fields. A newtype over [`HeaderMap`], so that expressions can look into it; dereferences to it.
#[derive(Debug, Clone, Default)]
pub struct Headers(pub HeaderMap);

impl Headers {
    /// The first value of a field as text; `None` when absent or not visible ASCII.
    pub fn text(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether a comma-separated field holds `token`, case-folded (RFC 9110, section 5.6.1).
    pub fn has_token(&self, name: &HeaderName, token: &str) -> bool {
        self.0
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    }

    /// Replaces every value of a field with those given; none removes the field.
    pub fn replace_all(&mut self, name: &HeaderName, values: impl IntoIterator<Item = HeaderValue>) {
        self.0.remove(name);
        for value in values {
            self.0.append(name.clone(), value);
        }
    }
}

impl Deref for Headers {
    type Target = HeaderMap;
    fn deref(&self) -> &HeaderMap {
        &self.0
    }
}

impl DerefMut for Headers {
    fn deref_mut(&mut self) -> &mut HeaderMap {
        &mut self.0
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        Self(map)
    }
}
