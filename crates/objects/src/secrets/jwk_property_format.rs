//! `JwkPropertyFormat`: secrets are JSON Web Keys.

use crypto::{Secret, jwk};
use heap::{Builder, ObjectConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::format::{SecretPropertyFormat, SecretPropertyFormatRef};

/// Reads secrets that are JSON Web Keys (RFC 7517), one per secret.
///
/// It is the `format` of a [FileSystemSecretStore](FileSystemSecretStore.md) or a
/// [SystemAndEnvSecretStore](SystemAndEnvSecretStore.md), or of some of their secrets.
///
/// Keys are symmetric (`oct`), of RSA, of the curves P-256, P-384 and P-521 (`EC`), or of Ed25519 (`OKP`), private or
/// public. Tokens refer to a key by its `kid`. A key is used for nothing that its `use`, `key_ops` or `alg` does not
/// allow.
///
/// ```json
/// {
///   "type": "FileSystemSecretStore",
///   "config": { "directory": "/run", "suffix": ".jwk", "format": { "type": "JwkPropertyFormat" } }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
pub struct JwkPropertyFormat {}

impl ObjectConfig for JwkPropertyFormat {
    const TYPE: &'static str = "JwkPropertyFormat";
    type Object = SecretPropertyFormatRef;

    fn build(self, _: &mut Builder<'_>) -> Result<SecretPropertyFormatRef, Diagnostic> {
        Ok(SecretPropertyFormatRef::new(Jwk))
    }
}

struct Jwk;

impl SecretPropertyFormat for Jwk {
    fn decode(&self, text: &[u8], _: Option<&[u8]>) -> Result<Vec<Secret>, String> {
        jwk::parse(text).map(|key| vec![key.into()]).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::secrets::tests::{Folder, check_for, fixture, with_store};
    use crypto::{Purpose, SecretId};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(purpose: Purpose, expected: Expect) {
        let key = |name: &str| fixture(&format!("jwk/{name}.json"));
        let folder = Folder::new(&[
            ("ec.jwk", &key("ec_private_key")),
            ("public.jwk", &key("rsa_public_key")),
            ("hmac.jwk", &key("hmac_key")),
            ("aes.jwk", &key("aes_key")),
            ("broken.jwk", r#"{"kty": "RSA", "n": "AQAB"}"#),
            ("text.jwk", "open sesame"),
        ]);
        let config =
            folder.config(r#", "suffix": ".jwk", "format": {"type": "JwkPropertyFormat", "config": {}}"#);
        let ids = ["ec", "public", "hmac", "aes", "broken", "text", "absent"];
        check_for(purpose, "FileSystemSecretStore", &config, &ids, expected);
    }

    #[test]
    fn a_key_is_for_what_it_says() {
        check(
            Purpose::Sign,
            expect![[r#"
            ec: ["[EC private key, 0 certificates: bilbo.baggins@hobbiton.example]"]
            public: the secret `public` cannot be used: no key of it can sign: a private or symmetric key is needed
            hmac: ["[HmacSHA256 key: 018c0ae5-4d9b-471b-bfd6-eef314bc7037]"]
            aes: the secret `aes` cannot be used: no key of it can sign: a private or symmetric key is needed
            broken: the secret `broken` cannot be used: `e` is missing
            text: the secret `text` cannot be used: it is not JSON (line 1, column 1)
            absent: []
        "#]],
        );
        check(
            Purpose::Verify,
            expect![[r#"
            ec: ["[EC private key, 0 certificates: bilbo.baggins@hobbiton.example]"]
            public: ["[public key: bilbo.baggins@hobbiton.example]"]
            hmac: ["[HmacSHA256 key: 018c0ae5-4d9b-471b-bfd6-eef314bc7037]"]
            aes: the secret `aes` cannot be used: no key of it may verify signatures
            broken: the secret `broken` cannot be used: `e` is missing
            text: the secret `text` cannot be used: it is not JSON (line 1, column 1)
            absent: []
        "#]],
        );
        check(
            Purpose::Encrypt,
            expect![[r#"
            ec: the secret `ec` cannot be used: no key of it may encrypt
            public: the secret `public` cannot be used: no key of it may encrypt
            hmac: the secret `hmac` cannot be used: no key of it may encrypt
            aes: ["[AES key: 1e571774-2e08-40da-8308-e8d68773842d]"]
            broken: the secret `broken` cannot be used: `e` is missing
            text: the secret `text` cannot be used: it is not JSON (line 1, column 1)
            absent: []
        "#]],
        );
    }

    #[test]
    fn tokens_refer_to_a_key_by_its_id() {
        let folder = Folder::new(&[("ec", &fixture("jwk/ec_private_key.json"))]);
        let config = folder.config(r#", "format": {"type": "JwkPropertyFormat"}"#);
        with_store("FileSystemSecretStore", &config, |store| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let id = SecretId::parse("ec").unwrap();
            let named = |kid: &str| runtime.block_on(store.named(&id, kid, Purpose::Verify)).unwrap().len();
            assert_eq!((named("bilbo.baggins@hobbiton.example"), named("frodo")), (1, 0));
        });
    }
}
