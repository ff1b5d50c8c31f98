//! [`HeadScan`]: finds where a head ends, in one pass however the bytes arrive, and refuses line ends other
//! than CRLF and heads beyond the limits before anything is parsed.

use memchr::memchr_iter;

/// Sizes of a head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    /// Bytes of the request or status line, without its line end.
    pub(crate) first_line_bytes_max: usize,
    /// Bytes of all field lines with their line ends.
    pub(crate) fields_bytes_max: usize,
}

/// Why a head is refused before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanError {
    /// A line that ends with LF alone.
    BareLineFeed,
    /// The first byte cannot begin a message (TLS on a clear port, for instance), or empty lines do.
    NotHttp,
    /// The first line exceeds its limit.
    FirstLineTooLong,
    /// The fields exceed their limit.
    FieldsTooLarge,
}

/// Where a complete head lies in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadSpan {
    /// Bytes to drop before it: at most one empty line (RFC 9112, section 2.2).
    pub(crate) start: usize,
    /// The byte after its empty line.
    pub(crate) end: usize,
}

/// The state of a search that goes on as bytes arrive. A fresh one per head.
#[derive(Debug, Default)]
pub(crate) struct HeadScan {
    scanned: usize,
    line_start: usize,
    head_start: usize,
    fields_start: Option<usize>,
}

impl HeadScan {
    /// Looks at what arrived since the last call. `None`: the head is not complete.
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        limits: HeadLimits,
    ) -> Result<Option<HeadSpan>, ScanError> {
        if bytes.first().is_some_and(|byte| !(byte.is_ascii_graphic() || *byte == b'\r' || *byte == b'\n')) {
            return Err(ScanError::NotHttp);
        }
        for offset in memchr_iter(b'\n', &bytes[self.scanned..]) {
            let line_end = self.scanned + offset + 1;
            if line_end < 2 || bytes[line_end - 2] != b'\r' {
                return Err(ScanError::BareLineFeed);
            }
            let line_bytes = line_end - self.line_start - 2;
            self.line_start = line_end;
            match self.fields_start {
                None if line_bytes == 0 && self.head_start == 0 => self.head_start = line_end,
                None if line_bytes == 0 => return Err(ScanError::NotHttp),
                None if line_bytes > limits.first_line_bytes_max => return Err(ScanError::FirstLineTooLong),
                None => self.fields_start = Some(line_end),
                Some(fields_start) if line_end - fields_start - 2 > limits.fields_bytes_max => {
                    return Err(ScanError::FieldsTooLarge);
                }
                Some(_) if line_bytes == 0 => {
                    return Ok(Some(HeadSpan { start: self.head_start, end: line_end }));
                }
                Some(_) => {}
            }
        }
        self.scanned = bytes.len();
        match self.fields_start {
            // A line end may be half there: hence the 2.
            None if bytes.len() - self.line_start > limits.first_line_bytes_max + 2 => {
                Err(ScanError::FirstLineTooLong)
            }
            Some(fields_start) if bytes.len() - fields_start > limits.fields_bytes_max + 2 => {
                Err(ScanError::FieldsTooLarge)
            }
            _ => Ok(None),
        }
    }
}
