//! [`Labels`]: what whoever makes a text may say in its header.

use serde_json::{Map, Value};

use super::compact;

/// Members of a header that describe a text and do not decide how it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    /// `kid`: the name of the key (RFC 7515, section 4.1.4).
    pub kid: Option<&'a str>,
    /// `typ`: what the whole text is (RFC 7515, section 4.1.9).
    pub typ: Option<&'a str>,
    /// `cty`: what the content is; `JWT` for a token in a token (RFC 7515, section 4.1.10).
    pub cty: Option<&'a str>,
}

impl Labels<'_> {
    /// The encoded header of these labels behind other members.
    pub(super) fn encode(&self, mut members: Map<String, Value>) -> String {
        for (name, value) in [("kid", self.kid), ("typ", self.typ), ("cty", self.cty)] {
            if let Some(value) = value {
                members.insert(name.to_owned(), value.into());
            }
        }
        compact::encode(Value::Object(members).to_string().as_bytes())
    }
}
