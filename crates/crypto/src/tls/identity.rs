//! [`Identity`]: a private key and the certificates that prove who has it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::TlsError;
use super::names::{CertificateNames, Wildcard};
use crate::{CryptoKey, KeyMaterial};

/// A private key with its certificates, checked: they belong together and are valid.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The key and its chain as handshakes use them.
    pub certified: Arc<CertifiedKey>,
    /// What it is called in messages: file and alias.
    pub label: String,
    /// When the first certificate of the chain expires, in seconds since 1970.
    pub not_after: i64,
    names: Arc<CertificateNames>,
    issuers: Arc<[Vec<u8>]>,
}

impl Identity {
    /// Makes an identity of a private key with at least one certificate, valid at `now`. `label` says where it
    /// comes from.
    ///
    /// # Errors
    /// No private key, no certificate, a key that does not belong to its certificate, a certificate that is
    /// expired or not yet valid, a kind of key that cannot be used.
    pub fn new(key: &CryptoKey, label: impl Into<String>, now: SystemTime) -> Result<Self, TlsError> {
        let label = label.into();
        let (algorithm, chain) = match key.material() {
            KeyMaterial::Private { algorithm, chain, .. } | KeyMaterial::Token { algorithm, chain, .. } => {
                (algorithm, chain)
            }
            _ => return Err(TlsError::no_private_key(&label)),
        };
        let certificates =
            chain.iter().map(|der| read_certificate(der, &label)).collect::<Result<Vec<_>, _>>()?;
        let leaf = certificates.first().ok_or_else(|| TlsError::no_certificate(&label))?;
        let signing = signing_key(key).ok_or_else(|| TlsError::unusable_key(&label, algorithm))?;
        let public = signing.public_key();
        if public.as_ref().map(AsRef::as_ref) != Some(leaf.public_key().raw) {
            return Err(TlsError::key_mismatch(&label, leaf.subject()));
        }
        // A root that is sent along is not looked at by anybody, its dates neither.
        let issuers = certificates[1..].iter().filter(|issuer| issuer.subject() != issuer.issuer());
        let dated: Vec<_> = std::iter::once(leaf).chain(issuers).collect();
        for certificate in &dated {
            check_dates(certificate, seconds(now), &label)?;
        }
        let expiries = dated.iter().map(|certificate| certificate.validity().not_after.timestamp());
        Ok(Self {
            not_after: expiries.min().unwrap_or_default(),
            names: Arc::new(CertificateNames::of(leaf)),
            issuers: certificates.iter().map(|certificate| certificate.issuer().as_raw().to_vec()).collect(),
            certified: Arc::new(CertifiedKey::new(
                chain.iter().map(|der| CertificateDer::from(der.clone())).collect(),
                signing,
            )),
            label,
        })
    }

    /// Whether its certificate is for this host (RFC 6125; without alternative names, the common name counts,
    /// as in Java).
    pub(super) fn is_for(&self, host: &str, wildcard: Wildcard) -> bool {
        self.names.contain(host, wildcard)
    }

    /// Whether one of these names, as DER, issued a certificate of its chain.
    pub(super) fn is_issued_by(&self, subjects: &[&[u8]]) -> bool {
        self.issuers.iter().any(|issuer| subjects.contains(&issuer.as_slice()))
    }
}

/// What signs with a private key; `None` for a kind of key that TLS has no use for.
fn signing_key(key: &CryptoKey) -> Option<Arc<dyn SigningKey>> {
    match key.material() {
        KeyMaterial::Private { pkcs8, .. } => {
            any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice()))).ok()
        }
        KeyMaterial::Token { signer, .. } => Some(Arc::clone(signer)),
        _ => None,
    }
}

/// One is like the other when they show the same certificates: the key belongs to them.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert
    }
}

/// Reads one certificate to its last byte.
pub(super) fn read_certificate<'a>(der: &'a [u8], label: &str) -> Result<X509Certificate<'a>, TlsError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(TlsError::unreadable_certificate(label, "bytes follow behind it")),
        Err(error) => Err(TlsError::unreadable_certificate(label, error)),
    }
}

fn check_dates(certificate: &X509Certificate<'_>, now: i64, label: &str) -> Result<(), TlsError> {
    let validity = certificate.validity();
    if now > validity.not_after.timestamp() {
        return Err(TlsError::expired(label, certificate.subject(), validity.not_after));
    }
    if now < validity.not_before.timestamp() {
        return Err(TlsError::not_yet_valid(label, certificate.subject(), validity.not_before));
    }
    Ok(())
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
