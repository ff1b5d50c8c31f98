//! [`Watchers`]: who waits for the end of a session. Sessions that nobody watches cost nothing here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use exchange::EndSignal;
use tokio::sync::watch;

use super::key::Key;

/// Who waits, by the sessions that are waited for. A sender that is dropped tells all of its receivers.
#[derive(Default)]
pub(super) struct Watchers {
    senders: Mutex<HashMap<Key, watch::Sender<()>>>,
    /// How many sessions are watched, for a look without the lock.
    count: AtomicUsize,
}

impl Watchers {
    /// Completes with [`Watchers::end`].
    pub(super) fn add(&self, key: Key) -> EndSignal {
        let mut senders = self.lock();
        let mut receiver = senders.entry(key).or_insert_with(|| watch::channel(()).0).subscribe();
        self.count.store(senders.len(), Ordering::SeqCst);
        Box::pin(async move { while receiver.changed().await.is_ok() {} })
    }

    /// Tells those who wait that the session has ended.
    pub(super) fn end(&self, key: Key) {
        if self.is_empty() {
            return;
        }
        let mut senders = self.lock();
        senders.remove(&key);
        self.count.store(senders.len(), Ordering::SeqCst);
    }

    /// The session has another key from now on.
    pub(super) fn rename(&self, old: Key, new: Key) {
        if self.is_empty() {
            return;
        }
        let mut senders = self.lock();
        if let Some(sender) = senders.remove(&old) {
            senders.insert(new, sender);
        }
    }

    /// The sessions that are watched. Those whom nobody watches any more are forgotten first.
    pub(super) fn keys(&self) -> Vec<Key> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut senders = self.lock();
        senders.retain(|_, sender| sender.receiver_count() > 0);
        self.count.store(senders.len(), Ordering::SeqCst);
        senders.keys().copied().collect()
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<()>>> {
        // Nothing under the lock panics.
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
