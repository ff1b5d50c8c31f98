//! Keys agreed on by ECDH-ES (RFC 7518, section 4.6), over P-256, P-384 and P-521.

use aws_lc_rs::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, agree,
};
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::jose::halves::Pair;
use crate::jose::{Header, JoseError, compact};

/// A curve that keys are agreed on.
pub(super) struct Curve {
    name: &'static str,
    coordinate_bytes: usize,
    pub(super) algorithm: &'static Algorithm,
}

const P_256: Curve = Curve { name: "P-256", coordinate_bytes: 32, algorithm: &ECDH_P256 };
const P_384: Curve = Curve { name: "P-384", coordinate_bytes: 48, algorithm: &ECDH_P384 };
const P_521: Curve = Curve { name: "P-521", coordinate_bytes: 66, algorithm: &ECDH_P521 };

impl Curve {
    /// The curve of such keys.
    pub(super) fn of(pair: Pair) -> Option<&'static Self> {
        match pair {
            Pair::P256 => Some(&P_256),
            Pair::P384 => Some(&P_384),
            Pair::P521 => Some(&P_521),
            Pair::Rsa | Pair::Ed25519 => None,
        }
    }

    /// The point in `epk`, which has to be of this curve (RFC 7518, section 4.6.1.1). Whether it is on the curve,
    /// the agreement checks.
    fn point(&self, header: &Header) -> Result<Vec<u8>, JoseError> {
        let Some(Value::Object(epk)) = header.member("epk") else { return Err(JoseError::Invalid) };
        let text = |name: &str| epk.get(name).and_then(Value::as_str).ok_or(JoseError::Invalid);
        if text("kty")? != "EC" || text("crv")? != self.name {
            return Err(JoseError::Invalid);
        }
        let mut point = vec![4; 1 + 2 * self.coordinate_bytes];
        let (x, y) = point[1..].split_at_mut(self.coordinate_bytes);
        compact::decode_into(text("x")?, x)?;
        compact::decode_into(text("y")?, y)?;
        Ok(point)
    }

    /// `epk` of an uncompressed point.
    fn epk(&self, point: &[u8]) -> Result<Value, JoseError> {
        let coordinates = point.get(1..).filter(|rest| rest.len() == 2 * self.coordinate_bytes);
        let (x, y) = coordinates.ok_or(JoseError::Failed)?.split_at(self.coordinate_bytes);
        Ok(json!({"kty": "EC", "crv": self.name, "x": compact::encode(x), "y": compact::encode(y)}))
    }
}

/// What a key is agreed on for.
pub(super) struct Agreed<'a> {
    /// The name that is mixed in: `enc` for a key of the content, else `alg`.
    pub(super) name: &'a str,
    /// How long the key is.
    pub(super) bytes: usize,
}

impl Agreed<'_> {
    /// The receiver's side.
    pub(super) fn receive(
        &self,
        curve: &Curve,
        key: &PrivateKey,
        header: &Header,
    ) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let party = |name: &str| match header.member(name) {
            None => Ok(Zeroizing::default()),
            Some(Value::String(text)) => compact::decode(text),
            Some(_) => Err(JoseError::Invalid),
        };
        let (apu, apv) = (party("apu")?, party("apv")?);
        let sender = UnparsedPublicKey::new(curve.algorithm, curve.point(header)?);
        agree(key, &sender, JoseError::Invalid, |secret| Ok(self.derive(secret, &apu, &apv)))
    }

    /// The sender's side: the key, and `epk` into the header.
    pub(super) fn send(
        &self,
        curve: &Curve,
        receiver_spki: &[u8],
        members: &mut Map<String, Value>,
    ) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let key = PrivateKey::generate(curve.algorithm).map_err(|_| JoseError::Failed)?;
        let point = key.compute_public_key().map_err(|_| JoseError::Failed)?;
        members.insert("epk".to_owned(), curve.epk(point.as_ref())?);
        let receiver = UnparsedPublicKey::new(curve.algorithm, receiver_spki);
        agree(&key, receiver, JoseError::Failed, |secret| Ok(self.derive(secret, &[], &[])))
    }

    /// Concat KDF with SHA-256 (RFC 7518, section 4.6.2; NIST SP 800-56A, section 5.8.1).
    fn derive(&self, secret: &[u8], apu: &[u8], apv: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut input = Zeroizing::new(vec![0; 4]);
        // Made as long as it gets, so that no copy of the secret stays behind in a smaller buffer.
        input.reserve_exact(secret.len() + self.name.len() + apu.len() + apv.len() + 16);
        input.extend_from_slice(secret);
        for part in [self.name.as_bytes(), apu, apv] {
            input.extend_from_slice(&(part.len() as u32).to_be_bytes());
            input.extend_from_slice(part);
        }
        input.extend_from_slice(&(self.bytes as u32 * 8).to_be_bytes());
        let mut key = Zeroizing::new(vec![0; self.bytes]);
        for (round, chunk) in (1u32..).zip(key.chunks_mut(SHA256_OUTPUT_LEN)) {
            input[..4].copy_from_slice(&round.to_be_bytes());
            chunk.copy_from_slice(&digest(&SHA256, &input).as_ref()[..chunk.len()]);
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7518, appendix C: Bob's private key, and a header with this `epk` and these other members.
    fn received(epk: &str, others: &str) -> Result<String, JoseError> {
        let bob = compact::decode("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw").unwrap();
        let bob = PrivateKey::from_private_key(&ECDH_P256, &bob).unwrap();
        let header = format!(r#"{{"alg":"ECDH-ES","enc":"A128GCM","epk":{epk}{others}}}"#);
        let header = Header::decode(&compact::encode(header.as_bytes())).unwrap();
        let agreed = Agreed { name: "A128GCM", bytes: 16 };
        agreed.receive(&P_256, &bob, &header).map(|key| compact::encode(&key))
    }

    fn epk(kty: &str, crv: &str, x: &str, y: &str) -> String {
        format!(r#"{{"kty":"{kty}","crv":"{crv}","x":"{x}","y":"{y}"}}"#)
    }

    /// Alice's public key of the same example.
    const X: &str = "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0";
    const Y: &str = "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps";

    #[test]
    fn the_example_of_the_rfc() {
        let alice = epk("EC", "P-256", X, Y);
        let key = received(&alice, r#","apu":"QWxpY2U","apv":"Qm9i""#);
        assert_eq!(key.as_deref(), Ok("VqqN6vgjbSBcIijNcacQGg"));
        let nobody = received(&alice, "").unwrap();
        assert_ne!(nobody, "VqqN6vgjbSBcIijNcacQGg");
        for party in [r#","apu":7"#, r#","apv":"=""#, r#","apu":null"#] {
            assert_eq!(received(&alice, party), Err(JoseError::Invalid), "{party}");
        }
    }

    #[test]
    fn points_are_on_the_curve_of_the_key() {
        let half = |byte: u8, length: usize| compact::encode(&vec![byte; length]);
        for epk in [
            epk("EC", "P-256", &half(1, 32), &half(1, 32)),
            epk("EC", "P-256", &half(0, 32), &half(0, 32)),
            epk("EC", "P-256", &half(0xFF, 32), &half(0xFF, 32)),
            epk("EC", "P-256", &half(1, 31), &half(1, 33)),
            epk("EC", "P-256", Y, X),
            epk("EC", "P-256", X, ""),
            epk("EC", "P-384", X, Y),
            epk("OKP", "P-256", X, Y),
            "7".to_owned(),
            "null".to_owned(),
        ] {
            assert_eq!(received(&epk, ""), Err(JoseError::Invalid), "{epk}");
        }
    }
}
