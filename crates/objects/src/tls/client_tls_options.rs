//! `ClientTlsOptions`: how servers are called over TLS.

use std::fmt;
use std::sync::Arc;

use crypto::tls::{self, ClientTls, ClientTlsSettings, Negotiation};
use heap::{Builder, Declarer, ObjectConfig, OneOrMany, RawNode, Ref, Role, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node};

use super::errors;
use super::live::{Live, Managers, Usable};
use super::managers::{KeyManagerRef, TrustManagerRef};
use super::options::{Alpn, NameList, Names};

/// How a handler calls servers over TLS: whom it believes, and with which certificate it proves who it is.
///
/// Use it in `tls` of [ReverseProxyHandler](../handlers/ReverseProxyHandler.md) and
/// [ClientHandler](../handlers/ClientHandler.md). Without it, servers are believed whose certificates the operating
/// system believes.
///
/// Keys, certificates and whom to believe are looked at every second. After a change connections are made anew, and
/// none of before is used again. While the new state cannot be used, the last good one stays and the log says why.
///
/// ```json
/// {
///   "name": "ClientTlsOptions-1",
///   "type": "ClientTlsOptions",
///   "config": {
///     "trustManager": {
///       "type": "SecretsTrustManager",
///       "config": {
///         "verificationSecretId": "trust.manager.secret.id",
///         "secretsProvider": "SystemAndEnvSecretStore"
///       }
///     },
///     "sslEnabledProtocols": ["TLSv1.3"],
///     "hostnameVerifier": "STRICT"
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientTlsOptions {
    /// One manager of keys or several. A server that asks for a certificate gets the first that suits.
    key_manager: Option<OneOrMany<Ref<KeyManagerRef>>>,
    /// Who says which certificates of servers are believed. Default: the trust anchors of the operating system.
    trust_manager: Option<OneOrMany<Ref<TrustManagerRef>>>,
    /// Java's names of the suites that are offered, the preferred one first. Default: all.
    ssl_cipher_suites: Option<NameList>,
    /// `TLS`, the default, or a version, which is then the highest.
    ssl_context_algorithm: Option<Spanned<String>>,
    /// The versions that are offered: `TLSv1.2` and `TLSv1.3`, both by default.
    ssl_enabled_protocols: Option<NameList>,
    /// Whether the protocol above TLS is agreed on within the handshake.
    alpn: Option<Alpn>,
    /// Whether the certificate of a server has to be for the name it is called by: `STRICT` (the default) or
    /// `ALLOW_ALL`, which is for tests only.
    #[serde(default)]
    hostname_verifier: Option<Spanned<HostnameVerifier>>,
    /// Accepted and ignored: handshakes never keep requests waiting.
    #[expect(dead_code, reason = "only its presence is tolerated")]
    offload_handshake: Option<RawNode>,
}

/// Whether names are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum HostnameVerifier {
    /// A certificate for any name is taken.
    #[serde(rename = "ALLOW_ALL")]
    AllowAll,
    /// The certificate has to be for the name that is called.
    #[serde(rename = "STRICT", alias = "BROWSER_COMPATIBLE")]
    Strict,
}

/// How servers are called over TLS, kept in step with its managers while the configuration lives that declares it.
#[derive(Clone)]
pub struct ClientTlsRef {
    /// What connections are made with.
    pub tls: Arc<ClientTls>,
    recipe: Recipe,
}

/// What the settings are made of, so that a handler can have the same with another rule for names.
#[derive(Clone)]
struct Recipe {
    managers: Managers,
    negotiation: Negotiation,
    hostname_verifier: HostnameVerifier,
}

impl Role for ClientTlsRef {
    const REFERENCE: &'static str = "$ref:ClientTlsOptions";
}

impl fmt::Debug for ClientTlsRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTlsRef")
    }
}

impl ObjectConfig for ClientTlsOptions {
    const TYPE: &'static str = "ClientTlsOptions";
    type Object = ClientTlsRef;

    fn build(self, b: &mut Builder<'_>) -> Result<ClientTlsRef, Diagnostic> {
        self.fields().build(b)
    }

    fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        self.fields().check(declarer, config);
    }
}

impl ClientTlsOptions {
    fn fields(&self) -> ClientTlsFields<'_> {
        ClientTlsFields {
            key_manager: self.key_manager.as_ref(),
            trust_manager: self.trust_manager.as_ref(),
            names: Names {
                suites: self.ssl_cipher_suites.as_ref(),
                protocols: self.ssl_enabled_protocols.as_ref(),
                context: self.ssl_context_algorithm.as_ref(),
                alpn: self.alpn.as_ref(),
            },
            hostname_verifier: self.hostname_verifier.as_ref(),
        }
    }
}

/// The fields that say how servers are called, of [`ClientTlsOptions`] or, as in old releases, of a handler.
#[derive(Clone, Copy)]
pub(crate) struct ClientTlsFields<'o> {
    pub(crate) key_manager: Option<&'o OneOrMany<Ref<KeyManagerRef>>>,
    pub(crate) trust_manager: Option<&'o OneOrMany<Ref<TrustManagerRef>>>,
    pub(crate) names: Names<'o>,
    pub(crate) hostname_verifier: Option<&'o Spanned<HostnameVerifier>>,
}

impl ClientTlsFields<'_> {
    /// What the fields describe.
    ///
    /// # Errors
    /// Names of which nothing is left that can be offered.
    pub(crate) fn build(&self, b: &mut Builder<'_>) -> Result<ClientTlsRef, Diagnostic> {
        let managers = Managers {
            keys: self.key_manager.map(|keys| b.get_all(&keys.0)).unwrap_or_default(),
            server_names: Vec::new(),
            trust: self.trust_manager.map(|trust| b.get_all(&trust.0)).unwrap_or_default(),
        };
        let negotiation = self.names.negotiation(b.span())?;
        let hostname_verifier = self.hostname_verifier.map_or(HostnameVerifier::Strict, |rule| **rule);
        Ok(ClientTlsRef::serve(Recipe { managers, negotiation, hostname_verifier }, b))
    }

    /// Tells of names that are left out, and of names that are not checked.
    pub(crate) fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        self.names.check(declarer, config);
        if let Some(rule) = self.hostname_verifier.filter(|rule| ***rule == HostnameVerifier::AllowAll) {
            declarer.report(errors::any_name(rule.span()));
        }
    }
}

impl ClientTlsRef {
    /// The same with another rule for names.
    pub(crate) fn with_hostname_verifier(&self, rule: HostnameVerifier, b: &mut Builder<'_>) -> Self {
        Self::serve(Recipe { hostname_verifier: rule, ..self.recipe.clone() }, b)
    }

    fn serve(recipe: Recipe, b: &mut Builder<'_>) -> Self {
        let tls = ClientTls::new();
        let (used, Recipe { managers, negotiation, hostname_verifier }) = (tls.clone(), recipe.clone());
        let hostname_verifier = match hostname_verifier {
            HostnameVerifier::AllowAll => tls::HostnameVerifier::AllowAll,
            HostnameVerifier::Strict => tls::HostnameVerifier::Strict,
        };
        let replace = move |usable: Usable| {
            used.replace(ClientTlsSettings {
                negotiation: negotiation.clone(),
                trust: usable.trust,
                identities: usable.identities,
                hostname_verifier,
            })
        };
        Live::serve(managers, replace, b);
        Self { tls, recipe }
    }
}
