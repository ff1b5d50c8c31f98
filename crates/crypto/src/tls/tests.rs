//! Handshakes in memory between a [`ServerTls`] and a [`ClientTls`], with certificates made on the spot.

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

use expect_test::{Expect, expect};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    RevokedCertParams, RsaKeySize, SerialNumber, date_time_ymd,
};
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConnection, HandshakeKind, ServerConnection};

use super::*;
use crate::{CryptoKey, KeyMaterial};

/// A certificate with its key.
struct Made {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
    chain: Vec<Vec<u8>>,
}

impl Made {
    fn crypto_key(&self) -> CryptoKey {
        CryptoKey::new(KeyMaterial::Private {
            algorithm: if self.key.is_compatible(&PKCS_RSA_SHA256) { "RSA" } else { "EC" }.to_owned(),
            pkcs8: self.key.serialize_der().into(),
            chain: self.chain.clone(),
        })
    }

    fn identity(&self) -> Identity {
        Identity::new(&self.crypto_key(), "keys.p12 (alias `test`)").unwrap()
    }

    fn trust(&self) -> Vec<Trust> {
        vec![Trust::Anchors(TrustAnchors {
            certificates: vec![self.der.clone()],
            crls: Vec::new(),
            label: "trust.p12".to_owned(),
        })]
    }

    /// Issues a certificate.
    fn issue(&self, common_name: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Made {
        self.issue_with(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), common_name, names, change)
    }

    fn issue_with(
        &self,
        key: KeyPair,
        common_name: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Made {
        let mut params = params(common_name, names);
        change(&mut params);
        let issued = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        let der = issued.der().to_vec();
        let chain = std::iter::once(der.clone()).chain(self.chain.iter().cloned()).collect();
        Made { params, key, der, chain }
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn self_signed(common_name: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Made {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = params(common_name, names);
    change(&mut params);
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Made { params, key, chain: vec![der.clone()], der }
}

fn authority(name: &str) -> Made {
    self_signed(name, &[], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    })
}

fn serving(default: &[&Made]) -> ServerTlsSettings {
    ServerTlsSettings {
        negotiation: Negotiation::default(),
        client_auth: ClientAuth::None,
        trust: Vec::new(),
        server_names: Vec::new(),
        default: default.iter().map(|made| made.identity()).collect(),
    }
}

fn calling(trust: Vec<Trust>) -> ClientTlsSettings {
    ClientTlsSettings {
        negotiation: Negotiation::default(),
        trust,
        identities: Vec::new(),
        hostname_verifier: HostnameVerifier::Strict,
    }
}

fn server(settings: ServerTlsSettings) -> Arc<ServerTls> {
    let server = ServerTls::new();
    server.replace(settings).unwrap();
    server
}

fn client(settings: ClientTlsSettings) -> Arc<ClientTls> {
    let client = ClientTls::new();
    client.replace(settings).unwrap();
    client
}

struct Shaken {
    entry: ServerEntry,
    client: ClientConnection,
    server: ServerConnection,
}

/// Lets both talk until the handshake is over; what went wrong, otherwise.
fn shake(server: &ServerTls, client: &ClientTls, host: &str) -> Result<Shaken, String> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client =
        ClientConnection::new(client.config().map_err(|error| error.to_string())?, name).unwrap();
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        pour(&mut |out| client.write_tls(out), &mut |input| acceptor.read_tls(input));
        if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error.to_string())? {
            break accepted;
        }
    };
    let entry = server.entry(&accepted.client_hello()).ok_or("nothing to present")?;
    let mut server =
        accepted.into_connection(entry.config.clone()).map_err(|(error, _)| format!("server: {error}"))?;
    // One round more than the handshake takes, for what follows it: tickets, and refusals of certificates.
    for _ in 0..4 {
        pour(&mut |out| server.write_tls(out), &mut |input| client.read_tls(input));
        client.process_new_packets().map_err(|error| format!("client: {error}"))?;
        pour(&mut |out| client.write_tls(out), &mut |input| server.read_tls(input));
        server.process_new_packets().map_err(|error| format!("server: {error}"))?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Shaken { entry, client, server })
}

fn pour(
    from: &mut dyn FnMut(&mut Vec<u8>) -> std::io::Result<usize>,
    into: &mut dyn FnMut(&mut Cursor<Vec<u8>>) -> std::io::Result<usize>,
) {
    let mut bytes = Vec::new();
    while from(&mut bytes).unwrap() > 0 {}
    let length = bytes.len() as u64;
    let mut bytes = Cursor::new(bytes);
    while bytes.position() < length {
        into(&mut bytes).unwrap();
    }
}

/// What a client sees that calls the host.
fn outcome(server: &ServerTls, client: &ClientTls, host: &str) -> String {
    match shake(server, client, host) {
        // Without the times of this very moment.
        Err(error) => error.split(": verification time").next().unwrap_or_default().to_owned(),
        Ok(shaken) => {
            let kind = match shaken.client.handshake_kind().unwrap() {
                HandshakeKind::Resumed => "resumed",
                _ => "full",
            };
            let leaf = &shaken.client.peer_certificates().unwrap()[0];
            let leaf = identity::read_certificate(leaf, "").unwrap();
            let shown = shaken.server.peer_certificates().map_or(0, <[_]>::len);
            format!("{kind}, {}, {shown} certificates of the client", leaf.subject())
        }
    }
}

fn outcomes(server: &ServerTls, client: &ClientTls, hosts: &[&str], expected: Expect) {
    let mut text = String::new();
    for host in hosts {
        writeln!(text, "{host}: {}", outcome(server, client, host)).unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn an_identity_says_what_is_wrong_with_it() {
    let ca = authority("CA");
    let good = ca.issue("good", &["a.test"], |_| {});
    let old = ca.issue("old", &[], |params| params.not_after = date_time_ymd(2020, 1, 2));
    let early = ca.issue("early", &[], |params| params.not_before = date_time_ymd(2999, 1, 2));
    let old_ca = self_signed("Old CA", &[], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(2020, 1, 2);
    });
    let below_old_root = old_ca.issue("new", &[], |_| {});
    let old_intermediate =
        ca.issue("Old intermediate", &[], |params| params.not_after = date_time_ymd(2020, 1, 2));
    let below_old_intermediate = old_intermediate.issue("new", &[], |_| {});
    let of = |made: &Made, change: fn(&Made, &mut Vec<u8>, &mut Vec<Vec<u8>>)| {
        let (mut pkcs8, mut chain) = (made.key.serialize_der(), made.chain.clone());
        change(made, &mut pkcs8, &mut chain);
        let material = KeyMaterial::Private { algorithm: "EC".to_owned(), pkcs8: pkcs8.into(), chain };
        match Identity::new(&CryptoKey::new(material), "k.p12 (alias `a`)") {
            Ok(identity) => format!("good until {}", identity.not_after),
            Err(error) => error.to_string(),
        }
    };
    let cases = [
        of(&good, |_, _, _| {}),
        of(&good, |_, pkcs8, _| *pkcs8 = KeyPair::generate().unwrap().serialize_der()),
        of(&good, |_, pkcs8, _| pkcs8.truncate(40)),
        of(&good, |_, _, chain| chain.clear()),
        of(&good, |_, _, chain| chain.reverse()),
        of(&good, |_, _, chain| chain[1].truncate(100)),
        of(&good, |_, _, chain| chain[0].push(0)),
        of(&old, |_, _, _| {}),
        of(&early, |_, _, _| {}),
        of(&below_old_root, |_, _, _| {}),
        of(&below_old_intermediate, |_, _, _| {}),
        Identity::new(
            &CryptoKey::new(KeyMaterial::Certificate { der: good.der.clone() }),
            "k.p12 (alias `c`)",
        )
        .unwrap_err()
        .to_string(),
    ];
    expect![[r#"
        good until 67090118400
        the private key k.p12 (alias `a`) does not belong to its certificate `CN=good`
        the private key k.p12 (alias `a`) (EC) cannot be used for TLS: RSA from 2048 bits, EC on P-256, P-384 or P-521, and Ed25519 can
        the private key k.p12 (alias `a`) has no certificate
        the private key k.p12 (alias `a`) does not belong to its certificate `CN=CA`
        a certificate of k.p12 (alias `a`) cannot be read: Parsing Error: NomError(Eof)
        a certificate of k.p12 (alias `a`) cannot be read: bytes follow behind it
        the certificate `CN=old` of k.p12 (alias `a`) expired on Jan  2 00:00:00 2020 +00:00
        the certificate `CN=early` of k.p12 (alias `a`) is not valid before Jan  2 00:00:00 2999 +00:00
        good until 1577923200
        the certificate `CN=Old intermediate` of k.p12 (alias `a`) expired on Jan  2 00:00:00 2020 +00:00
        k.p12 (alias `c`) is no private key"#]].assert_eq(&cases.join("\n"));
}

#[test]
fn each_name_gets_its_certificate() {
    let ca = authority("CA");
    let [one, wild, deep, other] = [
        ca.issue("one", &["one.test"], |_| {}),
        ca.issue("wild", &["*.wild.test"], |_| {}),
        ca.issue("deep", &["a.wild.test"], |_| {}),
        ca.issue("default", &["other.test", "x.y.wild.test", "wild.test", "10.1.2.3"], |_| {}),
    ];
    let mut settings = serving(&[&other]);
    settings.server_names = vec![
        ("One.Test.".to_owned(), one.identity()),
        ("*.wild.test".to_owned(), wild.identity()),
        ("a.wild.test".to_owned(), deep.identity()),
    ];
    let hosts = [
        "one.test",
        "ONE.test",
        "b.wild.test",
        "a.wild.test",
        "x.y.wild.test",
        "wild.test",
        "other.test",
        "10.1.2.3",
    ];
    outcomes(
        &server(settings),
        &client(calling(ca.trust())),
        &hosts,
        expect![[r#"
        one.test: full, CN=one, 0 certificates of the client
        ONE.test: resumed, CN=one, 0 certificates of the client
        b.wild.test: full, CN=wild, 0 certificates of the client
        a.wild.test: full, CN=deep, 0 certificates of the client
        x.y.wild.test: full, CN=default, 0 certificates of the client
        wild.test: full, CN=default, 0 certificates of the client
        other.test: full, CN=default, 0 certificates of the client
        10.1.2.3: full, CN=default, 0 certificates of the client
    "#]],
    );
}

#[test]
fn of_two_keys_a_client_gets_the_one_it_can_verify() {
    let ca = authority("CA");
    let rsa_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let rsa = ca.issue_with(rsa_key, "rsa", &["one.test", "two.test"], |_| {});
    let ec = ca.issue("ec", &["one.test"], |_| {});
    let server = server(serving(&[&rsa, &ec]));
    let with = |suite: &str| {
        let mut settings = calling(ca.trust());
        let suites = [suite.to_owned()];
        settings.negotiation =
            Negotiation::from_jsse(&[], if suite.is_empty() { &[] } else { &suites }, None).unwrap().0;
        client(settings)
    };
    let rsa_only = with("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    let ec_only = with("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    outcomes(
        &server,
        &with(""),
        &["one.test", "two.test"],
        expect![[r#"
        one.test: full, CN=rsa, 0 certificates of the client
        two.test: full, CN=rsa, 0 certificates of the client
    "#]],
    );
    outcomes(
        &server,
        &rsa_only,
        &["one.test"],
        expect![[r#"
        one.test: full, CN=rsa, 0 certificates of the client
    "#]],
    );
    outcomes(
        &server,
        &ec_only,
        &["one.test"],
        expect![[r#"
        one.test: full, CN=ec, 0 certificates of the client
    "#]],
    );
    let mut preferring = serving(&[&ec, &rsa]);
    preferring.negotiation.http2 = true;
    outcomes(
        &self::server(preferring),
        &with(""),
        &["one.test", "two.test"],
        expect![[r#"
        one.test: full, CN=ec, 0 certificates of the client
        two.test: full, CN=rsa, 0 certificates of the client
    "#]],
    );
}

#[test]
fn clients_show_certificates_when_they_have_to() {
    let (ca, stranger) = (authority("CA"), authority("Stranger"));
    let site = ca.issue("site", &["site.test"], |_| {});
    let intermediate = ca.issue("Intermediate", &[], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
    };
    let for_servers = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]
    };
    let shown = [
        ("nothing", None),
        ("known", Some(intermediate.issue("known", &[], for_clients))),
        ("for servers", Some(ca.issue("server", &[], for_servers))),
        ("stranger", Some(stranger.issue("stranger", &[], for_clients))),
    ];
    let mut text = String::new();
    for auth in [ClientAuth::None, ClientAuth::Request, ClientAuth::Required] {
        for protocol in [Protocol::Tls12, Protocol::Tls13] {
            for (label, made) in &shown[..] {
                let mut settings = serving(&[&site]);
                (settings.client_auth, settings.trust) = (auth, ca.trust());
                let mut caller = calling(ca.trust());
                caller.negotiation.protocols = vec![protocol];
                caller.identities = made.iter().map(Made::identity).collect();
                let outcome = outcome(&server(settings), &client(caller), "site.test");
                writeln!(text, "{auth:?}, {protocol:?}, {label}: {outcome}").unwrap();
            }
        }
    }
    expect![[r#"
        None, Tls12, nothing: full, CN=site, 0 certificates of the client
        None, Tls12, known: full, CN=site, 0 certificates of the client
        None, Tls12, for servers: full, CN=site, 0 certificates of the client
        None, Tls12, stranger: full, CN=site, 0 certificates of the client
        None, Tls13, nothing: full, CN=site, 0 certificates of the client
        None, Tls13, known: full, CN=site, 0 certificates of the client
        None, Tls13, for servers: full, CN=site, 0 certificates of the client
        None, Tls13, stranger: full, CN=site, 0 certificates of the client
        Request, Tls12, nothing: full, CN=site, 0 certificates of the client
        Request, Tls12, known: full, CN=site, 3 certificates of the client
        Request, Tls12, for servers: server: invalid peer certificate: certificate does not allow extended key usage for client authentication, allows server authentication
        Request, Tls12, stranger: server: invalid peer certificate: UnknownIssuer
        Request, Tls13, nothing: full, CN=site, 0 certificates of the client
        Request, Tls13, known: full, CN=site, 3 certificates of the client
        Request, Tls13, for servers: server: invalid peer certificate: certificate does not allow extended key usage for client authentication, allows server authentication
        Request, Tls13, stranger: server: invalid peer certificate: UnknownIssuer
        Required, Tls12, nothing: server: peer sent no certificates
        Required, Tls12, known: full, CN=site, 3 certificates of the client
        Required, Tls12, for servers: server: invalid peer certificate: certificate does not allow extended key usage for client authentication, allows server authentication
        Required, Tls12, stranger: server: invalid peer certificate: UnknownIssuer
        Required, Tls13, nothing: server: peer sent no certificates
        Required, Tls13, known: full, CN=site, 3 certificates of the client
        Required, Tls13, for servers: server: invalid peer certificate: certificate does not allow extended key usage for client authentication, allows server authentication
        Required, Tls13, stranger: server: invalid peer certificate: UnknownIssuer
    "#]].assert_eq(&text);
}

#[test]
fn a_certificate_that_is_trusted_itself_is_believed_as_in_java() {
    let ca = authority("CA");
    let site = ca.issue("site", &["site.test"], |_| {});
    let pinned = ca.issue("pinned", &["pinned.test"], |_| {});
    let own_ca = self_signed("own", &["own.test"], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let below_pinned = pinned.issue("below", &["below.test"], |_| {});
    let cases = [
        ("a pinned one", "pinned.test", &pinned, &pinned),
        ("a self-signed authority", "own.test", &own_ca, &own_ca),
        ("one signed by a pinned one", "below.test", &below_pinned, &pinned),
        ("another of the same authority", "site.test", &site, &pinned),
    ];
    let mut text = String::new();
    for (label, host, shown, trusted) in cases {
        let mut settings = serving(&[&site]);
        (settings.client_auth, settings.trust) = (ClientAuth::Required, trusted.trust());
        let mut caller = calling(ca.trust());
        caller.identities = vec![shown.identity()];
        let as_client = outcome(&server(settings), &client(caller), "site.test");
        let (server, client) = (server(serving(&[shown])), client(calling(trusted.trust())));
        let as_server = outcome(&server, &client, host);
        let elsewhere = outcome(&server, &client, "elsewhere.test");
        writeln!(text, "{label}\n  client: {as_client}\n  server: {as_server}\n  elsewhere: {elsewhere}")
            .unwrap();
    }
    expect![[r#"
        a pinned one
          client: full, CN=site, 2 certificates of the client
          server: full, CN=pinned, 0 certificates of the client
          elsewhere: client: invalid peer certificate: certificate not valid for name "elsewhere.test"; certificate is only valid for DnsName("pinned.test")
        a self-signed authority
          client: full, CN=site, 1 certificates of the client
          server: full, CN=own, 0 certificates of the client
          elsewhere: client: invalid peer certificate: certificate not valid for name "elsewhere.test"; certificate is only valid for DnsName("own.test")
        one signed by a pinned one
          client: server: invalid peer certificate: UnknownIssuer
          server: client: invalid peer certificate: UnknownIssuer
          elsewhere: client: invalid peer certificate: UnknownIssuer
        another of the same authority
          client: server: invalid peer certificate: UnknownIssuer
          server: client: invalid peer certificate: UnknownIssuer
          elsewhere: client: invalid peer certificate: UnknownIssuer
    "#]].assert_eq(&text);
}

#[test]
fn names_are_checked_unless_told_otherwise() {
    let (ca, stranger) = (authority("CA"), authority("Stranger"));
    let by_common_name = ca.issue("cn.test", &[], |_| {});
    let with_alternatives = ca.issue("cn.test", &["*.san.test", "10.0.0.1"], |_| {});
    let hosts = ["cn.test", "a.san.test", "san.test", "a.b.san.test", "10.0.0.1", "10.0.0.2"];
    let strict = client(calling(ca.trust()));
    outcomes(
        &server(serving(&[&by_common_name])),
        &strict,
        &hosts,
        expect![[r#"
        cn.test: full, CN=cn.test, 0 certificates of the client
        a.san.test: client: invalid peer certificate: certificate not valid for name "a.san.test"; certificate is not valid for any names (according to its subjectAltName extension)
        san.test: client: invalid peer certificate: certificate not valid for name "san.test"; certificate is not valid for any names (according to its subjectAltName extension)
        a.b.san.test: client: invalid peer certificate: certificate not valid for name "a.b.san.test"; certificate is not valid for any names (according to its subjectAltName extension)
        10.0.0.1: client: invalid peer certificate: certificate not valid for name "10.0.0.1"; certificate is not valid for any names (according to its subjectAltName extension)
        10.0.0.2: client: invalid peer certificate: certificate not valid for name "10.0.0.2"; certificate is not valid for any names (according to its subjectAltName extension)
    "#]],
    );
    outcomes(
        &server(serving(&[&with_alternatives])),
        &strict,
        &hosts,
        expect![[r#"
        cn.test: client: invalid peer certificate: certificate not valid for name "cn.test"; certificate is only valid for DnsName("*.san.test") or IpAddress(10.0.0.1)
        a.san.test: full, CN=cn.test, 0 certificates of the client
        san.test: client: invalid peer certificate: certificate not valid for name "san.test"; certificate is only valid for DnsName("*.san.test") or IpAddress(10.0.0.1)
        a.b.san.test: client: invalid peer certificate: certificate not valid for name "a.b.san.test"; certificate is only valid for DnsName("*.san.test") or IpAddress(10.0.0.1)
        10.0.0.1: full, CN=cn.test, 0 certificates of the client
        10.0.0.2: client: invalid peer certificate: certificate not valid for name "10.0.0.2"; certificate is only valid for DnsName("*.san.test") or IpAddress(10.0.0.1)
    "#]],
    );
    // Names are all that is not checked: a stranger stays one, whatever its name.
    let lax = |made: &Made| {
        client(ClientTlsSettings { hostname_verifier: HostnameVerifier::AllowAll, ..calling(made.trust()) })
    };
    outcomes(
        &server(serving(&[&with_alternatives])),
        &lax(&ca),
        &["cn.test"],
        expect![[r#"
        cn.test: full, CN=cn.test, 0 certificates of the client
    "#]],
    );
    outcomes(
        &server(serving(&[&with_alternatives])),
        &lax(&stranger),
        &["cn.test", "a.san.test"],
        expect![[r#"
        cn.test: client: invalid peer certificate: UnknownIssuer
        a.san.test: client: invalid peer certificate: UnknownIssuer
    "#]],
    );
    outcomes(
        &server(serving(&[&with_alternatives])),
        &client(calling(vec![Trust::All])),
        &["cn.test", "a.san.test"],
        expect![[r#"
        cn.test: client: invalid peer certificate: certificate not valid for name "cn.test"; certificate is only valid for DnsName("*.san.test") or IpAddress(10.0.0.1)
        a.san.test: full, CN=cn.test, 0 certificates of the client
    "#]],
    );
}

#[test]
fn revoked_certificates_are_refused() {
    let ca = authority("CA");
    let other_ca = authority("Other CA");
    let site = ca.issue("site", &["site.test"], |_| {});
    let revoked =
        ca.issue("revoked", &["revoked.test"], |params| params.serial_number = Some(SerialNumber::from(7)));
    let unlisted = other_ca.issue("unlisted", &["unlisted.test"], |_| {});
    let list = |next_update| {
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(7),
                revocation_time: date_time_ymd(2020, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&Issuer::from_params(&ca.params, &ca.key)).unwrap().der().to_vec()
    };
    let trust = |crl: Vec<u8>| {
        vec![Trust::Anchors(TrustAnchors {
            certificates: vec![ca.der.clone(), other_ca.der.clone()],
            crls: vec![crl],
            label: "trust.p12".to_owned(),
        })]
    };
    let mut text = String::new();
    for (label, until) in [("current", date_time_ymd(2999, 1, 1)), ("stale", date_time_ymd(2021, 1, 1))] {
        for (host, made) in [("site.test", &site), ("revoked.test", &revoked), ("unlisted.test", &unlisted)] {
            let as_server = outcome(&server(serving(&[made])), &client(calling(trust(list(until)))), host);
            let mut settings = serving(&[&site]);
            (settings.client_auth, settings.trust) = (ClientAuth::Request, trust(list(until)));
            let mut caller = calling(ca.trust());
            caller.identities = vec![made.identity()];
            let as_client = outcome(&server(settings), &client(caller), "site.test");
            writeln!(text, "{label}, {host}\n  server: {as_server}\n  client: {as_client}").unwrap();
        }
    }
    text += &ClientTls::new().replace(calling(trust(b"no list".to_vec()))).unwrap_err().to_string();
    expect![[r#"
        current, site.test
          server: full, CN=site, 0 certificates of the client
          client: full, CN=site, 2 certificates of the client
        current, revoked.test
          server: client: invalid peer certificate: Revoked
          client: server: invalid peer certificate: Revoked
        current, unlisted.test
          server: full, CN=unlisted, 0 certificates of the client
          client: full, CN=site, 2 certificates of the client
        stale, site.test
          server: client: invalid peer certificate: certificate revocation list expired
          client: server: invalid peer certificate: certificate revocation list expired
        stale, revoked.test
          server: client: invalid peer certificate: certificate revocation list expired
          client: server: invalid peer certificate: certificate revocation list expired
        stale, unlisted.test
          server: full, CN=unlisted, 0 certificates of the client
          client: full, CN=site, 2 certificates of the client
        a list of revoked certificates of trust.p12 cannot be used: provided CRL could not be parsed: Other(OtherError(TrailingData(CertRevocationList)))"#]].assert_eq(&text);
}

#[test]
fn sessions_end_with_the_settings_and_never_cross_identities() {
    let ca = authority("CA");
    let (one, two) =
        (ca.issue("one", &["one.test", "three.test"], |_| {}), ca.issue("two", &["two.test"], |_| {}));
    let mut settings = serving(&[&one]);
    settings.server_names = vec![("two.test".to_owned(), two.identity())];
    let server = server(settings.clone());
    let mut text = String::new();
    for protocol in [Protocol::Tls12, Protocol::Tls13] {
        let mut caller = calling(ca.trust());
        caller.negotiation.protocols = vec![protocol];
        let client = client(caller.clone());
        let mut call = |label: &str, hosts: &[&str]| {
            for host in hosts {
                writeln!(text, "{protocol:?}, {label}, {host}: {}", outcome(&server, &client, host)).unwrap();
            }
        };
        call("at first", &["one.test", "one.test", "two.test", "two.test"]);
        // So that a look at an unchanged file costs nobody a handshake.
        server.replace(settings.clone()).unwrap();
        call("nothing new at the server", &["one.test"]);
        settings.trust.extend(ca.trust());
        server.replace(settings.clone()).unwrap();
        call("something new at the server", &["one.test", "one.test"]);
        let before = client.generation();
        client.replace(caller.clone()).unwrap();
        assert_eq!(client.generation(), before);
        call("nothing new at the client", &["one.test"]);
        caller.trust.extend(one.trust());
        client.replace(caller).unwrap();
        assert_eq!(client.generation(), before + 1);
        call("something new at the client", &["one.test"]);
    }
    expect![[r#"
        Tls12, at first, one.test: full, CN=one, 0 certificates of the client
        Tls12, at first, one.test: resumed, CN=one, 0 certificates of the client
        Tls12, at first, two.test: full, CN=two, 0 certificates of the client
        Tls12, at first, two.test: resumed, CN=two, 0 certificates of the client
        Tls12, nothing new at the server, one.test: resumed, CN=one, 0 certificates of the client
        Tls12, something new at the server, one.test: full, CN=one, 0 certificates of the client
        Tls12, something new at the server, one.test: resumed, CN=one, 0 certificates of the client
        Tls12, nothing new at the client, one.test: resumed, CN=one, 0 certificates of the client
        Tls12, something new at the client, one.test: full, CN=one, 0 certificates of the client
        Tls13, at first, one.test: full, CN=one, 0 certificates of the client
        Tls13, at first, one.test: resumed, CN=one, 0 certificates of the client
        Tls13, at first, two.test: full, CN=two, 0 certificates of the client
        Tls13, at first, two.test: resumed, CN=two, 0 certificates of the client
        Tls13, nothing new at the server, one.test: resumed, CN=one, 0 certificates of the client
        Tls13, something new at the server, one.test: full, CN=one, 0 certificates of the client
        Tls13, something new at the server, one.test: resumed, CN=one, 0 certificates of the client
        Tls13, nothing new at the client, one.test: resumed, CN=one, 0 certificates of the client
        Tls13, something new at the client, one.test: full, CN=one, 0 certificates of the client
    "#]]
    .assert_eq(&text);
}

#[test]
fn an_entry_knows_which_hosts_it_is_for() {
    let ca = authority("CA");
    let wild = ca.issue("wild", &["*.wild.test", "10.0.0.1", "::1"], |_| {});
    let by_name = ca.issue("cn.test", &[], |_| {});
    let mut settings = serving(&[&wild]);
    settings.server_names = vec![("cn.test".to_owned(), by_name.identity())];
    let (server, client) = (server(settings), client(calling(vec![Trust::All])));
    let mut text = String::new();
    for called in ["a.wild.test", "cn.test"] {
        let entry = shake(&server, &client, called).unwrap().entry;
        for host in [
            "a.wild.test",
            "A.WILD.test.",
            "wild.test",
            "a.b.wild.test",
            ".wild.test",
            "10.0.0.1",
            "[::1]",
            "cn.test",
            "other",
            "",
        ] {
            writeln!(
                text,
                "{called} for `{host}`: {}, in Jetty {}, by lookup {}",
                entry.is_for(host),
                entry.is_for_as_in_jetty(host),
                entry.serves(host)
            )
            .unwrap();
        }
    }
    expect![[r#"
        a.wild.test for `a.wild.test`: true, in Jetty true, by lookup true
        a.wild.test for `A.WILD.test.`: true, in Jetty true, by lookup true
        a.wild.test for `wild.test`: false, in Jetty true, by lookup true
        a.wild.test for `a.b.wild.test`: false, in Jetty false, by lookup true
        a.wild.test for `.wild.test`: false, in Jetty false, by lookup true
        a.wild.test for `10.0.0.1`: true, in Jetty true, by lookup true
        a.wild.test for `[::1]`: true, in Jetty true, by lookup true
        a.wild.test for `cn.test`: false, in Jetty false, by lookup false
        a.wild.test for `other`: false, in Jetty false, by lookup true
        a.wild.test for ``: false, in Jetty false, by lookup true
        cn.test for `a.wild.test`: false, in Jetty false, by lookup false
        cn.test for `A.WILD.test.`: false, in Jetty false, by lookup false
        cn.test for `wild.test`: false, in Jetty false, by lookup false
        cn.test for `a.b.wild.test`: false, in Jetty false, by lookup false
        cn.test for `.wild.test`: false, in Jetty false, by lookup false
        cn.test for `10.0.0.1`: false, in Jetty false, by lookup false
        cn.test for `[::1]`: false, in Jetty false, by lookup false
        cn.test for `cn.test`: true, in Jetty true, by lookup true
        cn.test for `other`: false, in Jetty false, by lookup false
        cn.test for ``: false, in Jetty false, by lookup false
    "#]]
    .assert_eq(&text);
}

#[test]
fn settings_that_make_no_sense_are_refused_and_the_last_ones_stay() {
    let ca = authority("CA");
    let site = ca.issue("site", &["site.test"], |_| {});
    let server = server(serving(&[&site]));
    let refused = |change: &dyn Fn(&mut ServerTlsSettings)| {
        let mut settings = serving(&[&site]);
        change(&mut settings);
        server.replace(settings).unwrap_err().to_string()
    };
    let anchors = |certificates| {
        vec![Trust::Anchors(TrustAnchors { certificates, crls: Vec::new(), label: "trust.p12".to_owned() })]
    };
    let cases = [
        refused(&|settings| settings.default.clear()),
        refused(&|settings| settings.client_auth = ClientAuth::Request),
        refused(&|settings| {
            (settings.client_auth, settings.trust) = (ClientAuth::Request, anchors(Vec::new()))
        }),
        refused(&|settings| {
            (settings.client_auth, settings.trust) = (ClientAuth::Request, anchors(vec![vec![1]]))
        }),
        refused(&|settings| settings.server_names = vec![("*".to_owned(), site.identity())]),
        refused(&|settings| settings.server_names = vec![("a.*.test".to_owned(), site.identity())]),
        refused(&|settings| settings.server_names = vec![("".to_owned(), site.identity())]),
        refused(&|settings| settings.negotiation.protocols.clear()),
        ClientTls::new().config().unwrap_err().to_string(),
        ClientTls::new().replace(calling(anchors(Vec::new()))).unwrap_err().to_string(),
    ];
    expect![[r#"
        there is no private key with certificate to present
        certificates of clients are asked for, and nothing says which of them to trust
        trust.p12 holds no certificate to trust
        a certificate of trust.p12 cannot be read: Parsing requires 1 bytes/chars
        `*` is no server name: it takes a host name, or `*.` and a domain
        `a.*.test` is no server name: it takes a host name, or `*.` and a domain
        `` is no server name: it takes a host name, or `*.` and a domain
        none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can
        TLS has no settings yet
        trust.p12 holds no certificate to trust"#]]
    .assert_eq(&cases.join("\n"));
    outcomes(
        &server,
        &client(calling(ca.trust())),
        &["site.test"],
        expect![[r#"
        site.test: full, CN=site, 0 certificates of the client
    "#]],
    );
    let nothing_yet = ServerTls::new();
    outcomes(
        &nothing_yet,
        &client(calling(ca.trust())),
        &["site.test"],
        expect![[r#"
        site.test: nothing to present
    "#]],
    );
}

#[test]
fn names_of_jsse_are_translated() {
    let check = |protocols: &[&str], suites: &[&str], context: Option<&str>| {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        match Negotiation::from_jsse(&owned(protocols), &owned(suites), context) {
            Ok((negotiation, warnings)) => {
                format!("{:?} {:?} {warnings:?}", negotiation.protocols, negotiation.suites)
            }
            Err(error) => format!("refused: {error}"),
        }
    };
    let cases = [
        check(&[], &[], None),
        check(&[], &[], Some("tlsv1.2")),
        check(&[], &[], Some("TLSv1.1")),
        check(&["TLSv1.3"], &[], Some("TLSv1.1")),
        check(&[], &[], Some("DTLS")),
        check(&["TLSv1.3", "TLSv1.2", "TLSv1.1", "SSLv2Hello"], &[], None),
        check(&["TLSv1.1"], &[], None),
        check(&["TLS1.3"], &[], None),
        check(
            &[],
            &[
                "TLS_AES_128_GCM_SHA256",
                "TLS_RSA_WITH_AES_128_CBC_SHA",
                "TLS_AES_128_GCM_SHA256",
                "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
            ],
            None,
        ),
        check(&[], &["TLS_RSA_WITH_AES_128_CBC_SHA"], None),
        check(&["TLSv1.3"], &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], None),
        check(&[], &["AES128-SHA"], None),
    ];
    expect![[r#"
        [Tls12, Tls13] [] []
        [Tls12] [] []
        refused: none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can
        [Tls13] [] []
        refused: no algorithm of TLS contexts is called `DTLS`; `TLS`, `TLSv1.3` and `TLSv1.2` are
        [Tls12, Tls13] [] ["the protocol `TLSv1.1` is broken and is not offered", "the protocol `SSLv2Hello` is broken and is not offered"]
        refused: none of the protocols can be offered; `TLSv1.3` and `TLSv1.2` can
        refused: no protocol is called `TLS1.3`; `TLSv1.3` and `TLSv1.2` can be offered
        [Tls12, Tls13] ["TLS_AES_128_GCM_SHA256"] ["the cipher suite `TLS_RSA_WITH_AES_128_CBC_SHA` is outdated and is not offered"]
        refused: none of the cipher suites can be offered with TLSv1.2 and TLSv1.3
        refused: none of the cipher suites can be offered with TLSv1.3
        refused: no cipher suite is called `AES128-SHA`; names look like `TLS_AES_256_GCM_SHA384`"#]].assert_eq(&cases.join("\n"));
}

#[test]
fn only_what_is_configured_is_offered() {
    let ca = authority("CA");
    let site = ca.issue("site", &["site.test"], |_| {});
    let negotiation = |protocols: &[&str], suites: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        Negotiation::from_jsse(&owned(protocols), &owned(suites), None).unwrap().0
    };
    let agreed = |server_side: Negotiation, client_side: Negotiation| {
        let server = server(ServerTlsSettings { negotiation: server_side, ..serving(&[&site]) });
        let client = client(ClientTlsSettings { negotiation: client_side, ..calling(ca.trust()) });
        match shake(&server, &client, "site.test") {
            Ok(shaken) => format!(
                "{:?} {:?} {:?}",
                shaken.client.protocol_version().unwrap(),
                shaken.client.negotiated_cipher_suite().unwrap().suite(),
                shaken.client.alpn_protocol().map(String::from_utf8_lossy)
            ),
            Err(error) => error,
        }
    };
    let all = Negotiation::default;
    let http2 = || Negotiation { http2: true, ..all() };
    let ordered = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"];
    let cases = [
        agreed(all(), all()),
        agreed(negotiation(&["TLSv1.2"], &[]), all()),
        agreed(negotiation(&["TLSv1.3"], &[]), negotiation(&["TLSv1.2"], &[])),
        // The order of the server counts.
        agreed(negotiation(&[], &ordered), all()),
        // Suites of TLS 1.2 only: the newer version is not agreed on, as it could not be used.
        agreed(negotiation(&[], &["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]), all()),
        agreed(http2(), http2()),
        agreed(http2(), Negotiation { alpn: false, ..all() }),
        agreed(Negotiation { alpn: false, ..all() }, http2()),
    ];
    expect![[r#"
        TLSv1_3 TLS13_AES_256_GCM_SHA384 Some("http/1.1")
        TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 Some("http/1.1")
        server: peer is incompatible: Tls12NotOfferedOrEnabled
        TLSv1_3 TLS13_AES_128_GCM_SHA256 Some("http/1.1")
        TLSv1_2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 Some("http/1.1")
        TLSv1_3 TLS13_AES_256_GCM_SHA384 Some("h2")
        TLSv1_3 TLS13_AES_256_GCM_SHA384 None
        TLSv1_3 TLS13_AES_256_GCM_SHA384 None"#]]
    .assert_eq(&cases.join("\n"));
}

#[test]
fn the_trust_anchors_of_the_system_are_read_on_first_use() {
    let stranger = self_signed("stranger", &["site.test"], |_| {});
    let system = ClientTls::system();
    // Wherever the test runs: with anchors it refuses a stranger, without any it says so.
    let outcome = outcome(&server(serving(&[&stranger])), &system, "site.test");
    let expected =
        ["client: invalid peer certificate: UnknownIssuer", "the operating system has no trust anchors"];
    assert!(expected.iter().any(|start| outcome.starts_with(start)), "{outcome}");
    system.replace(calling(stranger.trust())).unwrap();
    outcomes(
        &server(serving(&[&stranger])),
        &system,
        &["site.test"],
        expect![[r#"
        site.test: full, CN=stranger, 0 certificates of the client
    "#]],
    );
}
