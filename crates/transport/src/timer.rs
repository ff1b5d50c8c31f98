//! [`Timer`]: one lazy timer per connection.
//!
//! Moving a deadline later, which every request does, only stores a number. The runtime's timer fires at the
//! old time, sees that it is not time yet, and is set again: once per period, not once per request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that is cheap to move.
#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self { deadline: Instant::now(), sleep: None }
    }

    /// Sets the deadline `after` from now.
    pub(crate) fn set(&mut self, after: Duration) {
        self.set_at(Instant::now(), after);
    }

    /// Sets the deadline `after` from a time already known.
    pub(crate) fn set_at(&mut self, now: Instant, after: Duration) {
        // A duration beyond the clock's range is as good as a year.
        self.deadline = now.checked_add(after).unwrap_or(now + Duration::from_secs(31_536_000));
    }

    /// Ready once the deadline has passed.
    pub(crate) fn poll(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(task));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
