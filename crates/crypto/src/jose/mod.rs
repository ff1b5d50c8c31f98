//! JOSE: encrypted and signed texts (RFC 7515, 7516, 7518, 7519).
//!
//! What a text may be made with is said by the key and by whoever asks, never by the text.

mod compact;
mod content;
mod content_key;
mod deflate;
mod direct;
mod halves;
mod header;
pub mod jwe;
pub mod jws;
mod labels;

pub use content::ContentEncryption;
pub use direct::DirectKey;
pub(crate) use halves::{Pair, PublicHalf};
pub use header::Header;
pub use labels::Labels;

/// Why a text cannot be made or read. For whoever reads a text that a stranger sent, there is one reason only.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum JoseError {
    /// It was not made with this key, has been changed, or is nothing that is read here. Nobody learns which.
    #[error("the text was not made with a key that is known here, or has been changed")]
    Invalid,
    /// The key cannot be used for this.
    #[error("{0}")]
    Key(String),
    /// The operating system gave no random bytes, or the cryptographic library refused.
    #[error("the text could not be made")]
    Failed,
}

#[cfg(test)]
mod keys_for_tests;
