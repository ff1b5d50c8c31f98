//! One rule, and how it looks at a request.

use std::net::IpAddr;

use exchange::{Context, Request};
use expression::{Bindings, Expr};
use heap::{Builder, JavaPattern, Spanned};
use source::Diagnostic;

use super::values::{AddressRange, CaselessPattern, PortRange, address_in};
use super::{CertificateConfig, DestinationConfig, FromConfig, IpConfig, RuleConfig, not_empty};

/// The subject of the certificate that the sender showed; null when there is none.
const SUBJECT: &str = "${contexts.client.certificates[0].subjectDN}";

pub(super) struct Rule {
    name: Option<String>,
    from: Option<Vec<Sender>>,
    destination: Option<Vec<Destination>>,
    when: Option<Expr<bool>>,
}

impl Rule {
    pub(super) fn of(config: Spanned<RuleConfig>, b: &Builder<'_>) -> Result<Self, Diagnostic> {
        if config.from.is_none() && config.destination.is_none() && config.when.is_none() {
            let message = "a rule without `from`, `destination` and `when` would let everything pass";
            return Err(b.error(message, Some(config.span())));
        }
        let RuleConfig { name, from, destination, when } = config.into_inner();
        let from = from.map(|from| {
            not_empty(from, "from", b)?.into_iter().map(|from| Sender::of(from, b)).collect::<Result<_, _>>()
        });
        let destination = destination.map(|destination| {
            let destinations = not_empty(destination, "destination", b)?.into_iter();
            destinations.map(|destination| Destination::of(destination, b)).collect::<Result<_, _>>()
        });
        Ok(Self { name, from: from.transpose()?, destination: destination.transpose()?, when })
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("without a name")
    }

    pub(super) fn matches(&self, cx: &Context, request: &Request) -> bool {
        any(self.destination.as_ref(), |destination| destination.matches(request))
            && any(self.from.as_ref(), |from| from.matches(cx, request))
            && self.when.as_ref().is_none_or(|when| when.is_true(&cx.scope(request)))
    }
}

/// Whether one of the entries matches, or there is no list.
fn any<T>(list: Option<&Vec<T>>, matches: impl Fn(&T) -> bool) -> bool {
    list.is_none_or(|list| list.iter().any(matches))
}

struct Sender {
    ip: Option<Ip>,
    certificate: Option<Certificate>,
}

impl Sender {
    fn of(config: Spanned<FromConfig>, b: &Builder<'_>) -> Result<Self, Diagnostic> {
        if config.ip.is_none() && config.certificate.is_none() {
            let message = "an entry of `from` needs `ip` or `certificate`";
            return Err(b.error(message, Some(config.span())));
        }
        let config = config.into_inner();
        let ip = config.ip.map(|IpConfig { list, resolver }| {
            Ok::<_, Diagnostic>(Ip { list: not_empty(list, "list", b)?, resolver })
        });
        let certificate = config.certificate.map(|CertificateConfig { subject_dns }| {
            Ok::<_, Diagnostic>(Certificate {
                subject: Expr::compile(SUBJECT, &Bindings::default()).expect("the text is a constant"),
                patterns: not_empty(subject_dns, "subjectDNs", b)?,
            })
        });
        Ok(Self { ip: ip.transpose()?, certificate: certificate.transpose()? })
    }

    fn matches(&self, cx: &Context, request: &Request) -> bool {
        self.ip.as_ref().is_none_or(|ip| ip.matches(cx, request))
            && self.certificate.as_ref().is_none_or(|certificate| certificate.matches(cx, request))
    }
}

struct Ip {
    list: Vec<AddressRange>,
    resolver: Option<Expr<String>>,
}

impl Ip {
    fn matches(&self, cx: &Context, request: &Request) -> bool {
        let address = self.address(cx, request);
        address.is_some_and(|address| self.list.iter().any(|range| range.contains(address)))
    }

    fn address(&self, cx: &Context, request: &Request) -> Option<IpAddr> {
        let Some(resolver) = &self.resolver else { return Some(cx.client.remote.ip().to_canonical()) };
        let scope = cx.scope(request);
        let text = resolver.text(&scope)?;
        let address = address_in(&text);
        if address.is_none() {
            tracing::info!("The `resolver` of an AllowOnlyFilter yields something that is not an address.");
        }
        address
    }
}

struct Certificate {
    subject: Expr<String>,
    patterns: Vec<JavaPattern>,
}

impl Certificate {
    fn matches(&self, cx: &Context, request: &Request) -> bool {
        let scope = cx.scope(request);
        let subject = self.subject.text(&scope);
        subject.is_some_and(|subject| self.patterns.iter().any(|pattern| pattern.0.matches_whole(&subject)))
    }
}

struct Destination {
    hosts: Option<Vec<CaselessPattern>>,
    ports: Option<Vec<PortRange>>,
    methods: Option<Vec<String>>,
    paths: Option<Vec<JavaPattern>>,
}

impl Destination {
    fn of(config: Spanned<DestinationConfig>, b: &Builder<'_>) -> Result<Self, Diagnostic> {
        let span = config.span().clone();
        let DestinationConfig { hosts, ports, methods, paths } = config.into_inner();
        if hosts.is_none() && ports.is_none() && methods.is_none() && paths.is_none() {
            let message = "an entry of `destination` needs `hosts`, `ports`, `methods` or `paths`";
            return Err(b.error(message, Some(&span)));
        }
        Ok(Self {
            hosts: hosts.map(|hosts| not_empty(hosts, "hosts", b)).transpose()?,
            ports: ports.map(|ports| not_empty(ports, "ports", b)).transpose()?,
            methods: methods.map(|methods| not_empty(methods, "methods", b)).transpose()?,
            paths: paths.map(|paths| not_empty(paths, "paths", b)).transpose()?,
        })
    }

    fn matches(&self, request: &Request) -> bool {
        let uri = &request.uri;
        any(self.methods.as_ref(), |method| method == request.method.as_str())
            && any(self.ports.as_ref(), |ports| ports.contains(uri.effective_port()))
            && any(self.hosts.as_ref(), |host| host.0.matches_whole(uri.host()))
            && any(self.paths.as_ref(), |path| path.0.matches_whole(&uri.path()))
    }
}
