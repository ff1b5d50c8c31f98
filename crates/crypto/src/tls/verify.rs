//! The verification of the peer's certificates: as rustls does it, and where Java accepts more, as Java.
//!
//! Java accepts a certificate that is itself among the trusted ones, and takes the common name for a host when
//! there are no alternative names. Signatures and chains are always rustls' business.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::names::{CertificateNames, Wildcard};
use super::trust::Believed;
use super::{HostnameVerifier, TlsError};

/// A verifier of rustls for chains that end in what is believed. A macro, because the two types have builders with
/// the same methods and no trait in common, and revocation must not mean two things.
macro_rules! chain_verifier {
    ($verifier:ty, $believed:expr, $provider:expr) => {{
        let believed: &Believed = $believed;
        let mut builder = <$verifier>::builder_with_provider(believed.roots.clone(), $provider.clone());
        if !believed.crls.is_empty() {
            builder = builder
                .with_crls(believed.crls.iter().cloned())
                // Whose issuer has no list here is not checked; a list too old to be believed is none, and then
                // the certificate is not believed either.
                .allow_unknown_revocation_status()
                .enforce_revocation_expiration();
        }
        builder.build().map_err(|error| TlsError::unreadable_crl(&believed.label, error))
    }};
}

/// Verifies clients.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    believed: Believed,
    /// `None` when nobody vouches for others.
    chains: Option<Arc<dyn ClientCertVerifier>>,
    required: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    pub(super) fn new(
        believed: Believed,
        required: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let chains = match believed.roots.is_empty() {
            true => None,
            false => Some(chain_verifier!(WebPkiClientVerifier, &believed, provider)?),
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { believed, chains, required, algorithms })
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.believed.subjects
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.believed.check_revoked(std::iter::once(end_entity).chain(intermediates))?;
        if self.believed.contain(end_entity, now)? {
            return Ok(ClientCertVerified::assertion());
        }
        match &self.chains {
            Some(chains) => chains.verify_client_cert(end_entity, intermediates, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Verifies servers.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    believed: Believed,
    /// `None` when nobody vouches for others.
    chains: Option<Arc<WebPkiServerVerifier>>,
    names: HostnameVerifier,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    pub(super) fn new(
        believed: Believed,
        names: HostnameVerifier,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let chains = match believed.roots.is_empty() {
            true => None,
            false => Some(chain_verifier!(WebPkiServerVerifier, &believed, provider)?),
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { believed, chains, names, algorithms })
    }

    fn verify_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        self.believed.check_revoked(std::iter::once(end_entity).chain(intermediates))?;
        if self.believed.contain(end_entity, now)? {
            return Ok(());
        }
        let chains = self.chains.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        match chains.verify_server_cert(end_entity, intermediates, name, &[], now) {
            Ok(_) => Ok(()),
            // Names are looked at last: everything else is right. They are checked next.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify_chain(end_entity, intermediates, name, now)?;
        if self.names == HostnameVerifier::Strict {
            verify_name(end_entity, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn verify_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    let verified = verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
    let (Err(error), ServerName::DnsName(host)) = (&verified, name) else { return verified };
    let (_, read) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let has_alternatives = !matches!(read.subject_alternative_name(), Ok(None));
    if !has_alternatives && CertificateNames::of(&read).contain(host.as_ref(), Wildcard::OneLabel) {
        return Ok(());
    }
    Err(error.clone())
}
