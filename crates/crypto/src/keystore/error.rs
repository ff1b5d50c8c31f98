//! [`KeyStoreError`]: what is wrong with a key store, or with one entry of it. Never holds a secret.

/// Why a key store, or an entry of one, cannot be read or written.
///
/// Each is the end of a sentence that begins with the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// Something else than PKCS#12, JKS or JCEKS.
    #[error("is no key store of type PKCS12, JKS or JCEKS, but {found}")]
    NotAKeyStore {
        /// What it looks like.
        found: &'static str,
    },
    /// The file ends before what it announces.
    #[error("is cut off: it ends within {what}")]
    Truncated {
        /// What was being read.
        what: &'static str,
    },
    /// The file, or what was decrypted, is not what it should be.
    #[error("is damaged: {what} cannot be read")]
    Malformed {
        /// What was being read.
        what: &'static str,
    },
    /// Encrypted, and there is no password.
    #[error("is encrypted, and no password is given")]
    PasswordNeeded,
    /// The password is wrong. Of a whole store, it may also have been changed by somebody without the password.
    #[error("does not open with this password, or has been changed")]
    WrongPassword,
    /// A password that is no text, for a kind of store that needs one.
    #[error("has a password of text, and the one given is not UTF-8")]
    PasswordNotText,
    /// Something that is known to exist, or not even that, and is not offered.
    #[error("uses {what} {name}, which is not supported")]
    Unsupported {
        /// What kind of thing.
        what: &'static str,
        /// Its object identifier or name.
        name: String,
    },
    /// More than any sensible store has.
    #[error("has {found} {what}, more than the {most} allowed")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much may be.
        most: u64,
    },
    /// One entry cannot be read; others may.
    #[error("has an entry `{alias}` that {reason}")]
    Entry {
        /// Which one.
        alias: String,
        /// What is wrong with it.
        reason: Box<KeyStoreError>,
    },
    /// Nothing that a store of this type could hold.
    #[error("cannot be written: {0}")]
    NotWritable(&'static str),
}

impl KeyStoreError {
    /// Whether another password may be all that is needed.
    pub fn is_about_password(&self) -> bool {
        matches!(self, Self::PasswordNeeded | Self::PasswordNotText | Self::WrongPassword)
    }

    pub(super) fn of_entry(self, alias: &str) -> Self {
        Self::Entry { alias: alias.to_owned(), reason: Box::new(self) }
    }

    pub(super) fn malformed(what: &'static str) -> Self {
        Self::Malformed { what }
    }

    pub(super) fn unsupported(what: &'static str, name: impl ToString) -> Self {
        Self::Unsupported { what, name: name.to_string() }
    }

    /// Refuses more than `most` of something.
    pub(super) fn at_most(what: &'static str, found: u64, most: u64) -> Result<(), Self> {
        if found > most { Err(Self::Limit { what, found, most }) } else { Ok(()) }
    }
}
