//! Which identity a client gets, and what becomes of its session.

use std::fmt::Write as _;

use expect_test::expect;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use super::*;

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
