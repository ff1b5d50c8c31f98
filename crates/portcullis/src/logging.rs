//! Logs: one line per event on standard output, time first, as operators of the original product know it.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging. `PORTCULLIS_LOG` sets what is shown (`info`, `debug`, `transport=trace`); default `info`.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("PORTCULLIS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call (the demo starts two parts in one process) leaves the first in place.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stdout().is_terminal())
        .try_init();
}
