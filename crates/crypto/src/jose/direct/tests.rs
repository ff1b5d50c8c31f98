//! Keys that encrypt by themselves: what they write, and that nothing else is read.

use super::*;

/// Room for what is encrypted here.
const ROOM: usize = 4096;

const CONTENT: &[u8] = br#"{"user":"bjensen","roles":["admin","admin","admin","admin","admin"]}"#;

fn key(length: usize) -> CryptoKey {
    let bytes = Zeroizing::new((0..length).map(|index| index as u8).collect());
    CryptoKey::named("mine", KeyMaterial::Symmetric { algorithm: "AES".to_owned(), bytes })
}

fn direct(encryption: ContentEncryption) -> DirectKey {
    DirectKey::new(&key(encryption.key_bytes()), encryption).unwrap()
}

/// A text with a header of this JSON, made with the key of [`direct`].
fn with_header(encryption: ContentEncryption, json: &str) -> String {
    let is_compressed = json.contains("\"DEF\"");
    compact::seal(&direct(encryption).key, &compact::encode(json.as_bytes()), &[], CONTENT, is_compressed)
        .unwrap()
}

#[track_caller]
fn refuses(key: &DirectKey, text: &str) {
    assert_eq!(key.open(text, ROOM), Err(JoseError::Invalid), "{text}");
}

#[test]
fn what_is_sealed_opens() {
    for encryption in ContentEncryption::ALL {
        for is_compressed in [false, true] {
            for content in [b"".as_slice(), b"x", CONTENT, &[7; ROOM]] {
                let text = direct(encryption).seal(content, is_compressed).unwrap();
                assert_eq!(direct(encryption).open(&text, ROOM).unwrap().as_slice(), content);
                let random = DirectKey::random(encryption).unwrap();
                let text = random.seal(content, is_compressed).unwrap();
                assert_eq!(random.open(&text, ROOM).unwrap().as_slice(), content);
                refuses(&direct(encryption), &text);
            }
        }
    }
}

#[test]
fn no_text_is_like_another() {
    let key = direct(ContentEncryption::A256Gcm);
    assert_ne!(key.seal(CONTENT, false), key.seal(CONTENT, false));
}

#[test]
fn keys_have_exactly_the_length_of_the_encryption() {
    for encryption in ContentEncryption::ALL {
        let needed = encryption.key_bytes();
        for length in [0, needed - 1, needed + 1] {
            let error = DirectKey::new(&key(length), encryption).err().unwrap();
            let expected = format!("`{encryption}` needs a key of {needed} bytes, and this one has {length}");
            assert_eq!(error.to_string(), expected);
        }
    }
    let certificate = CryptoKey::new(KeyMaterial::Certificate { der: Vec::new() });
    let error = DirectKey::new(&certificate, ContentEncryption::A256Gcm).err().unwrap();
    assert_eq!(error.to_string(), "`A256GCM` needs a symmetric key, and this is another");
}

#[test]
fn a_changed_character_anywhere_is_noticed() {
    for encryption in ContentEncryption::ALL {
        let key = direct(encryption);
        let text = key.seal(CONTENT, true).unwrap();
        for index in 0..text.len() {
            for other in ['A', 'B', '.', '=', ' ', '+'] {
                let mut changed = text.clone();
                changed.replace_range(index..=index, &other.to_string());
                if changed != text {
                    refuses(&key, &changed);
                }
            }
        }
    }
}

#[test]
fn parts_are_five_and_none_is_shortened() {
    for encryption in ContentEncryption::ALL {
        let key = direct(encryption);
        let text = key.seal(CONTENT, false).unwrap();
        let parts: Vec<&str> = text.split('.').collect();
        for index in 0..parts.len() {
            let with = |part: &str| {
                let mut parts = parts.clone();
                parts[index] = part;
                parts.join(".")
            };
            // A tag that is left out, or cut to its first bytes, is no tag.
            let part = parts[index];
            for other in [String::new(), part.get(..4).unwrap_or("AAAA").to_owned(), format!("{part}AAAA")] {
                if other != part {
                    refuses(&key, &with(&other));
                }
            }
            refuses(&key, &with(&format!("{part}=")));
            let mut missing = parts.clone();
            missing.remove(index);
            refuses(&key, &missing.join("."));
        }
        refuses(&key, &format!("{text}."));
        refuses(&key, "");
        refuses(&key, "....");
        refuses(&key, &"A".repeat(100 * 1024));
        refuses(&key, &".".repeat(100 * 1024));
        refuses(&key, &format!("{}{}", "A".repeat(100 * 1024), text));
    }
}

/// The last character of 16 bytes has four bits to spare, and only one of the sixteen ways to fill them is read.
#[test]
fn spare_bits_are_zero() {
    let key = direct(ContentEncryption::A256Gcm);
    let text = key.seal(CONTENT, false).unwrap();
    let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    let accepted = alphabet.filter(|last| {
        let other = format!("{}{last}", &text[..text.len() - 1]);
        key.open(&other, ROOM).is_ok()
    });
    assert_eq!(accepted.count(), 1);
}

#[test]
fn headers_of_others_are_read_strictly() {
    let encryption = ContentEncryption::A128CbcHs256;
    let key = direct(encryption);
    for good in [
        r#"{"enc":"A128CBC-HS256","alg":"dir"}"#,
        r#"{ "alg" : "dir", "enc" : "A128CBC-HS256", "kid" : "mine" }"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","typ":"JWT","cty":"JWT","other":{"a":[1,-2,3.5,null,true,"x"]}}"#,
        r#"{"zip":"DEF","alg":"dir","enc":"A128CBC-HS256"}"#,
    ] {
        assert_eq!(key.open(&with_header(encryption, good), ROOM).unwrap().as_slice(), CONTENT, "{good}");
    }
    for bad in [
        r#"{"alg":"none","enc":"A128CBC-HS256"}"#,
        r#"{"alg":"A128KW","enc":"A128CBC-HS256"}"#,
        r#"{"alg":"DIR","enc":"A128CBC-HS256"}"#,
        r#"{"alg":["dir"],"enc":"A128CBC-HS256"}"#,
        r#"{"alg":"dir","enc":"A256GCM"}"#,
        r#"{"alg":"dir","enc":null}"#,
        r#"{"alg":"dir"}"#,
        r#"{"enc":"A128CBC-HS256"}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","kid":"yours"}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","kid":""}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","kid":7}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","zip":"GZIP"}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","zip":""}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","zip":true}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","crit":[]}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","b64":true}"#,
        r#"{"alg":"dir","alg":"dir","enc":"A128CBC-HS256"}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","\u0065nc":"A128CBC-HS256"}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256","other":{"a":1,"a":1}}"#,
        r#"{"alg":"dir","enc":"A128CBC-HS256"}{}"#,
        r#"["dir","A128CBC-HS256"]"#,
        r#""dir""#,
        "",
    ] {
        refuses(&key, &with_header(encryption, bad));
    }
    let random = DirectKey::random(encryption).unwrap();
    let named = compact::encode(br#"{"alg":"dir","enc":"A128CBC-HS256","kid":"mine"}"#);
    refuses(&random, &compact::seal(&random.key, &named, &[], CONTENT, false).unwrap());
}

#[test]
fn a_header_of_sixteen_thousand_characters_is_the_longest() {
    let encryption = ContentEncryption::A256Gcm;
    let header =
        |filling: usize| format!(r#"{{"alg":"dir","enc":"A256GCM","filling":"{}"}}"#, "x".repeat(filling));
    let longest = 16 * 1024 / 4 * 3 - header(0).len();
    let open = |filling| direct(encryption).open(&with_header(encryption, &header(filling)), ROOM);
    assert!(open(longest).is_ok());
    assert_eq!(open(longest + 1), Err(JoseError::Invalid));
}

#[test]
fn content_has_a_limit() {
    for encryption in ContentEncryption::ALL {
        let key = direct(encryption);
        for is_compressed in [false, true] {
            for length in [1, 15, 16, 17, 1000] {
                let random = crate::generate::random(length).unwrap();
                for content in [&*random, &vec![b'a'; length]] {
                    let text = key.seal(content, is_compressed).unwrap();
                    assert_eq!(key.open(&text, length).unwrap().as_slice(), content);
                    assert_eq!(key.open(&text, length - 1), Err(JoseError::Invalid));
                }
            }
        }
    }
}

#[test]
fn a_bomb_is_not_inflated() {
    let key = direct(ContentEncryption::A256Gcm);
    let text = key.seal(&vec![0; 64 * 1024 * 1024], true).unwrap();
    assert!(text.len() < 100_000);
    refuses(&key, &text);
    assert_eq!(key.open(&text, 1024 * 1024), Err(JoseError::Invalid));
    assert_eq!(key.open(&text, 0), Err(JoseError::Invalid));
}

#[test]
fn compressed_content_ends_where_it_ends() {
    let key = direct(ContentEncryption::A256Gcm);
    let deflated = super::super::deflate::deflate(CONTENT).unwrap();
    for changed in [&deflated[..deflated.len() - 1], &[&**deflated, &[0]].concat(), b"", &[0xFF; 40]] {
        let text = compact::seal(&key.key, &key.headers[1], &[], changed, false).unwrap();
        refuses(&key, &text);
    }
}
