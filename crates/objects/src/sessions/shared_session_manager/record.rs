//! How a session is written into a store, and read from it.
//!
//! A record is named by its handle, which is derived from the secret id in one direction: whoever reads the store
//! learns neither the id nor the names of entries, which are digests under the id. Every field says, under
//! encryption, which record and which entry it belongs to, so that a field that was moved is noticed. Whoever can
//! write to the store can still remove fields, and bring back what a field once held.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::{Fault, SESSION_ENTRIES_MAX};
use expression::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::keys::SessionKeys;
use super::super::shared_store::{Field, RECORD_BYTES_MAX};

/// 256 bits: nobody guesses one.
const ID_BYTES: usize = 32;

/// Of the digest of an id, 128 bits name its session.
const HANDLE_DIGITS: usize = 32;

/// Of the digest of a namespace or an entry's name.
const SHORT_BYTES: usize = 16;

/// The field of what is known of the session as a whole. Names of entries are digests, which are longer.
pub(super) const META_FIELD: &[u8] = b"meta";

/// Requests that run at the same time may each add entries up to the limit, so that there can be some more than one
/// session takes.
const FIELDS_MAX: usize = 2 * SESSION_ENTRIES_MAX + 1;

/// What the browser presents: random bytes, written in base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Id([u8; ID_BYTES]);

impl Id {
    /// A new one, from the random source of the operating system.
    pub(super) fn random() -> Result<Self, Fault> {
        let mut bytes = [0; ID_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            Fault::internal("The operating system gave no random bytes for a session id.").because(error)
        })?;
        Ok(Self(bytes))
    }

    /// Reads the value of a cookie; `None` for what was never an id of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Longer text is not worth decoding.
        if text.len() > ID_BYTES * 2 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// What the session is called where its id must not be known.
    pub(super) fn handle(&self) -> String {
        let mut digits = hex(&Sha256::digest(self.0));
        digits.truncate(HANDLE_DIGITS);
        digits
    }

    /// The name of the field of an entry.
    pub(super) fn field(&self, entry: &str) -> Vec<u8> {
        let digest = Sha256::new().chain_update(b"session entry").chain_update(self.0);
        digest.chain_update(entry).finalize()[..SHORT_BYTES].to_vec()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Whether a text can be a handle at all.
pub(super) fn is_handle(text: &str) -> bool {
    text.len() == HANDLE_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What sets the sessions of one manager apart from those of others in the same store.
#[derive(Debug, Clone)]
pub(super) struct Namespace(String);

impl Namespace {
    /// That of a text. Its digest stands in the store, whatever characters the text has.
    pub(super) fn new(text: &str) -> Self {
        Self(hex(&Sha256::digest(text)[..SHORT_BYTES / 2]))
    }

    /// How the names of all records begin.
    pub(super) fn sessions(&self) -> String {
        format!("session:{}:", self.0)
    }

    /// The name of a record.
    pub(super) fn session(&self, handle: &str) -> String {
        format!("session:{}:{handle}", self.0)
    }

    /// The name of the record that tells that a session has left this handle for another one.
    pub(super) fn moved(&self, handle: &str) -> String {
        format!("moved:{}:{handle}", self.0)
    }

    /// The name of the set of a subject's handles. `mark` stands for the subject.
    pub(super) fn subject(&self, mark: &[u8]) -> String {
        format!("subject:{}:{}", self.0, hex(mark))
    }
}

/// What is known of a session as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// When it began, in seconds since 1970.
    pub(super) created: u64,
    /// When it ends in any case, in seconds since 1970.
    pub(super) ends: Option<u64>,
    /// Whose it is.
    pub(super) subject: Option<String>,
}

/// An opened record.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) meta: Meta,
    /// In the order of their names, since a store keeps none.
    pub(super) entries: Vec<(String, Value<'static>)>,
}

/// What is opened has at most so many bytes. More than the largest entry has as JSON, whatever is configured now: a
/// session outlives a lower limit.
const OPENED_BYTES_MAX: usize = RECORD_BYTES_MAX;

/// Writes fields of records, and reads them.
#[derive(Clone, Copy)]
pub(super) struct Sealer<'a> {
    pub(super) keys: &'a SessionKeys,
}

impl Sealer<'_> {
    /// The field of an entry of the record `key`, whose id this is.
    pub(super) fn entry(&self, key: &str, id: &Id, name: &str, value: &Value<'_>) -> Result<Field, Fault> {
        let content = ("entry", key, name, value.to_json());
        Ok((id.field(name), self.seal(&content)?))
    }

    /// The field that tells of the session as a whole.
    pub(super) fn meta(&self, key: &str, meta: &Meta) -> Result<Field, Fault> {
        Ok((META_FIELD.to_vec(), self.seal(&("session", key, meta))?))
    }

    fn seal(&self, content: &impl Serialize) -> Result<Vec<u8>, Fault> {
        let text = serde_json::to_vec(content).map(Zeroizing::new);
        let text = text.map_err(|error| {
            Fault::internal("An entry of a session cannot be written as JSON.").because(error)
        })?;
        // Not compressed: the length would tell how much of it repeats.
        self.keys.seal(&text, false).map(String::into_bytes)
    }

    /// Opens a record. Without the id, an administrator's way, names of fields are not compared.
    ///
    /// # Errors
    /// Why it is nobody's session, without anything of its content. One field that is not as it was written is
    /// enough: what is missing might be what forbids something.
    pub(super) fn open(&self, key: &str, id: Option<&Id>, fields: &[Field]) -> Result<Opened, &'static str> {
        if fields.len() > FIELDS_MAX {
            return Err("it has more fields than a session can have");
        }
        let mut meta = None;
        let mut entries = Vec::with_capacity(fields.len());
        for (field, sealed) in fields {
            if field == META_FIELD {
                let (kind, of, content): (String, String, Meta) = self.opened(sealed)?;
                if kind != "session" || of != key {
                    return Err("its metadata was written for something else");
                }
                meta = Some(content);
                continue;
            }
            let (kind, of, name, value): (String, String, String, serde_json::Value) = self.opened(sealed)?;
            if kind != "entry" || of != key || id.is_some_and(|id| id.field(&name) != *field) {
                return Err("a field was written for something else");
            }
            entries.push((name, Value::from(value)));
        }
        let meta = meta.ok_or("it has no metadata")?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Opened { meta, entries })
    }

    fn opened<T: for<'de> Deserialize<'de>>(&self, sealed: &[u8]) -> Result<T, &'static str> {
        const FOREIGN: &str = "a field was not encrypted with a key that is valid here, or has been changed";
        let text = std::str::from_utf8(sealed).map_err(|_| FOREIGN)?;
        let content = self.keys.open(text, OPENED_BYTES_MAX).ok_or(FOREIGN)?;
        serde_json::from_slice(&content).map_err(|_| "a field was written for something else")
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        let _infallible = write!(digits, "{byte:02x}");
        digits
    })
}
