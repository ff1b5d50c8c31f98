//! Everything in a certificate but its names, as Java's class has it.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;
use x509_parser::asn1_rs::{FromDer, Oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::time::ASN1Time;

use super::{CertificateError, name};
use crate::now;
use crate::value::{Object, Value};

/// The longest serial number that is read, in bytes; RFC 5280 allows 20.
const SERIAL_BYTES_MAX: usize = 64;

/// Signature algorithms that Java has a name for.
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.4", "MD5withRSA"),
    ("1.2.840.113549.1.1.5", "SHA1withRSA"),
    ("1.2.840.113549.1.1.14", "SHA224withRSA"),
    ("1.2.840.113549.1.1.11", "SHA256withRSA"),
    ("1.2.840.113549.1.1.12", "SHA384withRSA"),
    ("1.2.840.113549.1.1.13", "SHA512withRSA"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.10045.4.1", "SHA1withECDSA"),
    ("1.2.840.10045.4.3.1", "SHA224withECDSA"),
    ("1.2.840.10045.4.3.2", "SHA256withECDSA"),
    ("1.2.840.10045.4.3.3", "SHA384withECDSA"),
    ("1.2.840.10045.4.3.4", "SHA512withECDSA"),
    ("1.2.840.10040.4.3", "SHA1withDSA"),
    ("2.16.840.1.101.3.4.3.2", "SHA256withDSA"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
];

/// Key algorithms that Java has a name for.
const KEYS: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.10045.2.1", "EC"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.3.101.112", "EdDSA"),
    ("1.3.101.113", "EdDSA"),
    ("1.3.101.110", "XDH"),
    ("1.3.101.111", "XDH"),
];

/// Object identifiers of the extensions that are looked at.
const KEY_USAGE: &str = "2.5.29.15";
const ALTERNATIVE_NAMES: &str = "2.5.29.17";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";

/// Reads all properties of a certificate but those that are digests of it.
pub(super) fn read(der: &Bytes) -> Result<IndexMap<&'static str, Value<'static>>, CertificateError> {
    let (rest, read) =
        X509Certificate::from_der(der).map_err(|_| CertificateError("it is not an X.509 certificate"))?;
    if !rest.is_empty() {
        return Err(CertificateError("something follows the certificate"));
    }
    let malformed = |extension: &&x509_parser::extensions::X509Extension<'_>| {
        extension.critical && matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. })
    };
    if read.extensions().iter().any(|extension| malformed(&extension)) {
        return Err(CertificateError("a critical extension of it is malformed"));
    }
    let (subject, subject_principal) = name::both(read.subject());
    let (issuer, issuer_principal) = name::both(read.issuer());
    let signature = read.signature_algorithm.algorithm.to_id_string();
    let key = read.public_key();
    let algorithm = key.algorithm.algorithm.to_id_string();
    let key = Value::map(IndexMap::from([
        ("algorithm".to_owned(), Value::owned_text(named(KEYS, &algorithm))),
        ("format".to_owned(), Value::text("X.509")),
        ("encoded".to_owned(), Value::Bytes(Bytes::copy_from_slice(key.raw))),
    ]));
    Ok(IndexMap::from([
        ("subjectDN", subject),
        ("issuerDN", issuer),
        ("subjectX500Principal", subject_principal),
        ("issuerX500Principal", issuer_principal),
        ("serialNumber", serial(read.raw_serial())?),
        ("notBefore", date(read.validity().not_before)),
        ("notAfter", date(read.validity().not_after)),
        ("subjectAlternativeNames", alternative_names(&read)),
        ("publicKey", key),
        ("keyUsage", key_usage(&read)),
        ("extendedKeyUsage", extended_key_usage(&read)),
        ("basicConstraints", Value::Integer(basic_constraints(&read))),
        ("sigAlgName", Value::owned_text(named(SIGNATURES, &signature))),
        ("sigAlgOID", Value::owned_text(signature)),
        ("version", Value::Integer(i64::from(read.version().0) + 1)),
        ("type", Value::text("X.509")),
    ]))
}

fn named<'n>(names: &'n [(&str, &str)], oid: &'n str) -> &'n str {
    names.iter().find(|(known, _)| *known == oid).map_or(oid, |(_, name)| *name)
}

fn extension<'c, 'a>(
    read: &'c X509Certificate<'a>,
    oid: &str,
) -> Option<(&'a [u8], &'c ParsedExtension<'a>)> {
    let found = read.extensions().iter().find(|extension| extension.oid.to_id_string() == oid)?;
    Some((found.value, found.parsed_extension()))
}

fn key_usage(read: &X509Certificate<'_>) -> Value<'static> {
    let Some((_, ParsedExtension::KeyUsage(usage))) = extension(read, KEY_USAGE) else {
        return Value::Null;
    };
    Value::list((0..9).map(|bit| Value::Bool(usage.flags & (1 << bit) != 0)).collect())
}

fn extended_key_usage(read: &X509Certificate<'_>) -> Value<'static> {
    // The parsed extension has lost the order.
    let usages =
        extension(read, EXTENDED_KEY_USAGE).and_then(|(value, _)| Vec::<Oid<'_>>::from_der(value).ok());
    usages.map_or(Value::Null, |(_, usages)| {
        Value::list(usages.iter().map(|usage| Value::owned_text(usage.to_id_string())).collect())
    })
}

/// -1 for what is no authority; the largest number for an authority without a limit.
fn basic_constraints(read: &X509Certificate<'_>) -> i64 {
    match extension(read, BASIC_CONSTRAINTS) {
        Some((_, ParsedExtension::BasicConstraints(constraints))) if constraints.ca => {
            constraints.path_len_constraint.map_or(i64::from(i32::MAX), i64::from)
        }
        _ => -1,
    }
}

fn alternative_names(read: &X509Certificate<'_>) -> Value<'static> {
    let Some((_, ParsedExtension::SubjectAlternativeName(names))) = extension(read, ALTERNATIVE_NAMES) else {
        return Value::Null;
    };
    let pair = |(kind, value)| Value::list(vec![Value::Integer(kind), value]);
    Value::list(names.general_names.iter().filter_map(general_name).map(pair).collect())
}

/// The number of a kind of name in RFC 5280, and the name as Java gives it; nothing for a malformed one.
fn general_name(name: &GeneralName<'_>) -> Option<(i64, Value<'static>)> {
    let bytes = |bytes: &[u8]| Value::Bytes(Bytes::copy_from_slice(bytes));
    Some(match name {
        GeneralName::OtherName(_, value) => (0, bytes(value)),
        GeneralName::RFC822Name(text) => (1, Value::owned_text(*text)),
        GeneralName::DNSName(text) => (2, Value::owned_text(*text)),
        GeneralName::X400Address(any) => (3, bytes(any.data)),
        GeneralName::DirectoryName(name) => (4, Value::owned_text(name::rfc_2253(name))),
        GeneralName::EDIPartyName(any) => (5, bytes(any.data)),
        GeneralName::URI(text) => (6, Value::owned_text(*text)),
        GeneralName::IPAddress(address) => (7, Value::owned_text(address_text(address)?)),
        GeneralName::RegisteredID(oid) => (8, Value::owned_text(oid.to_id_string())),
        GeneralName::Invalid(..) => return None,
    })
}

/// Java does not shorten an IPv6 address.
fn address_text(address: &[u8]) -> Option<String> {
    if let Ok(octets) = <[u8; 4]>::try_from(address) {
        return Some(Ipv4Addr::from(octets).to_string());
    }
    let segments = Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).segments();
    Some(segments.map(|segment| format!("{segment:x}")).join(":"))
}

/// A number if it fits, else its decimal digits as text.
fn serial(bytes: &[u8]) -> Result<Value<'static>, CertificateError> {
    if bytes.len() > SERIAL_BYTES_MAX {
        return Err(CertificateError("its serial number is longer than 64 bytes"));
    }
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    if bytes.len() <= 8 {
        let sign = if is_negative { -1 } else { 0 };
        return Ok(Value::Integer(bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte))));
    }
    let mut magnitude = bytes.to_vec();
    if is_negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    Ok(Value::owned_text(format!("{}{}", if is_negative { "-" } else { "" }, decimal(&magnitude))))
}

/// The decimal digits of a whole number, most significant byte first.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) * 256;
            *digit = u8::try_from(carry % 10).unwrap_or_default();
            carry /= 10;
        }
        while carry > 0 {
            digits.insert(0, u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// A `java.util.Date`.
struct Date {
    epoch_seconds: i64,
}

fn date(time: ASN1Time) -> Value<'static> {
    Value::shared(Arc::new(Date { epoch_seconds: time.timestamp() }))
}

impl Object for Date {
    fn type_name(&self) -> &'static str {
        super::DATE.name
    }

    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "time" => Value::Integer(self.epoch_seconds.saturating_mul(1000)),
            _ => Value::Null,
        }
    }

    fn keys(&self) -> Vec<String> {
        vec!["time".to_owned()]
    }

    fn to_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(now::java_date(self.epoch_seconds)))
    }

    fn snapshot(&self) -> Value<'static> {
        Value::shared(Arc::new(Date { epoch_seconds: self.epoch_seconds }))
    }
}
