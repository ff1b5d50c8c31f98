//! Bytes to text: UTF-8 or nothing.

use std::sync::Arc;

use crate::{Diagnostic, MAXIMUM_FILE_BYTES, Source, Span, errors};

/// Reads bytes as UTF-8. The complaint names line and column but no file; [`Source::decode`] knows it.
///
/// # Errors
/// Bytes that are not UTF-8, or more of them than [`MAXIMUM_FILE_BYTES`].
pub fn decode(bytes: &[u8]) -> Result<String, Diagnostic> {
    if bytes.len() > MAXIMUM_FILE_BYTES {
        return Err(errors::file_too_large(bytes.len()));
    }
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&bytes[..valid]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        errors::not_utf8(&format!("line {line}, column {column}"), utf16)
    })
}

impl Source {
    /// Reads a file's bytes as UTF-8; `name` is what messages print.
    ///
    /// # Errors
    /// As [`decode`], with a caret under the first byte that is not text.
    pub fn decode(name: impl Into<String>, bytes: &[u8]) -> Result<Arc<Source>, Diagnostic> {
        let name = name.into();
        decode(bytes).map(|text| Source::new(name.clone(), text)).map_err(|diagnostic| {
            let shown = &bytes[..bytes.len().min(MAXIMUM_FILE_BYTES)];
            let valid = std::str::from_utf8(shown).map_or_else(|error| error.valid_up_to(), |_| 0);
            let source = Source::new(name, String::from_utf8_lossy(shown));
            // A byte order mark was dropped from the shown text, which moves the place back.
            let dropped = String::from_utf8_lossy(shown).len() - source.text().len();
            let at = valid.saturating_sub(dropped);
            diagnostic.at(Span::new(&source, at..at + usize::from(valid > 0 || !bytes.is_empty())))
        })
    }
}
