//! The compact serialization (RFC 7515, section 3.1; RFC 7516, section 3.1): parts of base64url between dots.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::JoseError;
use super::content_key::ContentKey;
use super::deflate;

/// Without padding, and with the unused bits of the last character zero, so that a text has one form only
/// (RFC 7515, section 2; RFC 4648, section 3.5).
const BASE64: GeneralPurpose = URL_SAFE_NO_PAD;

/// The parts of a text, which has to have just so many.
pub(super) fn parts<const N: usize>(text: &str) -> Result<[&str; N], JoseError> {
    let mut found = [""; N];
    let mut rest = text.split('.');
    for part in &mut found {
        *part = rest.next().ok_or(JoseError::Invalid)?;
    }
    if rest.next().is_some() { Err(JoseError::Invalid) } else { Ok(found) }
}

/// Encodes bytes, behind what is there.
pub(super) fn push(text: &mut String, bytes: &[u8]) {
    BASE64.encode_string(bytes, text);
}

/// Encodes bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Decodes a part.
pub(super) fn decode(part: &str) -> Result<Zeroizing<Vec<u8>>, JoseError> {
    let mut bytes = Zeroizing::new(vec![0; decoded_length(part)]);
    decode_into(part, &mut bytes)?;
    Ok(bytes)
}

/// Decodes a part that fills the bytes exactly.
pub(super) fn decode_into(part: &str, bytes: &mut [u8]) -> Result<(), JoseError> {
    match BASE64.decode_slice(part, bytes) {
        Ok(length) if length == bytes.len() => Ok(()),
        _ => Err(JoseError::Invalid),
    }
}

/// How many bytes a part stands for, if it is base64url.
fn decoded_length(part: &str) -> usize {
    part.len() / 4 * 3 + part.len() % 4 * 3 / 4
}

/// The last three parts of an encrypted text: start value, ciphertext and tag.
pub(super) struct Encrypted<'a> {
    pub(super) iv: &'a str,
    pub(super) content: &'a str,
    pub(super) tag: &'a str,
}

impl Encrypted<'_> {
    /// Verifies, decrypts, and inflates, up to so many bytes (RFC 7516, section 5.2, steps 14 to 17).
    pub(super) fn open(
        &self,
        key: &ContentKey,
        header: &str,
        is_compressed: bool,
        bytes_max: usize,
    ) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        // Neither padding nor a compression that finds nothing to compress adds more.
        if decoded_length(self.content) > bytes_max.saturating_add(bytes_max / 64).saturating_add(64) {
            return Err(JoseError::Invalid);
        }
        let (mut iv, mut tag) = ([0; ContentKey::IV_BYTES_MAX], [0; ContentKey::TAG_BYTES_MAX]);
        let (iv, tag) = (&mut iv[..key.iv_bytes()], &mut tag[..key.tag_bytes()]);
        decode_into(self.iv, iv)?;
        decode_into(self.tag, tag)?;
        let mut content = decode(self.content)?;
        key.open(header.as_bytes(), iv, &mut content, tag)?;
        if is_compressed {
            return deflate::inflate(&content, bytes_max);
        }
        if content.len() > bytes_max { Err(JoseError::Invalid) } else { Ok(content) }
    }
}

/// Encrypts content: header, encrypted key, start value, ciphertext and tag (RFC 7516, section 5.1).
pub(super) fn seal(
    key: &ContentKey,
    header: &str,
    encrypted_key: &[u8],
    content: &[u8],
    is_compressed: bool,
) -> Result<String, JoseError> {
    let deflated = is_compressed.then(|| deflate::deflate(content)).transpose()?;
    let plain = deflated.as_ref().map_or(content, |deflated| deflated.as_slice());
    // Room for the padding, so that the plain text is encrypted where it stands and moved nowhere.
    let mut sealed = Vec::with_capacity(plain.len() + 16);
    sealed.extend_from_slice(plain);
    let iv = key.random_iv()?;
    let iv = &iv[..key.iv_bytes()];
    let tag = key.seal(header.as_bytes(), iv, &mut sealed)?;
    let length = header.len() + (encrypted_key.len() + iv.len() + sealed.len() + tag.len()) * 4 / 3 + 16;
    let mut text = String::with_capacity(length);
    text.push_str(header);
    for part in [encrypted_key, iv, &sealed, &tag] {
        text.push('.');
        push(&mut text, part);
    }
    Ok(text)
}
