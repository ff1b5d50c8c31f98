//! [`Material`]: what managers yield, and how it is told from what they yielded before.

use crypto::KeyMaterial;
use crypto::tls::Trust;
use sha2::{Digest, Sha256};

use super::managers::NamedKey;

/// What the managers answered.
#[derive(Default)]
pub(super) struct Material {
    /// Of each manager.
    pub(super) keys: Vec<Vec<NamedKey>>,
    pub(super) server_names: Vec<(String, Vec<NamedKey>)>,
    pub(super) trust: Vec<Trust>,
}

impl Material {
    /// Differs when anything does that settings are made of.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for keys in &self.keys {
            put(&mut digest, b"manager");
            put_keys(&mut digest, keys);
        }
        for (name, keys) in &self.server_names {
            put(&mut digest, name.as_bytes());
            put_keys(&mut digest, keys);
        }
        for trust in &self.trust {
            match trust {
                Trust::All => put(&mut digest, b"all"),
                Trust::Anchors(anchors) => {
                    put(&mut digest, b"anchors");
                    anchors.certificates.iter().for_each(|der| put(&mut digest, der));
                    put(&mut digest, b"lists");
                    anchors.crls.iter().for_each(|der| put(&mut digest, der));
                }
            }
        }
        digest.finalize().into()
    }
}

fn put_keys(digest: &mut Sha256, keys: &[NamedKey]) {
    for NamedKey { key, label, .. } in keys {
        put(digest, label.as_bytes());
        match key.material() {
            KeyMaterial::Private { pkcs8, chain, .. } => {
                put(digest, pkcs8);
                chain.iter().for_each(|der| put(digest, der));
            }
            // Its certificate tells which key it is.
            KeyMaterial::Token { chain, .. } => chain.iter().for_each(|der| put(digest, der)),
            _ => {}
        }
    }
}

/// With its length, so that two pieces never look like two others.
fn put(digest: &mut Sha256, piece: &[u8]) {
    digest.update((piece.len() as u64).to_be_bytes());
    digest.update(piece);
}
