//! The sample application's own TLS: a certificate that is made at every start and that nobody vouches for.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crypto::generate::{AlternativeName, Digest, KeyType, SelfSigned, SubjectPart, self_signed};
use crypto::tls::{ClientAuth, Identity, Negotiation, ServerTls, ServerTlsSettings, Trust};
use crypto::{CryptoKey, KeyMaterial};

/// The names that the guides call the sample application by.
const NAMES: [&str; 2] = ["app.example.com", "localhost"];

/// No application for trying things out runs longer without a restart.
const VALID_DAYS: u32 = 365;

/// A clock that is a little behind must not find the certificate too new.
const CLOCK_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// What the ports over TLS present.
pub(super) fn identity(host: IpAddr) -> anyhow::Result<Identity> {
    let names = NAMES.map(|name| AlternativeName::Dns(name.to_owned()));
    let addresses = [host, IpAddr::from([127, 0, 0, 1])].map(AlternativeName::Ip);
    let made = self_signed(
        KeyType::P256,
        &SelfSigned {
            subject: &[(SubjectPart::CommonName, NAMES[0].to_owned())],
            names: &[names.as_slice(), addresses.as_slice()].concat(),
            not_before: SystemTime::now() - CLOCK_SKEW,
            days: VALID_DAYS,
            digest: Digest::Sha256,
            is_authority: false,
        },
    )?;
    let key = CryptoKey::new(KeyMaterial::Private {
        algorithm: "EC".to_owned(),
        pkcs8: made.pkcs8,
        chain: vec![made.certificate],
    });
    Ok(Identity::new(&key, "the certificate of the sample application", SystemTime::now())?)
}

/// The TLS of a port. Whoever has to show a certificate may show any: who it is for is for the page to tell.
pub(super) fn server(identity: Identity, client_auth: ClientAuth) -> anyhow::Result<Arc<ServerTls>> {
    let tls = ServerTls::new();
    let trust = if client_auth == ClientAuth::None { Vec::new() } else { vec![Trust::All] };
    tls.replace(ServerTlsSettings {
        negotiation: Negotiation::default(),
        client_auth,
        trust,
        server_names: Vec::new(),
        default: vec![identity],
    })?;
    Ok(tls)
}
