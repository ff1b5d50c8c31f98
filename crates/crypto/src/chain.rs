//! From certificates in any order to the chain of a key.

use x509_parser::prelude::{FromDer, X509Certificate};

/// The certificate of the key, and after each the one that has issued it. Empty when there are no certificates
/// at all, `None` when none is that of the key.
pub(crate) fn order(spki: &[u8], certificates: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let parsed: Vec<(X509Certificate<'_>, &Vec<u8>)> =
        certificates.iter().filter_map(|der| Some((X509Certificate::from_der(der).ok()?.1, der))).collect();
    if parsed.is_empty() {
        return Some(Vec::new());
    }
    let mut index = parsed.iter().position(|(certificate, _)| certificate.public_key().raw == spki)?;
    let mut taken = vec![false; parsed.len()];
    let mut chain = Vec::new();
    loop {
        taken[index] = true;
        let (certificate, der) = &parsed[index];
        chain.push((*der).clone());
        let issuer = certificate.issuer();
        let is_issuer = |(next, (above, _)): &(usize, &(X509Certificate<'_>, &Vec<u8>))| {
            !taken[*next] && above.subject().as_raw() == issuer.as_raw()
        };
        match parsed.iter().enumerate().find(is_issuer) {
            Some((next, _)) => index = next,
            None => return Some(chain),
        }
    }
}
