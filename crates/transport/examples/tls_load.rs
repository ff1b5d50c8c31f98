//! Connections over TLS, to measure what they cost a server. TLS 1.3 with X25519 and AES-128-GCM, which every server
//! has, so that all of them do the same work.
//!
//! - `tls_load full PORT COUNT`: so many connections with a handshake, one request, and a close.
//! - `tls_load resumed PORT COUNT`: the same, each handshake resuming a session.
//! - `tls_load idle PORT COUNT`: so many connections that stay open after one request, until standard input ends.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, SignatureScheme, StreamOwned,
};

/// Connections that are made at the same time.
const THREADS: usize = 8;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, port, count] = words.as_slice() else { return Err("usage: tls_load KIND PORT COUNT".into()) };
    let (port, count): (u16, usize) = (port.parse()?, count.parse()?);
    match kind.as_str() {
        "full" => shake(port, count, HandshakeKind::Full),
        "resumed" => shake(port, count, HandshakeKind::Resumed),
        "idle" => idle(port, count),
        _ => Err("the kinds are full, resumed and idle".into()),
    }
}

/// Divides the connections among the threads.
fn shake(port: u16, count: usize, kind: HandshakeKind) -> Result<(), Failure> {
    thread::scope(|scope| {
        let shake_some = || -> Result<(), Failure> {
            let config = config(kind == HandshakeKind::Resumed)?;
            if kind == HandshakeKind::Resumed {
                connect(&config, port, "close")?;
            }
            for _ in 0..count / THREADS.min(count) {
                let stream = connect(&config, port, "close")?;
                if stream.conn.handshake_kind() != Some(kind) {
                    return Err(format!("a handshake was {:?}", stream.conn.handshake_kind()).into());
                }
            }
            Ok(())
        };
        let threads: Vec<_> = (0..THREADS.min(count)).map(|_| scope.spawn(shake_some)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}

fn idle(port: u16, count: usize) -> Result<(), Failure> {
    let config = config(false)?;
    let open = (0..count).map(|_| connect(&config, port, "keep-alive")).collect::<Result<Vec<_>, _>>()?;
    writeln!(std::io::stdout(), "open")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    drop(open);
    Ok(())
}

/// Opens a connection and asks for `/` once.
fn connect(
    config: &Arc<ClientConfig>,
    port: u16,
    connection: &str,
) -> Result<StreamOwned<ClientConnection, TcpStream>, Failure> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    let mut stream = StreamOwned::new(ClientConnection::new(config.clone(), name)?, socket);
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece)?;
        answer.extend_from_slice(&piece[..length]);
        if length == 0 || (connection == "keep-alive" && is_whole(&answer)) {
            break;
        }
    }
    match answer.starts_with(b"HTTP/1.1 200") && is_whole(&answer) {
        true => Ok(stream),
        false => Err(format!("the answer is {:?}", String::from_utf8_lossy(&answer)).into()),
    }
}

/// The origin of the benchmark answers with 1 KiB.
fn is_whole(answer: &[u8]) -> bool {
    answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").is_some_and(|end| answer.len() >= end + 4 + 1024)
}

fn config(resumes: bool) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
    provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
    let provider = Arc::new(provider);
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.resumption = if resumes { Resumption::in_memory_sessions(16) } else { Resumption::disabled() };
    Ok(Arc::new(config))
}

/// Believes every certificate: the server is our own, and its cost is what counts.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
