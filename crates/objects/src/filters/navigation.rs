//! What a browser is up to: whether a request is for a page that a person will see, and what is in its form.

use exchange::{
    Body, BodyError, Bytes, Context, HeaderName, Headers, Request, Response, StatusCode, StorageLimits,
    TemporaryStorage, header,
};
use percent_encoding::percent_decode;

use super::location::Location;
use super::origin::Origin;

const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the answer will be shown as a page, and not used as an image, an icon, or the data of a script.
pub(crate) fn is_navigation(headers: &Headers) -> bool {
    match headers.text(FETCH_MODE) {
        Some(mode) => mode == "navigate",
        // Browsers tell the mode over TLS only.
        None => headers.get_all(header::ACCEPT).iter().any(|value| value.to_str().is_ok_and(wants_html)),
    }
}

fn wants_html(accept: &str) -> bool {
    let types = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    types.into_iter().any(|media_type| media_type.eq_ignore_ascii_case("text/html"))
}

/// Whether a page of this gateway's own host has made the browser send the request. Without a word about it
/// from the browser, none has.
pub(crate) fn is_from_own_page(cx: &Context, request: &Request) -> bool {
    match request.headers.text(header::ORIGIN) {
        Some(origin) => Origin::parse(origin).is_some_and(|origin| origin.is_own(cx, request)),
        None => request.headers.text(FETCH_SITE) == Some("same-origin"),
    }
}

/// Whether a browser takes a path and query for one of the same host. Two slashes, of either kind, are the
/// beginning of another one.
pub(crate) fn leads_here(target: &str) -> bool {
    target.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']))
}

/// Where a response sends the browser for now, as a redirect to a login page does.
pub(crate) fn temporary_redirect(response: &Response) -> Option<&str> {
    let is_temporary =
        matches!(response.status, StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::TEMPORARY_REDIRECT);
    let location = response.headers.text(header::LOCATION).filter(|_| is_temporary)?;
    // A script as a location would run in the page that leads there.
    Location::parse(location).is_http().then_some(location)
}

/// Whether the entity is a form as `<form>` sends it when nothing else is asked for.
pub(crate) fn is_form(headers: &Headers) -> bool {
    let content_type = headers.text(header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The fields of a form, in order; `None` when they are not text in UTF-8.
pub(crate) fn form_fields(entity: &[u8]) -> Option<Vec<(String, String)>> {
    let decode = |text: &[u8]| {
        let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8(percent_decode(&spaced).collect()).ok()
    };
    let pairs = entity.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Reads an entity of at most this length, whether its length is announced or not; `None` for a longer one.
pub(crate) async fn read_up_to(bytes_max: u64, body: &mut Body) -> Result<Option<Bytes>, BodyError> {
    if body.length().is_some_and(|length| length > bytes_max) {
        return Ok(None);
    }
    let limits = StorageLimits {
        initial_bytes: 0,
        memory_bytes_max: bytes_max,
        file_bytes_max: bytes_max,
        ..StorageLimits::default()
    };
    match body.buffer(&TemporaryStorage::new(limits)).await {
        Ok(()) => Ok(body.bytes().filter(|bytes| bytes.len() as u64 <= bytes_max)),
        Err(BodyError::TooLarge { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context as TaskContext, Poll};

    use exchange::{Body, BodyError, Bytes};
    use http_body::Frame;

    use super::{form_fields, is_navigation, leads_here, read_up_to};

    /// An entity that arrives in blocks, without a length, and then ends or fails.
    struct Blocks(Vec<&'static str>, bool);

    impl http_body::Body for Blocks {
        type Data = Bytes;
        type Error = BodyError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut TaskContext<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            if self.0.is_empty() {
                return Poll::Ready(self.1.then_some(Err(BodyError::Incomplete)));
            }
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.0.remove(0).as_bytes())))))
        }
    }

    #[tokio::test]
    async fn an_entity_without_a_length_is_read_up_to_the_limit() {
        let read = async |blocks: &[&'static str], fails: bool| {
            let mut body = Body::stream(Box::pin(Blocks(blocks.to_vec(), fails)));
            read_up_to(4, &mut body).await.map(|bytes| bytes.map(|bytes| bytes.len()))
        };
        assert_eq!(read(&["ab", "cd"], false).await.unwrap(), Some(4));
        assert_eq!(read(&["ab", "cde"], false).await.unwrap(), None);
        assert_eq!(read(&[], false).await.unwrap(), Some(0));
        assert!(matches!(read(&["ab"], true).await, Err(BodyError::Incomplete)));
    }

    #[test]
    fn a_form_is_read_field_by_field() {
        let fields = |form: &str| {
            form_fields(form.as_bytes()).map(|fields| {
                let shown = fields.iter().map(|(name, value)| format!("{name:?}:{value:?}"));
                shown.collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(fields("a=1&&b&=c&a=%2B+=").unwrap(), r#""a":"1" "b":"" "":"c" "a":"+ =""#);
        assert_eq!(fields("").unwrap(), "");
        assert_eq!(fields("a=%zz&%C3%BC=1").unwrap(), r#""a":"%zz" "ü":"1""#);
        assert_eq!(fields("a=%C3"), None);
    }

    #[test]
    fn what_begins_a_host_does_not_lead_here() {
        assert!(leads_here("/") && leads_here("/a//b") && leads_here("/?//"));
        for other in ["//a", "/\\a", "", "a", "http://a/", "\\/a"] {
            assert!(!leads_here(other), "{other}");
        }
    }

    #[test]
    fn the_mode_counts_more_than_what_is_accepted() {
        let check = |fields: &[(&'static str, &'static str)]| {
            let mut headers = exchange::Headers::default();
            for (name, value) in fields {
                headers.append(*name, exchange::HeaderValue::from_static(value));
            }
            is_navigation(&headers)
        };
        assert!(check(&[("sec-fetch-mode", "navigate")]));
        assert!(check(&[("accept", "a/b"), ("accept", "c/d, Text/HTML;q=0.9")]));
        assert!(!check(&[("sec-fetch-mode", "cors"), ("accept", "text/html")]));
        assert!(!check(&[("accept", "*/*")]));
        assert!(!check(&[]));
    }
}
