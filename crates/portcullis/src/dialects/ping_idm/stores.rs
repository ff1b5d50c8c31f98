//! The key store and the trust store that `boot.properties` names, in the words of the objects of TLS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use heap::Environment;
use serde_json::{Value as Json, json};
use source::{Diagnostic, Span};

use super::property;
use crate::errors;

/// The password that a fresh installation has, known to everybody.
const INITIAL_PASSWORD: &str = "changeit";

/// The alias of the certificate of a fresh installation.
pub(super) const DEFAULT_ALIAS: &str = "openidm-localhost";

/// What the secrets are called within the objects that are made here.
const CERTIFICATE_ID: &str = "listener.certificate";
const PASSWORD_ID: &str = "store.password";

/// One of the two stores: the begin of its properties, and where it is by default.
#[derive(Clone, Copy)]
enum Store {
    Key,
    Trust,
}

impl Store {
    fn prefix(self) -> &'static str {
        match self {
            Self::Key => "openidm.keystore",
            Self::Trust => "openidm.truststore",
        }
    }

    fn default_file(self) -> &'static str {
        match self {
            Self::Key => "security/keystore.jceks",
            Self::Trust => "security/truststore",
        }
    }

    /// The file, absolute.
    fn file(self, environment: &Environment) -> String {
        let file = property(environment, &format!("{}.location", self.prefix()));
        let file = file.unwrap_or_else(|| self.default_file().to_owned());
        environment.paths.instance.join(file).display().to_string()
    }

    /// A store that holds the password.
    fn password(self, environment: &Environment, span: &Span, diagnostics: &mut Vec<Diagnostic>) -> Json {
        let name = format!("{}.password", self.prefix());
        let password = environment_password(environment, &name);
        if password == INITIAL_PASSWORD {
            diagnostics.push(errors::initial_password(&name, span));
        }
        if password.starts_with("OBF:") || password.starts_with("CRYPT:") {
            diagnostics.push(errors::obfuscated_password(&name, span));
        }
        json!({
            "type": "Base64EncodedSecretStore",
            "config": { "secrets": { PASSWORD_ID: STANDARD.encode(password) } },
        })
    }
}

/// A password is taken as it is, white space included.
fn environment_password(environment: &Environment, name: &str) -> String {
    use source::Tokens;
    let password = environment.process.get(name).filter(|password| !password.is_empty());
    password.unwrap_or_else(|| INITIAL_PASSWORD.to_owned())
}

/// The manager of the key that has this alias in the key store.
pub(super) fn key_manager(
    environment: &Environment,
    alias: &str,
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Json {
    let mut config = json!({
        "file": Store::Key.file(environment),
        "storePasswordSecretId": PASSWORD_ID,
        "secretsProvider": Store::Key.password(environment, span, diagnostics),
        "mappings": [ { "secretId": CERTIFICATE_ID, "aliases": [alias] } ],
    });
    if let Some(store_type) = property(environment, "openidm.keystore.type") {
        config["storeType"] = store_type.into();
    }
    json!({
        "type": "SecretsKeyManager",
        "config": {
            "signingSecretId": CERTIFICATE_ID,
            "secretsProvider": { "type": "KeyStoreSecretStore", "config": config },
        },
    })
}

/// The manager that believes what is in the trust store.
pub(super) fn trust_manager(
    environment: &Environment,
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Json {
    let mut config = json!({
        "url": Store::Trust.file(environment),
        "passwordSecretId": PASSWORD_ID,
        "secretsProvider": Store::Trust.password(environment, span, diagnostics),
    });
    if let Some(store_type) = property(environment, "openidm.truststore.type") {
        config["type"] = store_type.into();
    }
    json!({
        "type": "TrustManager",
        "config": { "keystore": { "type": "KeyStore", "config": config } },
    })
}
