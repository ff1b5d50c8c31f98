//! `conf/webserver.listener-*.json`: one connector each.

use heap::{Environment, Spanned};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use source::{Diagnostic, Node, Span, Value};

use super::super::tree;
use super::{list, read, stores};
use crate::errors;

/// What browsers are told of a secure listener unless the answer says something else: a year, with subdomains.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000; includeSubDomains";

/// Where load balancers are listed for all listeners.
const TRUSTED_PROXIES: &str = "openidm.trustedProxies";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListenerFields {
    /// Whether the listener is opened at all.
    enabled: Option<bool>,
    port: Spanned<u16>,
    /// Addition: the address to listen on.
    host: Option<Spanned<String>>,
    /// Whether the listener speaks TLS.
    #[serde(default)]
    secure: bool,
    /// Whether clients have to show a certificate.
    mutual_auth: Option<Spanned<bool>>,
    /// Whether clients are asked for a certificate, and may have none.
    want_client_auth: Option<Spanned<bool>>,
    /// The alias in the key store of the certificate to present.
    ssl_cert_alias: Option<Spanned<String>>,
    /// Whether a request has to be for a host of the certificate.
    sni_host_check_enabled: Option<bool>,
    /// Whether load balancers stand in front.
    proxy_load_balancer_connection: Option<Spanned<bool>>,
    /// Addition: their addresses and networks.
    trusted_proxies: Option<Spanned<Vec<Spanned<String>>>>,
    /// Addition: whether they speak the PROXY protocol.
    proxy_protocol: Option<Spanned<bool>>,
}

/// A file that has mistakes, which have been told.
pub(super) struct Unreadable;

/// The connector of a file; `None` for a listener that is disabled.
pub(super) fn read_listener(
    environment: &Environment,
    file: &str,
    body_bytes_max: u64,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Node>, Unreadable> {
    let declared =
        heap::declare::<ListenerFields>(environment, read(environment, file), None, LISTENER, false);
    diagnostics.extend(declared.diagnostics);
    let fields = declared.level.ok_or(Unreadable)?.fields;
    if fields.enabled == Some(false) {
        return Ok(None);
    }
    let mut connector = Connector::new(&fields, body_bytes_max);
    fields.proxies(environment, &mut connector, diagnostics);
    fields.tls(environment, &mut connector, diagnostics);
    Ok(Some(connector.0))
}

/// What the files are called in complaints.
const LISTENER: &str = "the listener";

/// A connector of `admin.json` in the making.
struct Connector(Node);

impl Connector {
    fn new(fields: &ListenerFields, body_bytes_max: u64) -> Self {
        let span = fields.port.span();
        let mut connector =
            Self(tree::node(&json!({ "port": *fields.port, "maxBodyLength": body_bytes_max }), span));
        if let Some(host) = &fields.host {
            connector.set("host", &json!(**host), host.span());
        }
        connector
    }

    fn set(&mut self, key: &str, value: &Json, span: &Span) {
        if let Value::Object(object) = &mut self.0.value {
            object.insert(tree::entry(key, tree::node(value, span)));
        }
    }
}

impl ListenerFields {
    /// Who is believed about earlier hops. Nobody is unless listed: otherwise everybody could claim to be anybody.
    fn proxies(
        &self,
        environment: &Environment,
        connector: &mut Connector,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(asked) = self.proxy_load_balancer_connection.as_ref().filter(|asked| ***asked) else {
            for (name, span) in [
                ("trustedProxies", self.trusted_proxies.as_ref().map(Spanned::span)),
                ("proxyProtocol", self.proxy_protocol.as_ref().filter(|wanted| ***wanted).map(Spanned::span)),
            ] {
                diagnostics.extend(span.map(|span| errors::without_load_balancer(name, span)));
            }
            return;
        };
        let (proxies, span) = match &self.trusted_proxies {
            Some(proxies) => (proxies.iter().map(|proxy| proxy.to_string()).collect(), proxies.span()),
            None => (list(environment, TRUSTED_PROXIES), asked.span()),
        };
        if proxies.is_empty() {
            diagnostics.push(errors::nobody_trusted(TRUSTED_PROXIES, asked.span()));
        }
        connector.set("trustedProxies", &json!(proxies), span);
        if let Some(protocol) = &self.proxy_protocol {
            connector.set("proxyProtocol", &json!(**protocol), protocol.span());
        }
    }

    fn tls(&self, environment: &Environment, connector: &mut Connector, diagnostics: &mut Vec<Diagnostic>) {
        let wants = |field: &Option<Spanned<bool>>| field.as_deref().copied().unwrap_or_default();
        let required = wants(&self.mutual_auth);
        if !self.secure {
            let asking = [("mutualAuth", &self.mutual_auth), ("wantClientAuth", &self.want_client_auth)];
            for (name, field) in asking {
                let span = field.as_ref().filter(|wanted| ***wanted).map(Spanned::span);
                diagnostics.extend(span.map(|span| errors::clear_text(name, span)));
            }
            return;
        }
        let alias = self.ssl_cert_alias.as_ref();
        let span = alias.map_or(self.port.span(), Spanned::span);
        let alias = alias.map_or(stores::DEFAULT_ALIAS, |alias| alias.as_str());
        let keys = stores::key_store(environment, span, diagnostics);
        let mut config = json!({ "keyManager": keys.key_manager(alias) });
        if required || wants(&self.want_client_auth) {
            config["clientAuth"] = if required { "REQUIRED" } else { "REQUEST" }.into();
            config["trustManager"] = stores::trust_store(environment, span, diagnostics).trust_manager();
        }
        connector.set("tls", &json!({ "type": "ServerTlsOptions", "config": config }), span);
        let check = if self.sni_host_check_enabled == Some(false) { "off" } else { "badRequest" };
        connector.set("sniHostCheck", &json!(check), span);
        connector.set("strictTransportSecurity", &json!(STRICT_TRANSPORT_SECURITY), span);
    }
}
