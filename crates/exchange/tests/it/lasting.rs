//! Connections and streams that last end with their session.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use exchange::{
    Body, BodyError, BoxFuture, Bytes, EndSignal, Fault, HeaderValue, Response, Session, SessionCookies,
    SessionManager, SessionManagerRef, SessionSlot, StatusCode, Upgrade, header,
};
use expression::Value;
use http_body::{Body as HttpBody, Frame};
use tokio::sync::{mpsc, oneshot};

use crate::{request, run};

/// A manager of one session. It is not kept before it is saved.
#[derive(Clone, Default)]
struct One(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    is_kept: bool,
    asked: usize,
    end: Option<oneshot::Sender<()>>,
}

impl One {
    fn kept() -> Self {
        let one = Self::default();
        one.0.lock().unwrap().is_kept = true;
        one
    }

    fn end(&self) {
        self.0.lock().unwrap().end = None;
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }
}

impl SessionManager for One {
    fn load<'a>(&'a self, _: &'a SessionCookies) -> BoxFuture<'a, Result<Session, Fault>> {
        Box::pin(async { Ok(Session::new("s", [])) })
    }

    fn save<'a>(&'a self, _: &'a Session, _: &'a mut Response) -> BoxFuture<'a, Result<(), Fault>> {
        self.0.lock().unwrap().is_kept = true;
        Box::pin(async { Ok(()) })
    }

    fn ended(&self, _: &Session) -> Option<EndSignal> {
        let mut kept = self.0.lock().unwrap();
        kept.asked += 1;
        kept.is_kept.then(|| {
            let (end, ended) = oneshot::channel();
            kept.end = Some(end);
            Box::pin(async move { drop(ended.await) }) as EndSignal
        })
    }
}

/// What an origin sends, as far as it has.
struct Sent(mpsc::UnboundedReceiver<&'static str>);

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0
            .poll_recv(task)
            .map(|sent| sent.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

/// A response that streams, and the end through which it is fed.
fn stream(media_type: &'static str) -> (mpsc::UnboundedSender<&'static str>, Response) {
    let (origin, sent) = mpsc::unbounded_channel();
    let mut response = Response::new(StatusCode::OK);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.body = Body::stream(Box::pin(Sent(sent)));
    (origin, response)
}

/// A response as it leaves the level of `manager`; `work` is done with the session.
async fn leave(manager: &One, work: impl FnOnce(&Session), response: &mut Response) {
    let mut slot = SessionSlot::new(SessionManagerRef::new(manager.clone()));
    work(slot.load(&request()).await.unwrap().unwrap());
    slot.save(response).await.unwrap();
}

/// The next piece of a body: `-` for none yet, `end` at its end.
async fn next(response: &mut Response) -> String {
    let body = &mut response.body;
    poll_fn(|task| {
        Poll::Ready(match Pin::new(&mut *body).poll_frame(task) {
            Poll::Pending => "-".to_owned(),
            Poll::Ready(None) => "end".to_owned(),
            Poll::Ready(Some(frame)) => {
                String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap()
            }
        })
    })
    .await
}

#[test]
fn events_end_with_the_session_even_in_silence() {
    run(async {
        let manager = One::kept();
        let (origin, mut response) = stream("Text/Event-Stream; charset=utf-8");
        leave(&manager, |_| {}, &mut response).await;
        assert_eq!((next(&mut response).await.as_str(), response.body.length()), ("-", None));
        origin.send("data: 1\n\n").unwrap();
        assert_eq!(next(&mut response).await, "data: 1\n\n");
        let reader = tokio::spawn(async move {
            let frame = poll_fn(|task| Pin::new(&mut response.body).poll_frame(task)).await;
            (frame.is_none(), response.body.is_end_stream())
        });
        tokio::task::yield_now().await;
        assert!(!reader.is_finished());
        manager.end();
        assert_eq!(reader.await.unwrap(), (true, true));
        // Whoever sends the events learns that nobody reads them any more.
        assert!(origin.is_closed());
    });
}

#[test]
fn an_origin_that_is_never_silent_is_not_heard_any_more() {
    run(async {
        let manager = One::kept();
        let (origin, mut response) = stream("text/event-stream");
        leave(&manager, |_| {}, &mut response).await;
        origin.send("data: 1\n\n").unwrap();
        manager.end();
        assert_eq!(next(&mut response).await, "end");
        assert_eq!(next(&mut response).await, "end");
    });
}

#[test]
fn events_end_by_themselves_too() {
    run(async {
        let (origin, mut response) = stream("text/event-stream");
        leave(&One::kept(), |_| {}, &mut response).await;
        drop(origin);
        assert_eq!(next(&mut response).await, "end");
    });
}

#[test]
fn a_session_that_is_saved_by_this_response_counts() {
    run(async {
        let manager = One::default();
        let (_origin, mut response) = stream("text/event-stream");
        leave(&manager, |_| {}, &mut response).await;
        manager.end();
        assert_eq!(next(&mut response).await, "-");

        let (_origin, mut response) = stream("text/event-stream");
        leave(&manager, |session| session.set("user", Value::Bool(true)).unwrap(), &mut response).await;
        assert_eq!(next(&mut response).await, "-");
        manager.end();
        assert_eq!(next(&mut response).await, "end");
    });
}

#[test]
fn sessions_of_both_levels_count() {
    for outer_ends in [true, false] {
        run(async {
            let (inner, outer) = (One::kept(), One::kept());
            let (_origin, mut response) = stream("text/event-stream");
            leave(&inner, |_| {}, &mut response).await;
            leave(&outer, |_| {}, &mut response).await;
            assert_eq!(next(&mut response).await, "-");
            if outer_ends {
                outer.end()
            } else {
                inner.end()
            }
            assert_eq!(next(&mut response).await, "end");
        });
    }
}

#[test]
fn other_responses_do_not_last() {
    run(async {
        let manager = One::kept();
        let (_origin, mut download) = stream("application/octet-stream");
        let mut page = Response::text(StatusCode::OK, "text/event-stream", "data: 1\n\n");
        for response in [&mut download, &mut page, &mut Response::new(StatusCode::SWITCHING_PROTOCOLS)] {
            leave(&manager, |_| {}, response).await;
        }
        assert_eq!(manager.asked(), 0);
        assert_eq!(page.body.text().unwrap(), "data: 1\n\n");
        // Nor does a response of a request that never looked at its session.
        let slot = SessionSlot::new(SessionManagerRef::new(manager.clone()));
        slot.save(&mut stream("text/event-stream").1).await.unwrap();
        assert_eq!(manager.asked(), 0);
    });
}

#[test]
fn an_upgrade_gets_the_signal() {
    run(async {
        let upgrade = || {
            let mut response = Response::new(StatusCode::SWITCHING_PROTOCOLS);
            response.upgrade = Some(Upgrade::new(|_| async {}));
            response
        };
        let mut response = upgrade();
        leave(&One::default(), |_| {}, &mut response).await;
        assert!(response.upgrade.unwrap().take_end().is_none());

        let (inner, outer) = (One::kept(), One::kept());
        let mut response = upgrade();
        leave(&inner, |_| {}, &mut response).await;
        leave(&outer, |_| {}, &mut response).await;
        let end = response.upgrade.unwrap().take_end().unwrap();
        inner.end();
        end.await;
    });
}
