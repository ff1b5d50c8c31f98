//! The object identifiers in key stores, and the names that Java's architecture has for some.

use der::asn1::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

// Contents of a PKCS#12 file (RFC 7292, RFC 5652).
pub(super) const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
pub(super) const ENCRYPTED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.6");
pub(super) const KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.1");
pub(super) const SHROUDED_KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.2");
pub(super) const CERTIFICATE_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.3");
pub(super) const SECRET_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.5");
pub(super) const X509_CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.9.22.1");
pub(super) const FRIENDLY_NAME: ObjectIdentifier = oid("1.2.840.113549.1.9.20");
pub(super) const LOCAL_KEY_ID: ObjectIdentifier = oid("1.2.840.113549.1.9.21");
/// What Java marks a trusted certificate with.
pub(super) const TRUSTED_KEY_USAGE: ObjectIdentifier = oid("2.16.840.1.113894.746875.1.1");

// Protection of keys in JKS and JCEKS files.
pub(super) const JKS_KEY: ObjectIdentifier = oid("1.3.6.1.4.1.42.2.17.1.1");
pub(super) const JCEKS_KEY: ObjectIdentifier = oid("1.3.6.1.4.1.42.2.19.1");

// Password-based encryption (RFC 7292, appendix C; RFC 8018).
pub(super) const PBE_3DES_3KEYS: ObjectIdentifier = oid("1.2.840.113549.1.12.1.3");
pub(super) const PBE_3DES_2KEYS: ObjectIdentifier = oid("1.2.840.113549.1.12.1.4");
pub(super) const PBE_RC2_128: ObjectIdentifier = oid("1.2.840.113549.1.12.1.5");
pub(super) const PBE_RC2_40: ObjectIdentifier = oid("1.2.840.113549.1.12.1.6");
pub(super) const PBES2: ObjectIdentifier = oid("1.2.840.113549.1.5.13");
pub(super) const PBMAC1: ObjectIdentifier = oid("1.2.840.113549.1.5.14");
pub(super) const PBKDF2: ObjectIdentifier = oid("1.2.840.113549.1.5.12");
pub(super) const AES_128_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.2");
pub(super) const AES_192_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.22");
pub(super) const AES_256_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.42");
pub(super) const DES_EDE3_CBC: ObjectIdentifier = oid("1.2.840.113549.3.7");

pub(super) const HMAC_SHA1: ObjectIdentifier = oid("1.2.840.113549.2.7");
pub(super) const HMAC_SHA224: ObjectIdentifier = oid("1.2.840.113549.2.8");
pub(super) const HMAC_SHA256: ObjectIdentifier = oid("1.2.840.113549.2.9");
pub(super) const HMAC_SHA384: ObjectIdentifier = oid("1.2.840.113549.2.10");
pub(super) const HMAC_SHA512: ObjectIdentifier = oid("1.2.840.113549.2.11");

pub(super) const SHA1: ObjectIdentifier = oid("1.3.14.3.2.26");
pub(super) const SHA224: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.4");
pub(super) const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
pub(super) const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
pub(super) const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

/// The algorithms of keys, by the names of Java's architecture.
const KEYS: &[(ObjectIdentifier, &str)] = &[
    (oid("1.2.840.113549.1.1.1"), "RSA"),
    (oid("1.2.840.113549.1.1.10"), "RSASSA-PSS"),
    (oid("1.2.840.10045.2.1"), "EC"),
    (oid("1.2.840.10040.4.1"), "DSA"),
    (oid("1.2.840.113549.1.3.1"), "DH"),
    (oid("1.3.101.110"), "X25519"),
    (oid("1.3.101.111"), "X448"),
    (oid("1.3.101.112"), "Ed25519"),
    (oid("1.3.101.113"), "Ed448"),
    (HMAC_SHA1, "HmacSHA1"),
    (HMAC_SHA224, "HmacSHA224"),
    (HMAC_SHA256, "HmacSHA256"),
    (HMAC_SHA384, "HmacSHA384"),
    (HMAC_SHA512, "HmacSHA512"),
    (oid("1.2.840.113549.2.12"), "HmacSHA512/224"),
    (oid("1.2.840.113549.2.13"), "HmacSHA512/256"),
    (oid("1.3.6.1.5.5.8.1.1"), "HmacMD5"),
    (oid("2.16.840.1.101.3.4.1"), "AES"),
    (oid("1.3.14.3.2.17"), "DESede"),
    (DES_EDE3_CBC, "DESede"),
    (oid("1.3.14.3.2.7"), "DES"),
    (oid("1.2.840.113549.1.9.16.3.18"), "ChaCha20"),
    // What keytool calls a password that it imports.
    (oid("1.2.840.113549.1.5.3"), "PBEWithMD5AndDES"),
];

/// The name of the algorithm of a key; the identifier itself for one without.
pub(super) fn key_name(oid: ObjectIdentifier) -> String {
    let known = KEYS.iter().find(|(known, _)| *known == oid);
    known.map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
}

/// The identifier of the algorithm of a key.
pub(super) fn of_key(name: &str) -> Option<ObjectIdentifier> {
    KEYS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(oid, _)| *oid)
}
