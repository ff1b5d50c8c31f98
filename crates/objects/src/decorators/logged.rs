//! What a configuration logs while it serves one request, for the tests of objects that log.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::{Dispatch, Level};

use crate::testing::play;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A second subscriber beside that of a test. While there is only one, `tracing` asks the thread that first
/// meets a log line whether anybody listens, and takes its no for the answer of all threads.
static COMPANION: LazyLock<Dispatch> = LazyLock::new(|| {
    Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).with_max_level(Level::INFO).finish())
});

/// The log at INFO and above, without times.
#[track_caller]
pub(crate) fn logged(config: &str, request: &str) -> String {
    with_log(|| {
        if let Err(diagnostics) = play(config, request) {
            panic!("{}", diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect::<String>());
        }
    })
}

/// The same of any work of this thread.
#[track_caller]
pub(crate) fn with_log(work: impl FnOnce()) -> String {
    LazyLock::force(&COMPANION);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_max_level(Level::INFO)
        .with_ansi(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    // The formatter pads the level to five letters, which a snapshot cannot show at the start of a line.
    lines
        .lines()
        .map(|line| {
            line.strip_prefix(' ').filter(|rest| rest.starts_with("INFO ")).unwrap_or(line).to_owned() + "\n"
        })
        .collect()
}
