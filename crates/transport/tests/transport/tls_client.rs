//! TLS on the side of the client: origins that prove who they are, and those that do not.

use std::fmt::Write as _;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crypto::tls::{ClientAuth, ClientTls, HostnameVerifier, Identity, Trust};
use exchange::{Method, Request};
use expect_test::expect;
use rustls::{ServerConnection, StreamOwned};
use transport::client::{Client, ClientOptions, Resolver};
use transport::server::Server;

use crate::client::{options, send, show};
use crate::support::Step::{Accept, Pause, Send};
use crate::support::{context, origin, read_until, run, serve};
use crate::tls_support::{Authority, calling, client_tls, serve_tls, serving};

/// A client to which every name of the tests is this machine.
fn client(tls: Arc<ClientTls>) -> Client {
    let resolver = Resolver::new(Some("127.0.0.1 one.test two.test three.test"), None).unwrap();
    Client::new(ClientOptions { tls, resolver: Arc::new(resolver), ..options() })
}

/// What `GET /` yields: the last line of the body, or the fault.
async fn get(client: &Client, server: &Server, host: &str) -> String {
    let port = server.ports()[0];
    let shown = send(client, Method::GET, &format!("https://{host}:{port}/"), "").await;
    let shown = shown.trim_end().rsplit('\n').next().unwrap_or_default().replace(&port.to_string(), "PORT");
    shown.rsplit_once(" port=").map_or(shown.clone(), |(shown, _)| shown.to_owned())
}

#[test]
fn an_origin_proves_who_it_is() {
    let (ca, stranger) = (Authority::new("CA"), Authority::new("Stranger"));
    let (one, two) = (ca.issue(&["one.test", "127.0.0.1"]), ca.issue(&["two.test"]));
    let server = serve_tls(serving(&one, &[("two.test", &two), ("three.test", &one)]), |_| {});
    let mut lax = calling(&ca);
    lax.hostname_verifier = HostnameVerifier::AllowAll;
    let mut trusting = calling(&stranger);
    trusting.trust.push(Trust::All);
    let mut text = String::new();
    run(async {
        for (label, settings) in [
            ("strict", calling(&ca)),
            ("any name", lax),
            ("any issuer", trusting),
            ("stranger", calling(&stranger)),
        ] {
            let client = client(client_tls(settings));
            for host in ["one.test", "two.test", "three.test", "127.0.0.1"] {
                writeln!(text, "{label}, {host}: {}", get(&client, &server, host).await).unwrap();
            }
        }
        let unready = client(ClientTls::new());
        writeln!(text, "no settings: {}", get(&unready, &server, "one.test").await).unwrap();
    });
    expect![[r#"
        strict, one.test: https://one.test:PORT/ secure=true certificates=0
        strict, two.test: https://two.test:PORT/ secure=true certificates=0
        strict, three.test: BadGateway: three.test:PORT does not prove who it is
        strict, 127.0.0.1: https://127.0.0.1:PORT/ secure=true certificates=0
        any name, one.test: https://one.test:PORT/ secure=true certificates=0
        any name, two.test: https://two.test:PORT/ secure=true certificates=0
        any name, three.test: https://three.test:PORT/ secure=true certificates=0
        any name, 127.0.0.1: https://127.0.0.1:PORT/ secure=true certificates=0
        any issuer, one.test: https://one.test:PORT/ secure=true certificates=0
        any issuer, two.test: https://two.test:PORT/ secure=true certificates=0
        any issuer, three.test: BadGateway: three.test:PORT does not prove who it is
        any issuer, 127.0.0.1: https://127.0.0.1:PORT/ secure=true certificates=0
        stranger, one.test: BadGateway: one.test:PORT does not prove who it is
        stranger, two.test: BadGateway: two.test:PORT does not prove who it is
        stranger, three.test: BadGateway: three.test:PORT does not prove who it is
        stranger, 127.0.0.1: BadGateway: 127.0.0.1:PORT does not prove who it is
        no settings: BadGateway: one.test:PORT cannot be called over TLS
    "#]]
    .assert_eq(&text);
}

#[test]
fn the_reason_is_for_the_log_alone() {
    let (ca, stranger) = (Authority::new("CA"), Authority::new("Stranger"));
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |_| {});
    let fault = run(async {
        let uri = format!("https://one.test:{}/", server.ports()[0]).parse().unwrap();
        let mut request = Request::new(Method::GET, uri);
        client(client_tls(calling(&stranger))).send(&context(), &mut request).await.unwrap_err()
    });
    assert_eq!(fault.repeat(), exchange::Repeat::Never);
    let cause = std::error::Error::source(&fault).unwrap().to_string();
    assert_eq!(cause, "invalid peer certificate: UnknownIssuer");
}

#[test]
fn an_origin_sees_our_certificate_when_it_asks() {
    let ca = Authority::new("CA");
    let mut settings = serving(&ca.issue(&["one.test"]), &[]);
    (settings.client_auth, settings.trust) = (ClientAuth::Required, ca.trust());
    let server = serve_tls(settings, |_| {});
    let mut text = String::new();
    run(async {
        for identity in [None, Some(ca.issue(&["gateway.test"]))] {
            let mut settings = calling(&ca);
            settings.identities = identity.into_iter().collect();
            let client = client(client_tls(settings));
            writeln!(text, "{}", get(&client, &server, "one.test").await).unwrap();
        }
    });
    expect![[r#"
        BadGateway: one.test:PORT closed the connection before its response
        https://one.test:PORT/ secure=true certificates=2
    "#]]
    .assert_eq(&text);
}

#[test]
fn connections_are_used_again_until_the_settings_change() {
    let ca = Authority::new("CA");
    let server = serve_tls(serving(&ca.issue(&["one.test"]), &[]), |_| {});
    let port = server.ports()[0];
    let tls = client_tls(calling(&ca));
    run(async {
        let (first, second) = (client(tls.clone()), client(tls.clone()));
        // The origin tells the port of our end, which is another for every connection.
        let connection = async |client: &Client| {
            let shown = send(client, Method::GET, &format!("https://one.test:{port}/"), "").await;
            shown.trim_end().rsplit_once(" port=").unwrap().1.to_owned()
        };
        let one = connection(&first).await;
        assert_eq!(connection(&first).await, one);
        let other = connection(&second).await;
        assert_ne!(other, one, "two clients share no connections");
        tls.replace(calling(&ca)).unwrap();
        assert_eq!(connection(&first).await, one, "nothing has changed");
        let mut settings = calling(&ca);
        settings.trust.extend(Authority::new("Another").trust());
        tls.replace(settings).unwrap();
        let after = connection(&first).await;
        assert_ne!(after, one);
        assert_eq!(connection(&first).await, after);
        tls.replace(calling(&Authority::new("Another"))).unwrap();
        let refused = send(&first, Method::GET, &format!("https://one.test:{port}/"), "").await;
        assert_eq!(refused, format!("BadGateway: one.test:{port} does not prove who it is"));
    });
}

#[test]
fn what_is_no_origin_over_tls_is_told_apart() {
    let ca = Authority::new("CA");
    let plain = serve();
    let (silent, playing) = origin(vec![Accept, Pause(Duration::from_millis(400))]);
    let (rude, rude_playing) = origin(vec![Accept, Send(b"\x15\x03\x03\x00\x02\x02\x28")]);
    let tls = client_tls(calling(&ca));
    let of = |address: SocketAddr, connection_timeout| {
        let client = Client::new(ClientOptions { tls: tls.clone(), connection_timeout, ..options() });
        run(async move { send(&client, Method::GET, &format!("https://{address}/"), "").await })
            .replace(&address.to_string(), "ORIGIN")
    };
    let long = Duration::from_secs(10);
    let shown = [
        of(SocketAddr::from(([127, 0, 0, 1], plain.ports()[0])), long),
        of(silent, Duration::from_millis(100)),
        of(rude, long),
    ];
    expect![[r#"
        BadGateway: ORIGIN does not agree on TLS
        BadGateway: The TLS handshake with ORIGIN took too long
        BadGateway: ORIGIN refuses the TLS handshake"#]]
    .assert_eq(&shown.join("\n"));
    playing.join().unwrap();
    rude_playing.join().unwrap();
}

/// An origin over TLS that sends these bytes to its one client, and then ends the connection, properly or not.
fn raw_origin(identity: Identity, answer: &'static [u8], properly: bool) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = server_config(identity);
    let playing = std::thread::spawn(move || {
        let socket = listener.accept().unwrap().0;
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
        read_until(&mut stream, "\r\n\r\n");
        stream.write_all(answer).unwrap();
        if properly {
            stream.conn.send_close_notify();
        }
        stream.flush().unwrap();
    });
    (port, playing)
}

fn server_config(identity: Identity) -> Arc<rustls::ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    Arc::new(config.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(identity.certified))))
}

#[test]
fn a_response_that_was_cut_is_not_taken_for_a_whole_one() {
    let ca = Authority::new("CA");
    let mut text = String::new();
    for properly in [true, false] {
        let (port, playing) =
            raw_origin(ca.issue(&["one.test"]), b"HTTP/1.1 200 OK\r\n\r\nall of it?", properly);
        let client = client(client_tls(calling(&ca)));
        let shown = run(async {
            let mut request = Request::new(Method::GET, format!("https://one.test:{port}/").parse().unwrap());
            show(client.send(&context(), &mut request).await).await
        });
        writeln!(text, "{shown}").unwrap();
        playing.join().unwrap();
    }
    expect![[r#"
        200 OK
        all of it?
        200 OK
        [the connection failed]
    "#]]
    .assert_eq(&text);
}
