//! The echo WebSocket: handshake (RFC 6455, section 4.2) and conversation.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use exchange::{HeaderValue, Method, Outcome, Request, Response, StatusCode, Tunnel, Upgrade, header};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::frames::{self, Message, Reader, Violation};

/// Fixed by the specification (section 1.3).
const HANDSHAKE_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A client that says nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(300);

/// Accepts a WebSocket, or says what the request lacks.
pub(super) fn accept(request: &Request) -> Outcome {
    let is_websocket =
        request.method == Method::GET && request.headers.has_token(&header::UPGRADE, "websocket");
    let version = request.headers.text(header::SEC_WEBSOCKET_VERSION);
    let key = request.headers.text(header::SEC_WEBSOCKET_KEY);
    let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
    let Some(key) = key.filter(|_| is_websocket && version == Some("13")) else {
        return Ok(upgrade_required());
    };
    let mut response = Response::new(StatusCode::SWITCHING_PROTOCOLS);
    response.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let accepted = HeaderValue::try_from(accepted_key(key)).expect("base64 is visible ASCII");
    response.headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    response.upgrade = Some(Upgrade::new(echo));
    Ok(response)
}

fn upgrade_required() -> Response {
    let text = "This address speaks WebSocket, version 13.\n";
    let mut response = Response::text(StatusCode::UPGRADE_REQUIRED, "text/plain; charset=utf-8", text);
    response.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

fn accepted_key(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(HANDSHAKE_SUFFIX).finalize())
}

/// Answers every message with itself until one side closes.
async fn echo(mut tunnel: Box<dyn Tunnel>) {
    let mut reader = Reader::default();
    let mut buffer = BytesMut::new();
    loop {
        let (answer, is_last) = match reader.read(&mut buffer) {
            Ok(Some(message)) => (frames::answer(&message), matches!(message, Message::Close(_))),
            Err(Violation(code)) => (frames::close(code), true),
            Ok(None) => {
                match tokio::time::timeout(SILENCE_MAX, tunnel.read_buf(&mut buffer)).await {
                    Ok(Ok(1..)) => continue,
                    // The end, an error, or silence: nobody is there to be answered.
                    _ => return,
                }
            }
        };
        if tunnel.write_all(&answer).await.is_err() || is_last {
            // A client that has gone already needs no end.
            let _ = tunnel.shutdown().await;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn answers_the_key_of_the_specification() {
        assert_eq!(super::accepted_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
