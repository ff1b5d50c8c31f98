//! [`CertificateNames`]: the hosts that a certificate is for.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// The hosts that a certificate is for: its alternative names; only without any, its common name, as in Java.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CertificateNames {
    /// In lower case; a wildcard is the whole of the first label.
    dns: Vec<String>,
    ips: Vec<IpAddr>,
}

/// How far a wildcard reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcard {
    /// It stands for one label (RFC 6125).
    OneLabel,
    /// It stands for one label or for none, as Jetty has it.
    OneLabelOrNone,
}

impl CertificateNames {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut names = Self::default();
        match certificate.subject_alternative_name() {
            Ok(Some(extension)) => {
                for name in &extension.value.general_names {
                    match name {
                        GeneralName::DNSName(name) => names.dns.push(normalize(name)),
                        GeneralName::IPAddress(bytes) => names.ips.extend(address(bytes)),
                        _ => {}
                    }
                }
            }
            Ok(None) => {
                // The most specific one stands last.
                let common = certificate.subject().iter_common_name().last();
                names.dns.extend(common.and_then(|name| name.as_str().ok()).map(normalize));
            }
            // Two such extensions, or an unreadable one: it is for nobody.
            Err(_) => {}
        }
        names
    }

    /// Whether the certificate is for this host: a name, or an address with or without brackets.
    pub(super) fn contain(&self, host: &str, wildcard: Wildcard) -> bool {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self.ips.contains(&address);
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        self.dns.iter().any(|name| matches(name, host, wildcard))
    }
}

/// In lower case, without a dot at the end.
pub(super) fn normalize(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn matches(name: &str, host: &str, wildcard: Wildcard) -> bool {
    // A star in front of a top-level domain would be for half the world.
    let Some(domain) = name.strip_prefix("*.").filter(|domain| domain.contains('.')) else {
        return !name.contains('*') && !name.is_empty() && name.eq_ignore_ascii_case(host);
    };
    if wildcard == Wildcard::OneLabelOrNone && domain.eq_ignore_ascii_case(host) {
        return true;
    }
    host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}
