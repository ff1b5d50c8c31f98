//! What people want to know about a certificate, and certificates in files.

use std::path::Path;
use std::time::SystemTime;

use crypto::pem::{self, Content};
use sha2::{Digest, Sha256};
use source::Diagnostic;
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::{errors, files};

/// The facts of a certificate, as text.
pub(super) struct Facts {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) names: Vec<String>,
    pub(super) key: String,
    pub(super) not_before: String,
    pub(super) not_after: String,
    /// `Some` when it is not valid now: why.
    pub(super) invalid: Option<&'static str>,
    pub(super) sha256: String,
}

/// Reads the facts; `None` for what is no certificate.
pub(super) fn facts(der: &[u8]) -> Option<Facts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names = alternative.map_or(Vec::new(), |names| names.value.general_names.iter().map(name).collect());
    let validity = certificate.validity();
    let now = timestamp(SystemTime::now());
    let invalid = match () {
        () if validity.not_after.timestamp() < now => Some("EXPIRED"),
        () if validity.not_before.timestamp() > now => Some("NOT YET VALID"),
        () => None,
    };
    let digest: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    Some(Facts {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names,
        key: key(&certificate),
        not_before: date(validity.not_before),
        not_after: date(validity.not_after),
        invalid,
        sha256: digest.join(":"),
    })
}

/// The day of a time, in UTC.
pub(super) fn day(time: SystemTime) -> String {
    ASN1Time::from_timestamp(timestamp(time)).map_or_else(|_| "unknown".to_owned(), date)
}

fn date(time: ASN1Time) -> String {
    time.to_datetime().date().to_string()
}

fn timestamp(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            (*name).to_owned()
        }
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => std::net::Ipv4Addr::from([a, b, c, d]).to_string(),
            _ => <[u8; 16]>::try_from(*bytes).map_or_else(
                |_| "an address".to_owned(),
                |bytes| std::net::Ipv6Addr::from(bytes).to_string(),
            ),
        },
        _ => "another kind of name".to_owned(),
    }
}

fn key(certificate: &X509Certificate<'_>) -> String {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
        _ => match certificate.public_key().algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".to_owned(),
            "1.3.101.113" => "Ed448".to_owned(),
            "1.2.840.10040.4.1" => "DSA".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// The certificates of a file, PEM or DER; at least one.
pub(super) fn read_all(path: &Path) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let bytes = files::read(path, pem::TEXT_BYTES_MAX)?;
    if bytes.first() == Some(&0x30) {
        return match X509Certificate::from_der(&bytes) {
            Ok(([], _)) => Ok(vec![bytes]),
            _ => Err(errors::no_certificate(path, "it is DER of something else")),
        };
    }
    let items = pem::read(&bytes, None).map_err(|error| errors::no_certificate(path, &error.to_string()))?;
    let certificate = |item: pem::Item| match item.content {
        Content::Certificate(der) => Ok(der),
        _ => Err(errors::no_certificate(path, &format!("line {}: this is no certificate", item.line))),
    };
    let certificates = items.into_iter().map(certificate).collect::<Result<Vec<_>, _>>()?;
    match certificates.is_empty() {
        true => Err(errors::no_certificate(path, "there is no block `-----BEGIN CERTIFICATE-----` in it")),
        false => Ok(certificates),
    }
}

/// `name`, `name-2`, `name-3`: names for the certificates of one file.
pub(super) fn numbered(name: &str, count: usize) -> impl Iterator<Item = String> {
    let name = name.to_lowercase();
    (1..=count).map(move |number| if number == 1 { name.clone() } else { format!("{name}-{number}") })
}
