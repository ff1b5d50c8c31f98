//! Certificates made on the spot, a server that presents them, and a client that looks at them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::SystemTime;

use crypto::tls::{
    ClientTls, ClientTlsSettings, HostnameVerifier, Identity, Negotiation, ServerTls, ServerTlsSettings,
    Trust, TrustAnchors,
};
use crypto::{CryptoKey, KeyMaterial};
use exchange::{Context, Handler, Outcome, Request, Response, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use transport::server::{ConnectorOptions, Server};

use crate::support::{PATIENCE, serve_with};

/// An authority, which everything here trusts.
pub(crate) struct Authority {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    /// A key with a certificate for these names, called like the first.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_until(names, None)
    }

    /// As [`Authority::issue`], with an end.
    pub(crate) fn issue_until(&self, names: &[&str], until: Option<SystemTime>) -> Identity {
        let key = KeyPair::generate().unwrap();
        let alternatives: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(alternatives).unwrap();
        params.distinguished_name.push(DnType::CommonName, names[0]);
        if let Some(until) = until {
            params.not_after = until.into();
        }
        let leaf = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        let material = KeyMaterial::Private {
            algorithm: "EC".to_owned(),
            pkcs8: key.serialize_der().into(),
            chain: vec![leaf.der().to_vec(), self.der.clone()],
        };
        Identity::new(&CryptoKey::new(material), names[0], SystemTime::now()).unwrap()
    }

    pub(crate) fn trust(&self) -> Vec<Trust> {
        vec![Trust::Anchors(TrustAnchors {
            certificates: vec![self.der.clone()],
            crls: Vec::new(),
            label: "the test".to_owned(),
        })]
    }
}

/// Presents `default`, and by name what is listed.
pub(crate) fn serving(default: &Identity, names: &[(&str, &Identity)]) -> ServerTlsSettings {
    ServerTlsSettings {
        negotiation: Negotiation::default(),
        client_auth: crypto::tls::ClientAuth::None,
        trust: Vec::new(),
        server_names: names.iter().map(|&(name, identity)| (name.to_owned(), identity.clone())).collect(),
        default: vec![default.clone()],
    }
}

pub(crate) fn calling(authority: &Authority) -> ClientTlsSettings {
    ClientTlsSettings {
        negotiation: Negotiation::default(),
        trust: authority.trust(),
        identities: Vec::new(),
        hostname_verifier: HostnameVerifier::Strict,
    }
}

pub(crate) fn client_tls(settings: ClientTlsSettings) -> Arc<ClientTls> {
    let tls = ClientTls::new();
    tls.replace(settings).unwrap();
    tls
}

/// Serves [`TellTls`] over TLS.
pub(crate) fn serve_tls(settings: ServerTlsSettings, change: impl FnOnce(&mut ConnectorOptions)) -> Server {
    let tls = ServerTls::new();
    tls.replace(settings).unwrap();
    let mut options = ConnectorOptions { tls: Some(tls), ..ConnectorOptions::default() };
    change(&mut options);
    serve_with(options, TellTls)
}

/// Answers with what is special about requests over TLS.
pub(crate) struct TellTls;

impl Handler for TellTls {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let client = &cx.client;
        let text = format!(
            "{} secure={} certificates={} port={}\n",
            request.uri,
            client.is_secure,
            client.certificates.len(),
            client.remote.port()
        );
        Ok(Response::text(StatusCode::OK, "text/plain", text))
    }
}

/// A connection of a client.
pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

/// Connects for a name, or for an address and then without a name.
pub(crate) fn connect_tls(server: &Server, tls: &ClientTls, name: &str) -> Secured {
    let socket = TcpStream::connect(("127.0.0.1", server.ports()[0])).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(tls.config().unwrap(), name).unwrap(), socket)
}

/// Asks for `/` of a host over an open connection, which stays open.
pub(crate) fn ask(stream: &mut Secured, host: &str) -> String {
    if let Err(error) = stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()) {
        return format!("[{error}]");
    }
    let mut text = Vec::new();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => text.push(byte[0]),
            Ok(_) => break,
            Err(error) => return format!("[{error}]"),
        }
        if text.ends_with(b"\n") && !text.ends_with(b"\r\n") {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let status = text.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ").to_owned();
    let body = text.rsplit("\r\n").next().unwrap_or_default().trim_end();
    format!("{status}: {}", body.rsplit_once(" port=").map_or(body, |(body, _)| body))
}

/// The name of the certificate that was presented.
pub(crate) fn presented(stream: &Secured) -> String {
    let Some(certificates) = stream.conn.peer_certificates() else { return "nothing".to_owned() };
    let certificate = exchange::Certificate::from_der(&certificates[0]).unwrap();
    format!("{certificate:?}")
}
