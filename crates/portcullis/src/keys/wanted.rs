//! What a certificate that is made is to say: the options that `generate-key` and `generate-cert` share.

use std::net::IpAddr;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use crypto::generate::{self, AlternativeName, Digest, Generated, KeyType, SelfSigned};
use source::Diagnostic;

use super::{errors, subject};

/// The certificate.
#[derive(Args)]
pub(super) struct CertificateArguments {
    /// Whose certificate it is: `CN=ig.example.com,O=Example,C=FR` or `/C=FR/O=Example/CN=ig.example.com`.
    #[arg(long, visible_alias = "dname", value_name = "NAME")]
    subject: String,
    /// A host name or address that the certificate is valid for; may be repeated. Default: the common name, if
    /// it is one.
    #[arg(long, value_name = "HOST")]
    san: Vec<String>,
    /// The kind of key.
    #[arg(long, value_enum, ignore_case = true, default_value_t = KeyAlgorithm::Rsa)]
    algorithm: KeyAlgorithm,
    /// Bits of the key: 2048, 3072 or 4096 for RSA (default 2048), 256, 384 or 521 for EC (default 256).
    #[arg(long)]
    size: Option<u32>,
    /// Days that the certificate is valid.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// The digest that a key of RSA signs; other keys have their own.
    #[arg(long, value_enum, default_value_t = DigestName::Sha256)]
    digest: DigestName,
    /// Let the key sign other certificates.
    #[arg(long)]
    ca: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeyAlgorithm {
    #[value(name = "RSA")]
    Rsa,
    #[value(name = "EC")]
    Ec,
    #[value(name = "Ed25519")]
    Ed25519,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DigestName {
    Sha256,
    Sha384,
    Sha512,
}

impl CertificateArguments {
    /// Makes the key and the certificate.
    pub(super) fn generate(&self) -> Result<Generated, Diagnostic> {
        let subject = subject::parse(&self.subject)?;
        let names: Vec<AlternativeName> = match self.san.as_slice() {
            [] => subject::common_name(&subject).and_then(host).into_iter().collect(),
            names => names.iter().map(|name| alternative_name(name)).collect(),
        };
        let wanted = SelfSigned {
            subject: &subject,
            names: &names,
            not_before: SystemTime::now(),
            days: self.days,
            digest: match self.digest {
                DigestName::Sha256 => Digest::Sha256,
                DigestName::Sha384 => Digest::Sha384,
                DigestName::Sha512 => Digest::Sha512,
            },
            is_authority: self.ca,
        };
        generate::self_signed(self.key_type()?, &wanted)
            .map_err(|error| errors::key_input(&error.to_string()))
    }

    /// The name that Java's architecture has for the kind of key.
    pub(super) fn algorithm(&self) -> String {
        let name = match self.algorithm {
            KeyAlgorithm::Rsa => "RSA",
            KeyAlgorithm::Ec => "EC",
            KeyAlgorithm::Ed25519 => "Ed25519",
        };
        name.to_owned()
    }

    fn key_type(&self) -> Result<KeyType, Diagnostic> {
        Ok(match (self.algorithm, self.size) {
            (KeyAlgorithm::Rsa, None | Some(2048)) => KeyType::Rsa2048,
            (KeyAlgorithm::Rsa, Some(3072)) => KeyType::Rsa3072,
            (KeyAlgorithm::Rsa, Some(4096)) => KeyType::Rsa4096,
            (KeyAlgorithm::Rsa, Some(size)) => {
                return Err(errors::key_size("RSA", size, "2048, 3072 or 4096"));
            }
            (KeyAlgorithm::Ec, None | Some(256)) => KeyType::P256,
            (KeyAlgorithm::Ec, Some(384)) => KeyType::P384,
            (KeyAlgorithm::Ec, Some(521)) => KeyType::P521,
            (KeyAlgorithm::Ec, Some(size)) => return Err(errors::key_size("EC", size, "256, 384 or 521")),
            (KeyAlgorithm::Ed25519, None) => KeyType::Ed25519,
            (KeyAlgorithm::Ed25519, Some(size)) => return Err(errors::key_size("Ed25519", size, "no other")),
        })
    }
}

/// `dns:` and `ip:` may stand before it, as keytool and openssl have them.
fn alternative_name(text: &str) -> AlternativeName {
    let bare = |prefix: &str| {
        let (found, rest) = text.split_at_checked(prefix.len())?;
        found.eq_ignore_ascii_case(prefix).then_some(rest)
    };
    let name = bare("dns:").or_else(|| bare("ip:")).unwrap_or(text);
    match name.parse::<IpAddr>() {
        Ok(address) => AlternativeName::Ip(address),
        Err(_) => AlternativeName::Dns(name.to_owned()),
    }
}

/// A common name that can be a host.
fn host(name: &str) -> Option<AlternativeName> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*' | b':');
    let is_host =
        name.bytes().all(is_part) && (name.contains('.') || name.contains(':') || name == "localhost");
    is_host.then(|| alternative_name(name))
}
