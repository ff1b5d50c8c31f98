//! The members of a JSON object that may hold a private key: read by name, overwritten when it goes.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::{Zeroize, Zeroizing};

use super::JwkError;
use crate::asn1;

/// A chain of more certificates is none that anybody verifies.
const CHAIN_MAX: usize = 16;

/// The longest name of a key or of an algorithm.
const NAME_BYTES_MAX: usize = 512;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn parse(text: &[u8]) -> Result<Self, JwkError> {
        // The parser's own message may hold a part of the text.
        let value = serde_json::from_slice(text).map_err(|error| {
            JwkError(format!("it is not JSON (line {}, column {})", error.line(), error.column()))
        })?;
        Self::of(value)
    }

    pub(super) fn of(value: Value) -> Result<Self, JwkError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(JwkError("it is no JSON object".to_owned())),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.get_mut(name).map(Value::take)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn text(&self, name: &str) -> Result<Option<&str>, JwkError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwkError(format!("`{name}` is no text"))),
        }
    }

    /// A name, which messages may repeat.
    pub(super) fn name(&self, name: &str) -> Result<Option<&str>, JwkError> {
        match self.text(name)? {
            Some(text) if text.len() > NAME_BYTES_MAX => {
                Err(JwkError(format!("`{name}` is longer than {NAME_BYTES_MAX} bytes")))
            }
            found => Ok(found),
        }
    }

    pub(super) fn required_name(&self, name: &str) -> Result<&str, JwkError> {
        self.name(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, JwkError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let texts =
            value.as_array().map(|values| values.iter().map(|value| value.as_str().map(str::to_owned)));
        let texts = texts.and_then(Iterator::collect::<Option<Vec<_>>>);
        texts.map(Some).ok_or_else(|| JwkError(format!("`{name}` is no array of texts")))
    }

    pub(super) fn required_bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, JwkError> {
        let bytes = BASE64_URL.decode(self.text(name)?.ok_or_else(|| missing(name))?).map(Zeroizing::new);
        bytes.map_err(|_| JwkError(format!("`{name}` is not base64url")))
    }

    /// Bytes of exactly the length that `what` has.
    pub(super) fn required_bytes_of(
        &self,
        name: &str,
        length: usize,
        what: &str,
    ) -> Result<Zeroizing<Vec<u8>>, JwkError> {
        let bytes = self.required_bytes(name)?;
        if bytes.len() != length {
            return Err(JwkError(format!("`{name}` has {} bytes; for {what} it is {length}", bytes.len())));
        }
        Ok(bytes)
    }

    /// DER of a number that is not negative.
    pub(super) fn required_number(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, JwkError> {
        self.required_bytes(name).map(|bytes| asn1::unsigned(&bytes))
    }

    /// The certificates of `x5c`, the first of which has to be that of the key.
    pub(super) fn chain(&self, spki: &[u8]) -> Result<Vec<Vec<u8>>, JwkError> {
        let coded = self.texts("x5c")?.unwrap_or_default();
        if coded.len() > CHAIN_MAX {
            return Err(JwkError(format!("`x5c` has more than {CHAIN_MAX} certificates")));
        }
        let chain = coded.iter().map(|coded| BASE64.decode(coded).ok()).collect::<Option<Vec<_>>>();
        let chain = chain.ok_or_else(|| JwkError("`x5c` is not base64".to_owned()))?;
        for (index, der) in chain.iter().enumerate() {
            let Ok(([], certificate)) = X509Certificate::from_der(der) else {
                return Err(JwkError(format!("`x5c`: entry {} is no certificate", index + 1)));
            };
            if index == 0 && certificate.public_key().raw != spki {
                return Err(JwkError("the first certificate of `x5c` does not belong to the key".to_owned()));
            }
        }
        Ok(chain)
    }
}

fn missing(name: &str) -> JwkError {
    JwkError(format!("`{name}` is missing"))
}

impl Drop for Members {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}
