//! Key stores that properties name, in the words of the objects of TLS.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

/// What the secrets are called within the objects that are made here.
const CERTIFICATE_ID: &str = "listener.certificate";
const PASSWORD_ID: &str = "store.password";

/// A file of keys or of certificates to believe.
pub(super) struct Store {
    pub(super) file: String,
    pub(super) store_type: Option<String>,
    pub(super) password: Option<String>,
}

impl Store {
    /// A store at a path that may begin at a folder.
    pub(super) fn at(folder: &Path, file: &str) -> Self {
        Self { file: folder.join(file).display().to_string(), store_type: None, password: None }
    }

    /// The manager of the key that has this alias.
    pub(super) fn key_manager(&self, alias: &str) -> Json {
        let mut config = json!({
            "file": self.file,
            "mappings": [ { "secretId": CERTIFICATE_ID, "aliases": [alias] } ],
        });
        if let Some(store_type) = &self.store_type {
            config["storeType"] = json!(store_type);
        }
        self.add_password("storePasswordSecretId", &mut config);
        json!({
            "type": "SecretsKeyManager",
            "config": {
                "signingSecretId": CERTIFICATE_ID,
                "secretsProvider": { "type": "KeyStoreSecretStore", "config": config },
            },
        })
    }

    /// The manager of whatever keys there are.
    pub(super) fn any_key_manager(&self) -> Json {
        json!({ "type": "KeyManager", "config": { "keystore": self.key_store() } })
    }

    /// The manager that believes what is in the store.
    pub(super) fn trust_manager(&self) -> Json {
        json!({ "type": "TrustManager", "config": { "keystore": self.key_store() } })
    }

    fn key_store(&self) -> Json {
        let mut config = json!({ "url": self.file });
        if let Some(store_type) = &self.store_type {
            config["type"] = json!(store_type);
        }
        self.add_password("passwordSecretId", &mut config);
        json!({ "type": "KeyStore", "config": config })
    }

    /// Names the password, and holds it. In base64 nothing of it is taken for an expression.
    fn add_password(&self, field: &str, config: &mut Json) {
        let Some(password) = &self.password else { return };
        config[field] = json!(PASSWORD_ID);
        config["secretsProvider"] = json!({
            "type": "Base64EncodedSecretStore",
            "config": { "secrets": { PASSWORD_ID: STANDARD.encode(password) } },
        });
    }
}
