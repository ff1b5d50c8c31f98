//! Waiting for what objects fetch before they serve.

use std::thread;

use source::Diagnostic;
use tokio::runtime::{Builder, Handle};

use super::Load;
use crate::errors;

/// Everything that loading has to say, no two complaints alike: objects that share a key store with a mistake
/// would all repeat it.
pub(super) fn all(loads: Vec<Load>, runtime: Option<&Handle>) -> Vec<Diagnostic> {
    if loads.is_empty() {
        return Vec::new();
    }
    let work = async {
        let mut found: Vec<Diagnostic> = Vec::new();
        for load in loads {
            for complaint in load.await {
                if !found.iter().any(|known| known.to_string() == complaint.to_string()) {
                    found.push(complaint);
                }
            }
        }
        found
    };
    wait(work, runtime).unwrap_or_else(|error| vec![errors::cannot_load(&error)])
}

/// Runs a future to its end, on a thread of its own: the caller's may be one of a runtime, where waiting is
/// not allowed. A check has no runtime, and gets one for this.
fn wait<T: Send>(work: impl Future<Output = T> + Send, runtime: Option<&Handle>) -> std::io::Result<T> {
    let run = || match runtime {
        Some(runtime) => Ok(runtime.block_on(work)),
        None => Ok(Builder::new_current_thread().enable_all().build()?.block_on(work)),
    };
    thread::scope(|scope| {
        let waiting = thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, run)?;
        waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
