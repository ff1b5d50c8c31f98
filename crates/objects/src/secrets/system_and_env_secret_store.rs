//! `SystemAndEnvSecretStore`: secrets from the environment of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crypto::{Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};
use heap::{Builder, ObjectConfig, ProcessSettings, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use super::format::{Coding, Format, FormatMapping, Formats, SecretFormat};

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
    /// How the values are written: `BASE64` (the default), `PLAIN`, or a format by name or in place.
    format: Option<SecretFormat>,
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
        let formats = Formats::new(self.format.as_ref(), self.mappings, b);
        Ok(SecretStoreRef::new(SystemAndEnv::new(formats, b.process())))
    }
}

pub(super) struct SystemAndEnv {
    formats: Formats,
    process: Arc<ProcessSettings>,
    /// What has been looked up. The ids are those of the configuration, so there are few.
    known: Mutex<HashMap<SecretId, Vec<Secret>>>,
}

impl SystemAndEnv {
    pub(super) fn new(formats: Formats, process: Arc<ProcessSettings>) -> Self {
        Self { formats, process, known: Mutex::default() }
    }

    async fn look_up(&self, id: &SecretId) -> Result<Vec<Secret>, SecretError> {
        let variable = id.as_str().to_ascii_uppercase().replace(['.', '-'], "_");
        let value = self.process.env.get(&variable).or_else(|| self.process.system.get(id.as_str()));
        // An empty variable is how shells unset one.
        let Some(value) = value.map(|value| value.as_bytes()).filter(|value| !value.is_empty()) else {
            return Ok(Vec::new());
        };
        let format = self.formats.of(id);
        let is_plain =
            matches!(format, Format::Coded(Coding::Base64)) && Secret::from_base64(value).is_none();
        if is_plain {
            tracing::info!(secret = %id, "A secret in the environment is not base64; it is taken as it is.");
            return Ok(vec![Secret::generic(value.to_vec())]);
        }
        format.read(id, value.to_vec().into()).await
    }
}

impl SecretStore for SystemAndEnv {
    async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let secrets = match known {
            Some(secrets) => secrets,
            None => {
                let secrets = self.look_up(id).await?;
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), secrets.clone());
                secrets
            }
        };
        purpose.choose(id, secrets)
    }
}
