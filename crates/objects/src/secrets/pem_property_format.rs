//! `PemPropertyFormat`: secrets are keys and certificates in PEM.

use crypto::{Secret, pem};
use heap::{Builder, ObjectConfig, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::format::{PasswordSource, SecretPropertyFormat, SecretPropertyFormatRef};
use super::{SecretsProviderField, provider_of};

/// Reads secrets that are keys and certificates in PEM.
///
/// It is the `format` of a [FileSystemSecretStore](FileSystemSecretStore.md) or a
/// [SystemAndEnvSecretStore](SystemAndEnvSecretStore.md), or of some of their secrets. A text holds one of these:
///
/// - a private key, with its certificates behind or before it in any order. The certificate of the key is found by
///   its public key, and the others by who has issued whom;
/// - certificates or public keys, each of which is valid: to verify signatures, or to say whom to trust;
/// - symmetric keys, or a generic secret, of which the first is the active one.
///
/// Labels that are understood are `CERTIFICATE`, `PUBLIC KEY`, `RSA PUBLIC KEY`, `PRIVATE KEY`,
/// `ENCRYPTED PRIVATE KEY`, `EC PRIVATE KEY`, `RSA PRIVATE KEY`, `HMAC SECRET KEY`, `AES SECRET KEY` and
/// `GENERIC SECRET`. Keys are of RSA (2048 to 8192 bits), of the curves P-256, P-384 and P-521, or of Ed25519. Text
/// around the blocks is left out; a block that is not understood is an error. A text is at most 1 MiB long.
///
/// ```json
/// {
///   "type": "FileSystemSecretStore",
///   "config": {
///     "directory": "/run",
///     "suffix": ".pem",
///     "format": {
///       "type": "PemPropertyFormat",
///       "config": { "decryptionSecretId": "pem.password", "secretsProvider": { "type": "SystemAndEnvSecretStore" } }
///     }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PemPropertyFormat {
    /// The password of private keys that are encrypted.
    decryption_secret_id: Option<Spanned<heap::SecretId>>,
    /// Where the password comes from.
    secrets_provider: Option<SecretsProviderField>,
}

impl ObjectConfig for PemPropertyFormat {
    const TYPE: &'static str = "PemPropertyFormat";
    type Object = SecretPropertyFormatRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretPropertyFormatRef, Diagnostic> {
        let secrets = self.secrets_provider;
        let password = self
            .decryption_secret_id
            .map(|id| PasswordSource { id: id.into_inner().0, secrets: provider_of(secrets.as_ref(), b) });
        Ok(SecretPropertyFormatRef::new(Pem { password }))
    }
}

struct Pem {
    password: Option<PasswordSource>,
}

impl SecretPropertyFormat for Pem {
    fn bytes_max(&self) -> usize {
        pem::TEXT_BYTES_MAX
    }

    fn password(&self) -> Option<&PasswordSource> {
        self.password.as_ref()
    }

    fn decode(&self, text: &[u8], password: Option<&[u8]>) -> Result<Vec<Secret>, String> {
        pem::secrets_from_pem(text, password).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::secrets::tests::{Folder, check, check_for, fixture, look_up_for, with_store};
    use crate::testing::check_complaints;
    use crypto::Purpose;
    use expect_test::{Expect, expect};

    const STORE: &str = "FileSystemSecretStore";

    fn folder() -> Folder {
        let pem = |name: &str| fixture(&format!("pem/{name}.pem"));
        let chain = pem("ec-sec1") + &pem("leaf") + &pem("ica");
        Folder::new(&[
            ("chain.pem", &chain),
            ("encrypted.pem", &pem("ec-pbes2")),
            ("trust.pem", &(pem("ca") + &pem("leaf"))),
            ("public.pem", &pem("rsa-public")),
            (
                "aes.pem",
                "-----BEGIN AES SECRET KEY-----\nAAECAwQFBgcICQoLDA0ODw==\n-----END AES SECRET KEY-----",
            ),
            (
                "password.pem",
                "-----BEGIN GENERIC SECRET-----\nb3BlbiBzZXNhbWU=\n-----END GENERIC SECRET-----",
            ),
            ("broken.pem", "\n-----BEGIN PRIVATE KEY-----\nAAAA\n"),
            ("text.pem", "open sesame"),
            ("plain", "open sesame"),
        ])
    }

    const IDS: [&str; 9] =
        ["chain", "encrypted", "trust", "public", "aes", "password", "broken", "text", "absent"];

    #[track_caller]
    fn check_format(purpose: Purpose, format: &str, expected: Expect) {
        let folder = folder();
        let config = folder.config(&format!(r#", "suffix": ".pem", "format": {format}"#));
        check_for(purpose, STORE, &config, &IDS, expected);
    }

    const PLAIN: &str = r#"{"type": "PemPropertyFormat"}"#;

    #[test]
    fn keys_to_sign_with() {
        check_format(
            Purpose::Sign,
            PLAIN,
            expect![[r#"
            chain: ["[EC private key, 2 certificates]"]
            encrypted: the secret `encrypted` cannot be used: line 1: the private key is encrypted, and there is no password for it
            trust: the secret `trust` cannot be used: no key of it can sign: a private or symmetric key is needed
            public: the secret `public` cannot be used: no key of it can sign: a private or symmetric key is needed
            aes: ["[AES key]"]
            password: ["open sesame"]
            broken: the secret `broken` cannot be used: line 2: the `BEGIN PRIVATE KEY` has no `END`
            text: the secret `text` cannot be used: line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood
            absent: []
        "#]],
        );
    }

    #[test]
    fn keys_and_certificates_to_verify_with() {
        check_format(
            Purpose::Verify,
            PLAIN,
            expect![[r#"
            chain: ["[EC private key, 2 certificates]"]
            encrypted: the secret `encrypted` cannot be used: line 1: the private key is encrypted, and there is no password for it
            trust: ["[certificate]", "[certificate]"]
            public: ["[public key]"]
            aes: ["[AES key]"]
            password: ["open sesame"]
            broken: the secret `broken` cannot be used: line 2: the `BEGIN PRIVATE KEY` has no `END`
            text: the secret `text` cannot be used: line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood
            absent: []
        "#]],
        );
    }

    #[test]
    fn passwords() {
        check_format(
            Purpose::Password,
            PLAIN,
            expect![[r#"
            chain: the secret `chain` cannot be used: a password is needed, and it is a key or certificate
            encrypted: the secret `encrypted` cannot be used: line 1: the private key is encrypted, and there is no password for it
            trust: the secret `trust` cannot be used: a password is needed, and it is a key or certificate
            public: the secret `public` cannot be used: a password is needed, and it is a key or certificate
            aes: ["[AES key]"]
            password: ["open sesame"]
            broken: the secret `broken` cannot be used: line 2: the `BEGIN PRIVATE KEY` has no `END`
            text: the secret `text` cannot be used: line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood
            absent: []
        "#]],
        );
    }

    #[test]
    fn encrypted_keys() {
        let with = |id: &str, value: &str| {
            format!(
                r#"{{"type": "PemPropertyFormat", "config": {{"decryptionSecretId": "{id}", "secretsProvider":
                     {{"type": "Base64EncodedSecretStore", "config": {{"secrets": {{"p": "{value}"}}}}}}}}}}"#
            )
        };
        let folder = folder();
        for (id, value, expected) in [
            (
                "p",
                "Y2hhbmdlaXQ=",
                expect![[r#"
                encrypted: ["[EC private key, 0 certificates]"]
                chain: ["[EC private key, 2 certificates]"]
            "#]],
            ),
            (
                "p",
                "b3RoZXI=",
                expect![[r#"
                encrypted: the secret `encrypted` cannot be used: line 1: it does not open with this password, or has been changed
                chain: ["[EC private key, 2 certificates]"]
            "#]],
            ),
            (
                "q",
                "b3RoZXI=",
                expect![[r#"
                encrypted: no store has the secret `q`
                chain: no store has the secret `q`
            "#]],
            ),
        ] {
            let config = folder.config(&format!(r#", "suffix": ".pem", "format": {}"#, with(id, value)));
            check_for(Purpose::Sign, STORE, &config, &["encrypted", "chain"], expected);
        }
    }

    #[test]
    fn for_some_secrets_only_as_in_the_guide() {
        let folder = folder();
        let mappings = r#"[{"secretId": "chain.pem", "format": {"type": "PemPropertyFormat"}}]"#;
        let config = folder.config(&format!(r#", "format": "PLAIN", "mappings": {mappings}"#));
        check(
            STORE,
            &config,
            &["plain"],
            expect![[r#"
            plain: ["open sesame"]
        "#]],
        );
        check_for(
            Purpose::Sign,
            STORE,
            &config,
            &["chain.pem"],
            expect![[r#"
            chain.pem: ["[EC private key, 2 certificates]"]
        "#]],
        );
    }

    #[test]
    fn a_changed_file_is_another_key() {
        let folder = folder();
        let config = folder
            .config(r#", "suffix": ".pem", "leaseExpiry": "zero", "format": {"type": "PemPropertyFormat"}"#);
        with_store(STORE, &config, |store| {
            let mut seen = vec![look_up_for(Purpose::Sign, store, "chain")];
            folder.write("chain.pem", fixture("pem/ed25519.pem"));
            seen.push(look_up_for(Purpose::Sign, store, "chain"));
            folder.write("chain.pem", "");
            seen.push(look_up_for(Purpose::Sign, store, "chain"));
            folder.write("chain.pem", fixture("pem/ec-sec1.pem"));
            seen.push(look_up_for(Purpose::Sign, store, "chain"));
            expect![[r#"
                ["[EC private key, 2 certificates]"]
                ["[Ed25519 private key, 0 certificates]"]
                the secret `chain` cannot be used: line 1: there is no block of a key or certificate in it; CERTIFICATE, X509 CRL, PUBLIC KEY, RSA PUBLIC KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, HMAC SECRET KEY, AES SECRET KEY and GENERIC SECRET are understood
                ["[EC private key, 0 certificates]"]"#]].assert_eq(&seen.join("\n"));
        });
    }

    #[test]
    fn a_key_says_where_it_comes_from() {
        let folder = folder();
        let config = folder.config(r#", "suffix": ".pem", "format": {"type": "PemPropertyFormat"}"#);
        with_store(STORE, &config, |store| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let id = crypto::SecretId::parse("chain").unwrap();
            let secret = runtime.block_on(store.active(&id, Purpose::Sign)).unwrap();
            let expected = format!("{}/chain.pem", folder.0.display());
            assert_eq!(secret.key().unwrap().origin(), Some(expected.as_str()));
        });
    }

    #[test]
    fn a_long_list_of_certificates() {
        let folder = Folder::new(&[("trust", &fixture("pem/ca.pem").repeat(200))]);
        let config = folder.config(r#", "format": {"type": "PemPropertyFormat"}"#);
        with_store(STORE, &config, |store| {
            assert_eq!(look_up_for(Purpose::Verify, store, "trust").matches("[certificate]").count(), 200);
        });
    }

    #[test]
    fn complaints() {
        check_complaints(
            r#"{"handler": {"type": "Origin"}, "heap": [
    {"name": "1", "type": "PemPropertyFormat", "config": {"decryptionSecretId": "a/b"}},
    {"name": "2", "type": "PemPropertyFormat", "config": {"secretsProvider": "Nobody", "password": "x"}},
    {"name": "3", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": "1"}},
    {"name": "4", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": "3"}},
    {"name": "5", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": 7}},
    {"name": "6", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": {"type": "SecretsProvider"}}}
]}"#,
            expect![[r#"
                error[PC0302]: PemPropertyFormat: a secret id has letters, digits, `.`, `_` and `-` only, not '/'
                 --> config.json:2:81
                  |
                2 |     {"name": "1", "type": "PemPropertyFormat", "config": {"decryptionSecretId": "a/b"}},
                  |                                                                                 ^^^^^
                error[PC0306]: no object is named `Nobody`
                 --> config.json:3:78
                  |
                3 |     {"name": "2", "type": "PemPropertyFormat", "config": {"secretsProvider": "Nobody", "password": "x"}},
                  |                                                                              ^^^^^^^^ a SecretStore is needed here
                warning[PC0304]: PemPropertyFormat has no field `password`; it is ignored
                 --> config.json:3:88
                  |
                3 |     {"name": "2", "type": "PemPropertyFormat", "config": {"secretsProvider": "Nobody", "password": "x"}},
                  |                                                                                        ^^^^^^^^^^
                error[PC0307]: `3` is a SecretStore (FileSystemSecretStore), but a SecretPropertyFormat is needed here
                 --> config.json:5:91
                  |
                5 |     {"name": "4", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": "3"}},
                  |                                                                                           ^^^
                error[PC0301]: the name of a SecretPropertyFormat, or a SecretPropertyFormat declared in place, is needed here, found a number
                 --> config.json:6:91
                  |
                6 |     {"name": "5", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": 7}},
                  |                                                                                           ^
                error[PC0303]: SecretsProvider needs the field `stores`
                 --> config.json:7:91
                  |
                7 |     {"name": "6", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": {"type": "SecretsProvider"}}}
                  |                                                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
                error[PC0307]: `SecretsProvider@7:91` is a SecretStore (SecretsProvider), but a SecretPropertyFormat is needed here
                 --> config.json:7:91
                  |
                7 |     {"name": "6", "type": "FileSystemSecretStore", "config": {"directory": "/", "format": {"type": "SecretsProvider"}}}
                  |                                                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
            "#]],
        );
    }
}
