//! Signals that end the process.

use tokio::signal::unix::{SignalKind, signal as listen};

/// Waits for SIGTERM or SIGINT and names the one that came.
pub(crate) async fn signal() -> &'static str {
    let (mut terminate, mut interrupt) =
        match (listen(SignalKind::terminate()), listen(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "Signals cannot be received; stop the process with SIGKILL.");
                return std::future::pending().await;
            }
        };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
