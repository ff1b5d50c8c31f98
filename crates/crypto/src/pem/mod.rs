//! PEM: keys and certificates as text (RFC 7468), as the tools of thirty years write them.
//!
//! Reading is lenient about what stands between the blocks, and strict about what is in them: a block that is
//! not understood is an error, because a file of keys of which half is left out is a mistake that shows late.

mod blocks;
mod legacy;

use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::asymmetric::{self, PrivateKey};
use crate::{CryptoKey, KeyMaterial, Secret, chain};
use blocks::Block;

/// A longer text is something else than keys and certificates.
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// More blocks than the lists of all authorities of the web have.
pub const ITEMS_MAX: usize = 1000;

/// Labels that are understood, for messages.
const LABELS: &str = "CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, \
                      EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET";

/// What is wrong with a text, and where.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {reason}")]
pub struct PemError {
    /// Where the block begins, or the line itself, from 1.
    pub line: usize,
    /// What is wrong, without a part of a key.
    pub reason: String,
}

/// What one block holds.
#[derive(Clone)]
pub struct Item {
    /// The line of its `BEGIN`, from 1.
    pub line: usize,
    /// What it is.
    pub content: Content,
}

/// What a block can hold.
#[derive(Clone)]
pub enum Content {
    /// DER of a certificate.
    Certificate(Vec<u8>),
    /// DER of a list of revoked certificates.
    RevocationList(Vec<u8>),
    /// DER of `SubjectPublicKeyInfo`, checked.
    PublicKey(Vec<u8>),
    /// A private key in the format of PKCS#8, checked.
    PrivateKey {
        /// Java's name: `RSA`, `EC`, `Ed25519`.
        algorithm: &'static str,
        /// `PrivateKeyInfo`.
        pkcs8: Zeroizing<Vec<u8>>,
        /// `SubjectPublicKeyInfo` of its public half.
        spki: Vec<u8>,
    },
    /// A symmetric key.
    Symmetric {
        /// `AES`, or `Hmac` when the hash is not fixed.
        algorithm: &'static str,
        /// The raw bytes.
        bytes: Zeroizing<Vec<u8>>,
    },
    /// A password or another secret of opaque bytes.
    Generic(Zeroizing<Vec<u8>>),
}

/// Reads every block of a text. `password` opens those that are encrypted.
///
/// # Errors
/// The first block that is damaged, not understood, or not opened by the password.
pub fn read(text: &[u8], password: Option<&[u8]>) -> Result<Vec<Item>, PemError> {
    let mut items = Vec::new();
    for block in blocks::split(text)? {
        if items.len() == ITEMS_MAX {
            return Err(PemError {
                line: block.line,
                reason: format!("there are more than {ITEMS_MAX} blocks"),
            });
        }
        let content = content(&block, password);
        let content = content.map_err(|reason| PemError { line: block.line, reason })?;
        items.extend(content.map(|content| Item { line: block.line, content }));
    }
    Ok(items)
}

/// `None` for what may stand between keys and says nothing that they do not say.
fn content(block: &Block, password: Option<&[u8]>) -> Result<Option<Content>, String> {
    let private =
        |PrivateKey { algorithm, pkcs8, spki }: PrivateKey| Content::PrivateKey { algorithm, pkcs8, spki };
    let public = |spki: Vec<u8>| {
        asymmetric::check_public(&spki)?;
        Ok::<_, String>(Content::PublicKey(spki))
    };
    let der = legacy::open(block, password)?;
    let content = match block.label.as_str() {
        "CERTIFICATE" | "X509 CERTIFICATE" => Content::Certificate(certificate(&der)?),
        "X509 CRL" => Content::RevocationList(der.to_vec()),
        "PUBLIC KEY" => public(der.to_vec())?,
        "RSA PUBLIC KEY" => public(asymmetric::public_from_pkcs1(&der))?,
        "PRIVATE KEY" => private(PrivateKey::from_pkcs8(der)?),
        "RSA PRIVATE KEY" => private(PrivateKey::from_pkcs1(&der)?),
        "EC PRIVATE KEY" => private(PrivateKey::from_sec1(&der)?),
        "ENCRYPTED PRIVATE KEY" => {
            let password = password.ok_or(NO_PASSWORD)?;
            private(PrivateKey::from_encrypted(&der, password)?)
        }
        "HMAC SECRET KEY" => Content::Symmetric { algorithm: "Hmac", bytes: der },
        "AES SECRET KEY" => match der.len() {
            16 | 24 | 32 | 48 | 64 => Content::Symmetric { algorithm: "AES", bytes: der },
            length => return Err(format!("a key of AES has 16, 24 or 32 bytes, and this one has {length}")),
        },
        "GENERIC SECRET" => Content::Generic(der),
        // `openssl ecparam -genkey` writes the curve in front of the key, which names it once more.
        "EC PARAMETERS" | "DH PARAMETERS" => return Ok(None),
        "DSA PRIVATE KEY" => return Err(asymmetric::DSA_REFUSED.to_owned()),
        "OPENSSH PRIVATE KEY" => {
            let advice = "`ssh-keygen -p -m PKCS8 -f FILE` writes the key in a format that is understood";
            return Err(format!("the format of OpenSSH is not offered; {advice}"));
        }
        label => return Err(format!("`{label}` is not understood; {LABELS} are")),
    };
    Ok(Some(content))
}

const NO_PASSWORD: &str = "the private key is encrypted, and there is no password for it";

fn certificate(der: &[u8]) -> Result<Vec<u8>, &'static str> {
    match X509Certificate::from_der(der) {
        Ok(([], _)) => Ok(der.to_vec()),
        _ => Err("it is no certificate"),
    }
}

/// The secrets that a text holds, the active one first: a private key with its chain, any number of certificates
/// or public keys to believe, symmetric keys, or a generic secret.
///
/// # Errors
/// As [`read`]; nothing at all in it; several private keys, or one that belongs to none of the certificates.
pub fn secrets_from_pem(text: &[u8], password: Option<&[u8]>) -> Result<Vec<Secret>, PemError> {
    let items = read(text, password)?;
    let mut sorted = Sorted::default();
    for item in items {
        sorted.add(item)?;
    }
    sorted.secrets()
}

/// The items of a text by what they are.
#[derive(Default)]
struct Sorted {
    private: Option<(usize, PrivateKey)>,
    certificates: Vec<Vec<u8>>,
    public: Vec<(usize, Vec<u8>)>,
    others: Vec<(usize, Secret)>,
}

impl Sorted {
    fn add(&mut self, Item { line, content }: Item) -> Result<(), PemError> {
        match content {
            Content::PrivateKey { algorithm, pkcs8, spki } => {
                if let Some((first, _)) = self.private {
                    let reason = format!("a second private key; the first one is in line {first}");
                    return Err(PemError { line, reason });
                }
                self.private = Some((line, PrivateKey { algorithm, pkcs8, spki }));
            }
            Content::Certificate(der) => self.certificates.push(der),
            Content::PublicKey(spki) => self.public.push((line, spki)),
            Content::Symmetric { algorithm, bytes } => {
                let material = KeyMaterial::Symmetric { algorithm: algorithm.to_owned(), bytes };
                self.others.push((line, CryptoKey::new(material).into()));
            }
            Content::Generic(bytes) => self.others.push((line, Secret::generic(bytes.to_vec()))),
            // Left out, what it revokes would be believed.
            Content::RevocationList(_) => {
                let reason =
                    "a list of revoked certificates among keys and certificates; it needs a file of its own";
                return Err(PemError { line, reason: reason.to_owned() });
            }
        }
        Ok(())
    }

    fn secrets(mut self) -> Result<Vec<Secret>, PemError> {
        let is_asymmetric =
            self.private.is_some() || !self.certificates.is_empty() || !self.public.is_empty();
        if let Some((line, _)) = self.others.first().filter(|_| is_asymmetric) {
            let reason = "a symmetric key among private keys and certificates; it needs a file of its own";
            return Err(PemError { line: *line, reason: reason.to_owned() });
        }
        if let Some((line, key)) = self.private.take() {
            return self.with_chain(line, key).map(|key| vec![key.into()]);
        }
        let certificates = self.certificates.into_iter().map(|der| KeyMaterial::Certificate { der });
        let public = self.public.into_iter().map(|(_, spki)| KeyMaterial::Public { spki });
        let keys = certificates.chain(public).map(|material| CryptoKey::new(material).into());
        let secrets: Vec<Secret> = keys.chain(self.others.into_iter().map(|(_, secret)| secret)).collect();
        if secrets.is_empty() {
            let reason = format!("there is no block of a key or certificate in it; {LABELS} are understood");
            return Err(PemError { line: 1, reason });
        }
        Ok(secrets)
    }

    fn with_chain(self, line: usize, key: PrivateKey) -> Result<CryptoKey, PemError> {
        if let Some((line, _)) = self.public.iter().find(|(_, spki)| *spki != key.spki) {
            let reason = "the public key does not belong to the private key".to_owned();
            return Err(PemError { line: *line, reason });
        }
        let chain = chain::order(&key.spki, &self.certificates).ok_or_else(|| {
            let reason = "none of the certificates belongs to the private key".to_owned();
            PemError { line, reason }
        })?;
        let left_out = self.certificates.len() - chain.len();
        if left_out > 0 {
            tracing::info!(
                left_out,
                "Certificates that do not belong to the chain of a private key are left out."
            );
        }
        let algorithm = key.algorithm.to_owned();
        Ok(CryptoKey::new(KeyMaterial::Private { algorithm, pkcs8: key.pkcs8, chain }))
    }
}

#[cfg(test)]
mod tests;
