//! The properties that `ReverseProxyHandler` and `ClientHandler` share, and the client they make.

use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;
use exchange::{Headers, header};
use heap::{Builder, Declarer, OneOrMany, RawNode, Ref, Spanned, TemporaryStorageRef, TimeSpan};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node, Span};
use transport::client::{Client, ClientHttp2Options, ClientOptions, Forwarded, Resolver};

use super::retries::Retries;
use super::sender::{self, BreakerProperties, Sender};
use super::vertx::VertxOptions;
use crate::tls::{
    self, ClientTlsFields, ClientTlsRef, HostnameVerifier, KeyManagerRef, NameList, Names, TrustManagerRef,
};

/// What `unlimited` and `disabled` mean for a timeout: silence this long is a dead connection.
const TIMEOUT_MAX: Duration = Duration::from_hours(24);

/// Properties of a handler that sends requests to other servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "properties that are accepted and ignored are never read")]
pub(super) struct ClientProperties {
    /// Connections to one origin for each worker: 64 by default.
    connections: Option<Spanned<usize>>,
    /// Requests that may wait for a connection to one origin, for each worker; beyond that the answer is 503.
    /// 65536 by default; -1 means the default too.
    wait_queue_size: Option<i64>,
    /// How long the origin may be silent: 10 seconds by default. `unlimited` and `disabled` mean 24 hours.
    so_timeout: Option<TimeSpan>,
    /// How long connecting may take: 10 seconds by default. `unlimited` and `disabled` mean 24 hours.
    connection_timeout: Option<TimeSpan>,
    /// Age after which a connection is not used again: unlimited by default.
    connection_time_to_live: Option<TimeSpan>,
    /// Never sends a request again, whatever `retries` says. By default one is sent once more when its idle
    /// connection turns out to be closed, and only if its method is idempotent or nothing of it had been sent.
    #[serde(default)]
    disable_retries: bool,
    /// Opens a connection for every request.
    #[serde(default)]
    disable_reuse_connection: bool,
    /// Sends requests again that have failed. When absent, none is except for what `disableRetries` describes.
    retries: Option<Retries>,
    /// WebSocket connections.
    websocket: Option<WebSocket>,
    /// Options of the product's own HTTP client.
    vertx: Option<VertxOptions>,
    /// `HTTP/1.1` or `HTTP/2`. By default, and with `HTTP/2`, the handshake of TLS agrees on one of them, and
    /// clear text is HTTP/1.1 unless `http2PriorKnowledge` says otherwise.
    protocol_version: Option<Spanned<String>>,
    /// Speaks HTTP/2 with origins in clear text at once: false by default. No effect with `HTTP/1.1` in
    /// `protocolVersion`.
    #[serde(default)]
    http2_prior_knowledge: bool,
    /// How origins are called over TLS, a `ClientTlsOptions`. Default: those are believed whose certificates the
    /// operating system believes.
    tls: Option<Ref<ClientTlsRef>>,
    /// Not offered yet, except for an object of type `NoProxyOptions`.
    proxy_options: Option<RawNode>,
    /// Not offered yet: the older form of `proxyOptions`.
    proxy: Option<RawNode>,
    /// Only `false` is offered: the older form of `proxyOptions`.
    system_proxy: Option<Spanned<bool>>,
    /// Stops sending while too many requests fail.
    circuit_breaker: Option<Spanned<BreakerProperties>>,
    /// Accepted and ignored: entities are streamed, and what buffers one uses the storage of the gateway.
    temporary_storage: Option<Ref<TemporaryStorageRef>>,
    /// Accepted and ignored: a request is always given up when its client leaves.
    propagate_disconnection: Option<RawNode>,
    /// Accepted and ignored: a connection that is retired is closed as soon as it is idle.
    connection_shutdown_grace_period: Option<RawNode>,
    /// As in `tls`, where it belongs; beside `tls`, it applies in place of the one there.
    hostname_verifier: Option<Spanned<HostnameVerifier>>,
    /// As in `tls`, where it belongs.
    key_manager: Option<Spanned<OneOrMany<Ref<KeyManagerRef>>>>,
    /// As in `tls`, where it belongs.
    trust_manager: Option<Spanned<OneOrMany<Ref<TrustManagerRef>>>>,
    /// As in `tls`, where it belongs.
    ssl_cipher_suites: Option<NameList>,
    /// As in `tls`, where it belongs.
    ssl_context_algorithm: Option<Spanned<String>>,
    /// As in `tls`, where it belongs.
    ssl_enabled_protocols: Option<NameList>,
    /// Accepted and ignored: there is one way to process responses, and it streams.
    async_behavior: Option<RawNode>,
    /// Accepted and ignored: connections carry no client state.
    state_tracking_enabled: Option<RawNode>,
    /// Accepted and ignored: there is one worker for each processor.
    number_of_workers: Option<RawNode>,
}

/// How WebSocket connections are treated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "properties that are accepted and ignored are never read")]
struct WebSocket {
    /// Lets clients open WebSocket connections to the origin, and upgrade to any other protocol but HTTP/2
    /// and TLS: false by default.
    #[serde(default)]
    enabled: bool,
    /// Accepted and ignored: that of the handler applies.
    connection_timeout: Option<RawNode>,
    /// Accepted and ignored: that of the handler applies until the connection is open.
    so_timeout: Option<RawNode>,
    /// Accepted and ignored: frames pass unread.
    vertx: Option<RawNode>,
    /// Accepted and ignored: that of the handler applies.
    proxy_options: Option<RawNode>,
    /// Accepted and ignored: nothing selects.
    number_of_selectors: Option<RawNode>,
}

impl ClientProperties {
    /// Whether clients may open WebSocket connections.
    pub(super) fn allows_websocket(&self) -> bool {
        self.websocket.as_ref().is_some_and(|websocket| websocket.enabled)
    }

    /// The way to origins that these properties describe.
    ///
    /// # Errors
    /// A property that asks for something that is not offered yet, and that must not be ignored silently; a
    /// limit without sense.
    pub(super) fn sender(&self, forwarded: Forwarded, b: &mut Builder<'_>) -> Result<Sender, Diagnostic> {
        let client = self.client(forwarded, b)?;
        let breaker = match &self.circuit_breaker {
            Some(properties) => sender::breaker(properties, b)?,
            None => None,
        };
        let retries = match &self.retries {
            Some(retries) => retries.policy(b)?,
            None => None,
        };
        Ok(Sender::new(client, breaker, retries.filter(|_| !self.disable_retries)))
    }

    fn client(&self, forwarded: Forwarded, b: &mut Builder<'_>) -> Result<Client, Diagnostic> {
        self.refuse_what_is_not_offered(b)?;
        let mut options = ClientOptions { forwarded, ..ClientOptions::default() };
        if let Some(connections) = &self.connections {
            if **connections == 0 {
                return Err(b.error("connections must be at least 1", Some(connections.span())));
            }
            options.connections = **connections;
        }
        if let Some(size) = self.wait_queue_size.and_then(|size| usize::try_from(size).ok()) {
            options.wait_queue_size = size;
        }
        if let Some(timeout) = self.so_timeout {
            options.so_timeout = limited(timeout);
        }
        if let Some(timeout) = self.connection_timeout {
            options.connection_timeout = limited(timeout);
        }
        options.connection_time_to_live = self.connection_time_to_live.and_then(TimeSpan::limit);
        let vertx = self.vertx.as_ref();
        if let Some(seconds) = vertx.and_then(|vertx| vertx.keep_alive_timeout) {
            options.idle_timeout = Duration::from_secs(u64::from(seconds));
        }
        if let Some(bytes) = vertx.and_then(|vertx| vertx.max_header_size.as_ref()) {
            if **bytes == 0 {
                return Err(b.error("maxHeaderSize must be at least 1", Some(bytes.span())));
            }
            options.response_head_bytes_max = **bytes;
        }
        options.http2 = self.http2(b)?;
        if self.disable_reuse_connection || vertx.is_some_and(|vertx| vertx.keep_alive == Some(false)) {
            options.connection_time_to_live = Some(Duration::ZERO);
            // A connection for one request gains nothing from HTTP/2.
            options.http2.offered = false;
        }
        options.retries =
            !self.disable_retries && self.retries.as_ref().is_none_or(|retries| retries.enabled);
        if let Some(tls) = self.tls(b)? {
            options.tls = tls;
        }
        // Without one lent by the program, as in a check or a test, the system's resolver serves.
        if let Some(resolver) = b.service::<Resolver>() {
            options.resolver = resolver;
        }
        Ok(Client::new(options))
    }

    /// How origins are called over TLS; nothing when nothing is said about it.
    fn tls(&self, b: &mut Builder<'_>) -> Result<Option<Arc<ClientTls>>, Diagnostic> {
        let options = match (&self.tls, &self.hostname_verifier) {
            (Some(tls), Some(rule)) => b.get(tls).with_hostname_verifier(**rule, b),
            (Some(tls), None) => b.get(tls),
            (None, _) if self.has_tls_fields() => self.tls_fields().build(b)?,
            (None, _) => return Ok(None),
        };
        Ok(Some(options.tls))
    }

    /// Whether there is anything about TLS on the handler itself, as in old releases.
    fn has_tls_fields(&self) -> bool {
        self.hostname_verifier.is_some() || self.tls_fields_but_names().iter().any(|(_, span)| span.is_some())
    }

    fn tls_fields(&self) -> ClientTlsFields<'_> {
        ClientTlsFields {
            key_manager: self.key_manager.as_deref(),
            trust_manager: self.trust_manager.as_deref(),
            names: Names {
                suites: self.ssl_cipher_suites.as_ref(),
                protocols: self.ssl_enabled_protocols.as_ref(),
                context: self.ssl_context_algorithm.as_ref(),
                alpn: None,
            },
            hostname_verifier: self.hostname_verifier.as_ref(),
        }
    }

    /// The old fields that `tls` makes pointless, each with its place.
    fn tls_fields_but_names(&self) -> [(&'static str, Option<&Span>); 5] {
        [
            ("keyManager", self.key_manager.as_ref().map(Spanned::span)),
            ("trustManager", self.trust_manager.as_ref().map(Spanned::span)),
            ("sslCipherSuites", self.ssl_cipher_suites.as_ref().map(Spanned::span)),
            ("sslContextAlgorithm", self.ssl_context_algorithm.as_ref().map(Spanned::span)),
            ("sslEnabledProtocols", self.ssl_enabled_protocols.as_ref().map(Spanned::span)),
        ]
    }

    /// Tells what is wrong, or risky, about TLS.
    pub(super) fn check_tls(&self, declarer: &mut Declarer<'_>, config: &Node) {
        self.tls_fields().check(declarer, config);
        for (field, span) in self.tls_fields_but_names().iter().filter(|_| self.tls.is_some()) {
            if let Some(span) = span {
                declarer.report(tls::ignored_beside_tls(field, span));
            }
        }
    }

    /// What would be less safe than configured if it were ignored is refused.
    fn refuse_what_is_not_offered(&self, b: &Builder<'_>) -> Result<(), Diagnostic> {
        let refuse = |what: &str, node: &Node| Err(not_offered(b, what, Some(&node.span)));
        match &self.proxy_options {
            Some(RawNode(node)) if !is_no_proxy(node) => {
                return refuse("a proxy on the way to origins", node);
            }
            _ => {}
        }
        if let Some(RawNode(node)) = &self.proxy {
            return refuse("a proxy on the way to origins", node);
        }
        if let Some(proxy) = self.system_proxy.as_ref().filter(|proxy| ***proxy) {
            return Err(not_offered(b, "a proxy on the way to origins", Some(proxy.span())));
        }
        Ok(())
    }

    /// When and how HTTP/2 is spoken.
    fn http2(&self, b: &Builder<'_>) -> Result<ClientHttp2Options, Diagnostic> {
        let mut http2 = ClientHttp2Options::default();
        http2.offered = match &self.protocol_version {
            Some(version) if version.eq_ignore_ascii_case("HTTP/1.1") => false,
            Some(version) if !version.eq_ignore_ascii_case("HTTP/2") => {
                return Err(b.error("a protocolVersion is `HTTP/1.1` or `HTTP/2`", Some(version.span())));
            }
            _ => true,
        };
        http2.prior_knowledge = self.http2_prior_knowledge && http2.offered;
        if let Some(vertx) = &self.vertx {
            vertx.apply_http2(&mut http2, b)?;
        }
        Ok(http2)
    }
}

fn not_offered(b: &Builder<'_>, what: &str, span: Option<&Span>) -> Diagnostic {
    b.error(format!("{what} is not offered by this version"), span)
        .help("what uses it stays closed; remove it or wait for a version that offers it")
}

/// `{"type": "NoProxyOptions"}`, which is the default.
fn is_no_proxy(node: &Node) -> bool {
    node.get("type").and_then(Node::as_str) == Some("NoProxyOptions")
}

fn limited(timeout: TimeSpan) -> Duration {
    timeout.limit().filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT_MAX).min(TIMEOUT_MAX)
}

/// Takes the wish for another protocol out of a request, unless upgrades are allowed. Another version of HTTP
/// and TLS never are: they would carry requests past the filters.
pub(super) fn limit_upgrade(headers: &mut Headers, is_allowed: bool) {
    let Some(protocol) = headers.get(header::UPGRADE) else { return };
    let is_refused = protocol.to_str().map_or(true, |protocol| {
        let name = protocol.split('/').next().unwrap_or_default().trim();
        ["h2", "h2c", "http", "tls"].iter().any(|refused| name.eq_ignore_ascii_case(refused))
            || protocol.contains(',')
    });
    if !is_allowed || is_refused || headers.get_all(header::UPGRADE).iter().count() > 1 {
        headers.remove(header::UPGRADE);
    }
}
