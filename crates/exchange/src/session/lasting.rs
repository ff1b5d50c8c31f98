//! What lasts longer than a request ends with the session that it was opened in: upgraded connections and streams of
//! server-sent events.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::{StatusCode, header};
use http_body::{Body as HttpBody, Frame};

use crate::{Body, BodyError, EndSignal, Response};

/// The media type of server-sent events (HTML Standard, section 9.2).
const EVENTS: &str = "text/event-stream";

/// Lets the response end with the session if it is one that lasts. `ended` is asked only then.
pub(super) fn end_with(response: &mut Response, ended: impl FnOnce() -> Option<EndSignal>) {
    if response.status == StatusCode::SWITCHING_PROTOCOLS {
        if let Some(upgrade) = response.upgrade.take() {
            response.upgrade = Some(match ended() {
                Some(end) => upgrade.until(end),
                None => upgrade,
            });
        }
    } else if !response.body.is_buffered()
        && is_event_stream(response)
        && let Some(end) = ended()
    {
        let body = response.body.take();
        response.body = Body::stream(Box::pin(Ending(Some((body, end)))));
    }
}

fn is_event_stream(response: &Response) -> bool {
    let media_type = response.headers.text(header::CONTENT_TYPE).and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(EVENTS))
}

/// A body up to the end of a session: nothing is left of it then, and who made it is told to stop by losing it.
///
/// It has no length, since nobody knows how much of it there will be.
struct Ending(Option<(Body, EndSignal)>);

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some((body, end)) = &mut self.0 else { return Poll::Ready(None) };
        // First, so that an origin that is never silent does not keep its listener.
        if end.as_mut().poll(task).is_ready() {
            tracing::debug!("The session of an event stream has ended, and the stream with it");
            self.0 = None;
            return Poll::Ready(None);
        }
        Pin::new(body).poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }
}
