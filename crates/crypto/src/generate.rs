//! New keys: private ones with a certificate that they sign themselves, and symmetric ones.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::string::{Ia5String, PrintableString};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, RsaKeySize, SanType,
};
use zeroize::Zeroizing;

/// A day, as certificates count them.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The kind and size of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
    /// The elliptic curve secp256r1.
    P256,
    /// The elliptic curve secp384r1.
    P384,
    /// The elliptic curve secp521r1.
    P521,
    /// Ed25519.
    Ed25519,
}

/// The digest that a key of RSA signs; others have one of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A part of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectPart {
    /// CN.
    CommonName,
    /// OU.
    OrganizationalUnit,
    /// O.
    Organization,
    /// L.
    Locality,
    /// ST.
    State,
    /// C, of two letters.
    Country,
}

/// A name that a certificate is valid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlternativeName {
    /// A host name, or a wildcard of one label before one.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

/// What a certificate is to say.
pub struct SelfSigned<'a> {
    /// Whose it is, the most general part first; no part twice.
    pub subject: &'a [(SubjectPart, String)],
    /// What it is valid for.
    pub names: &'a [AlternativeName],
    /// From when it is valid.
    pub not_before: SystemTime,
    /// For how long.
    pub days: u32,
    /// What is signed.
    pub digest: Digest,
    /// Whether its key may sign other certificates.
    pub is_authority: bool,
}

/// A private key with its certificate.
pub struct Generated {
    /// DER of `PrivateKeyInfo`.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// DER of the certificate.
    pub certificate: Vec<u8>,
}

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// A country that is none.
    #[error("`{0}` is no country: two letters are needed")]
    Country(String),
    /// A host name that is none.
    #[error("`{0}` is no host name in ASCII")]
    Name(String),
    /// The library refuses; what is given has been checked before.
    #[error("the key cannot be made")]
    Failed,
}

/// Makes a private key and a certificate for it.
///
/// # Errors
/// A subject or name that a certificate cannot hold.
pub fn self_signed(key: KeyType, wanted: &SelfSigned<'_>) -> Result<Generated, GenerateError> {
    let mut parameters = CertificateParams::default();
    parameters.not_before = wanted.not_before.into();
    parameters.not_after = (wanted.not_before + DAY * wanted.days).into();
    parameters.distinguished_name = subject(wanted.subject)?;
    parameters.subject_alt_names = wanted.names.iter().map(alternative_name).collect::<Result<_, _>>()?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if matches!(key, KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096) {
        parameters.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    if wanted.is_authority {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages.extend([KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]);
    } else {
        parameters.is_ca = IsCa::ExplicitNoCa;
        // Such a certificate serves a server and a client alike.
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    }
    let key = key_pair(key, wanted.digest).map_err(|_| GenerateError::Failed)?;
    let certificate = parameters.self_signed(&key).map_err(|_| GenerateError::Failed)?;
    Ok(Generated { pkcs8: Zeroizing::new(key.serialize_der()), certificate: certificate.der().to_vec() })
}

/// Random bytes for a symmetric key.
///
/// # Errors
/// When the system has no random bytes to give.
pub fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, GenerateError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| GenerateError::Failed)?;
    Ok(bytes)
}

fn key_pair(key: KeyType, digest: Digest) -> Result<KeyPair, rcgen::Error> {
    let rsa = match digest {
        Digest::Sha256 => &rcgen::PKCS_RSA_SHA256,
        Digest::Sha384 => &rcgen::PKCS_RSA_SHA384,
        Digest::Sha512 => &rcgen::PKCS_RSA_SHA512,
    };
    match key {
        KeyType::Rsa2048 => KeyPair::generate_rsa_for(rsa, RsaKeySize::_2048),
        KeyType::Rsa3072 => KeyPair::generate_rsa_for(rsa, RsaKeySize::_3072),
        KeyType::Rsa4096 => KeyPair::generate_rsa_for(rsa, RsaKeySize::_4096),
        KeyType::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyType::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        KeyType::P521 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
        KeyType::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
    }
}

fn subject(parts: &[(SubjectPart, String)]) -> Result<DistinguishedName, GenerateError> {
    let mut subject = DistinguishedName::new();
    for (part, text) in parts {
        let text = text.as_str();
        match part {
            SubjectPart::CommonName => subject.push(DnType::CommonName, text),
            SubjectPart::OrganizationalUnit => subject.push(DnType::OrganizationalUnitName, text),
            SubjectPart::Organization => subject.push(DnType::OrganizationName, text),
            SubjectPart::Locality => subject.push(DnType::LocalityName, text),
            SubjectPart::State => subject.push(DnType::StateOrProvinceName, text),
            SubjectPart::Country => {
                let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
                let code = PrintableString::try_from(text).ok().filter(|_| is_code);
                let code = code.ok_or_else(|| GenerateError::Country(text.to_owned()))?;
                subject.push(DnType::CountryName, DnValue::PrintableString(code));
            }
        }
    }
    Ok(subject)
}

fn alternative_name(name: &AlternativeName) -> Result<SanType, GenerateError> {
    match name {
        AlternativeName::Ip(address) => Ok(SanType::IpAddress(*address)),
        AlternativeName::Dns(name) => {
            let is_host =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*');
            let text = Ia5String::try_from(name.as_str()).ok();
            let text = text.filter(|_| !name.is_empty() && name.bytes().all(is_host));
            text.map(SanType::DnsName).ok_or_else(|| GenerateError::Name(name.clone()))
        }
    }
}
