//! [`Trust`]: whom we believe.

use std::collections::HashSet;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::{CertificateError, DistinguishedName, Error, RootCertStore};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::{FromDer, X509Version};
use x509_parser::revocation_list::CertificateRevocationList;

use super::TlsError;
use super::identity::read_certificate;

/// Whom we believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Anybody: for tests only.
    All,
    /// Whoever has a certificate that one of these vouches for, or that is one of these.
    Anchors(TrustAnchors),
}

/// Certificates that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustAnchors {
    /// DER of the certificates, at least one.
    pub certificates: Vec<Vec<u8>>,
    /// DER of lists of revoked certificates (RFC 5280, section 5); none checks no revocation.
    pub crls: Vec<Vec<u8>>,
    /// Where the anchors come from, for messages.
    pub label: String,
}

impl TrustAnchors {
    /// The trust anchors of the operating system.
    ///
    /// # Errors
    /// When there are none.
    pub fn native() -> Result<Self, TlsError> {
        let found = rustls_native_certs::load_native_certs();
        // Stores of systems hold some that nobody can read any more; they vouch for nobody.
        let readable = |der: &CertificateDer<'_>| X509Certificate::from_der(der).is_ok();
        let certificates: Vec<_> = found.certs.into_iter().filter(readable).map(|der| der.to_vec()).collect();
        if certificates.is_empty() {
            let reason =
                found.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
            return Err(TlsError::no_native_anchors(reason));
        }
        Ok(Self { certificates, crls: Vec::new(), label: "the operating system".to_owned() })
    }
}

/// What several [`Trust`]s add up to, read and checked.
#[derive(Debug)]
pub(super) struct Believed {
    /// Anybody is believed.
    pub(super) all: bool,
    /// Those that vouch for others.
    pub(super) roots: Arc<RootCertStore>,
    /// The subjects of all, to tell clients which certificate to choose.
    pub(super) subjects: Vec<DistinguishedName>,
    pub(super) crls: Vec<CertificateRevocationListDer<'static>>,
    /// Where all of it comes from.
    pub(super) label: String,
    /// Certificates that are believed when they are shown themselves.
    certificates: Vec<CertificateDer<'static>>,
    /// Issuer and serial number, as DER, of all that the lists name: what a list of ours names is not believed,
    /// whether it is trusted itself, or another list of its issuer, older perhaps, does not name it.
    revoked: HashSet<(Vec<u8>, Vec<u8>)>,
}

impl Believed {
    pub(super) fn of(trust: &[Trust]) -> Result<Self, TlsError> {
        let (mut roots, mut everyone) = (RootCertStore::empty(), RootCertStore::empty());
        let (mut certificates, mut crls, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let mut revoked = HashSet::new();
        for one in trust {
            let Trust::Anchors(anchors) = one else { continue };
            if anchors.certificates.is_empty() {
                return Err(TlsError::no_anchors(&anchors.label));
            }
            for der in &anchors.certificates {
                let vouches = vouches_for_others(&read_certificate(der, &anchors.label)?);
                let unreadable = |error| TlsError::unreadable_certificate(&anchors.label, error);
                let der = CertificateDer::from(der.clone());
                everyone.add(der.clone()).map_err(unreadable)?;
                if vouches {
                    roots.add(der.clone()).map_err(unreadable)?;
                }
                certificates.push(der);
            }
            for der in &anchors.crls {
                read_crl(der, &anchors.label, &mut revoked)?;
                crls.push(CertificateRevocationListDer::from(der.clone()));
            }
            labels.push(anchors.label.as_str());
        }
        let all = trust.contains(&Trust::All);
        let subjects = if all { Vec::new() } else { everyone.subjects() };
        let label = labels.join(", ");
        Ok(Self { all, roots: Arc::new(roots), subjects, crls, label, certificates, revoked })
    }

    /// Refuses a chain of which one of the lists names a certificate.
    pub(super) fn check_revoked<'a>(
        &self,
        chain: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<(), Error> {
        if self.revoked.is_empty() {
            return Ok(());
        }
        for certificate in chain {
            let (_, read) =
                X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
            let name = (read.issuer().as_raw().to_vec(), read.raw_serial().to_vec());
            if self.revoked.contains(&name) {
                return Err(CertificateError::Revoked.into());
            }
        }
        Ok(())
    }

    /// Whether this very certificate is believed, as in Java: one that is pinned, or a self-signed one that
    /// says it is a certificate authority, which the usual verification refuses.
    pub(super) fn contain(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Result<bool, Error> {
        if self.all {
            return Ok(true);
        }
        if !self.certificates.contains(certificate) {
            return Ok(false);
        }
        let (_, read) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let validity = read.validity();
        if now > validity.not_after.timestamp() {
            return Err(CertificateError::Expired.into());
        }
        if now < validity.not_before.timestamp() {
            return Err(CertificateError::NotValidYet.into());
        }
        Ok(true)
    }
}

/// Notes what a list names.
fn read_crl(der: &[u8], label: &str, revoked: &mut HashSet<(Vec<u8>, Vec<u8>)>) -> Result<(), TlsError> {
    let list = match CertificateRevocationList::from_der(der) {
        Ok(([], list)) => list,
        Ok(_) => return Err(TlsError::unreadable_crl(label, "bytes follow behind it")),
        Err(error) => return Err(TlsError::unreadable_crl(label, error)),
    };
    let issuer = list.issuer().as_raw();
    revoked
        .extend(list.iter_revoked_certificates().map(|entry| (issuer.to_vec(), entry.raw_serial().to_vec())));
    Ok(())
}

/// Whether a trusted certificate may sign others. One that says it is no authority may not, as in Java since 17:
/// the key of a pinned server must not be good for every name. Version 1 cannot say so.
fn vouches_for_others(certificate: &X509Certificate<'_>) -> bool {
    let may_sign = || match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    certificate.version() != X509Version::V3 || (certificate.is_ca() && may_sign())
}
