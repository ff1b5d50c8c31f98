//! Waiting for something to become true, with a limit.

use std::time::{Duration, Instant};

/// Whatever a test waits for happens within this time, or the test fails. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Time between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Asks again until there is an answer; panics with `what` when none comes within twenty seconds.
#[track_caller]
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    match until(PATIENCE, ask) {
        Some(answer) => answer,
        None => panic!("within {PATIENCE:?} it did not happen that {what}"),
    }
}

/// Asks again until there is an answer or the time is over.
pub fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        pause(LOOK_INTERVAL);
    }
}

/// Lets time pass: for origins that are slow on purpose, and clients that wait.
pub fn pause(time: Duration) {
    let end = Instant::now() + time;
    // Parking may end early.
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}
