//! [`Password`]: what opens a key store or a key in it.

use std::borrow::Cow;

use crypto::{Purpose, Secret, SecretId, SecretStoreRef};
use heap::{Builder, Spanned};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};
use source::{Diagnostic, Span};

use super::errors;
use crate::secrets::{SecretsProviderField, provider_of};

/// A password that stands in the configuration itself, as in old releases. `Debug` does not show it.
#[derive(Debug, Clone)]
pub(super) struct PlainPassword(Secret);

impl<'de> Deserialize<'de> for PlainPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::generic(text.into_bytes())))
    }
}

impl JsonSchema for PlainPassword {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PlainPassword".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Where a password comes from.
pub(super) enum Password {
    None,
    Fixed(Secret),
    Named { id: SecretId, span: Span, secrets: SecretStoreRef },
}

impl Password {
    /// Of the two fields that may name one.
    ///
    /// # Errors
    /// When both do.
    pub(super) fn of(
        id: Option<Spanned<heap::SecretId>>,
        plain: Option<Spanned<PlainPassword>>,
        provider: Option<&SecretsProviderField>,
        b: &Builder<'_>,
    ) -> Result<Self, Diagnostic> {
        match (id, plain) {
            (Some(_), Some(plain)) => Err(errors::two_passwords(plain.span())),
            (None, None) => Ok(Self::None),
            (None, Some(plain)) => Ok(Self::Fixed(plain.into_inner().0)),
            (Some(id), None) => {
                let (span, secrets) = (id.span().clone(), provider_of(provider, b));
                Ok(Self::Named { id: id.into_inner().0, span, secrets })
            }
        }
    }

    /// The password at the moment.
    ///
    /// # Errors
    /// A secret that is not there, or is no password.
    pub(super) async fn get(&self) -> Result<Option<Secret>, Diagnostic> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(secret) => Ok(Some(secret.clone())),
            Self::Named { id, span, secrets } => {
                let secret = secrets.active(id, Purpose::Password).await;
                let secret = secret.map_err(|error| errors::no_password(&error, span))?;
                if secret.bytes().is_none() {
                    return Err(errors::not_a_password(id, span));
                }
                Ok(Some(secret))
            }
        }
    }

    /// The field to point at when the password is wrong; none for a password that the line would show.
    pub(super) fn span(&self) -> Option<&Span> {
        match self {
            Self::Named { span, .. } => Some(span),
            Self::None | Self::Fixed(_) => None,
        }
    }
}
