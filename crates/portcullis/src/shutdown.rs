//! Signals that end the process.
//!
//! They are listened for from the beginning of a start: one that comes before anybody waits for it must end the
//! process in good order, too, not kill it and leave a PID file behind.

use std::io;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The bit of SIGHUP (number 1) in the masks of `/proc/self/status`.
const HANGUP_BIT: u64 = 1;

/// SIGTERM, SIGINT and SIGHUP, kept from killing the process.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` where it was ignored from the start: `nohup` wants the process to outlive its terminal.
    hangup: Option<Signal>,
}

impl Signals {
    /// Listens from now on. The runtime must have its I/O driver.
    pub(crate) fn listen(runtime: &Handle) -> io::Result<Self> {
        let _entered = runtime.enter();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = (!ignores_hangup(&status)).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup,
        })
    }

    /// Waits for the next one and names it.
    pub(crate) async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = hangup => "SIGHUP",
        }
    }
}

fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & HANGUP_BIT != 0)
}

#[cfg(test)]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn a_hangup_that_is_ignored_stays_so() {
        assert!(ignores_hangup("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hangup(""));
    }
}
