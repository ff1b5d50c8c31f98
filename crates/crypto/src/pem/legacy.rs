//! Blocks that are encrypted as a whole, the way OpenSSL did before PKCS#8 (RFC 1421, with its own key
//! derivation): one round of MD5. Offered because such keys exist; whoever makes one today uses PKCS#8.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::NO_PASSWORD;
use super::blocks::Block;

/// What the block holds, decrypted when it says that it is encrypted.
pub(super) fn open(block: &Block, password: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, String> {
    let is_encrypted = block.header("Proc-Type").is_some_and(|value| value.ends_with("ENCRYPTED"));
    if !is_encrypted {
        return Ok(block.bytes.clone());
    }
    let info = block.header("DEK-Info").ok_or("it is encrypted and does not say how (`DEK-Info`)")?;
    let (cipher, start) = info.split_once(',').ok_or("its `DEK-Info` is not understood")?;
    let start = hex(start.trim()).ok_or("its `DEK-Info` is not understood")?;
    let password = password.ok_or(NO_PASSWORD)?;
    decrypt(cipher.trim(), &start, password, &block.bytes)
}

fn decrypt(name: &str, start: &[u8], password: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    #[expect(deprecated, reason = "what old tools have written")]
    let (algorithm, key_length) = match name {
        "AES-128-CBC" => (&AES_128, 16),
        "AES-192-CBC" => (&AES_192, 24),
        "AES-256-CBC" => (&AES_256, 32),
        "DES-EDE3-CBC" => (&aws_lc_rs::cipher::DES_EDE3_FOR_LEGACY_USE_ONLY, 24),
        _ => {
            return Err(format!(
                "it is encrypted with `{name}`, which is not offered; AES and DES-EDE3-CBC are"
            ));
        }
    };
    let context = match <[u8; 16]>::try_from(start) {
        Ok(start) if name != "DES-EDE3-CBC" => DecryptionContext::Iv128(FixedLength::from(start)),
        _ => match <[u8; 8]>::try_from(start) {
            Ok(start) if name == "DES-EDE3-CBC" => DecryptionContext::Iv64(FixedLength::from(start)),
            _ => return Err("the start value in its `DEK-Info` has the wrong length".to_owned()),
        },
    };
    let key = derive(password, &start[..8], key_length);
    let refused = |_| "it does not open with this password".to_owned();
    let key = UnboundCipherKey::new(algorithm, &key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
    let mut data = Zeroizing::new(data.to_vec());
    let plain = key.map_err(refused)?.decrypt(&mut data, context).map_err(refused)?;
    Ok(Zeroizing::new(plain.to_vec()))
}

/// MD5 of what came before, the password and the salt, as often as the key is long.
fn derive(password: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut last = Zeroizing::new(Vec::new());
    while key.len() < length {
        let digest = Md5::new().chain_update(&*last).chain_update(password).chain_update(salt).finalize();
        last = Zeroizing::new(digest.to_vec());
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok());
    pairs.collect()
}
