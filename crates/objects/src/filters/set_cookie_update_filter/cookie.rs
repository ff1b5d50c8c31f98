//! A field `Set-Cookie` in parts, of which single ones can be replaced.

use std::borrow::Cow;

use expression::Value;

use super::attribute::{Attribute, Change, NONE};
use crate::filters::cookies::Pair;

/// What stands between the semicolons, white space included. The first part is the cookie itself.
pub(super) struct SetCookie<'a> {
    parts: Vec<Cow<'a, [u8]>>,
}

impl<'a> SetCookie<'a> {
    /// `None` for a field without a name.
    pub(super) fn parse(field: &'a [u8]) -> Option<Self> {
        let parts: Vec<Cow<'_, [u8]>> = field.split(|byte| *byte == b';').map(Cow::Borrowed).collect();
        let cookie = Self { parts };
        let is_named = cookie.parts.first()?.contains(&b'=') && !cookie.name().is_empty();
        is_named.then_some(cookie)
    }

    pub(super) fn name(&self) -> &[u8] {
        self.parts.first().map(|part| Pair::parse(part).name).unwrap_or_default()
    }

    /// What `previous` is for an attribute.
    pub(super) fn get(&self, attribute: Attribute) -> Value<'static> {
        let part = match attribute {
            Attribute::Value => Some(0),
            // Of several that are alike the last one counts.
            _ => self.places(attribute).last(),
        };
        if attribute.is_flag() {
            return Value::Bool(part.is_some());
        }
        let Some(part) = part else { return Value::Null };
        let text = String::from_utf8_lossy(Pair::parse(&self.parts[part]).value).into_owned();
        match text.parse() {
            Ok(seconds) if attribute == Attribute::MaxAge => Value::Integer(seconds),
            _ => Value::owned_text(text),
        }
    }

    /// True when that made a difference.
    pub(super) fn apply(&mut self, attribute: Attribute, change: Change) -> bool {
        let text = match change {
            Change::Leave => return false,
            Change::Remove => None,
            Change::Flag => Some(attribute.name().to_owned()),
            Change::Text(text) => Some(format!("{}={text}", attribute.name())),
        };
        let before = self.parts.clone();
        if attribute == Attribute::Value {
            let value = text.unwrap_or_default();
            let value = value.split_once('=').map_or("", |(_, value)| value);
            let mut cookie = self.name().to_vec();
            cookie.push(b'=');
            cookie.extend_from_slice(value.as_bytes());
            self.parts[0] = Cow::Owned(cookie);
            return self.parts != before;
        }
        let places: Vec<usize> = self.places(attribute).collect();
        let part = text.map(|text| Cow::Owned(format!(" {text}").into_bytes()));
        match (places.first(), part) {
            (Some(first), Some(part)) => self.parts[*first] = part,
            (None, Some(part)) => self.parts.push(part),
            (Some(first), None) => {
                self.parts.remove(*first);
            }
            (None, None) => {}
        }
        // Others of the same name would count in its place.
        let removed = usize::from(self.parts.len() < before.len());
        for place in places.into_iter().skip(1).rev() {
            self.parts.remove(place - removed);
        }
        self.parts != before
    }

    /// Whether the cookie is for all sites but may travel without TLS.
    pub(super) fn is_refused_by_browsers(&self) -> bool {
        let site = self.get(Attribute::SameSite);
        let is_for_all = matches!(&site, Value::String(site) if site.eq_ignore_ascii_case(NONE));
        is_for_all && matches!(self.get(Attribute::Secure), Value::Bool(false))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.parts.join(&b';')
    }

    fn places(&self, attribute: Attribute) -> impl Iterator<Item = usize> {
        let is_it =
            move |part: &[u8]| Pair::parse(part).name.eq_ignore_ascii_case(attribute.name().as_bytes());
        self.parts.iter().enumerate().skip(1).filter(move |(_, part)| is_it(part)).map(|(place, _)| place)
    }
}
