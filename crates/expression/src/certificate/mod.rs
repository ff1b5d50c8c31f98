//! [`Certificate`]: an X.509 certificate as expressions see it, with the properties of Java's class.
//!
//! It is read, not verified: neither its signature nor its dates nor its issuer are checked here. That is for
//! whoever gave it: the TLS connection that it came from, or the proxy that put it into a header.

mod name;
mod parts;

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::types::{Bean, Property, TEXTS, Type};
use crate::value::{Object, Value};

/// A larger certificate is not read, in bytes. Large ones have 10,000.
pub const CERTIFICATE_BYTES_MAX: usize = 65_536;

/// A longer text is not searched for a certificate: Base64 makes it longer by a third, and line ends and
/// lines of explanation before it add some.
const TEXT_BYTES_MAX: usize = 2 * CERTIFICATE_BYTES_MAX;

/// A certificate. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Read>);

struct Read {
    encoded: Bytes,
    properties: IndexMap<&'static str, Value<'static>>,
}

/// Why something is not a certificate. The message never repeats what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateError(&'static str);

impl std::fmt::Display for CertificateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for CertificateError {}

impl Certificate {
    /// Reads DER.
    pub fn from_der(der: &[u8]) -> Result<Certificate, CertificateError> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError("it is larger than 65,536 bytes"));
        }
        let encoded = Bytes::copy_from_slice(der);
        let properties = parts::read(&encoded)?;
        Ok(Certificate(Arc::new(Read { encoded, properties })))
    }

    /// Reads the first certificate of a PEM text. Line ends may be any white space, as they are when a proxy
    /// has put the text into a header.
    pub fn from_pem(text: &str) -> Result<Certificate, CertificateError> {
        let text = bounded(text)?;
        let missing = CertificateError("it has no line `-----BEGIN CERTIFICATE-----`, or none that ends it");
        let (_, after) = text.split_once("-----BEGIN CERTIFICATE-----").ok_or_else(|| missing.clone())?;
        let (body, _) = after.split_once("-----END CERTIFICATE-----").ok_or(missing)?;
        Certificate::from_der(&decode(body)?)
    }

    /// Reads Base64 of DER, which may stand between colons (RFC 9440).
    pub fn from_base64(text: &str) -> Result<Certificate, CertificateError> {
        let text = bounded(text)?.trim();
        let body = text.strip_prefix(':').and_then(|text| text.strip_suffix(':')).unwrap_or(text);
        Certificate::from_der(&decode(body)?)
    }

    /// The DER that was read.
    pub fn der(&self) -> &Bytes {
        &self.0.encoded
    }

    /// The SHA-256 digest of the DER in Base64 for URLs: what `x5t#S256` is compared with (RFC 8705).
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0.encoded))
    }
}

fn bounded(text: &str) -> Result<&str, CertificateError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(CertificateError("the text is longer than 131,072 bytes"));
    }
    Ok(text)
}

fn decode(body: &str) -> Result<Vec<u8>, CertificateError> {
    let compact: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(compact).map_err(|_| CertificateError("it is not in Base64"))
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let subject = self.0.properties.get("subjectDN").map(Value::to_text).unwrap_or_default();
        write!(formatter, "Certificate({subject})")
    }
}

impl Object for Certificate {
    fn type_name(&self) -> &'static str {
        BEAN.name
    }

    fn property(&self, name: &str) -> Value<'_> {
        match name {
            "encoded" => Value::Bytes(self.0.encoded.clone()),
            "thumbprint" => Value::owned_text(self.thumbprint()),
            _ => self.0.properties.get(name).cloned().unwrap_or_default(),
        }
    }

    fn keys(&self) -> Vec<String> {
        BEAN.properties.iter().map(|property| property.name.to_owned()).collect()
    }

    /// The name of its subject.
    fn to_text(&self) -> Option<Cow<'_, str>> {
        self.0.properties.get("subjectDN").map(Value::to_text)
    }

    fn snapshot(&self) -> Value<'static> {
        Value::shared(Arc::new(self.clone()))
    }
}

/// A certificate, for the static check and the reference.
pub static BEAN: Bean = Bean {
    name: "certificate",
    about: "An X.509 certificate: of the client, or read with `pemCertificate` or `derCertificate`. Its \
            signature and dates are not checked by reading it.",
    properties: &[
        Property::new("subjectDN", Type::Object(&DN), "name of the subject"),
        Property::new("issuerDN", Type::Object(&DN), "name of the issuer"),
        Property::new("subjectX500Principal", Type::Object(&PRINCIPAL), "name of the subject"),
        Property::new("issuerX500Principal", Type::Object(&PRINCIPAL), "name of the issuer"),
        Property::new(
            "serialNumber",
            Type::Any,
            "serial number; text in decimal digits if it needs more than 64 bits",
        ),
        Property::new("notBefore", Type::Object(&DATE), "when it begins to be valid"),
        Property::new("notAfter", Type::Object(&DATE), "when it ceases to be valid"),
        Property::new("thumbprint", Type::Text, "SHA-256 digest in Base64 for URLs, as in `x5t#S256`"),
        Property::new(
            "subjectAlternativeNames",
            Type::List(&Type::List(&Type::Any)),
            "pairs of the kind of a name (2 is DNS, 7 an address, 1 mail, 6 a URI) and the name; null without",
        ),
        Property::new("publicKey", Type::Object(&KEY), "key of the subject"),
        Property::new(
            "keyUsage",
            Type::List(&Type::Bool),
            "the nine uses of RFC 5280 in order; null without",
        ),
        Property::new("extendedKeyUsage", TEXTS, "object identifiers of further uses; null without"),
        Property::new(
            "basicConstraints",
            Type::Number,
            "-1 if it is no authority, else how many authorities may follow it",
        ),
        Property::new("sigAlgName", Type::Text, "algorithm of the signature, such as `SHA256withRSA`"),
        Property::new("sigAlgOID", Type::Text, "its object identifier"),
        Property::new("version", Type::Number, "1, 2 or 3"),
        Property::new("type", Type::Text, "always `X.509`"),
        Property::new("encoded", Type::Bytes, "the certificate in DER"),
    ],
    methods: &[],
    others: None,
};

static DN: Bean = Bean {
    name: "distinguished name",
    about: "A name as `subjectDN` and `issuerDN` have it. In a text it is written as its `name`.",
    properties: &[
        Property::new("name", Type::Text, "with blanks after commas: `CN=a, O=b`"),
        Property::new("encoded", Type::Bytes, "the name in DER"),
    ],
    methods: &[],
    others: None,
};

static PRINCIPAL: Bean = Bean {
    name: "principal",
    about: "A name as `subjectX500Principal` has it. In a text it is written with blanks after commas.",
    properties: &[
        Property::new("name", Type::Text, "in the form of RFC 2253: `CN=a,O=b`"),
        Property::new("encoded", Type::Bytes, "the name in DER"),
    ],
    methods: &[],
    others: None,
};

static DATE: Bean = Bean {
    name: "date",
    about: "A date of a certificate. In a text it is written as `Wed Nov 25 12:36:06 UTC 2026`.",
    properties: &[Property::new(
        "time",
        Type::Number,
        "milliseconds since 1970, to compare with `now.epochMillis`",
    )],
    methods: &[],
    others: None,
};

static KEY: Bean = Bean {
    name: "public key",
    about: "The public key of a certificate.",
    properties: &[
        Property::new("algorithm", Type::Text, "`RSA`, `EC`, `EdDSA` and so on"),
        Property::new("format", Type::Text, "always `X.509`"),
        Property::new("encoded", Type::Bytes, "the key with its algorithm in DER"),
    ],
    methods: &[],
    others: None,
};
