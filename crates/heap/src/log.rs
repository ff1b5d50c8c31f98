//! Diagnostics in the log.

use source::{Diagnostic, Severity};

/// Logs what there is to say about a configuration that starts, or stays as it is, each complaint with its place and
/// at the level of its severity. `logger` is what stands in the lines for who says it.
pub fn log_diagnostics(logger: &str, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let rendered = diagnostic.render(false);
        match diagnostic.severity {
            Severity::Error => tracing::error!(logger, "{rendered}"),
            Severity::Warning => tracing::warn!(logger, "{rendered}"),
            Severity::Note => tracing::info!(logger, "{rendered}"),
        }
    }
}
