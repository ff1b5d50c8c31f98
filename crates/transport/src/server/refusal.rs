//! [`Refusal`]: a request that no handler gets to see, and the answer to it.

use http::{HeaderValue, StatusCode, header};

use crate::h1::scan::ScanError;
use crate::h1::writer::push_field;
use crate::io::push_decimal;

/// Why a request is refused. The client learns the status; the log gets the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
    /// What the client reads instead of the standard reason of the status.
    phrase: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, reason: &'static str) -> Self {
        Self { status, reason, phrase: None }
    }

    pub(crate) fn bad_request(reason: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// Tells the client something better than the standard reason.
    pub(crate) fn saying(self, phrase: &'static str) -> Self {
        Self { phrase: Some(phrase), ..self }
    }

    /// What the client gets to read.
    pub(crate) fn text(self) -> String {
        let phrase = self.phrase.or(self.status.canonical_reason()).unwrap_or("Error");
        format!("{} {phrase}\n", self.status.as_str())
    }

    /// The whole answer in HTTP/1; the connection closes behind it.
    pub(crate) fn encode(
        self,
        buffer: &mut Vec<u8>,
        with_body: bool,
        strict_transport_security: Option<&HeaderValue>,
    ) {
        let text = self.text();
        buffer.extend_from_slice(b"HTTP/1.1 ");
        buffer.extend_from_slice(text.trim_end().as_bytes());
        buffer.extend_from_slice(b"\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ");
        push_decimal(buffer, text.len() as u64);
        buffer.extend_from_slice(b"\r\nconnection: close\r\n");
        if let Some(value) = strict_transport_security {
            push_field(buffer, &header::STRICT_TRANSPORT_SECURITY, value);
        }
        buffer.extend_from_slice(b"\r\n");
        if with_body {
            buffer.extend_from_slice(text.as_bytes());
        }
    }
}

impl From<ScanError> for Refusal {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::BareLineFeed => Self::bad_request("a line of the head ends with LF alone"),
            ScanError::NotHttp => Self::bad_request("this does not begin like HTTP; TLS on a clear port?"),
            ScanError::FirstLineTooLong => {
                Self::new(StatusCode::URI_TOO_LONG, "the request line is too long")
            }
            ScanError::FieldsTooLarge => {
                Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the header fields are too large")
            }
        }
    }
}
