//! Makes entries of bags by the rules of Java: which certificates are trusted, which belong to which key, and what
//! is called how.

use std::collections::{HashMap, HashSet};

use super::super::{
    CHAIN_MAX, Content, Entry, EntryKind, KeyStore, KeyStoreError, KeyStoreType, LooseCertificate,
    certificate,
};
use super::bags::{Bag, BagContent, Bags};

/// Makes the entries.
pub(super) fn link(bags: Bags) -> Result<KeyStore, KeyStoreError> {
    let certificates = Certificates::of(&bags.bags)?;
    let mut store = KeyStore::new(KeyStoreType::Pkcs12);
    store.unencrypted_keys = bags.unencrypted_keys;
    let mut used = HashSet::new();
    let mut unnamed = 0;
    for bag in &bags.bags {
        let created = bag.created();
        let mut alias = || {
            bag.friendly_name.clone().unwrap_or_else(|| {
                unnamed += 1;
                format!("{unnamed}")
            })
        };
        let entry = match &bag.content {
            BagContent::PrivateKey(info) => {
                let chain = certificates.chain(bag)?;
                used.extend(chain.iter().copied());
                let chain = chain.into_iter().map(|index| certificates.all[index].der.to_vec()).collect();
                let content = Content::Encrypted(info.clone());
                Entry { alias: alias(), kind: EntryKind::PrivateKey, created, content, chain }
            }
            BagContent::SecretKey(info) => {
                let content = Content::Encrypted(info.clone());
                Entry { alias: alias(), kind: EntryKind::SecretKey, created, content, chain: Vec::new() }
            }
            BagContent::Certificate(der) if bag.is_trusted => Entry::trusted(alias(), created, der.clone()),
            BagContent::Certificate(_) => continue,
        };
        store.insert(entry)?;
    }
    store.loose = certificates.loose(&used);
    Ok(store)
}

/// The certificates of a file, and who vouches for whom.
struct Certificates<'a> {
    all: Vec<Certificate<'a>>,
    /// The first of each subject.
    by_subject: HashMap<&'a [u8], usize>,
    private_keys: usize,
}

struct Certificate<'a> {
    der: &'a [u8],
    names: certificate::Names<'a>,
    bag: &'a Bag,
}

impl<'a> Certificates<'a> {
    fn of(bags: &'a [Bag]) -> Result<Self, KeyStoreError> {
        let mut found = Self { all: Vec::new(), by_subject: HashMap::new(), private_keys: 0 };
        for bag in bags {
            match &bag.content {
                BagContent::Certificate(der) => {
                    let names = certificate::names(der)?;
                    found.by_subject.entry(names.subject).or_insert(found.all.len());
                    found.all.push(Certificate { der, names, bag });
                }
                BagContent::PrivateKey(_) => found.private_keys += 1,
                BagContent::SecretKey(_) => {}
            }
        }
        Ok(found)
    }

    /// The chain of a key, as far as the file has it: trusted certificates serve in it too.
    fn chain(&self, key: &Bag) -> Result<Vec<usize>, KeyStoreError> {
        let mut chain = Vec::new();
        let mut next = self.leaf(key);
        while let Some(index) = next {
            if chain.iter().any(|&seen: &usize| self.all[seen].der == self.all[index].der) {
                break;
            }
            chain.push(index);
            KeyStoreError::at_most("certificates in a chain", chain.len() as u64, CHAIN_MAX as u64)?;
            let names = &self.all[index].names;
            if names.issuer == names.subject {
                break;
            }
            next = self.by_subject.get(names.issuer).copied();
        }
        Ok(chain)
    }

    /// The certificate with the identifier of the key; of several, the one with its name. Without an identifier a
    /// single key goes with the first certificate that has none either.
    fn leaf(&self, key: &Bag) -> Option<usize> {
        if key.local_key_id.is_none() && self.private_keys != 1 {
            return None;
        }
        let is_its = |candidate: &&Bag| !candidate.is_trusted && candidate.local_key_id == key.local_key_id;
        let name = |bag: &Bag| bag.friendly_name.as_ref().map(|name| name.to_lowercase());
        let mut candidates = (0..self.all.len()).filter(|&index| is_its(&self.all[index].bag));
        let first = candidates.clone().next();
        candidates.find(|&index| name(self.all[index].bag) == name(key)).or(first)
    }

    /// The certificates that are of no use to Java.
    fn loose(&self, used: &HashSet<usize>) -> Vec<LooseCertificate> {
        let unused = self.all.iter().enumerate().filter(|(index, _)| !used.contains(index));
        let mut taken = HashSet::new();
        let unused = unused.filter(|(_, certificate)| !certificate.bag.is_trusted);
        let named = unused.map(|(_, certificate)| {
            let name = certificate.bag.friendly_name.clone().unwrap_or_else(|| subject(certificate.der));
            let name = name.to_lowercase();
            let numbered = (2_usize..).map(|number| format!("{name}-{number}"));
            let mut names = [name.clone()].into_iter().chain(numbered);
            let alias = names.find(|name| taken.insert(name.clone())).unwrap_or(name);
            LooseCertificate { alias, der: certificate.der.to_vec() }
        });
        named.collect()
    }
}

/// The subject as text.
fn subject(der: &[u8]) -> String {
    x509_parser::parse_x509_certificate(der)
        .map_or_else(|_| "certificate".to_owned(), |(_, certificate)| certificate.subject().to_string())
}
