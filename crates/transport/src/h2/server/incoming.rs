//! [`Incoming`]: the body of a request, held by the stream as well as by whoever reads it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use exchange::{Body, BodyError};
use http_body::{Body as _, Frame, SizeHint};

use super::super::body::StreamBody;
use crate::server::respond::{THROW_AWAY_TIME, THROWN_AWAY_BYTES_MAX};
use crate::timer::Timer;

/// A request's body. As long as one of its clones lives, the stream is not reset.
#[derive(Clone)]
pub(super) struct Incoming(Arc<Mutex<StreamBody<()>>>);

impl Incoming {
    pub(super) fn new(body: StreamBody<()>) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// The stream that handlers read.
    pub(super) fn body(&self) -> Body {
        Body::stream(Box::pin(self.clone()))
    }

    /// Reads a short rest that nobody wanted: many clients take a reset for a failure, even if it follows a whole
    /// response. After a longer rest the stream is reset.
    pub(super) async fn throw_away(self) {
        let mut timer = Timer::new();
        timer.set(THROW_AWAY_TIME);
        let mut bytes_left = THROWN_AWAY_BYTES_MAX;
        poll_fn(|task| {
            loop {
                let mut body = self.lock();
                if body.is_beyond(bytes_left) {
                    return Poll::Ready(());
                }
                match Pin::new(&mut *body).poll_frame(task) {
                    Poll::Ready(Some(Ok(frame))) => {
                        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                        let Some(left) = bytes_left.checked_sub(length) else { return Poll::Ready(()) };
                        bytes_left = left;
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return timer.poll(task),
                }
            }
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, StreamBody<()>> {
        // A panic under the lock leaves a body that is read no further, never a wrong one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut *self.lock()).poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}
