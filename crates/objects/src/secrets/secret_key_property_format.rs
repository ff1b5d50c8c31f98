//! `SecretKeyPropertyFormat`: secrets are symmetric keys of a known algorithm.

use crypto::{CryptoKey, KeyMaterial, Secret};
use heap::{Builder, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use zeroize::Zeroizing;

use super::format::{Coding, SecretPropertyFormat, SecretPropertyFormatRef};

/// Reads secrets that are symmetric keys of one algorithm.
///
/// It is the `format` of a [FileSystemSecretStore](FileSystemSecretStore.md) or a
/// [SystemAndEnvSecretStore](SystemAndEnvSecretStore.md), or of some of their secrets. In a plain file every byte
/// belongs to the key, a line break at the end, too.
///
/// ```json
/// {
///   "type": "SystemAndEnvSecretStore",
///   "config": {
///     "mappings": [
///       {
///         "secretId": "signing.key",
///         "format": {
///           "type": "SecretKeyPropertyFormat",
///           "config": { "format": "BASE64", "algorithm": "HmacSHA512" }
///         }
///       }
///     ]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SecretKeyPropertyFormat {
    /// How the bytes of the key are written: `BASE64`, or `PLAIN` as they are.
    format: Coding,
    /// The algorithm of the key, by the name that Java has for it: `AES`, `HmacSHA256`, `HmacSHA384`, `HmacSHA512`.
    algorithm: Spanned<String>,
}

impl ObjectConfig for SecretKeyPropertyFormat {
    const TYPE: &'static str = "SecretKeyPropertyFormat";
    type Object = SecretPropertyFormatRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretPropertyFormatRef, Diagnostic> {
        const KNOWN: [&str; 7] =
            ["AES", "DES", "DESede", "HmacSHA1", "HmacSHA256", "HmacSHA384", "HmacSHA512"];
        let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(self.algorithm.trim()));
        let Some(algorithm) = known else {
            let message = format!("`{}` is no algorithm of keys; {} are", &*self.algorithm, KNOWN.join(", "));
            return Err(b.error(message, Some(self.algorithm.span())));
        };
        Ok(SecretPropertyFormatRef::new(SymmetricKey { coding: self.format, algorithm }))
    }
}

struct SymmetricKey {
    coding: Coding,
    algorithm: &'static str,
}

impl SecretPropertyFormat for SymmetricKey {
    fn decode(&self, text: &[u8], _: Option<&[u8]>) -> Result<Vec<Secret>, String> {
        let secret = match self.coding {
            Coding::Base64 => Secret::from_base64(text).ok_or("it is not base64")?,
            Coding::Plain => Secret::generic(text.to_vec()),
        };
        let bytes = secret.bytes().unwrap_or_default();
        let (algorithm, length) = (self.algorithm, bytes.len());
        let fits = match algorithm {
            // Two keys in one, for encryption with authentication, are called AES as well.
            "AES" => matches!(length, 16 | 24 | 32 | 48 | 64),
            "DES" => length == 8,
            "DESede" => length == 24,
            _ => length > 0,
        };
        if !fits {
            return Err(format!("a key of {algorithm} does not have {length} bytes"));
        }
        let bytes = Zeroizing::new(bytes.to_vec());
        Ok(vec![CryptoKey::new(KeyMaterial::Symmetric { algorithm: algorithm.to_owned(), bytes }).into()])
    }
}

#[cfg(test)]
mod tests {
    use crate::secrets::tests::{Folder, check_for};
    use crate::testing::check_complaints;
    use crypto::Purpose;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(format: &str, algorithm: &str, expected: Expect) {
        let folder = Folder::new(&[
            ("coded", "AAECAwQFBgcICQoLDA0ODw=="),
            ("plain", "0123456789abcdef"),
            ("line", "0123456789abcdef\n"),
            ("empty", ""),
        ]);
        let config = format!(r#"{{"format": "{format}", "algorithm": "{algorithm}"}}"#);
        let config = folder
            .config(&format!(r#", "format": {{"type": "SecretKeyPropertyFormat", "config": {config}}}"#));
        let ids = ["coded", "plain", "line", "empty"];
        check_for(Purpose::Sign, "FileSystemSecretStore", &config, &ids, expected);
    }

    #[test]
    fn keys_of_an_algorithm() {
        check(
            "BASE64",
            "AES",
            expect![[r#"
            coded: ["[AES key]"]
            plain: the secret `plain` cannot be used: a key of AES does not have 12 bytes
            line: the secret `line` cannot be used: a key of AES does not have 12 bytes
            empty: the secret `empty` cannot be used: a key of AES does not have 0 bytes
        "#]],
        );
        check(
            "plain",
            "aes",
            expect![[r#"
            coded: ["[AES key]"]
            plain: ["[AES key]"]
            line: the secret `line` cannot be used: a key of AES does not have 17 bytes
            empty: the secret `empty` cannot be used: a key of AES does not have 0 bytes
        "#]],
        );
        check(
            "PLAIN",
            "HmacSHA512",
            expect![[r#"
            coded: ["[HmacSHA512 key]"]
            plain: ["[HmacSHA512 key]"]
            line: ["[HmacSHA512 key]"]
            empty: the secret `empty` cannot be used: a key of HmacSHA512 does not have 0 bytes
        "#]],
        );
        check(
            "BASE64",
            "DESede",
            expect![[r#"
            coded: the secret `coded` cannot be used: a key of DESede does not have 16 bytes
            plain: the secret `plain` cannot be used: a key of DESede does not have 12 bytes
            line: the secret `line` cannot be used: a key of DESede does not have 12 bytes
            empty: the secret `empty` cannot be used: a key of DESede does not have 0 bytes
        "#]],
        );
    }

    #[test]
    fn keys_in_the_environment() {
        // testing.rs sets these variables.
        let format = |algorithm: &str| {
            let config = format!(r#"{{"format": "BASE64", "algorithm": "{algorithm}"}}"#);
            format!(r#"{{"format": {{"type": "SecretKeyPropertyFormat", "config": {config}}}}}"#)
        };
        let ids = ["test.base64", "test.plain", "test.absent"];
        check_for(
            Purpose::Sign,
            "SystemAndEnvSecretStore",
            &format("HmacSHA256"),
            &ids,
            expect![[r#"
            test.base64: ["[HmacSHA256 key]"]
            test.plain: the secret `test.plain` cannot be used: it is not base64
            test.absent: []
        "#]],
        );
        check_for(
            Purpose::Sign,
            "SystemAndEnvSecretStore",
            &format("DES"),
            &ids,
            expect![[r#"
            test.base64: ["[DES key]"]
            test.plain: the secret `test.plain` cannot be used: it is not base64
            test.absent: []
        "#]],
        );
    }

    #[test]
    fn complaints() {
        check_complaints(
            r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "SecretKeyPropertyFormat"},
    {"name": "2", "type": "SecretKeyPropertyFormat", "config": {"format": "HEX", "algorithm": "AES"}}
]}"#,
            expect![[r#"
                error[PC0303]: SecretKeyPropertyFormat needs the field `format`
                 --> config.json:2:5
                  |
                2 |     {"name": "1", "type": "SecretKeyPropertyFormat"},
                  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0303]: SecretKeyPropertyFormat needs the field `algorithm`
                 --> config.json:2:5
                  |
                2 |     {"name": "1", "type": "SecretKeyPropertyFormat"},
                  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0302]: SecretKeyPropertyFormat: `HEX` is not one of `BASE64`, `PLAIN`
                 --> config.json:3:75
                  |
                3 |     {"name": "2", "type": "SecretKeyPropertyFormat", "config": {"format": "HEX", "algorithm": "AES"}}
                  |                                                                           ^^^^^
            "#]],
        );
        check_complaints(
            r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "SecretKeyPropertyFormat", "config": {"format": "PLAIN", "algorithm": "RSA"}}
]}"#,
            expect![[r#"
                error[PC0313]: `RSA` is no algorithm of keys; AES, DES, DESede, HmacSHA1, HmacSHA256, HmacSHA384, HmacSHA512 are
                 --> config.json:2:97
                  |
                2 |     {"name": "1", "type": "SecretKeyPropertyFormat", "config": {"format": "PLAIN", "algorithm": "RSA"}}
                  |                                                                                                 ^^^^^
            "#]],
        );
    }
}
