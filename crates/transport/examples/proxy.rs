//! A bare reverse proxy, to measure the transport without anything around it:
//! `proxy <port> <origin host:port> [workers]`. A port may be several with commas between, and one with `=` and a PEM
//! file of a key and its certificate behind it serves HTTPS.

use std::sync::Arc;

use crypto::tls::{ClientAuth, Identity, Negotiation, ServerTls, ServerTlsSettings};
use exchange::{BaseUri, Context, Handler, HandlerRef, Outcome, Request};
use transport::client::{Client, ClientOptions};
use transport::server::{ConnectorOptions, Server, bind};

struct Proxy {
    client: Client,
    origin: BaseUri,
}

impl Handler for Proxy {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        request.uri.rebase(&self.origin);
        self.client.send(cx, request).await
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let ports = arguments.next().ok_or("which port?")?;
    let origin = format!("http://{}", arguments.next().ok_or("which origin?")?).parse()?;
    let workers = arguments.next().map_or(Ok(2), |count| count.parse())?;
    let handler = HandlerRef::new(Proxy { client: Client::new(ClientOptions::default()), origin });
    let mut connectors = Vec::new();
    for port in ports.split(',') {
        let (port, pem) = port.split_once('=').map_or((port, None), |(port, pem)| (port, Some(pem)));
        let bound = bind(ConnectorOptions {
            host: "127.0.0.1".into(),
            ports: vec![port.parse()?],
            tls: pem.map(tls).transpose()?,
            ..ConnectorOptions::default()
        })?;
        connectors.push((bound, handler.clone()));
    }
    let _server = Server::start(connectors, workers)?;
    loop {
        std::thread::park();
    }
}

fn tls(pem: &str) -> Result<Arc<ServerTls>, Box<dyn std::error::Error>> {
    let secrets = crypto::pem::secrets_from_pem(&std::fs::read(pem)?, None)?;
    let identities = secrets
        .iter()
        .filter_map(|secret| Identity::new(secret.key()?, pem, std::time::SystemTime::now()).ok());
    let tls = ServerTls::new();
    tls.replace(ServerTlsSettings {
        negotiation: Negotiation::default(),
        client_auth: ClientAuth::None,
        trust: Vec::new(),
        server_names: Vec::new(),
        default: identities.collect(),
    })?;
    Ok(tls)
}
