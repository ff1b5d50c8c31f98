//! `ServerTlsOptions`: what a listener presents.

use std::fmt;
use std::sync::Arc;

use crypto::tls::{ClientAuth, ServerTls, ServerTlsSettings};
use heap::{Builder, Declarer, ObjectConfig, OneOrMany, Ref, Role, Spanned};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node, Span};

use super::errors;
use super::live::{Live, Managers};
use super::managers::{KeyManagerRef, SystemTrust, TrustManagerRef};
use super::options::{Alpn, NameList, Names};
use super::secrets_key_manager::SecretKey;
use crate::secrets::{SecretsProviderField, provider_of};

/// What a connector of `admin.json` presents to clients that connect over TLS, and what it asks of them.
///
/// With `keyManager` all server names get the same certificate; with `sni` each gets its own. A name of `sni` is exact
/// or begins with `*.`, which stands for one label; the exact one wins. A client that asks for another name, or for
/// none, gets the certificate of `defaultSecretId`.
///
/// Keys, certificates and whom to believe are looked at every second. A change serves new connections; open ones go
/// on as they began. While the new state cannot be used, the last good one stays and the log says why.
///
/// TLS 1.2 and 1.3 are offered, and within them HTTP/2 and HTTP/1.1. At the start, a key or certificate that cannot be used is an error, and nothing
/// listens.
///
/// ```json
/// {
///   "name": "ServerTlsOptions-1",
///   "type": "ServerTlsOptions",
///   "config": {
///     "sni": {
///       "serverNames": {
///         "ig.example.com": "key.manager.secret.id",
///         "*.example.com": "wildcard.secret.id"
///       },
///       "defaultSecretId": "default.secret.id",
///       "secretsProvider": "SystemAndEnvSecretStore"
///     },
///     "clientAuth": "NONE",
///     "alpn": { "enabled": true }
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerTlsOptions {
    /// One manager of keys or several. Of several keys a client gets the first that it can verify.
    key_manager: Option<Spanned<OneOrMany<Ref<KeyManagerRef>>>>,
    /// Keys by server name. `keyManager` is ignored beside it.
    sni: Option<Sni>,
    /// Who says which certificates of clients are believed. Default: the trust anchors of the operating system.
    trust_manager: Option<OneOrMany<Ref<TrustManagerRef>>>,
    /// Whether clients have to show certificates: `NONE` (the default), `REQUEST` or `REQUIRED`.
    #[serde(default)]
    client_auth: ClientAuthField,
    /// Java's names of the suites that are offered, the preferred one first. Default: all.
    ssl_cipher_suites: Option<NameList>,
    /// `TLS`, the default, or a version, which is then the highest.
    ssl_context_algorithm: Option<Spanned<String>>,
    /// The versions that are offered: `TLSv1.2` and `TLSv1.3`, both by default.
    ssl_enabled_protocols: Option<NameList>,
    /// Whether the protocol above TLS is agreed on within the handshake: HTTP/2 if the client speaks it, else
    /// HTTP/1.1. Without, it is HTTP/1.1.
    alpn: Option<Alpn>,
}

/// Keys by server name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Sni {
    /// Ids of the secrets that are keys, by server name.
    server_names: IndexMap<String, Spanned<heap::SecretId>>,
    /// The id for every other name, and for none.
    default_secret_id: Spanned<heap::SecretId>,
    /// Where the secrets are looked up.
    secrets_provider: Option<SecretsProviderField>,
}

/// What is asked of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum ClientAuthField {
    /// No certificate.
    #[default]
    None,
    /// A certificate; without one the connection goes on.
    Request,
    /// A certificate that is believed.
    Required,
}

/// What a listener presents, kept in step with its managers while the configuration lives that declares it.
#[derive(Clone)]
pub struct ServerTlsRef(pub Arc<ServerTls>);

impl Role for ServerTlsRef {
    const REFERENCE: &'static str = "$ref:ServerTlsOptions";
}

impl fmt::Debug for ServerTlsRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTlsRef")
    }
}

impl ServerTlsOptions {
    fn names(&self) -> Names<'_> {
        Names {
            suites: self.ssl_cipher_suites.as_ref(),
            protocols: self.ssl_enabled_protocols.as_ref(),
            context: self.ssl_context_algorithm.as_ref(),
            alpn: self.alpn.as_ref(),
        }
    }

    fn managers(&self, b: &Builder<'_>) -> Managers {
        let mut managers = Managers::default();
        if let Some(sni) = &self.sni {
            let secrets = provider_of(sni.secrets_provider.as_ref(), b);
            let manager = |id: &Spanned<heap::SecretId>| {
                SecretKey::manager(id.0.clone(), id.span().clone(), secrets.clone())
            };
            let server_names = sni.server_names.iter();
            managers.server_names =
                server_names.map(|(name, id)| (name.to_ascii_lowercase(), manager(id))).collect();
            managers.keys.push(manager(&sni.default_secret_id));
        } else if let Some(keys) = &self.key_manager {
            managers.keys = b.get_all(&keys.0);
        }
        if let Some(trust) = &self.trust_manager {
            managers.trust = b.get_all(&trust.0);
        } else if self.client_auth != ClientAuthField::None {
            managers.trust.push(TrustManagerRef::new(SystemTrust::new(b.span().clone())));
        }
        managers
    }
}

impl ObjectConfig for ServerTlsOptions {
    const TYPE: &'static str = "ServerTlsOptions";
    type Object = ServerTlsRef;

    fn build(self, b: &mut Builder<'_>) -> Result<ServerTlsRef, Diagnostic> {
        let mut negotiation = self.names().negotiation(b.span())?;
        negotiation.http2 = negotiation.alpn;
        let client_auth = match self.client_auth {
            ClientAuthField::None => ClientAuth::None,
            ClientAuthField::Request => ClientAuth::Request,
            ClientAuthField::Required => ClientAuth::Required,
        };
        let tls = ServerTls::new();
        let served = tls.clone();
        let replace = move |usable: super::live::Usable| {
            served.replace(ServerTlsSettings {
                negotiation: negotiation.clone(),
                client_auth,
                trust: usable.trust,
                server_names: usable.server_names,
                default: usable.identities,
            })
        };
        Live::serve(self.managers(b), replace, b);
        Ok(ServerTlsRef(tls))
    }

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        self.names().check(declarer, config);
        match (&self.key_manager, &self.sni) {
            (Some(keys), Some(_)) => declarer.report(errors::key_manager_and_sni(keys.span())),
            (None, None) => declarer.report(errors::neither_key_manager_nor_sni(&config.span)),
            (Some(keys), None) if keys.0.is_empty() => {
                declarer.report(errors::empty_list("keyManager", keys.span()));
            }
            _ => {}
        }
        if let Some(sni) = &self.sni {
            for (name, id) in sni.server_names.iter().filter(|(name, _)| !is_server_name(name)) {
                declarer.report(errors::server_name(name, id.span()));
            }
        }
        if self.client_auth != ClientAuthField::None && self.trust_manager.is_none() {
            declarer.report(errors::clients_of_public_issuers(self.client_auth_place(config)));
        }
    }
}

impl ServerTlsOptions {
    fn client_auth_place<'n>(&self, config: &'n Node) -> &'n Span {
        config.get("clientAuth").map_or(&config.span, |field| &field.span)
    }
}

/// A name as clients may ask for it, or `*.` and such a name.
fn is_server_name(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(is_letter)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
