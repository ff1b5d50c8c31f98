//! A bare reverse proxy, to measure the transport without anything around it:
//! `proxy <port> <origin host:port> [workers]`.

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
    let port = arguments.next().ok_or("which port?")?.parse()?;
    let origin = format!("http://{}", arguments.next().ok_or("which origin?")?).parse()?;
    let workers = arguments.next().map_or(Ok(2), |count| count.parse())?;
    let bound = bind(ConnectorOptions {
        host: "127.0.0.1".into(),
        ports: vec![port],
        ..ConnectorOptions::default()
    })?;
    let handler = HandlerRef::new(Proxy { client: Client::new(ClientOptions::default()), origin });
    let _server = Server::start(vec![(bound, handler)], workers)?;
    loop {
        std::thread::park();
    }
}
