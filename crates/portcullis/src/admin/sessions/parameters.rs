//! [`Parameters`]: the query of a request, read strictly. An option that is misspelled must not widen what is done.

use percent_encoding::percent_decode_str;

use super::Refusal;

/// What stands in a query, each name once.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Reads a query as forms write it (URL Standard, section 5.1).
    ///
    /// # Errors
    /// A name that is not in `known`, or is there twice, or a value that is no text.
    pub(super) fn read(query: Option<&str>, known: &[&'static str]) -> Result<Self, Refusal> {
        let mut parameters = Self::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(known) = known.iter().find(|known| **known == name) else {
                return Err(Refusal::bad_request(format!("There is no parameter `{name}` here.")));
            };
            if parameters.0.iter().any(|(name, _)| name == known) {
                return Err(Refusal::bad_request(format!("The parameter `{name}` is there twice.")));
            }
            let spaced = value.replace('+', " ");
            let Ok(value) = percent_decode_str(&spaced).decode_utf8() else {
                return Err(Refusal::bad_request(format!("The parameter `{name}` is not UTF-8.")));
            };
            parameters.0.push((known, value.into_owned()));
        }
        Ok(parameters)
    }

    /// Takes a value out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
