//! TLS: who we are ([`Identity`]), whom we believe ([`Trust`]), and what is negotiated, made into handles that
//! listeners and clients hold and that are replaced while connections run ([`ServerTls`], [`ClientTls`]).
//!
//! Every engine of TLS is named here and in `transport`, and nowhere else.

mod client;
mod error;
mod identity;
mod names;
mod options;
mod server;
mod suites;
#[cfg(test)]
mod tests;
mod trust;
mod verify;

pub use client::{ClientTls, ClientTlsSettings, HostnameVerifier};
pub use error::TlsError;
pub use identity::Identity;
pub use options::{Negotiation, Protocol};
pub use server::{ClientAuth, ServerEntry, ServerTls, ServerTlsSettings};
pub use trust::{Trust, TrustAnchors};
