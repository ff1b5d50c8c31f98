//! [`Fault`]: why the gateway could not answer as asked.
//!
//! A fault has two readers. The client gets the status, its standard reason and the transaction id; the
//! operator gets `detail` and the chain of causes in the log, under the same id. Nothing of `detail` reaches
//! the client.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};

use crate::{Context, Response};

/// What went wrong, in the terms of the status it maps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is malformed or ambiguous: 400.
    BadRequest,
    /// Who is asking is unknown: 401.
    Unauthenticated,
    /// Who is asking may not: 403.
    Forbidden,
    /// No route or resource: 404.
    NotFound,
    /// The resource does not take this method: 405.
    MethodNotAllowed,
    /// The client was too slow to send: 408.
    RequestTimeout,
    /// The body exceeds a limit: 413.
    TooLarge,
    /// The request was sent to the wrong host: 421.
    Misdirected,
    /// Too many requests came in too short a time: 429.
    TooManyRequests,
    /// The header fields exceed a limit: 431.
    HeadersTooLarge,
    /// A defect, of the configuration or of the gateway: 500.
    Internal,
    /// The origin cannot be reached or does not speak HTTP: 502.
    BadGateway,
    /// The gateway refuses for now: 503.
    Unavailable,
    /// The origin is silent: 504.
    GatewayTimeout,
}

impl FaultKind {
    /// The status the client sees.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Whose doing it is.
    pub fn origin(self) -> Origin {
        match self {
            Self::Internal | Self::Unavailable => Origin::Gateway,
            Self::BadGateway | Self::GatewayTimeout => Origin::Upstream,
            _ => Origin::Client,
        }
    }
}

/// Whose doing a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The client sent what cannot be served.
    Client,
    /// The origin server failed.
    Upstream,
    /// The gateway itself failed or refuses.
    Gateway,
}

/// Whether a request that has failed may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// No: it would fail in the same way, or nobody knows what it has done.
    #[default]
    Never,
    /// The origin may have acted on it, so only if its method is idempotent.
    IfIdempotent,
    /// Nothing of it has reached the origin.
    Always,
}

/// A failure that knows its status, and what to tell the operator.
#[derive(Debug)]
pub struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: FaultKind,
    detail: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
    retry_after_seconds: Option<u64>,
    closes_connection: bool,
    is_told: bool,
    repeat: Repeat,
}

impl Fault {
    /// A fault with a sentence for the operator.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            cause: None,
            retry_after_seconds: None,
            closes_connection: false,
            is_told: false,
            repeat: Repeat::Never,
        }))
    }

    /// The request is malformed; the connection closes after the answer.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::BadRequest, detail).closing()
    }

    /// A defect of the configuration or of the gateway.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Internal, detail)
    }

    pub(crate) fn too_deep() -> Self {
        Self::internal("The handlers nest too deep; is there a loop in the configuration?")
    }

    /// Adds the error behind the fault.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Tells the client when to come back (`Retry-After`, in whole seconds, rounded up).
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after_seconds = Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        self
    }

    /// The log tells of the reason already, once: each request that meets it is worth the level debug only.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.0.is_told = true;
        self
    }

    /// Says whether the request may be sent again; never, if this is not called.
    #[must_use]
    pub fn repeat_if(mut self, repeat: Repeat) -> Self {
        self.0.repeat = repeat;
        self
    }

    /// Closes the client's connection after the answer, because its framing can no longer be trusted.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.0.closes_connection = true;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> FaultKind {
        self.0.kind
    }

    /// Whether the request may be sent again.
    pub fn repeat(&self) -> Repeat {
        self.0.repeat
    }

    /// Whether [`Fault::told`] was called.
    pub fn is_told(&self) -> bool {
        self.0.is_told
    }

    /// The sentence for the operator.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The response the client gets; logs the fault under the transaction id.
    pub fn into_response(self, cx: &Context) -> Response {
        let status = self.0.kind.status();
        let transaction = cx.transaction();
        match self.0.kind.origin() {
            _ if self.0.is_told => {
                tracing::debug!(%transaction, status = status.as_u16(), "{}", Chained(&self))
            }
            Origin::Gateway => tracing::error!(%transaction, status = status.as_u16(), "{}", Chained(&self)),
            Origin::Upstream => tracing::warn!(%transaction, status = status.as_u16(), "{}", Chained(&self)),
            Origin::Client => tracing::debug!(%transaction, status = status.as_u16(), "{}", Chained(&self)),
        }
        let reason = status.canonical_reason().unwrap_or_default();
        let text = format!("{} {reason}\nTransaction {transaction}\n", status.as_u16());
        let mut response = Response::text(status, "text/plain; charset=utf-8", text);
        if let Some(seconds) = self.0.retry_after_seconds {
            response.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.closes_connection {
            response.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.cause = Some(Arc::new(self));
        response
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Prints an error and every cause behind it, once each.
struct Chained<'a>(&'a dyn Error);

impl fmt::Display for Chained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}
