//! Properties of an instance in; the connectors they become, and the complaints, out.

use expect_test::{Expect, expect};

use crate::dialects::testing::{translated, translated_with_profile};

/// An instance with this `application.properties`.
#[track_caller]
fn check(properties: &str, expected: Expect) {
    expected.assert_eq(&translated("{}", &[("application.properties", properties)]));
}

const KEYS: &str = "iam.web-server.https.keystore.file=keys.p12\niam.web-server.https.keystore.password=k\n";

#[test]
fn nothing_is_read_where_there_is_nothing() {
    check("iam.log.level=INFO\nother=1", expect![""]);
}

#[test]
fn the_properties_of_the_guide() {
    check(
        &format!(
            "{KEYS}\n# Enable client authentication\n\
             iam.web-server.https.client-auth = REQUIRED\n\
             # Configure web server trust store\n\
             iam.web-server.https.truststore.type = PKCS12\n\
             iam.web-server.https.truststore.file = instances/auth/iam-truststore.p12\n\
             iam.web-server.https.truststore.password = password\n"
        ),
        expect![[r#"
            connectors: {"port":8443,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"KeyManager","config":{"keystore":{"type":"KeyStore","config":{"url":"INSTANCE/keys.p12","passwordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}},"clientAuth":"REQUIRED","trustManager":{"type":"TrustManager","config":{"keystore":{"type":"KeyStore","config":{"url":"INSTANCE/instances/auth/iam-truststore.p12","type":"PKCS12","passwordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"cGFzc3dvcmQ="}}}}}}}}}}
        "#]],
    );
}

#[test]
fn a_key_is_chosen_by_its_alias() {
    check(
        &format!(
            "iam.web-server.http.port=8080\niam.web-server.https.port=443\n{KEYS}\
             iam.web-server.https.keystore.type=JKS\niam.web-server.https.keystore.alias=iam"
        ),
        expect![[r#"
            connectors: {"port":8080}
            connectors: {"port":443,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/keys.p12","mappings":[{"secretId":"listener.certificate","aliases":["iam"]}],"storeType":"JKS","storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}}}}}
        "#]],
    );
}

#[test]
fn certificates_of_clients_may_be_asked_for() {
    let auth = |word: &str| {
        let text = format!(
            "{KEYS}iam.web-server.https.truststore.file=/t.p12\niam.web-server.https.client-auth={word}"
        );
        let shown = translated("{}", &[("application.properties", &text)]);
        let word = shown.split_once(r#""clientAuth":""#).and_then(|(_, rest)| rest.split('"').next());
        word.map_or(shown.clone(), str::to_owned)
    };
    for word in ["REQUIRED", "required"] {
        assert_eq!(auth(word), "REQUIRED");
    }
    for word in ["REQUEST", "OPTIONAL", "want"] {
        assert_eq!(auth(word), "REQUEST");
    }
    assert!(!auth("NONE").contains("error"));
    expect![[r#"
        application.properties:4:1: error[PC0511]: `always` is not one of `NONE`, `REQUEST`, `REQUIRED`
    "#]]
    .assert_eq(&auth("always"));
}

#[test]
fn what_would_leave_a_listener_open_is_an_error() {
    check(
        "iam.web-server.https.client-auth=REQUIRED",
        expect![[r#"
        application.properties:1:1: error[PC0511]: HTTPS needs a certificate: `iam.web-server.https.keystore.file` is not set
    "#]],
    );
    check(
        &format!("{KEYS}iam.web-server.https.client-auth=REQUIRED"),
        expect![[r#"
        application.properties:3:1: error[PC0511]: client certificates need a trust store: `iam.web-server.https.truststore.file` is not set
    "#]],
    );
    check(
        &format!("{KEYS}iam.web-server.https.port=99999"),
        expect![[r#"
        application.properties:3:1: error[PC0511]: a port is a number from 0 to 65535, found `99999`
    "#]],
    );
    check(
        "iam.web-server.http.port=http",
        expect![[r#"
        application.properties:1:1: error[PC0511]: a port is a number from 0 to 65535, found `http`
    "#]],
    );
    check(
        "a=\\u12",
        expect![[r#"
        error[PC0511]: `INSTANCE/application.properties`: line 1: `\u` is not followed by four hexadecimal digits
    "#]],
    );
}

#[test]
fn a_mistyped_property_is_told() {
    check(
        &format!("{KEYS}  iam.web-server.https.client-auht : REQUIRED"),
        expect![[r#"
            connectors: {"port":8443,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"KeyManager","config":{"keystore":{"type":"KeyStore","config":{"url":"INSTANCE/keys.p12","passwordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}}}}}
            application.properties:3:3: error[PC0511]: `iam.web-server.https.client-auht` is not a property of the web server that is offered
        "#]],
    );
}

#[test]
fn a_profile_adds_to_its_instance_and_counts_more() {
    let files = [
        ("application.properties", "iam.web-server.http.port=1\n"),
        ("application-login.properties", "iam.web-server.http.port=2\n"),
        ("instance-admin.properties", "other=1"),
    ];
    let shown = |profile| translated_with_profile(profile, "{}", &files);
    assert_eq!(shown(None), "connectors: {\"port\":1}\n");
    assert_eq!(shown(Some("login")), "connectors: {\"port\":2}\n");
    assert_eq!(shown(Some("admin")), "connectors: {\"port\":1}\n");
    expect![[r#"
        connectors: {"port":1}
        error[PC0511]: there is no profile `typo`: the instance has neither application-typo.properties nor instance-typo.properties
    "#]].assert_eq(&shown(Some("typo")));
}

#[test]
fn relative_files_begin_beside_the_folder_of_all_instances() {
    use std::path::Path;

    use super::home;
    assert_eq!(home(Path::new("/opt/iam/instances/auth")), Path::new("/opt/iam"));
    assert_eq!(home(Path::new("/opt/iam/auth")), Path::new("/opt/iam/auth"));
    assert_eq!(home(Path::new("/instances")), Path::new("/instances"));
}
