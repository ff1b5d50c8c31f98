//! `SystemAndEnvSecretStore`: secrets from the environment of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crypto::{Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};
use heap::{Builder, ObjectConfig, ProcessSettings, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::format::{FormatMapping, Formats, SecretFormat};

/// Reads secrets from environment variables and system properties.
///
/// The secret `agent.password` is the environment variable `AGENT_PASSWORD`: letters in upper case, dots and
/// dashes as underscores. Where there is none, it is the system property `agent.password`, as
/// `-Dagent.password=…` in `IG_OPTS` sets it.
///
/// A value that should be base64 and cannot be is taken as it is, and the log says so: write `"format":
/// "PLAIN"` if that is what you mean, because a password can look like base64 by chance.
///
/// ```json
/// {
///   "name": "Environment",
///   "type": "SystemAndEnvSecretStore",
///   "config": { "mappings": [{ "secretId": "agent.password", "format": "PLAIN" }] }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemAndEnvSecretStore {
    /// How the values are written: `BASE64` (the default) or `PLAIN`.
    #[serde(default)]
    format: SecretFormat,
    /// Secrets that are written otherwise.
    #[serde(default)]
    mappings: Vec<FormatMapping>,
    /// Accepted. What a process was started with does not change while it runs.
    #[expect(dead_code, reason = "accepted")]
    lease_expiry: Option<TimeSpan>,
}

impl ObjectConfig for SystemAndEnvSecretStore {
    const TYPE: &'static str = "SystemAndEnvSecretStore";
    type Object = SecretStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        let formats = Formats::new(self.format, self.mappings);
        Ok(SecretStoreRef::new(SystemAndEnv::new(formats, b.process())))
    }
}

pub(super) struct SystemAndEnv {
    formats: Formats,
    process: Arc<ProcessSettings>,
    /// What has been looked up. The ids are those of the configuration, so there are few.
    known: Mutex<HashMap<SecretId, Option<Secret>>>,
}

impl SystemAndEnv {
    pub(super) fn new(formats: Formats, process: Arc<ProcessSettings>) -> Self {
        Self { formats, process, known: Mutex::default() }
    }

    fn look_up(&self, id: &SecretId) -> Option<Secret> {
        let variable = id.as_str().to_ascii_uppercase().replace(['.', '-'], "_");
        let value = self.process.env.get(&variable).or_else(|| self.process.system.get(id.as_str()))?;
        let value = value.as_bytes();
        // An empty variable is how shells unset one.
        if value.is_empty() {
            return None;
        }
        let decoded = match self.formats.of(id) {
            SecretFormat::Plain => None,
            SecretFormat::Base64 => {
                let decoded = Secret::from_base64(value);
                if decoded.is_none() {
                    tracing::info!(secret = %id, "A secret in the environment is not base64; it is taken as it is.");
                }
                decoded
            }
        };
        Some(decoded.unwrap_or_else(|| Secret::generic(value.to_vec())))
    }
}

impl SecretStore for SystemAndEnv {
    async fn secrets(&self, id: &SecretId, _: Purpose) -> Result<Vec<Secret>, SecretError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = known.entry(id.clone()).or_insert_with(|| self.look_up(id));
        Ok(secret.clone().into_iter().collect())
    }
}
