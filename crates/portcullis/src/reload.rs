//! Keeps the running generation in step with `config.json`.
//!
//! Routers look after their own folders. This looks at `config.json` by content, loads a changed one beside
//! the running generation, and swaps; one that does not load leaves everything as it is. A change of
//! `admin.json` is noticed and said to need a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use exchange::SessionManagerRef;
use heap::{Environment, Started};
use sha2::{Digest, Sha256};
use source::Tokens;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::check;
use crate::gateway::{self, Built, Gateway};

/// Time between two looks, unless `IG_ROUTER_SCAN_INTERVAL` says otherwise.
const INTERVAL: Duration = Duration::from_secs(10);

/// Ends reloading when dropped, and the generation with it.
pub(crate) struct Reloader(Option<JoinHandle<()>>);

impl Reloader {
    pub(crate) fn start(
        environment: &Arc<Environment>,
        gateway: Arc<Gateway>,
        started: Started,
        session: SessionManagerRef,
        control: &Handle,
    ) -> Self {
        let config = &environment.paths.config;
        let (gateway_file, admin_file) = (config.join("config.json"), config.join("admin.json"));
        let watch = Watch {
            gateway_hash: hash(&gateway_file),
            admin_hash: hash(&admin_file),
            gateway_file,
            admin_file,
            environment: environment.clone(),
            gateway,
            started,
            session,
        };
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
    session: SessionManagerRef,
    gateway_file: PathBuf,
    gateway_hash: Option<[u8; 32]>,
    admin_file: PathBuf,
    admin_hash: Option<[u8; 32]>,
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
        let admin_hash = hash(&self.admin_file);
        if admin_hash != self.admin_hash {
            self.admin_hash = admin_hash;
            tracing::warn!("admin.json has changed; restart to let the change take effect.");
        }
        let gateway_hash = hash(&self.gateway_file);
        if gateway_hash == self.gateway_hash {
            return;
        }
        self.gateway_hash = gateway_hash;
        let declared = gateway::declare(&self.environment);
        let Some(level) = declared.level else {
            return report(&declared.diagnostics);
        };
        check::log(&declared.diagnostics);
        let built = Built::build(&self.environment, level, &self.session);
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
    check::log(diagnostics);
    tracing::error!("config.json has changed but cannot be loaded; the last good version keeps serving.");
}

/// `None` for a file that is not there or cannot be read.
fn hash(file: &Path) -> Option<[u8; 32]> {
    std::fs::read(file).ok().map(|bytes| Sha256::digest(bytes).into())
}
