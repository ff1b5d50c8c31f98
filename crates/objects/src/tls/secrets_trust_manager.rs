//! `SecretsTrustManager`: whom to believe, from a store of secrets.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::tls::{Trust, TrustAnchors};
use crypto::{KeyMaterial, Purpose, SecretId, SecretStoreRef};
use heap::{Builder, Declarer, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node, Span};

use super::errors;
use super::key_store::read_file;
use super::managers::{TrustManager, TrustManagerRef};
use super::secrets_key_manager::kind;
use crate::secrets::{SecretsProviderField, provider_of};

/// The lines around a list of revoked certificates in PEM.
const CRL_BEGIN: &str = "-----BEGIN X509 CRL-----";
const CRL_END: &str = "-----END X509 CRL-----";

/// Believes whoever has a certificate that is among the secrets of an id, or that one of these vouches for.
///
/// Every valid secret of the id counts: all aliases of a mapping of a
/// [KeyStoreSecretStore](KeyStoreSecretStore.md), every certificate of a PEM file. A certificate of a peer may be in
/// the store itself, self-signed or not, as Java accepts it. A changed file is noticed within seconds.
///
/// Revocation is checked against the lists in `crls`. Without any, nothing is checked: no server is asked about
/// certificates (OCSP), because it would learn who connects, and could stop everything by being away.
///
/// ```json
/// {
///   "name": "SecretsTrustManager-1",
///   "type": "SecretsTrustManager",
///   "config": {
///     "verificationSecretId": "trust.manager.secret.id",
///     "secretsProvider": {
///       "type": "FileSystemSecretStore",
///       "config": {
///         "directory": "/run",
///         "suffix": ".pem",
///         "mappings": [{ "secretId": "trust.manager.secret.id", "format": { "type": "PemPropertyFormat" } }]
///       }
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretsTrustManager {
    /// The id of the secrets that are the certificates.
    #[serde(alias = "certificateVerificationSecretId")]
    verification_secret_id: Spanned<heap::SecretId>,
    /// Where the secrets are looked up.
    secrets_provider: Option<SecretsProviderField>,
    /// Whether the lists in `crls` are looked at: yes by default.
    check_revocation: Option<Spanned<bool>>,
    /// Addition: files with lists of revoked certificates, in PEM or DER, at most one list for each issuer. A
    /// relative path starts at the instance folder. A changed file is noticed within seconds.
    #[serde(default)]
    crls: Vec<Spanned<String>>,
}

impl SecretsTrustManager {
    fn checks_revocation(&self) -> bool {
        self.check_revocation.as_ref().is_none_or(|check| **check)
    }
}

impl ObjectConfig for SecretsTrustManager {
    const TYPE: &'static str = "SecretsTrustManager";
    type Object = TrustManagerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<TrustManagerRef, Diagnostic> {
        let file = |path: &Spanned<String>| (b.paths().instance.join(path.as_str()), path.span().clone());
        let crls = self.crls.iter().filter(|_| self.checks_revocation()).map(file).collect();
        let secrets = provider_of(self.secrets_provider.as_ref(), b);
        let span = self.verification_secret_id.span().clone();
        let id = self.verification_secret_id.into_inner().0;
        Ok(TrustManagerRef::new(SecretTrust { id, span, secrets, crls }))
    }

    fn check(&self, declarer: &mut Declarer<'_>, _: &Node) {
        match (&self.check_revocation, self.crls.first()) {
            (Some(_), Some(first)) if !self.checks_revocation() => {
                declarer.report(errors::crls_ignored(first.span()));
            }
            (Some(check), None) if **check => declarer.report(errors::no_crls(check.span())),
            _ => {}
        }
    }
}

struct SecretTrust {
    id: SecretId,
    span: Span,
    secrets: SecretStoreRef,
    crls: Vec<(PathBuf, Span)>,
}

impl TrustManager for SecretTrust {
    async fn trust(&self) -> Result<Trust, Diagnostic> {
        let secrets = self.secrets.secrets(&self.id, Purpose::Verify).await;
        let secrets = secrets.map_err(|error| errors::trust(&error, &self.span))?;
        if secrets.is_empty() {
            return Err(errors::nobody_to_trust(&self.id, &self.span));
        }
        let mut certificates = Vec::with_capacity(secrets.len());
        for secret in &secrets {
            match secret.key().map(|key| key.material()) {
                Some(KeyMaterial::Certificate { der }) => certificates.push(der.clone()),
                Some(KeyMaterial::Private { chain, .. }) if !chain.is_empty() => {
                    certificates.extend(chain.first().cloned());
                }
                found => return Err(errors::no_certificate(&self.id, kind(found), &self.span)),
            }
        }
        let mut crls = Vec::new();
        for (path, span) in &self.crls {
            crls.append(&mut read_crls(path, span).await?);
        }
        Ok(Trust::Anchors(TrustAnchors { certificates, crls, label: format!("`{}`", self.id) }))
    }
}

/// The DER of the lists in a file; at least one.
async fn read_crls(path: &Path, span: &Span) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let bytes = read_file(path).await.map_err(|error| errors::unreadable_crl(path, &error, span))?;
    // DER begins with a SEQUENCE, text never does.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes]);
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lists = Vec::new();
    for part in text.split(CRL_BEGIN).skip(1) {
        let body = part.split(CRL_END).next().unwrap_or_default();
        let body: String = body.split_ascii_whitespace().collect();
        let list = STANDARD.decode(body);
        lists.push(list.map_err(|_| errors::unreadable_crl(path, &"it is not in Base64", span))?);
    }
    if lists.is_empty() {
        return Err(errors::unreadable_crl(path, &format!("it has no line `{CRL_BEGIN}`"), span));
    }
    Ok(lists)
}
