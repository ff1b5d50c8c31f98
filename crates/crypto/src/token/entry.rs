//! From a label to the key or certificate of that name.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use super::connection::{Connection, KeyName, failed};
use super::signer::{self, Signing};
use super::{Token, TokenError};
use crate::asn1::{self, SEQUENCE};
use crate::{KeyMaterial, asymmetric, chain};

/// Further certificates of a token are not looked at.
const CERTIFICATES_MAX: usize = 100;

/// A message does not list more labels than this.
const LABELS_SHOWN_MAX: usize = 10;

/// What a label stands for.
pub(super) enum Entry {
    Private { signing: Signing, chain: Vec<Vec<u8>> },
    Other(KeyMaterial),
}

impl Entry {
    pub(super) fn material(self, token: Token) -> KeyMaterial {
        match self {
            Self::Private { signing, chain } => KeyMaterial::Token {
                algorithm: signing.algorithm().to_owned(),
                signer: signer::of(signing, token),
                chain,
            },
            Self::Other(material) => material,
        }
    }
}

/// The private key of this label, or the symmetric key, or the certificate and the private key that belongs to it.
pub(super) fn find(connection: &mut Connection, alias: &str) -> Result<Entry, TokenError> {
    let mechanisms = connection.mechanisms()?;
    let session = connection.session()?;
    let label = || Attribute::Label(alias.as_bytes().to_vec());
    let find = |class: ObjectClass, by: Attribute| {
        session.find_objects(&[Attribute::Class(class), by]).map_err(failed)
    };
    let private = find(ObjectClass::PRIVATE_KEY, label())?;
    if let [_, _, ..] = private.as_slice() {
        return Err(TokenError::Entry(format!("there are several private keys with the label `{alias}`")));
    }
    if let Some(key) = private.first() {
        return private_key(session, *key, &mechanisms);
    }
    if let Some(key) = find(ObjectClass::SECRET_KEY, label())?.first() {
        return symmetric(session, *key, alias).map(Entry::Other);
    }
    if let Some(certificate) = find(ObjectClass::CERTIFICATE, label())?.first() {
        let id = bytes(session, *certificate, AttributeType::Id)?;
        if !id.is_empty()
            && let Some(key) = find(ObjectClass::PRIVATE_KEY, Attribute::Id(id))?.first()
        {
            return private_key(session, *key, &mechanisms);
        }
        let der = bytes(session, *certificate, AttributeType::Value)?;
        return Ok(Entry::Other(KeyMaterial::Certificate { der }));
    }
    Err(TokenError::Entry(format!(
        "there is no key or certificate with the label `{alias}`; {}",
        listed(session)?
    )))
}

fn private_key(
    session: &Session,
    key: ObjectHandle,
    mechanisms: &[cryptoki::mechanism::MechanismType],
) -> Result<Entry, TokenError> {
    let name = KeyName {
        id: bytes(session, key, AttributeType::Id)?,
        label: bytes(session, key, AttributeType::Label)?,
    };
    let spki = public_key(session, key, &name)?;
    let algorithm = asymmetric::check_public(&spki).map_err(|reason| TokenError::Entry(reason.to_owned()))?;
    let mut certificates = Vec::new();
    let found = session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)]).map_err(failed)?;
    for certificate in found.into_iter().take(CERTIFICATES_MAX) {
        certificates.push(bytes(session, certificate, AttributeType::Value)?);
    }
    // Certificates of other keys are no mistake: a token holds many.
    let chain = chain::order(&spki, &certificates).unwrap_or_default();
    let signing = Signing::new(name, spki, algorithm, mechanisms).map_err(TokenError::Entry)?;
    Ok(Entry::Private { signing, chain })
}

/// `SubjectPublicKeyInfo` of a private key, from what the token tells of its public half.
fn public_key(session: &Session, key: ObjectHandle, name: &KeyName) -> Result<Vec<u8>, TokenError> {
    let missing =
        || TokenError::Entry("the token does not tell the public half of the private key".to_owned());
    let kind = session.get_attributes(key, &[AttributeType::KeyType]).map_err(failed)?;
    let public =
        session.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(name.id.clone())]);
    let public = public.map_err(failed)?.first().copied();
    match kind.first() {
        Some(Attribute::KeyType(KeyType::RSA)) => {
            let number =
                |attribute| bytes(session, public.unwrap_or(key), attribute).map(|n| asn1::unsigned(&n));
            let (n, e) = (number(AttributeType::Modulus)?, number(AttributeType::PublicExponent)?);
            Ok(asymmetric::public_from_pkcs1(&asn1::element(SEQUENCE, &[&n, &e])))
        }
        Some(Attribute::KeyType(KeyType::EC)) => {
            let Some(public) = public else { return certified(session, name)?.ok_or_else(missing) };
            let curve = bytes(session, public, AttributeType::EcParams)?;
            let curve = AnyRef::from_der(&curve).ok().filter(|curve| curve.tag() == Tag::ObjectIdentifier);
            let curve =
                curve.ok_or_else(|| TokenError::Entry("the key does not name its curve".to_owned()))?;
            let point = bytes(session, public, AttributeType::EcPoint)?;
            // The standard wraps the point in an octet string, and some modules do not.
            let wrapped = AnyRef::from_der(&point).ok().filter(|point| point.tag() == Tag::OctetString);
            let point = wrapped.map_or(point.as_slice(), |point| point.value());
            Ok(asn1::public_key_info(&asn1::elliptic_curve(curve.value()), point))
        }
        _ => Err(TokenError::Entry(
            "the algorithm of the private key is not offered (RSA and EC are)".to_owned(),
        )),
    }
}

/// `SubjectPublicKeyInfo` of the certificate that stands beside a key, as Java leaves it behind.
fn certified(session: &Session, name: &KeyName) -> Result<Option<Vec<u8>>, TokenError> {
    let wanted = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::Id(name.id.clone())];
    let Some(certificate) = session.find_objects(&wanted).map_err(failed)?.first().copied() else {
        return Ok(None);
    };
    let der = bytes(session, certificate, AttributeType::Value)?;
    let read = X509Certificate::from_der(&der);
    Ok(read.ok().map(|(_, read)| read.public_key().raw.to_vec()))
}

fn symmetric(session: &Session, key: ObjectHandle, alias: &str) -> Result<KeyMaterial, TokenError> {
    let wanted = [AttributeType::KeyType, AttributeType::Value];
    let attributes = session.get_attributes(key, &wanted).map_err(failed)?;
    let mut algorithm = "RAW";
    let mut value = None;
    for attribute in attributes {
        match attribute {
            Attribute::KeyType(KeyType::AES) => algorithm = "AES",
            Attribute::KeyType(KeyType::SHA256_HMAC) => algorithm = "Hmac",
            Attribute::Value(bytes) => value = Some(Zeroizing::new(bytes)),
            _ => {}
        }
    }
    let bytes = value.filter(|bytes| !bytes.is_empty()).ok_or_else(|| {
        let message =
            format!("the symmetric key `{alias}` cannot leave the token (CKA_EXTRACTABLE is not set)");
        TokenError::Entry(message)
    })?;
    Ok(KeyMaterial::Symmetric { algorithm: algorithm.to_owned(), bytes })
}

/// An attribute of bytes; empty when the object has none.
fn bytes(session: &Session, object: ObjectHandle, attribute: AttributeType) -> Result<Vec<u8>, TokenError> {
    let found = session.get_attributes(object, &[attribute]).map_err(failed)?.into_iter().next();
    Ok(match found {
        Some(
            Attribute::Id(bytes)
            | Attribute::Label(bytes)
            | Attribute::Value(bytes)
            | Attribute::Modulus(bytes)
            | Attribute::PublicExponent(bytes)
            | Attribute::EcParams(bytes)
            | Attribute::EcPoint(bytes),
        ) => bytes,
        _ => Vec::new(),
    })
}

/// What there is instead.
fn listed(session: &Session) -> Result<String, TokenError> {
    let mut labels = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY, ObjectClass::CERTIFICATE] {
        for object in session.find_objects(&[Attribute::Class(class)]).map_err(failed)? {
            let label = String::from_utf8_lossy(&bytes(session, object, AttributeType::Label)?).into_owned();
            if !label.is_empty() && !labels.contains(&label) {
                labels.push(label);
            }
            if labels.len() > LABELS_SHOWN_MAX {
                break;
            }
        }
    }
    // Modules have no order of their own.
    labels.sort();
    let shown: Vec<String> = labels.iter().take(LABELS_SHOWN_MAX).map(|label| format!("`{label}`")).collect();
    Ok(match labels.len() {
        0 => "there is none at all".to_owned(),
        count if count > shown.len() => format!("there are {}, and more", shown.join(", ")),
        _ => format!("there are {}", shown.join(", ")),
    })
}
