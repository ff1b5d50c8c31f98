//! What the options of listeners and of clients have in common.

use crypto::tls::Negotiation;
use heap::{Declarer, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use source::{Diagnostic, Node, Span};

use super::errors;

/// The algorithms of managers that Java runtimes know. All of them mean what is done here: X.509 by RFC 5280.
const ALGORITHMS: [&str; 8] =
    ["IbmPKIX", "IbmX509", "NewIbmX509", "NewSunX509", "PKIX", "SunPKIX", "SunX509", "X509"];

/// Refuses an `alg` that no Java runtime knows.
pub(super) fn check_algorithm(alg: Option<&Spanned<String>>) -> Result<(), Diagnostic> {
    match alg.filter(|alg| !ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(alg))) {
        Some(alg) => Err(errors::algorithm(alg, alg.span())),
        None => Ok(()),
    }
}

/// How the protocol above TLS is agreed on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct Alpn {
    /// Whether it is, within the handshake. HTTP/2 needs it.
    #[serde(default = "by_default")]
    enabled: bool,
}

fn by_default() -> bool {
    true
}

/// A list of names, each with its place.
pub(crate) type NameList = Spanned<Vec<Spanned<String>>>;

/// The names by which a configuration restricts what is negotiated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'o> {
    pub(crate) suites: Option<&'o NameList>,
    pub(crate) protocols: Option<&'o NameList>,
    pub(crate) context: Option<&'o Spanned<String>>,
    pub(crate) alpn: Option<&'o Alpn>,
}

impl Names<'_> {
    /// What is offered in handshakes.
    ///
    /// # Errors
    /// A name that nobody knows; lists of which nothing is left.
    pub(super) fn negotiation(&self, object: &Span) -> Result<Negotiation, Diagnostic> {
        self.read(object).map(|(negotiation, _)| negotiation)
    }

    /// Tells of names that are left out, and of those that nobody knows.
    pub(super) fn check(&self, declarer: &mut Declarer<'_>, config: &Node) {
        match self.read(&config.span) {
            Ok((_, warnings)) => {
                for warning in warnings {
                    declarer.report(errors::name_left_out(&warning, self.place(&warning, &config.span)));
                }
            }
            Err(error) => declarer.report(error),
        }
    }

    fn read(&self, object: &Span) -> Result<(Negotiation, Vec<String>), Diagnostic> {
        let suites = texts(self.suites, "sslCipherSuites")?;
        let protocols = texts(self.protocols, "sslEnabledProtocols")?;
        let context = self.context.map(|context| context.as_str());
        let read = Negotiation::from_jsse(&protocols, &suites, context);
        let (mut negotiation, warnings) =
            read.map_err(|error| errors::options(&error, self.place(&error.to_string(), object)))?;
        negotiation.alpn = self.alpn.is_none_or(|alpn| alpn.enabled);
        Ok((negotiation, warnings))
    }

    /// The name that a complaint is about, or the list it is in.
    fn place<'p>(&'p self, complaint: &str, object: &'p Span) -> &'p Span {
        let lists = [self.suites, self.protocols].into_iter().flatten();
        let mut names = lists.clone().flat_map(|list| list.iter()).chain(self.context);
        let named = names.find(|name| complaint.contains(&format!("`{}`", name.as_str())));
        let any = || lists.map(Spanned::span).next().or(self.context.map(Spanned::span));
        named.map(Spanned::span).or_else(any).unwrap_or(object)
    }
}

/// The names of a list that is there, which must have some.
fn texts(names: Option<&NameList>, field: &str) -> Result<Vec<String>, Diagnostic> {
    match names {
        Some(names) if names.is_empty() => Err(errors::empty_list(field, names.span())),
        Some(names) => Ok(names.iter().map(|name| name.as_str().to_owned()).collect()),
        None => Ok(Vec::new()),
    }
}
