//! `admin.json`: connectors and server settings, read from the product's words into transport's options.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange::{FilterRef, SessionManagerRef};
use heap::{AnyObject, Generation, PositiveDuration, RawNode, Ref, Spanned, TemporaryStorageRef, TimeSpan};
use ipnet::IpNet;
use objects::tls::ServerTlsRef;
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, DurationValue, Span};
use transport::client::{Resolver, ResolverError};
use transport::server::ConnectorOptions;

use crate::errors;

mod ages;
mod http2;
mod schema;
mod values;

pub(crate) use ages::modernise;
use http2::{ConnectionWindow, InitialSettings};
use values::{FieldValue, HostRule, PathRule, Ports, Refused};

/// The port of the default connector.
const DEFAULT_PORT: u16 = 8080;
/// The port of the admin connector when none is configured; on the loopback address.
pub(crate) const DEFAULT_ADMIN_PORT: u16 = 8085;

/// How long admin requests may run once the process is to stop.
const ADMIN_GRACE_PERIOD: Duration = Duration::from_secs(1);

/// The ports of the gateway, and what holds for the whole process.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AdminFields {
    /// The ports to listen on. Default: one connector on port 8080.
    connectors: Option<Spanned<Vec<Spanned<ConnectorFields>>>>,
    /// The port of the admin endpoints. Default: port 8085 of the loopback address.
    admin_connector: Option<Spanned<ConnectorFields>>,
    /// Options of the whole process.
    vertx: Option<RootVertx>,
    /// Workers, each a thread with a runtime of its own. Default: one for each core.
    pub(crate) gateway_units: Option<Spanned<usize>>,
    /// The first part of the paths of the admin endpoints. Default: `openig`.
    pub(crate) prefix: Option<String>,
    /// Whether the endpoints for development are there. Default: `PRODUCTION`, unless the environment says otherwise.
    pub(crate) mode: Option<Mode>,
    /// What a PID file that is there already means: `fail` (the default) or `override`.
    pub(crate) pid_file_mode: Option<Spanned<String>>,
    /// Keeps the sessions of requests for which neither the route nor config.json names a manager.
    pub(crate) session: Option<Ref<SessionManagerRef>>,
    /// Accepted: bodies always stream, and are buffered when an expression looks.
    streaming_enabled: Option<bool>,
    /// Folder for temporary files.
    pub(crate) temporary_directory: Option<String>,
    /// Where entities are buffered that config.json names no storage for.
    pub(crate) temporary_storage: Option<Ref<TemporaryStorageRef>>,
    /// Bytes that the body of a request may have; -1 for no limit.
    max_body_length: Option<i64>,
    /// The same for requests to the admin connector.
    admin_max_body_length: Option<i64>,
    /// Sends the query on as the client wrote it.
    preserve_original_query_string: bool,
    /// Not offered yet: naming one is an error.
    audit_service: Option<Ref<AnyObject>>,
    /// Guards the admin endpoints.
    pub(crate) api_protection_filter: Option<Ref<FilterRef>>,
    /// Addition: guards every request before the handler of config.json sees it.
    pub(crate) protection_filter: Option<Ref<FilterRef>>,
    /// Guards the metrics, which are open on the admin connector otherwise, and for this machine on others.
    pub(crate) metrics_protection_filter: Option<Ref<FilterRef>>,
    /// Guards the console, once there is one.
    studio_protection_filter: Option<Ref<FilterRef>>,
    /// Serves metrics at `/metrics/prometheus`, too, where older releases had them.
    pub(crate) serve_deprecated_prometheus_endpoint: Option<bool>,
    /// Accepted until telemetry is exported.
    open_telemetry: Option<RawNode>,
}

/// Whether the endpoints for development are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    /// `/openig/api/info` and other endpoints that show the inside.
    #[serde(alias = "EVALUATION")]
    Development,
    /// Ping and health only.
    Production,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectorFields {
    /// The port, or several that are opened with the same options; 0 takes a free one.
    port: Spanned<Ports>,
    /// The address to listen on. Default: every address of the machine.
    host: Option<Spanned<String>>,
    /// What clients are served with over TLS: a `ServerTlsOptions`. Without it the connector is in clear text.
    tls: Option<Ref<ServerTlsRef>>,
    /// Limits and options of HTTP on this connector.
    vertx: Option<ConnectorVertx>,
    /// How long requests may take to end once the process is to stop.
    grace_period: Option<TimeSpan>,
    /// Bytes that the head of a request may have.
    max_total_headers_size: Option<usize>,
    /// Addition: `reject` (default), `canonical` or `off`.
    normalize_path: Option<PathRule>,
    /// Addition: addresses and networks of proxies that are believed about the client: its address and whether it
    /// came over TLS, by `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded`. Others' fields are removed.
    trusted_proxies: Option<Vec<Spanned<String>>>,
    /// Addition: whether the trusted proxies begin each connection with a header of the PROXY protocol, version
    /// 1 or 2, that names their client. One that does not is closed; from others, such a header is an error.
    proxy_protocol: Option<Spanned<bool>>,
    /// Addition: what happens to a request over TLS for a host that the certificate presented is not for:
    /// `misdirected` (default) answers 421, `badRequest` 400, `off` lets it pass.
    sni_host_check: Option<HostRule>,
    /// Addition: the header `Strict-Transport-Security` of responses over TLS that have none, for example
    /// `max-age=31536000; includeSubDomains`.
    #[schemars(with = "Option<String>")]
    strict_transport_security: Option<FieldValue>,
    /// Addition: how long a handshake may take, a header of the PROXY protocol included; beyond, the connection
    /// closes. Default: 10 seconds.
    handshake_timeout: Option<PositiveDuration>,
    /// Addition: bytes that the body of a request may have, instead of `maxBodyLength` of the gateway; -1 for
    /// no limit.
    max_body_length: Option<i64>,
    /// Addition: open connections at the same time.
    max_connections: Option<usize>,
    /// Addition: open connections from one address at the same time. A load balancer counts as one.
    max_connections_per_address: Option<usize>,
}

/// The options of one connector that the original passes to its HTTP library.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct ConnectorVertx {
    /// Bytes that a frame of a WebSocket may have.
    max_web_socket_frame_size: Option<u64>,
    /// Bytes that a message of a WebSocket may have.
    max_web_socket_message_size: Option<u64>,
    /// Compresses responses for clients that ask for it.
    compression_supported: bool,
    /// How hard to compress, from 1 to 9.
    compression_level: Option<Spanned<u32>>,
    /// Seconds, as in the original; 0 means never.
    idle_timeout: Option<u64>,
    /// Bytes that the request line may have.
    max_initial_line_length: Option<usize>,
    /// Older name of `maxTotalHeadersSize` beside `vertx`.
    max_header_size: Option<usize>,
    /// Connections that may wait to be accepted.
    accept_backlog: Option<u32>,
    /// Older name of `host` beside `vertx`.
    host: Option<Spanned<String>>,
    /// What clients of HTTP/2 are told to keep to.
    initial_settings: Option<InitialSettings>,
    /// Speaks HTTP/2 in clear text too, with clients that begin with it at once. Unlike in the original, the
    /// default is false.
    http2_clear_text_enabled: bool,
    /// Bytes of all bodies of a connection that a client may send before they are read. Default: 1048576.
    #[schemars(with = "Option<u32>")]
    http2_connection_window_size: Option<ConnectionWindow>,
    /// Requests that a client may give up within the time of `http2RstFloodWindowDuration`; beyond, its
    /// connection closes. Default: 400.
    http2_rst_flood_max_rst_frame_per_window: Option<usize>,
    /// Seconds. Default: 60.
    http2_rst_flood_window_duration: Option<u64>,
    /// Accepted and ignored: forms are read as entities.
    max_form_attribute_size: Option<RawNode>,
    /// Accepted and ignored.
    so_linger: Option<RawNode>,
    port: Option<Refused>,
    use_alpn: Option<Refused>,
    ssl: Option<Refused>,
    enabled_cipher_suites: Option<Refused>,
    enabled_secure_transport_protocols: Option<Refused>,
    jdk_ssl_engine_options: Option<Refused>,
    key_store_options: Option<Refused>,
    open_ssl_engine_options: Option<Refused>,
    pem_key_cert_options: Option<Refused>,
    pem_trust_options: Option<Refused>,
    pfx_key_cert_options: Option<Refused>,
    pfx_trust_options: Option<Refused>,
    trust_store_options: Option<Refused>,
    client_auth: Option<Refused>,
}

/// The options of the whole process.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct RootVertx {
    /// Accepted and ignored.
    metrics_enabled: Option<bool>,
    /// Accepted and ignored.
    metrics_options: Option<RawNode>,
    /// Accepted and ignored: protocols pass unread.
    web_socket_sub_protocols: Option<RawNode>,
    /// Names that are resolved without asking the system.
    address_resolver_options: Option<AddressResolverOptions>,
}

/// Names that are resolved without asking the system.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct AddressResolverOptions {
    /// A file in the format of `/etc/hosts`.
    hosts_path: Option<Spanned<String>>,
    /// Lines in the same format.
    hosts_value: Option<Spanned<String>>,
    /// The hosts file is read anew when it changes.
    hosts_refresh_period: Option<u64>,
}

impl AddressResolverOptions {
    fn resolver(&self, diagnostics: &mut Vec<Diagnostic>) -> Resolver {
        let value = self.hosts_value.as_deref().map(String::as_str);
        let path = self.hosts_path.as_ref().map(|path| Path::new(path.as_str()));
        Resolver::new(value, path).unwrap_or_else(|error| {
            let span = match &error {
                ResolverError::File { .. } => self.hosts_path.as_ref(),
                ResolverError::Line { .. } => self.hosts_value.as_ref().or(self.hosts_path.as_ref()),
            };
            diagnostics.push(errors::connector(error.to_string(), span.map(Spanned::span)));
            Resolver::default()
        })
    }
}

/// One connector, ready to be bound, with the place to point at when its port is taken.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) options: ConnectorOptions,
    /// Becomes `tls` of the options once the objects of admin.json are built.
    tls: Option<Ref<ServerTlsRef>>,
    pub(crate) span: Option<Span>,
}

/// All of the server side of `admin.json`.
pub(crate) struct ServerConfig {
    pub(crate) connectors: Vec<Connector>,
    pub(crate) admin: Option<Connector>,
    pub(crate) resolver: Arc<Resolver>,
}

impl ServerConfig {
    /// Gives each connector the TLS that it names.
    pub(crate) fn take_tls(&mut self, objects: &Arc<Generation>) {
        for connector in self.connectors.iter_mut().chain(&mut self.admin) {
            connector.options.tls = connector.tls.as_ref().map(|tls| objects.get(tls).0);
        }
    }
}

impl AdminFields {
    /// Turns the fields into transport's options; every mistake is added to `diagnostics`.
    pub(crate) fn server(&self, diagnostics: &mut Vec<Diagnostic>) -> ServerConfig {
        let connectors: Vec<Connector> = match &self.connectors {
            Some(connectors) if connectors.is_empty() => {
                diagnostics.push(errors::connector(
                    "`connectors` is empty, so nothing would listen",
                    Some(connectors.span()),
                ));
                Vec::new()
            }
            Some(connectors) => connectors.iter().map(|fields| self.connector(fields, diagnostics)).collect(),
            None => {
                vec![Connector { options: self.options(&[DEFAULT_PORT], "0.0.0.0"), tls: None, span: None }]
            }
        };
        let admin = self.admin_connector.as_ref().map(|fields| {
            let mut admin = self.connector(fields, diagnostics);
            admin.options.limits.body_bytes_max = limit(self.admin_max_body_length);
            if fields.host.is_none() && fields.vertx.as_ref().is_none_or(|vertx| vertx.host.is_none()) {
                admin.options.host = "127.0.0.1".into();
            }
            if fields.grace_period.is_none() {
                admin.options.grace_period = ADMIN_GRACE_PERIOD;
            }
            admin
        });
        let options = self.vertx.as_ref().and_then(|vertx| vertx.address_resolver_options.as_ref());
        let resolver = options.map(|options| options.resolver(diagnostics)).unwrap_or_default();
        ServerConfig { connectors, admin, resolver: Arc::new(resolver) }
    }

    /// The admin connector every instance has unless it configures one.
    pub(crate) fn default_admin(&self) -> Connector {
        let mut options = self.options(&[DEFAULT_ADMIN_PORT], "127.0.0.1");
        options.limits.body_bytes_max = limit(self.admin_max_body_length);
        options.grace_period = ADMIN_GRACE_PERIOD;
        Connector { options, tls: None, span: None }
    }

    fn options(&self, ports: &[u16], host: &str) -> ConnectorOptions {
        let mut options =
            ConnectorOptions { host: host.to_owned(), ports: ports.to_vec(), ..Default::default() };
        options.preserve_original_query_string = self.preserve_original_query_string;
        options.limits.body_bytes_max = limit(self.max_body_length);
        options
    }

    fn connector(&self, fields: &Spanned<ConnectorFields>, diagnostics: &mut Vec<Diagnostic>) -> Connector {
        let host = fields.host.as_ref().or_else(|| fields.vertx.as_ref()?.host.as_ref());
        let mut options = self.options(&fields.port.0, host.map_or("0.0.0.0", |host| host.as_str()));
        if fields.max_body_length.is_some() {
            options.limits.body_bytes_max = limit(fields.max_body_length);
        }
        match fields.grace_period.map(|span| span.0) {
            Some(DurationValue::Limited(grace)) => options.grace_period = grace,
            Some(DurationValue::Unlimited) => options.grace_period = Duration::MAX,
            None => {}
        }
        options.normalize_path = fields.normalize_path.map(Into::into).unwrap_or_default();
        options.sni_host_check = fields.sni_host_check.map(Into::into).unwrap_or_default();
        options.strict_transport_security =
            fields.strict_transport_security.as_ref().map(|value| value.0.clone());
        options.trusted_peers = trusted(fields.trusted_proxies.as_deref().unwrap_or_default(), diagnostics);
        options.proxy_protocol = fields.proxy_protocol.as_deref().copied().unwrap_or_default();
        if let (true, [], Some(proxy_protocol)) =
            (options.proxy_protocol, &*options.trusted_peers, &fields.proxy_protocol)
        {
            diagnostics.push(
                errors::connector(
                    "with `proxyProtocol`, but without `trustedProxies`, nobody would be listened to",
                    Some(proxy_protocol.span()),
                )
                .help("list the addresses of the load balancers in `trustedProxies`"),
            );
        }
        options.limits.connections_max = fields.max_connections.unwrap_or(options.limits.connections_max);
        options.limits.connections_per_address_max = fields.max_connections_per_address;
        if let Some(timeout) = fields.handshake_timeout {
            options.limits.handshake_timeout = timeout.0;
        }
        if let Some(vertx) = &fields.vertx {
            apply_vertx(vertx, &mut options, diagnostics);
        }
        // The name of today wins over its predecessor in `vertx`.
        if let Some(bytes) = fields.max_total_headers_size {
            options.limits.total_headers_bytes_max = bytes;
        }
        Connector { options, tls: fields.tls.clone(), span: Some(fields.port.span().clone()) }
    }
}

fn apply_vertx(vertx: &ConnectorVertx, options: &mut ConnectorOptions, diagnostics: &mut Vec<Diagnostic>) {
    options.websocket_frame_bytes_max = vertx.max_web_socket_frame_size;
    options.websocket_message_bytes_max = vertx.max_web_socket_message_size;
    if let Some(level) = &vertx.compression_level
        && !(1..=9).contains(&**level)
    {
        let complaint = errors::connector("a compression level is a number from 1 to 9", Some(level.span()));
        diagnostics.push(complaint);
    }
    // A level alone changes nothing, as in the original.
    options.compression =
        vertx.compression_supported.then(|| vertx.compression_level.as_ref().map_or(6, |level| **level));
    match vertx.idle_timeout {
        Some(0) => options.limits.idle_timeout = Duration::MAX,
        Some(seconds) => options.limits.idle_timeout = Duration::from_secs(seconds),
        None => {}
    }
    options.http2 = vertx.http2();
    let limits = &mut options.limits;
    limits.initial_line_bytes_max = vertx.max_initial_line_length.unwrap_or(limits.initial_line_bytes_max);
    limits.total_headers_bytes_max = vertx.max_header_size.unwrap_or(limits.total_headers_bytes_max);
    options.accept_backlog = vertx.accept_backlog.unwrap_or(options.accept_backlog);
}

fn trusted(networks: &[Spanned<String>], diagnostics: &mut Vec<Diagnostic>) -> Vec<IpNet> {
    let is_everybody =
        |text: &&Spanned<String>| text.parse().is_ok_and(|network: IpNet| network.prefix_len() == 0);
    diagnostics
        .extend(networks.iter().filter(is_everybody).map(|text| errors::everybody_trusted(text.span())));
    let parse = |text: &Spanned<String>| {
        let network =
            text.parse::<IpNet>().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
        network.map_err(|_: std::net::AddrParseError| {
            let complaint =
                format!("`{}` is neither an address nor a network such as 10.0.0.0/8", text.as_str());
            errors::connector(complaint, Some(text.span()))
        })
    };
    let (networks, complaints): (Vec<_>, Vec<_>) = networks.iter().map(parse).partition(Result::is_ok);
    diagnostics.extend(complaints.into_iter().filter_map(Result::err));
    networks.into_iter().filter_map(Result::ok).collect()
}

/// -1 and every other negative number mean no limit.
fn limit(bytes: Option<i64>) -> Option<u64> {
    bytes.and_then(|bytes| u64::try_from(bytes).ok())
}

#[cfg(test)]
mod tests;
