//! Handshakes in memory between a [`ServerTls`] and a [`ClientTls`], with certificates made on the spot.

mod belief;
mod choice;
mod settings;

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

use expect_test::Expect;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
};
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConnection, HandshakeKind, ServerConnection};

use super::*;
use crate::{CryptoKey, KeyMaterial};

/// A certificate with its key.
struct Made {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
    chain: Vec<Vec<u8>>,
}

impl Made {
    fn crypto_key(&self) -> CryptoKey {
        CryptoKey::new(KeyMaterial::Private {
            algorithm: if self.key.is_compatible(&PKCS_RSA_SHA256) { "RSA" } else { "EC" }.to_owned(),
            pkcs8: self.key.serialize_der().into(),
            chain: self.chain.clone(),
        })
    }

    fn identity(&self) -> Identity {
        Identity::new(&self.crypto_key(), "keys.p12 (alias `test`)", std::time::SystemTime::now()).unwrap()
    }

    fn trust(&self) -> Vec<Trust> {
        vec![Trust::Anchors(TrustAnchors {
            certificates: vec![self.der.clone()],
            crls: Vec::new(),
            label: "trust.p12".to_owned(),
        })]
    }

    /// Issues a certificate.
    fn issue(&self, common_name: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Made {
        self.issue_with(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), common_name, names, change)
    }

    fn issue_with(
        &self,
        key: KeyPair,
        common_name: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Made {
        let mut params = params(common_name, names);
        change(&mut params);
        let issued = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        let der = issued.der().to_vec();
        let chain = std::iter::once(der.clone()).chain(self.chain.iter().cloned()).collect();
        Made { params, key, der, chain }
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn self_signed(common_name: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Made {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = params(common_name, names);
    change(&mut params);
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Made { params, key, chain: vec![der.clone()], der }
}

fn authority(name: &str) -> Made {
    self_signed(name, &[], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    })
}

fn serving(default: &[&Made]) -> ServerTlsSettings {
    ServerTlsSettings {
        negotiation: Negotiation::default(),
        client_auth: ClientAuth::None,
        trust: Vec::new(),
        server_names: Vec::new(),
        default: default.iter().map(|made| made.identity()).collect(),
    }
}

fn calling(trust: Vec<Trust>) -> ClientTlsSettings {
    ClientTlsSettings {
        negotiation: Negotiation::default(),
        trust,
        identities: Vec::new(),
        hostname_verifier: HostnameVerifier::Strict,
    }
}

fn server(settings: ServerTlsSettings) -> Arc<ServerTls> {
    let server = ServerTls::new();
    server.replace(settings).unwrap();
    server
}

fn client(settings: ClientTlsSettings) -> Arc<ClientTls> {
    let client = ClientTls::new();
    client.replace(settings).unwrap();
    client
}

struct Shaken {
    entry: ServerEntry,
    client: ClientConnection,
    server: ServerConnection,
}

/// Lets both talk until the handshake is over; what went wrong, otherwise.
fn shake(server: &ServerTls, client: &ClientTls, host: &str) -> Result<Shaken, String> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client =
        ClientConnection::new(client.config().map_err(|error| error.to_string())?, name).unwrap();
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        pour(&mut |out| client.write_tls(out), &mut |input| acceptor.read_tls(input));
        if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error.to_string())? {
            break accepted;
        }
    };
    let entry = server.entry(&accepted.client_hello()).ok_or("nothing to present")?;
    let mut server =
        accepted.into_connection(entry.config.clone()).map_err(|(error, _)| format!("server: {error}"))?;
    // One round more than the handshake takes, for what follows it: tickets, and refusals of certificates.
    for _ in 0..4 {
        pour(&mut |out| server.write_tls(out), &mut |input| client.read_tls(input));
        client.process_new_packets().map_err(|error| format!("client: {error}"))?;
        pour(&mut |out| client.write_tls(out), &mut |input| server.read_tls(input));
        server.process_new_packets().map_err(|error| format!("server: {error}"))?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Shaken { entry, client, server })
}

fn pour(
    from: &mut dyn FnMut(&mut Vec<u8>) -> std::io::Result<usize>,
    into: &mut dyn FnMut(&mut Cursor<Vec<u8>>) -> std::io::Result<usize>,
) {
    let mut bytes = Vec::new();
    while from(&mut bytes).unwrap() > 0 {}
    let length = bytes.len() as u64;
    let mut bytes = Cursor::new(bytes);
    while bytes.position() < length {
        into(&mut bytes).unwrap();
    }
}

/// What a client sees that calls the host.
fn outcome(server: &ServerTls, client: &ClientTls, host: &str) -> String {
    match shake(server, client, host) {
        // Without the times of this very moment.
        Err(error) => error.split(": verification time").next().unwrap_or_default().to_owned(),
        Ok(shaken) => {
            let kind = match shaken.client.handshake_kind().unwrap() {
                HandshakeKind::Resumed => "resumed",
                _ => "full",
            };
            let leaf = &shaken.client.peer_certificates().unwrap()[0];
            let leaf = identity::read_certificate(leaf, "").unwrap();
            let shown = shaken.server.peer_certificates().map_or(0, <[_]>::len);
            format!("{kind}, {}, {shown} certificates of the client", leaf.subject())
        }
    }
}

fn outcomes(server: &ServerTls, client: &ClientTls, hosts: &[&str], expected: Expect) {
    let mut text = String::new();
    for host in hosts {
        writeln!(text, "{host}: {}", outcome(server, client, host)).unwrap();
    }
    expected.assert_eq(&text);
}
