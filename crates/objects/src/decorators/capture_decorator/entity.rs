//! Looks at the beginning of an entity and puts it back, so that capturing one changes nothing for anybody
//! behind: not its length, not its trailers, not the error it breaks off with.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use exchange::{Body, BodyError, Bytes, Headers, header};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::filters::charset;

/// At most this much of an entity is held for the log, in bytes.
const HELD_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What there is to say about an entity.
pub(super) enum Seen {
    /// There is none.
    Nothing,
    /// There is one, and this stands for it.
    Placeholder(&'static str),
    /// Its text.
    Text {
        text: String,
        /// Whether more would have followed.
        is_cut: bool,
    },
}

const ENTITY: Seen = Seen::Placeholder("[entity]");
const BINARY: Seen = Seen::Placeholder("[binary entity]");

impl Seen {
    /// Whether there is an entity, without looking at it.
    pub(super) fn presence(body: &Body) -> Self {
        if body.is_empty() { Self::Nothing } else { ENTITY }
    }
}

/// Looks at no more than `bytes_max` of an entity, and leaves the body as if nobody had.
pub(super) async fn look(body: &mut Body, headers: &Headers, bytes_max: u64) -> Seen {
    if body.is_empty() {
        return Seen::Nothing;
    }
    let essence = essence(headers);
    if essence == "text/event-stream" {
        return ENTITY; // It would be held back until enough events have come.
    }
    let charset = charset::charset_of(headers);
    let is_encoded = headers
        .text(header::CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity"));
    if is_encoded || !(charset.is_some() || essence.is_empty() || is_text(&essence)) {
        return BINARY;
    }
    let limit = usize::try_from(bytes_max.min(HELD_BYTES_MAX)).unwrap_or(usize::MAX);
    let (beginning, is_cut) = match body.bytes() {
        Some(bytes) => (bytes.slice(..bytes.len().min(limit)), bytes.len() > limit),
        None => hold(body, limit).await,
    };
    if essence.is_empty() && beginning.contains(&0) {
        return BINARY;
    }
    Seen::Text { text: charset::decode(&beginning, charset), is_cut }
}

/// The media type without parameters, in lower case; empty when there is none.
pub(super) fn essence(headers: &Headers) -> String {
    let content_type = headers.text(header::CONTENT_TYPE).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_text(essence: &str) -> bool {
    let subtype = essence.strip_prefix("application/");
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || subtype.is_some_and(|subtype| {
            ["json", "xml", "javascript", "x-www-form-urlencoded", "xml-dtd", "graphql", "x-ndjson", "jwt"]
                .contains(&subtype)
        })
}

/// Takes frames off a stream until `limit` bytes are there, and puts them back in front of the rest.
async fn hold(body: &mut Body, limit: usize) -> (Bytes, bool) {
    let mut rest = body.take();
    let mut held = VecDeque::new();
    let mut beginning = Vec::new();
    let mut length = 0;
    while length < limit.saturating_add(1) && !rest.is_end_stream() {
        let Some(frame) = poll_fn(|task| Pin::new(&mut rest).poll_frame(task)).await else { break };
        if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
            length += data.len();
            beginning.extend_from_slice(&data[..data.len().min(limit - beginning.len())]);
        }
        let is_broken = frame.is_err();
        held.push_back(frame);
        if is_broken {
            rest = Body::empty();
        }
    }
    *body = Body::stream(Box::pin(Resumed { held, rest }));
    (Bytes::from(beginning), length > limit)
}

/// Frames that were looked at, then the rest.
struct Resumed {
    held: VecDeque<Result<Frame<Bytes>, BodyError>>,
    rest: Body,
}

impl HttpBody for Resumed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.held.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(task),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len));
        let held = held.sum::<usize>() as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(held)) {
            hint.set_upper(upper);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::{HeaderMap, HeaderValue};
    use expect_test::{Expect, expect};

    /// A stream of blocks, then trailers or an error.
    struct Blocks(VecDeque<Result<Frame<Bytes>, BodyError>>, u64);

    impl HttpBody for Blocks {
        type Data = Bytes;
        type Error = BodyError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut TaskContext<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            let next = self.0.pop_front();
            if let Some(data) = next.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                self.1 -= data.len() as u64;
            }
            Poll::Ready(next)
        }
        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.1)
        }
    }

    fn stream(blocks: &[&'static str]) -> Body {
        let mut trailers = HeaderMap::new();
        trailers.insert("checksum", HeaderValue::from_static("1"));
        let frames = blocks.iter().map(|block| match *block {
            "broken" => Err(BodyError::Incomplete),
            "trailers" => Ok(Frame::trailers(trailers.clone())),
            block => Ok(Frame::data(Bytes::from_static(block.as_bytes()))),
        });
        let frames: VecDeque<_> = frames.collect();
        let length =
            frames.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref().map(Bytes::len)).sum::<usize>();
        Body::stream(Box::pin(Blocks(frames, length as u64)))
    }

    /// What is seen of a stream, and what those behind get of it.
    #[track_caller]
    fn check(blocks: &[&'static str], bytes_max: u64, expected: Expect) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let shown = runtime.block_on(async {
            let mut body = stream(blocks);
            let seen = match look(&mut body, &Headers::default(), bytes_max).await {
                Seen::Nothing => "nothing".to_owned(),
                Seen::Placeholder(placeholder) => placeholder.to_owned(),
                Seen::Text { text, is_cut } => format!("{text:?} is_cut={is_cut}"),
            };
            let mut shown = format!("seen: {seen}\nlength: {:?}\n", body.length());
            while let Some(frame) = poll_fn(|task| Pin::new(&mut body).poll_frame(task)).await {
                shown += &match frame {
                    Ok(frame) => match frame.into_data() {
                        Ok(data) => format!("data: {data:?}\n"),
                        Err(frame) => format!("trailers: {:?}\n", frame.into_trailers().unwrap()),
                    },
                    Err(error) => format!("error: {error}\n"),
                };
            }
            shown
        });
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_stream_passes_as_it_came() {
        check(
            &["one ", "two", "trailers"],
            100,
            expect![[r#"
            seen: "one two" is_cut=false
            length: Some(7)
            data: b"one "
            data: b"two"
            trailers: {"checksum": "1"}
        "#]],
        );
    }

    #[test]
    fn no_more_is_held_than_asked_for() {
        check(
            &["one ", "two", " three"],
            5,
            expect![[r#"
            seen: "one t" is_cut=true
            length: Some(13)
            data: b"one "
            data: b"two"
            data: b" three"
        "#]],
        );
        check(
            &["one ", "two"],
            7,
            expect![[r#"
            seen: "one two" is_cut=false
            length: Some(7)
            data: b"one "
            data: b"two"
        "#]],
        );
        check(
            &["one ", "two"],
            0,
            expect![[r#"
            seen: "" is_cut=true
            length: Some(7)
            data: b"one "
            data: b"two"
        "#]],
        );
    }

    #[test]
    fn a_broken_stream_stays_broken() {
        check(
            &["one ", "broken", "never"],
            100,
            expect![[r#"
            seen: "one " is_cut=false
            length: Some(4)
            data: b"one "
            error: the peer closed the connection before the end of the body
        "#]],
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_binary() {
        check(
            &["a\0b"],
            100,
            expect![[r#"
            seen: [binary entity]
            length: Some(3)
            data: b"a\0b"
        "#]],
        );
    }
}
