//! The two names in a certificate by which chains are put together.

use super::KeyStoreError;
use super::ber::Reader;

/// DER of the names of a certificate.
pub(super) struct Names<'a> {
    pub(super) subject: &'a [u8],
    pub(super) issuer: &'a [u8],
}

/// Reads as little of a certificate as can be: whether it is usable is the business of whoever uses it.
pub(super) fn names(der: &[u8]) -> Result<Names<'_>, KeyStoreError> {
    const WHAT: &str = "a certificate";
    let mut fields = Reader::new(der).sequence(WHAT)?.sequence(WHAT)?;
    // The version, which certificates of version 1 leave out.
    fields.optional(0xA0, WHAT)?;
    fields.any(WHAT)?;
    fields.any(WHAT)?;
    let issuer = fields.whole(WHAT)?;
    fields.any(WHAT)?;
    let subject = fields.whole(WHAT)?;
    Ok(Names { subject, issuer })
}
