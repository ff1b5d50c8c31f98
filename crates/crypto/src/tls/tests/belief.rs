//! Whose certificates are believed.

use std::fmt::Write as _;

use expect_test::expect;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::*;

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

/// A list of the authority that revokes the certificate with the serial number 7, good until a year.
fn list_of_seven(ca: &Made, year: i32) -> Vec<u8> {
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(year, 1, 1),
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
}

#[test]
fn revoked_certificates_are_refused() {
    let ca = authority("CA");
    let other_ca = authority("Other CA");
    let site = ca.issue("site", &["site.test"], |_| {});
    let revoked =
        ca.issue("revoked", &["revoked.test"], |params| params.serial_number = Some(SerialNumber::from(7)));
    let unlisted = other_ca.issue("unlisted", &["unlisted.test"], |_| {});
    let list = |year| list_of_seven(&ca, year);
    let trust = |crl: Vec<u8>| {
        vec![Trust::Anchors(TrustAnchors {
            certificates: vec![ca.der.clone(), other_ca.der.clone()],
            crls: vec![crl],
            label: "trust.p12".to_owned(),
        })]
    };
    let mut text = String::new();
    for (label, until) in [("current", 2999), ("stale", 2021)] {
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
    // Trusted by itself, beside the authority or without one, it is revoked all the same.
    for certificates in [vec![ca.der.clone(), revoked.der.clone()], vec![revoked.der.clone()]] {
        let crls = vec![list(2999)];
        let mut settings = serving(&[&site]);
        settings.client_auth = ClientAuth::Required;
        settings.trust =
            vec![Trust::Anchors(TrustAnchors { certificates, crls, label: "trust.p12".to_owned() })];
        let mut caller = calling(ca.trust());
        caller.identities = vec![revoked.identity()];
        let pinned = outcome(&server(settings), &client(caller), "site.test");
        writeln!(text, "pinned: {pinned}").unwrap();
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
          server: client: invalid peer certificate: Revoked
          client: server: invalid peer certificate: Revoked
        stale, unlisted.test
          server: full, CN=unlisted, 0 certificates of the client
          client: full, CN=site, 2 certificates of the client
        pinned: server: invalid peer certificate: Revoked
        pinned: server: invalid peer certificate: Revoked
        a list of revoked certificates of trust.p12 cannot be used: Parsing Error: NomError(Eof)"#]]
    .assert_eq(&text);
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
