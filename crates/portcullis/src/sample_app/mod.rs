//! The sample application: a small web site to put a gateway in front of.
//!
//! It shows what reached it, so that the work of filters can be seen, and it answers in every way a proxy finds
//! hard: slowly, at length, without end, over WebSocket. It runs on the gateway's own transport and knows
//! nothing of the gateway.

mod frames;
mod page;
mod streams;
mod tls;
mod websocket;

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::{ClientAuth, ServerTls};
use exchange::{
    Body, Context, Fault, FaultKind, Handler, HandlerRef, HeaderValue, Method, Outcome, Request, Response,
    StatusCode, StorageLimits, TemporaryStorage, header,
};
use ipnet::{Ipv4Net, Ipv6Net};
use serde_json::{Map, Value, json};
use transport::server::{self, BindError, Bound, ConnectorOptions, Server, SniHostCheck};

use crate::shutdown::Signals;

/// The user who may log in. An example, known to everybody.
const USER: &str = "demo";
const PASSWORD: &str = "Ch4ng31t";

/// Bytes of a request's body that are shown. More is refused with 413, except at `/upload`, which only counts.
const SHOWN_BYTES_MAX: u64 = 1024 * 1024;

/// The longest pause of `/slow`.
const SLOW_MAX: Duration = Duration::from_secs(120);

const STYLE: &str = include_str!("style.css");
const HTML: &str = "text/html; charset=utf-8";

/// The ports of the sample application; 0 takes a free one, and `None` none.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    /// In clear text.
    pub(crate) http: u16,
    /// Over TLS.
    pub(crate) https: Option<u16>,
    /// Over TLS, for clients that show a certificate.
    pub(crate) client_auth: Option<u16>,
}

/// A sample application that runs until it is dropped.
pub(crate) struct Running {
    /// Where it answers in clear text.
    pub(crate) http: SocketAddr,
    /// Where it answers over TLS.
    pub(crate) https: Option<SocketAddr>,
    /// Where it answers over TLS to clients that show a certificate.
    pub(crate) client_auth: Option<SocketAddr>,
    server: Server,
}

/// Runs the sample application in the foreground until it is told to end.
pub(crate) fn run(host: IpAddr, ports: Ports) -> ExitCode {
    match serve(host, ports) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the sample application cannot run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(host: IpAddr, ports: Ports) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = Signals::listen(runtime.handle())?;
    let Running { http, https, client_auth, server } = start(host, ports)?;
    let mut text = format!("The sample application answers on http://{http}/ (Ctrl-C ends it).");
    if let Some(address) = https {
        text.push_str(&format!("\nOver TLS on https://{address}/, with a certificate made just now."));
    }
    if let Some(address) = client_auth {
        text.push_str(&format!("\nTo clients that show a certificate on https://{address}/."));
    }
    announce(&text);
    runtime.block_on(signals.next());
    server.shutdown_blocking();
    Ok(())
}

/// Starts the sample application inside this process.
pub(crate) fn start(host: IpAddr, ports: Ports) -> anyhow::Result<Running> {
    let mut connectors = Vec::new();
    let mut open = |port: u16, tls: Option<Arc<ServerTls>>| {
        let (address, bound) = bind(host, port, tls)?;
        connectors.push((bound, HandlerRef::new(SampleApp)));
        anyhow::Ok(address)
    };
    let http = open(ports.http, None)?;
    let (mut https, mut client_auth) = (None, None);
    if ports.https.is_some() || ports.client_auth.is_some() {
        let identity = tls::identity(host)?;
        if let Some(port) = ports.https {
            https = Some(open(port, Some(tls::server(identity.clone(), ClientAuth::None)?))?);
        }
        if let Some(port) = ports.client_auth {
            client_auth = Some(open(port, Some(tls::server(identity, ClientAuth::Required)?))?);
        }
    }
    let server = Server::start(connectors, 1)?;
    Ok(Running { http, https, client_auth, server })
}

fn bind(host: IpAddr, port: u16, tls: Option<Arc<ServerTls>>) -> anyhow::Result<(SocketAddr, Bound)> {
    let options = ConnectorOptions {
        host: host.to_string(),
        ports: vec![port],
        tls,
        // A gateway may send on the name that its own clients use.
        sni_host_check: SniHostCheck::Off,
        // What arrives is shown, whoever sent it, forwarded fields included.
        trusted_peers: vec![Ipv4Net::default().into(), Ipv6Net::default().into()],
        preserve_original_query_string: true,
        grace_period: Duration::from_secs(1),
        ..ConnectorOptions::default()
    };
    let bound = server::bind(options)?;
    let address =
        bound.addresses().first().copied().ok_or_else(|| BindError::NoPort { host: host.to_string() })?;
    Ok((address, bound))
}

/// Tells the person at the terminal something.
#[expect(clippy::print_stdout, reason = "this is what the person at the terminal started the command for")]
pub(crate) fn announce(text: &str) {
    println!("{text}");
}

struct SampleApp;

impl Handler for SampleApp {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        match request.uri.path().as_ref() {
            "/login" if request.method == Method::POST => check_login(request).await,
            "/login" if is_read => Ok(html(StatusCode::OK, page::login(None))),
            "/login" => Ok(method_not_allowed("GET, HEAD, POST")),
            "/css/style.css" if is_read => Ok(style()),
            path if path.starts_with("/css/") => Err(Fault::new(FaultKind::NotFound, "No such style sheet")),
            "/live" if is_read => Ok(html(StatusCode::OK, page::live(parameter(request, "hold", 0)))),
            "/ws" => websocket::accept(request),
            "/events" if is_read => Ok(events(request)),
            "/slow" => {
                let pause = Duration::from_millis(parameter(request, "ms", 1000)).min(SLOW_MAX);
                tokio::time::sleep(pause).await;
                Ok(Response::text(StatusCode::OK, "text/plain; charset=utf-8", format!("waited {pause:?}\n")))
            }
            "/large" if is_read => Ok(large(request)),
            "/upload" => count(request).await,
            "/json" => echo_json(request).await,
            _ => show(cx, request).await,
        }
    }
}

/// The page that shows the request it answers.
async fn show(cx: &Context, request: &mut Request) -> Outcome {
    let body = read_body(request).await?;
    Ok(html(StatusCode::OK, page::home(request, &body, &cx.client)))
}

async fn check_login(request: &mut Request) -> Outcome {
    let body = read_body(request).await?;
    let field = |name: &str| form_value(&body, name).unwrap_or_default();
    let user = field("username");
    if user == USER && field("password") == PASSWORD {
        return Ok(html(StatusCode::OK, page::greeting(&user)));
    }
    // The form is the way to log in, so no WWW-Authenticate scheme is offered.
    Ok(html(StatusCode::UNAUTHORIZED, page::login(Some("The user name or the password is wrong."))))
}

async fn echo_json(request: &mut Request) -> Outcome {
    let body = read_body(request).await?;
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in request.headers.iter() {
        let value = Value::from(String::from_utf8_lossy(value.as_bytes()));
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        values.as_array_mut().expect("only arrays are put in").push(value);
    }
    let answer = json!({
        "method": request.method.as_str(),
        "path": request.uri.raw_path(),
        "query": request.uri.raw_query(),
        "headers": headers,
        "body": body,
    });
    Ok(Response::text(StatusCode::OK, "application/json", format!("{answer:#}\n")))
}

/// Reads a body of any size without keeping it.
async fn count(request: &mut Request) -> Outcome {
    let bytes = streams::length(request.body.take())
        .await
        .map_err(|error| Fault::bad_request("The request's body ended early").because(error))?;
    Ok(Response::text(StatusCode::OK, "text/plain; charset=utf-8", format!("{bytes} bytes\n")))
}

fn events(request: &Request) -> Response {
    let interval = Duration::from_millis(parameter(request, "interval", 1000));
    let events = streams::Events::new(parameter(request, "count", u64::MAX), interval);
    let mut response = Response::new(StatusCode::OK);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.body = Body::stream(Box::pin(events));
    response
}

fn large(request: &Request) -> Response {
    let mut response = Response::new(StatusCode::OK);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response.body = Body::stream(Box::pin(streams::Large::new(parameter(request, "bytes", 1024 * 1024))));
    response
}

fn style() -> Response {
    let mut response = Response::text(StatusCode::OK, "text/css; charset=utf-8", STYLE);
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

fn html(status: StatusCode, text: String) -> Response {
    let mut response = Response::text(status, HTML, text);
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response =
        Response::text(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "method not allowed\n");
    response.headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

async fn read_body(request: &mut Request) -> Result<String, Fault> {
    let limits = StorageLimits {
        memory_bytes_max: SHOWN_BYTES_MAX,
        file_bytes_max: SHOWN_BYTES_MAX,
        ..StorageLimits::default()
    };
    match request.body.buffer(&TemporaryStorage::new(limits)).await {
        Ok(()) => Ok(request.body.text().unwrap_or_default()),
        Err(error @ exchange::BodyError::TooLarge { .. }) => {
            Err(Fault::new(FaultKind::TooLarge, "The body is too large to be shown").because(error).closing())
        }
        Err(error) => Err(Fault::bad_request("The request's body ended early").because(error)),
    }
}

/// A parameter of the query; what is absent or no number counts as `default`.
fn parameter<T: FromStr>(request: &Request, name: &str, default: T) -> T {
    let value = request.uri.raw_query().and_then(|query| form_value(query, name));
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The first value of a name in `application/x-www-form-urlencoded` text.
fn form_value(form: &str, name: &str) -> Option<String> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let mut pairs = form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| decode(key) == name).map(|(_, value)| decode(value))
}

#[cfg(test)]
mod tests;
