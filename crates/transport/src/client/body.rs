//! The response's body while it arrives. At its end the connection goes back to the pool; dropped earlier,
//! the connection is closed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use exchange::BodyError;
use http_body::{Frame, SizeHint};

use super::pool::Permit;
use super::wire::Wire;
use crate::h1::blocks::Blocks;
use crate::h1::framing::{Decoded, Decoder};
use crate::h1::writer::BodyWriter;

pub(crate) struct ResponseBody {
    /// Gone once the body is complete or has failed.
    lane: Option<(Wire, Permit)>,
    decoder: Decoder,
    blocks: Blocks,
    /// The rest of the request's body, when the origin answered before it had all of it.
    upload: Option<BodyWriter>,
    keep_alive: bool,
    so_timeout: Duration,
    /// The origin is silent, and the timer runs. While our own client is slow it does not.
    waiting: bool,
}

impl ResponseBody {
    pub(crate) fn new(
        wire: Wire,
        permit: Permit,
        decoder: Decoder,
        upload: Option<BodyWriter>,
        keep_alive: bool,
        so_timeout: Duration,
    ) -> Self {
        Self {
            lane: Some((wire, permit)),
            decoder,
            blocks: Blocks::default(),
            upload,
            keep_alive,
            so_timeout,
            waiting: false,
        }
    }

    /// Goes on sending the request's body. A failure there ends the upload, not the response.
    fn poll_upload(&mut self, wire: &mut Wire, task: &mut Context<'_>) {
        let Some(upload) = &mut self.upload else { return };
        match upload.poll(&wire.io, task) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => {
                if let Some(upload) = self.upload.take() {
                    upload.finish();
                }
            }
            Poll::Ready(Err(_)) => {
                self.upload = None;
                self.keep_alive = false;
            }
        }
    }

    fn poll_wire(
        &mut self,
        wire: &mut Wire,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            match self.decoder.decode(&mut wire.buffer) {
                Ok(Decoded::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Decoded::Trailers(trailers)) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Ok(Decoded::End) => return Poll::Ready(None),
                Err(reason) => return Poll::Ready(Some(Err(BodyError::Malformed(reason.to_owned())))),
                Ok(Decoded::More) => {}
            }
            self.blocks.reserve(&mut wire.buffer, self.decoder.remaining());
            match wire.io.poll_read_block(task, &mut wire.buffer) {
                Poll::Ready(Ok(0)) if self.decoder.may_end_by_close() => {
                    self.decoder = Decoder::Done;
                    return Poll::Ready(None);
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Some(Err(BodyError::Incomplete))),
                Poll::Ready(Ok(length)) => {
                    self.blocks.filled(length);
                    self.waiting = false;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(BodyError::Connection(error)))),
                Poll::Pending => {
                    if !std::mem::replace(&mut self.waiting, true) {
                        wire.timer.set(self.so_timeout);
                    }
                    return wire.timer.poll(task).map(|()| Some(Err(BodyError::TimedOut)));
                }
            }
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some((mut wire, permit)) = self.lane.take() else {
            // After the end; after a failure, a reader that asks again must not take it for the end.
            let complete = self.decoder.is_done();
            return Poll::Ready((!complete).then_some(Err(BodyError::Incomplete)));
        };
        self.poll_upload(&mut wire, task);
        let polled = self.poll_wire(&mut wire, task);
        let failed = matches!(polled, Poll::Ready(Some(Err(_))));
        if failed {
            return polled;
        }
        if !self.decoder.is_done() {
            self.lane = Some((wire, permit));
        } else if self.keep_alive && self.upload.is_none() && wire.buffer.is_empty() {
            permit.give_back(wire);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.decoder.is_done() && self.lane.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.decoder.remaining().map(SizeHint::with_exact).unwrap_or_default()
    }
}
