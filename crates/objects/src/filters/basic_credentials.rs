//! A user and a password as the header field of RFC 7617.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange::HeaderValue;

/// `Basic …`, marked so that nothing prints it. The user must not hold a colon, which ends it.
pub(super) fn basic(user: &str, password: &[u8]) -> HeaderValue {
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    text.extend_from_slice(user.as_bytes());
    text.push(b':');
    text.extend_from_slice(password);
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(&*text)))
        .expect("base64 is made of characters that a header field may have");
    value.set_sensitive(true);
    value
}
