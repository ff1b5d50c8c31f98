//! What `alg` says about a key, checked against the rest of it: a key is for one algorithm, and whoever attacks
//! tokens would like it to serve another one.

use super::JwkError;

/// An algorithm of RFC 7518, RFC 8037 or RFC 9864.
pub(super) struct Algorithm {
    name: &'static str,
    kty: &'static str,
    /// The curve, where the algorithm has one of its own.
    curve: Option<&'static str>,
    is_signature: bool,
    /// What Java calls the symmetric keys, and how short they may be.
    java: (&'static str, usize),
}

const ALGORITHMS: &[Algorithm] = &[
    mac("HS256", "HmacSHA256", 32),
    mac("HS384", "HmacSHA384", 48),
    mac("HS512", "HmacSHA512", 64),
    aes("dir", 16),
    aes("A128KW", 16),
    aes("A192KW", 24),
    aes("A256KW", 32),
    aes("A128GCMKW", 16),
    aes("A192GCMKW", 24),
    aes("A256GCMKW", 32),
    aes("A128GCM", 16),
    aes("A192GCM", 24),
    aes("A256GCM", 32),
    aes("A128CBC-HS256", 32),
    aes("A192CBC-HS384", 48),
    aes("A256CBC-HS512", 64),
    pair("RS256", "RSA", None, true),
    pair("RS384", "RSA", None, true),
    pair("RS512", "RSA", None, true),
    pair("PS256", "RSA", None, true),
    pair("PS384", "RSA", None, true),
    pair("PS512", "RSA", None, true),
    pair("RSA1_5", "RSA", None, false),
    pair("RSA-OAEP", "RSA", None, false),
    pair("RSA-OAEP-256", "RSA", None, false),
    pair("RSA-OAEP-384", "RSA", None, false),
    pair("RSA-OAEP-512", "RSA", None, false),
    pair("ES256", "EC", Some("P-256"), true),
    pair("ES384", "EC", Some("P-384"), true),
    pair("ES512", "EC", Some("P-521"), true),
    pair("ECDH-ES", "EC", None, false),
    pair("ECDH-ES+A128KW", "EC", None, false),
    pair("ECDH-ES+A192KW", "EC", None, false),
    pair("ECDH-ES+A256KW", "EC", None, false),
    pair("EdDSA", "OKP", None, true),
    pair("Ed25519", "OKP", Some("Ed25519"), true),
];

const fn mac(name: &'static str, java: &'static str, bytes_min: usize) -> Algorithm {
    Algorithm { name, kty: "oct", curve: None, is_signature: true, java: (java, bytes_min) }
}

const fn aes(name: &'static str, bytes_min: usize) -> Algorithm {
    Algorithm { name, kty: "oct", curve: None, is_signature: false, java: ("AES", bytes_min) }
}

const fn pair(
    name: &'static str,
    kty: &'static str,
    curve: Option<&'static str>,
    is_signature: bool,
) -> Algorithm {
    Algorithm { name, kty, curve, is_signature, java: ("", 0) }
}

impl Algorithm {
    /// The algorithm of this name, when it is one for such keys and such a use.
    pub(super) fn of(
        name: &str,
        kty: &str,
        curve: Option<&str>,
        is_for_signatures: Option<bool>,
    ) -> Result<&'static Self, JwkError> {
        let found = ALGORITHMS.iter().find(|algorithm| algorithm.name == name);
        let found = found.ok_or_else(|| JwkError(format!("`alg` is `{name}`, which is not offered")))?;
        if found.kty != kty {
            return Err(JwkError(format!("`alg` is `{name}`, which is not for keys of the type `{kty}`")));
        }
        if found.curve.is_some_and(|needed| Some(needed) != curve) {
            return Err(JwkError(format!("`alg` is `{name}`, which is not for keys of this `crv`")));
        }
        if is_for_signatures.is_some_and(|is_for_signatures| is_for_signatures != found.is_signature) {
            return Err(JwkError(format!("`alg` is `{name}`, which contradicts `use`")));
        }
        Ok(found)
    }

    /// Java's name of a symmetric key of so many bytes.
    pub(super) fn symmetric(&self, length: usize) -> Result<&'static str, JwkError> {
        let (java, shortest) = self.java;
        if length < shortest {
            let name = self.name;
            return Err(JwkError(format!("`k` has {length} bytes; for {name} it has at least {shortest}")));
        }
        Ok(java)
    }

    /// Whether it makes signatures, or keeps secrets.
    pub(super) fn is_signature(&self) -> bool {
        self.is_signature
    }
}
