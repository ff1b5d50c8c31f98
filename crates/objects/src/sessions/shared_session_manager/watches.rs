//! [`Watches`]: live connections that end with their session, wherever it is ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exchange::EndSignal;
use heap::Stop;
use tokio::sync::oneshot;

use super::record::Namespace;
use super::store::Store;
use super::{Clock, State};

/// Time between two looks into the store.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Sessions the store is asked about at once.
const BATCH: usize = 1000;

/// Sessions that somebody wants to know the end of. Their number is limited by that of connections.
///
/// They outlive a reload, since connections do. When the manager itself goes, they all end: nobody would notice a
/// revocation any more.
#[derive(Default)]
pub(super) struct Watches(Mutex<Vec<Watch>>);

struct Watch {
    /// Knows where the session stands, also after its id was renewed.
    state: Arc<State>,
    end: oneshot::Sender<()>,
}

impl Watches {
    /// Completes when the session is gone.
    pub(super) fn watch(&self, state: Arc<State>) -> EndSignal {
        let (end, ended) = oneshot::channel();
        self.lock().push(Watch { state, end });
        Box::pin(async move {
            // An error means that nobody watches any more, which ends the connection, too.
            let _ = ended.await;
        })
    }

    /// Ends those of a session that has just been removed, without waiting for the next look.
    pub(super) fn end(&self, handle: &str) {
        self.end_if(|state| state.handle().is_none_or(|current| current == handle));
    }

    /// Lets those of a session that has left this handle follow it to where `state` is.
    pub(super) fn follow(&self, handle: &str, state: &Arc<State>) {
        for watch in self.lock().iter_mut().filter(|watch| watch.state.handle().as_deref() == Some(handle)) {
            watch.state = state.clone();
        }
    }

    /// Looks into the store until the generation is retired.
    pub(super) async fn run(
        self: Arc<Self>,
        mut stop: Stop,
        store: Arc<Store>,
        namespace: Namespace,
        clock: Clock,
    ) {
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(LOOK_INTERVAL) => self.look(&store, &namespace, clock()).await,
            }
        }
    }

    /// Ends those whose session is gone. Where the store cannot say so, nothing has ended.
    pub(super) async fn look(&self, store: &Store, namespace: &Namespace, now: u64) {
        self.lock().retain(|watch| !watch.end.is_closed());
        self.end_if(|state| state.is_over(now));
        let mut handles: Vec<String> = self.lock().iter().filter_map(|watch| watch.state.handle()).collect();
        handles.sort_unstable();
        handles.dedup();
        for batch in handles.chunks(BATCH) {
            let keys: Vec<String> = batch.iter().map(|handle| namespace.session(handle)).collect();
            let Ok(left) = store.ask(|store| store.times_to_live(&keys)).await else { return };
            let is_there: HashMap<&str, bool> =
                batch.iter().zip(left).map(|(handle, left)| (handle.as_str(), left.is_some())).collect();
            // A session that has moved meanwhile has another handle than was asked for, and stays.
            self.end_if(|state| {
                state.handle().is_some_and(|handle| is_there.get(handle.as_str()) == Some(&false))
            });
        }
    }

    fn end_if(&self, is_over: impl Fn(&State) -> bool) {
        let mut watches = self.lock();
        for watch in watches.extract_if(.., |watch| is_over(&watch.state)) {
            // A connection that has ended already needs no word.
            let _ = watch.end.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Watch>> {
        // Nothing under the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
