//! Settings that are refused, translated, and agreed on.

use expect_test::expect;
use rcgen::{BasicConstraints, IsCa, KeyPair, date_time_ymd};

use super::*;

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
        match Identity::new(&CryptoKey::new(material), "k.p12 (alias `a`)", std::time::SystemTime::now()) {
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
            std::time::SystemTime::now(),
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
        good until 67090118400
        the certificate `CN=Old intermediate` of k.p12 (alias `a`) expired on Jan  2 00:00:00 2020 +00:00
        k.p12 (alias `c`) is no private key"#]].assert_eq(&cases.join("\n"));
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
