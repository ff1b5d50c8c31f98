//! Keeps the running generation in step with `config.json`.
//!
//! Routers look after their own folders. This looks at `config.json` by content, loads a changed one beside
//! the running generation, and swaps; one that does not load leaves everything as it is. A change of
//! `admin.json`, or of a file that adds to it, is noticed and said to need a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use heap::{Environment, InstancePaths, Started};
use sha2::{Digest, Sha256};
use source::Tokens;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::dialects;
use crate::gateway::{self, Built, Gateway, Inherited};

/// Time between two looks, unless `IG_ROUTER_SCAN_INTERVAL` says otherwise.
const INTERVAL: Duration = Duration::from_secs(10);

/// What the files held when they were read, so that a change while the instance boots is not missed.
#[derive(Clone, Copy)]
pub(crate) struct Hashes {
    gateway: Option<[u8; 32]>,
    /// Of `admin.json`, and of every file of a dialect that adds to it.
    admin: [u8; 32],
}

impl Hashes {
    /// To be taken before the files are read for their content.
    pub(crate) fn of(paths: &InstancePaths) -> Self {
        let mut admin = Sha256::new();
        for file in [admin_file(paths)].into_iter().chain(dialects::files(&paths.instance)) {
            admin.update(file.as_os_str().as_encoded_bytes());
            admin.update(hash(&file).unwrap_or_default());
        }
        Self { gateway: hash(&gateway_file(paths)), admin: admin.finalize().into() }
    }
}

/// Ends reloading when dropped, and the generation with it.
pub(crate) struct Reloader(Option<JoinHandle<()>>);

impl Reloader {
    pub(crate) fn start(
        environment: &Arc<Environment>,
        gateway: Arc<Gateway>,
        started: Started,
        inherited: Inherited,
        hashes: Hashes,
        control: &Handle,
    ) -> Self {
        let watch = Watch { hashes, environment: environment.clone(), gateway, started, inherited };
        Self(Some(control.spawn(watch.run(interval(environment)))))
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

/// `None` when nothing is ever looked at again.
fn interval(environment: &Environment) -> Option<Duration> {
    let Some(text) = environment.process.get("ig.router.scan.interval") else { return Some(INTERVAL) };
    let limit = source::parse_duration(&text).ok()?.limit()?;
    (!limit.is_zero()).then_some(limit)
}

struct Watch {
    environment: Arc<Environment>,
    gateway: Arc<Gateway>,
    started: Started,
    inherited: Inherited,
    hashes: Hashes,
}

impl Watch {
    async fn run(mut self, interval: Option<Duration>) {
        let Some(interval) = interval else {
            // The generation runs until this task is aborted.
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(interval).await;
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            match looked.await {
                Ok(back) => self = back,
                Err(error) => {
                    tracing::error!(%error, "Watching config.json ended; restart to load further changes.");
                    return;
                }
            }
        }
    }

    fn look(&mut self) {
        let now = Hashes::of(&self.environment.paths);
        let before = std::mem::replace(&mut self.hashes, now);
        if now.admin != before.admin {
            tracing::warn!(
                "admin.json or a file of listeners has changed; restart to let the change take effect."
            );
        }
        if now.gateway == before.gateway {
            return;
        }
        // Without the file a start takes the default configuration. While the instance runs, a file that goes
        // is a mistake, or is being replaced, and must not take its protections along.
        if now.gateway.is_none() {
            tracing::error!("config.json is gone or cannot be read; the last good version keeps serving.");
            return;
        }
        let declared = gateway::declare(&self.environment);
        let Some(level) = declared.level else {
            return report(&declared.diagnostics);
        };
        heap::log_diagnostics(module_path!(), &declared.diagnostics);
        let built = Built::build(&self.environment, level, &self.inherited);
        match built.and_then(|built| built.start(&self.environment)) {
            Ok((serving, started)) => {
                self.gateway.swap(serving);
                self.started = started;
                tracing::info!("config.json has changed and is loaded.");
            }
            Err(diagnostics) => report(&diagnostics),
        }
    }
}

fn report(diagnostics: &[source::Diagnostic]) {
    heap::log_diagnostics(module_path!(), diagnostics);
    tracing::error!("config.json has changed but cannot be loaded; the last good version keeps serving.");
}

fn gateway_file(paths: &InstancePaths) -> PathBuf {
    paths.config.join("config.json")
}

fn admin_file(paths: &InstancePaths) -> PathBuf {
    paths.config.join("admin.json")
}

/// `None` for a file that is not there or cannot be read.
fn hash(file: &Path) -> Option<[u8; 32]> {
    std::fs::read(file).ok().map(|bytes| Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests;
