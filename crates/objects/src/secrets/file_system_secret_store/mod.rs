//! `FileSystemSecretStore`: one secret per file.

mod read;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::{Purpose, Secret, SecretError, SecretId, SecretStore, SecretStoreRef};
use heap::{Builder, ObjectConfig, Spanned, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;
use tokio::time::{Instant, timeout};

use super::format::{Coding, Format, FormatMapping, Formats, SecretFormat};
use super::refresh::{AutoRefresh, READ_TIMEOUT, good_for};
use read::{Content, Files};

pub(super) use read::read_file;

/// Reads secrets from the files of a folder, one secret per file.
///
/// The file of the secret `agent.password` is called `agent.password` and then the `suffix`. Folders within the
/// folder are not looked at; links are followed, so that mounted secrets of containers can be read. A file is at
/// most 64 KiB long, or as long as its format allows. A line break at the end of a plain secret is left out, because editors leave one behind.
///
/// Files are read when their secret is first needed, and again when they have changed: within a second, without
/// a restart. A file that has gone, or cannot be read any more, fails the requests that need it.
///
/// With `versionSuffix` a secret may have several versions, one per file: with `.v` those of `agent.password`
/// are `agent.password.v1`, `agent.password.v2` and so on (and then the `suffix`, or the suffix first). The
/// highest number is the active secret, the others are valid beside it; a file without a number counts as the
/// oldest.
///
/// ```json
/// {
///   "name": "Files",
///   "type": "FileSystemSecretStore",
///   "config": { "directory": "/run", "format": "PLAIN", "suffix": ".secret" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileSystemSecretStore {
    /// The folder. A relative path starts at the instance folder.
    directory: Spanned<PathBuf>,
    /// How the files are written: `BASE64` (the default), `PLAIN`, or a format by name or in place.
    format: Option<SecretFormat>,
    /// What follows the id in the names of files.
    suffix: Option<Spanned<String>>,
    /// What stands before the number in the names of versions. When absent, there are no versions.
    version_suffix: Option<Spanned<String>>,
    /// Secrets that are written otherwise.
    #[serde(default)]
    mappings: Vec<FormatMapping>,
    /// How long a secret that has been read may be used without another look: 5 minutes by default.
    lease_expiry: Option<TimeSpan>,
    /// Whether changed files are noticed before that.
    auto_refresh: Option<AutoRefresh>,
}

impl ObjectConfig for FileSystemSecretStore {
    const TYPE: &'static str = "FileSystemSecretStore";
    type Object = SecretStoreRef;

    fn build(self, b: &mut Builder<'_>) -> Result<SecretStoreRef, Diagnostic> {
        let directory = b.paths().instance.join(&*self.directory);
        if !directory.is_dir() {
            let message = format!("`{}` is not a folder that can be read", directory.display());
            return Err(b.error(message, Some(self.directory.span())));
        }
        for suffix in self.suffix.iter().chain(&self.version_suffix) {
            if suffix.contains(['/', '\0']) {
                return Err(b.error("a suffix is a part of the name of a file", Some(suffix.span())));
            }
        }
        let good_for = good_for(self.lease_expiry, self.auto_refresh.as_ref());
        let files = Files {
            directory,
            suffix: self.suffix.map(Spanned::into_inner).unwrap_or_default(),
            version_suffix: self.version_suffix.map(Spanned::into_inner),
        };
        let formats = Formats::new(self.format.as_ref(), self.mappings, b);
        Ok(SecretStoreRef::new(FileSystem {
            files: Arc::new(files),
            formats,
            good_for,
            known: Mutex::default(),
        }))
    }
}

struct FileSystem {
    files: Arc<Files>,
    formats: Formats,
    /// How long what was read may be used; for ever when `None`.
    good_for: Option<Duration>,
    /// What has been read. The ids are those of the configuration, so there are few.
    known: Mutex<HashMap<SecretId, Known>>,
}

struct Known {
    content: Vec<Content>,
    secrets: Vec<Secret>,
    read: Instant,
}

impl SecretStore for FileSystem {
    async fn secrets(&self, id: &SecretId, purpose: Purpose) -> Result<Vec<Secret>, SecretError> {
        if let Some(secrets) = self.known(id) {
            return purpose.choose(id, secrets);
        }
        let format = self.formats.of(id);
        let unreadable = |cause| SecretError::Unreadable { id: id.clone(), cause };
        let (files, wanted, bytes_max) = (Arc::clone(&self.files), id.clone(), format.bytes_max());
        let reading = tokio::task::spawn_blocking(move || files.read(&wanted, bytes_max));
        let content = timeout(READ_TIMEOUT, reading).await.map_err(|slow| unreadable(slow.into()))?;
        let content = content.map_err(|panicked| unreadable(panicked.into()))?;
        let content = content.map_err(|error| unreadable(error.into()))?;
        let secrets = match self.unchanged(id, &content) {
            Some(secrets) => secrets,
            None => self.take_over(id, format, content).await?,
        };
        purpose.choose(id, secrets)
    }
}

impl FileSystem {
    /// What was read not too long ago.
    fn known(&self, id: &SecretId) -> Option<Vec<Secret>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(id)?;
        let is_good = self.good_for.is_none_or(|good_for| known.read.elapsed() < good_for);
        is_good.then(|| known.secrets.clone())
    }

    /// What was read before, when the files hold the same as then.
    fn unchanged(&self, id: &SecretId, content: &[Content]) -> Option<Vec<Secret>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_mut(id).filter(|known| known.content == content)?;
        known.read = Instant::now();
        Some(known.secrets.clone())
    }

    /// Makes secrets of what was read.
    async fn take_over(
        &self,
        id: &SecretId,
        format: &Format,
        content: Vec<Content>,
    ) -> Result<Vec<Secret>, SecretError> {
        let mut secrets = Vec::new();
        for Content { path, bytes } in &content {
            let bytes = match format {
                Format::Coded(Coding::Plain) => without_line_break(id, bytes),
                _ => bytes,
            };
            let found = match format.read(id, bytes.to_vec().into()).await {
                Ok(found) => found,
                Err(error) => {
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
                    return Err(error);
                }
            };
            secrets.extend(found.into_iter().map(|secret| match secret.key() {
                Some(key) => key.clone().with_origin(path.display().to_string()).into(),
                None => secret,
            }));
        }
        let known = Known { content, secrets: secrets.clone(), read: Instant::now() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), known);
        Ok(secrets)
    }
}

fn without_line_break<'c>(id: &SecretId, content: &'c [u8]) -> &'c [u8] {
    let Some(shorter) = content.strip_suffix(b"\n") else { return content };
    tracing::info!(secret = %id, "The line break at the end of the file of a plain secret is left out.");
    shorter.strip_suffix(b"\r").unwrap_or(shorter)
}
