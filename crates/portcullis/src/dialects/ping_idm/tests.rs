//! Files of an instance in; what they add to `admin.json`, and the complaints, out.

use expect_test::{Expect, expect};

use crate::dialects::testing::translated;

#[track_caller]
fn check_with(admin: &str, files: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&translated(admin, files));
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: Expect) {
    check_with("{}", files, expected);
}

/// A listener with these further fields.
#[track_caller]
fn check_listener(fields: &str, expected: Expect) {
    let text = format!(r#"{{"port": 8443, {fields}}}"#);
    let shown = translated("{}", &[("conf/webserver.listener-a.json", &text), PASSWORDS]);
    expected.assert_eq(&shown.replace(KEY_MANAGER, "KEY MANAGER"));
}

/// What presents the certificate of a fresh installation.
const KEY_MANAGER: &str = r#"{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}},"mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}]}}}}"#;

const PASSWORDS: (&str, &str) =
    ("resolver/boot.properties", "openidm.keystore.password=k\nopenidm.truststore.password=t\n");

/// The listener of a fresh installation in clear text.
const HTTP: (&str, &str) = (
    "conf/webserver.listener-http.json",
    r#"{
  "enabled": {
    "$bool": "&{openidm.http.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.http|8080}"
  }
}"#,
);

/// The same over TLS.
const HTTPS: (&str, &str) = (
    "conf/webserver.listener-https.json",
    r#"{
  "enabled": {
    "$bool": "&{openidm.https.enabled|true}"
  },
  "port": {
    "$int": "&{openidm.port.https|8443}"
  },
  "secure": true,
  "sslCertAlias": "&{openidm.https.keystore.cer.alias|openidm-localhost}"
}"#,
);

#[test]
fn nothing_is_read_where_there_is_nothing() {
    check(&[], expect![""]);
    check(&[("conf/other.json", "{"), ("conf/webserver.listener-old.json.bak", "{")], expect![""]);
}

#[test]
fn the_listeners_of_a_fresh_installation() {
    check(
        &[HTTP, HTTPS],
        expect![[r#"
            connectors: {"port":8080,"maxBodyLength":5242880}
            connectors: {"port":8443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"Y2hhbmdlaXQ="}}}}}}}}},"sniHostCheck":"badRequest","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
            conf/webserver.listener-https.json:9:19: warning[PC0510]: `openidm.keystore.password` is still the password that every fresh installation has
        "#]],
    );
}

#[test]
fn boot_properties_set_what_tokens_stand_for() {
    check(
        &[
            HTTP,
            HTTPS,
            (
                "resolver/boot.properties",
                "openidm.port.http=18080\nopenidm.port.https: 18443\n\
                 openidm.keystore.location=&{idm.install.dir}/keys/&{from.environment}.p12\n\
                 openidm.keystore.type=PKCS12\nopenidm.keystore.password= s3cret&{a|b} \n",
            ),
        ],
        expect![[r#"
            connectors: {"port":18080,"maxBodyLength":5242880}
            connectors: {"port":18443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/keys/environment.p12","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storeType":"PKCS12","storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"czNjcmV0YiA="}}}}}}}}},"sniHostCheck":"badRequest","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
        "#]],
    );
    check(
        &[
            HTTP,
            HTTPS,
            ("resolver/boot.properties", "openidm.http.enabled=false\nopenidm.https.enabled=FALSE"),
        ],
        expect![[r#"
            error[PC0510]: every `webserver.listener-*.json` in `conf` is disabled, so nothing would listen
        "#]],
    );
    check(
        &[HTTP, ("resolver/boot.properties", "openidm.port.http=x\na=&{unknown.name}\nb=\\u12")],
        expect![[r#"
            connectors: {"port":8080,"maxBodyLength":5242880}
            error[PC0510]: `INSTANCE/resolver/boot.properties`: line 3: `\u` is not followed by four hexadecimal digits
        "#]],
    );
    check(
        &[HTTP, ("resolver/boot.properties", "openidm.port.http=x\na=&{unknown.name}\n")],
        expect![[r#"
            error[PC0510]: boot.properties: `a`: the token `unknown.name` has no value
            conf/webserver.listener-http.json:6:13: error[PC0060]: `$int` needs a whole number, found `x`
        "#]],
    );
}

#[test]
fn client_certificates_are_required_or_asked_for() {
    check_listener(
        r#""secure": true, "mutualAuth": true"#,
        expect![[r#"
            connectors: {"port":8443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}},"clientAuth":"REQUIRED","trustManager":{"type":"TrustManager","config":{"keystore":{"type":"KeyStore","config":{"url":"INSTANCE/security/truststore","passwordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"dA=="}}}}}}}}},"sniHostCheck":"badRequest","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
        "#]],
    );
    check_listener(
        r#""secure": true, "mutualAuth": false, "wantClientAuth": true"#,
        expect![[r#"
            connectors: {"port":8443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}},"clientAuth":"REQUEST","trustManager":{"type":"TrustManager","config":{"keystore":{"type":"KeyStore","config":{"url":"INSTANCE/security/truststore","passwordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"dA=="}}}}}}}}},"sniHostCheck":"badRequest","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
        "#]],
    );
    check_listener(
        r#""secure": true, "mutualAuth": true, "wantClientAuth": true"#,
        expect![[r#"
            connectors: {"port":8443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}},"clientAuth":"REQUIRED","trustManager":{"type":"TrustManager","config":{"keystore":{"type":"KeyStore","config":{"url":"INSTANCE/security/truststore","passwordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"dA=="}}}}}}}}},"sniHostCheck":"badRequest","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
        "#]],
    );
}

#[test]
fn a_listener_without_tls_cannot_ask_for_certificates() {
    check_listener(
        r#""mutualAuth": true, "wantClientAuth": true"#,
        expect![[r#"
        connectors: {"port":8443,"maxBodyLength":5242880}
        conf/webserver.listener-a.json:1:30: error[PC0510]: `mutualAuth` needs TLS, and `secure` is not true
        conf/webserver.listener-a.json:1:54: error[PC0510]: `wantClientAuth` needs TLS, and `secure` is not true
    "#]],
    );
    check_listener(
        r#""secure": false, "mutualAuth": false, "wantClientAuth": false"#,
        expect![[r#"
        connectors: {"port":8443,"maxBodyLength":5242880}
    "#]],
    );
}

#[test]
fn the_check_of_hosts_can_be_turned_off() {
    check_listener(
        r#""secure": true, "sniHostCheckEnabled": false"#,
        expect![[r#"
            connectors: {"port":8443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}}}},"sniHostCheck":"off","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
        "#]],
    );
}

#[test]
fn load_balancers_are_believed_when_they_are_listed() {
    check_listener(
        r#""proxyLoadBalancerConnection": true"#,
        expect![[r#"
        connectors: {"port":8443,"maxBodyLength":5242880,"trustedProxies":[]}
        conf/webserver.listener-a.json:1:47: warning[PC0510]: no load balancer is listed, so what is said about earlier hops is not believed
    "#]],
    );
    check_listener(
        r#""proxyLoadBalancerConnection": true, "trustedProxies": ["10.0.0.0/8"], "proxyProtocol": true"#,
        expect![[r#"
            connectors: {"port":8443,"maxBodyLength":5242880,"trustedProxies":["10.0.0.0/8"],"proxyProtocol":true}
        "#]],
    );
    check_listener(
        r#""proxyLoadBalancerConnection": false, "trustedProxies": ["10.0.0.1"]"#,
        expect![[r#"
        connectors: {"port":8443,"maxBodyLength":5242880}
        conf/webserver.listener-a.json:1:72: warning[PC0510]: `trustedProxies` has no effect without `proxyLoadBalancerConnection`
    "#]],
    );
    check(
        &[
            ("conf/webserver.listener-a.json", r#"{"port": 1, "proxyLoadBalancerConnection": true}"#),
            ("resolver/boot.properties", "openidm.trustedProxies=10.0.0.1, 10.1.0.0/16,"),
        ],
        expect![[r#"
            connectors: {"port":1,"maxBodyLength":5242880,"trustedProxies":["10.0.0.1","10.1.0.0/16"]}
        "#]],
    );
}

#[test]
fn the_limit_of_bodies_comes_from_its_own_file() {
    let payload = |text: &str, expected: Expect| {
        check(&[HTTP, ("conf/servletfilter-payload.json", text)], expected);
    };
    payload(
        r#"{
    "classPathURLs" : [ ],
    "systemProperties" : { },
    "requestAttributes" : { },
    "scriptExtensions" : { },
    "initParams" : {
        "maxRequestSizeInMegabytes" : 5
    },
    "urlPatterns" : [
        "/*"
    ],
    "filterClass" : "org.forgerock.openidm.jetty.LargePayloadServletFilter"
}"#,
        expect![[r#"
            connectors: {"port":8080,"maxBodyLength":5242880}
        "#]],
    );
    payload(
        r#"{"initParams": {"maxRequestSizeInMegabytes": 1}}"#,
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":1048576}
    "#]],
    );
    payload(
        r#"{"initParams": {}, "urlPatterns": ["/openidm/*"], "filterClass": "a.B", "typo": 1}"#,
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":5242880}
        conf/servletfilter-payload.json:1:73: warning[PC0304]: servletfilter-payload.json has no field `typo`; it is ignored
        conf/servletfilter-payload.json:1:66: warning[PC0510]: `a.B` cannot be run here; the limit of this file applies all the same
        conf/servletfilter-payload.json:1:36: warning[PC0510]: the limit holds for every path, not for `/openidm/*` alone
    "#]],
    );
    payload(
        r#"{"initParams": {"maxRequestSizeInMegabytes": 0}}"#,
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":5242880}
        conf/servletfilter-payload.json:1:46: error[PC0510]: a limit is a number of megabytes of at least 1, found `0`
    "#]],
    );
    payload(
        r#"{"initParams": {"maxRequestSizeInMegabytes": -1}}"#,
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":5242880}
        conf/servletfilter-payload.json:1:46: error[PC0510]: a limit is a number of megabytes of at least 1, found `-1`
    "#]],
    );
    payload(
        r#"{"initParams": {"maxRequestSizeInMegabytes": 9223372036854775807}}"#,
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":5242880}
        conf/servletfilter-payload.json:1:46: error[PC0510]: a limit is a number of megabytes of at least 1, found `9223372036854775807`
    "#]],
    );
    payload(
        r#"{"initParams": {"maxRequestSizeInMegabytes": 1.5}}"#,
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":5242880}
        conf/servletfilter-payload.json:1:46: error[PC0302]: servletfilter-payload.json: a whole number is needed here, found `1.5`
    "#]],
    );
    payload(
        "[",
        expect![[r#"
        connectors: {"port":8080,"maxBodyLength":5242880}
        conf/servletfilter-payload.json:1:1: error[PC0006]: this `[` is never closed
    "#]],
    );
}

#[test]
fn the_filter_against_forgery_guards_everything() {
    let properties = |text: &str, expected: Expect| check(&[("resolver/boot.properties", text)], expected);
    properties("openidm.csrfFilter.enabled=false", expect![""]);
    properties(
        "openidm.csrfFilter.enabled=true",
        expect![[r#"
        protectionFilter: {"type":"CsrfFilter","config":{"cookieName":"session-jwt","token":"COOKIE","excludeSafeMethods":false,"excludedPaths":[]}}
    "#]],
    );
    properties(
        "openidm.csrfFilter.enabled=TRUE\nopenidm.csrfFilter.authCookieName=sid\n\
         openidm.csrfFilter.pathWhitelistCSV=/openidm/example,/openidm/my-project",
        expect![[r#"
            protectionFilter: {"type":"CsrfFilter","config":{"cookieName":"sid","token":"COOKIE","excludeSafeMethods":false,"excludedPaths":["/openidm/example","/openidm/my-project"]}}
        "#]],
    );
    properties(
        "openidm.csrfFilter.enabled=yes",
        expect![[r#"
        error[PC0510]: boot.properties: `openidm.csrfFilter.enabled`: `yes` is neither `true` nor `false`
    "#]],
    );
    check_with(
        r#"{"protectionFilter": "Mine"}"#,
        &[("resolver/boot.properties", "openidm.csrfFilter.enabled=true")],
        expect![[r#"
            protectionFilter: "Mine"
            admin.json:1:22: error[PC0510]: both `protectionFilter` and `openidm.csrfFilter.enabled` would guard all requests
        "#]],
    );
}

#[test]
fn passwords_that_everybody_knows_or_nobody_can_read_are_told() {
    let password = |text: &str, expected: Expect| {
        let listener =
            ("conf/webserver.listener-a.json", r#"{"port": 1, "secure": true, "sslCertAlias": "x"}"#);
        let shown = translated("{}", &[listener, ("resolver/boot.properties", text)]);
        let complaints: Vec<&str> = shown.lines().filter(|line| line.starts_with("conf/")).collect();
        expected.assert_eq(&complaints.join("\n"));
    };
    password(
        "openidm.keystore.password=changeit",
        expect![
            "conf/webserver.listener-a.json:1:45: warning[PC0510]: `openidm.keystore.password` is still the password that every fresh installation has"
        ],
    );
    password(
        "openidm.keystore.password=OBF:1vn21ugu1saj1v9i1v941sar1ugw1vo0",
        expect![
            "conf/webserver.listener-a.json:1:45: error[PC0510]: `openidm.keystore.password` is obfuscated, which cannot be read here"
        ],
    );
    password(
        "openidm.keystore.password=CRYPT:a",
        expect![
            "conf/webserver.listener-a.json:1:45: error[PC0510]: `openidm.keystore.password` is obfuscated, which cannot be read here"
        ],
    );
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    check_listener(
        r#""secure": true, "sslCertAllias": "x", "comment": "fine""#,
        expect![[r#"
            connectors: {"port":8443,"maxBodyLength":5242880,"tls":{"type":"ServerTlsOptions","config":{"keyManager":{"type":"SecretsKeyManager","config":{"signingSecretId":"listener.certificate","secretsProvider":{"type":"KeyStoreSecretStore","config":{"file":"INSTANCE/security/keystore.jceks","mappings":[{"secretId":"listener.certificate","aliases":["openidm-localhost"]}],"storePasswordSecretId":"store.password","secretsProvider":{"type":"Base64EncodedSecretStore","config":{"secrets":{"store.password":"aw=="}}}}}}}}},"sniHostCheck":"badRequest","strictTransportSecurity":"max-age=31536000; includeSubDomains"}
            conf/webserver.listener-a.json:1:32: warning[PC0304]: the listener has no field `sslCertAllias`; it is ignored
        "#]],
    );
    check_listener(
        r#""secure": "yes", "mutualAuth": 1"#,
        expect![[r#"
        conf/webserver.listener-a.json:1:26: error[PC0302]: the listener: `true` or `false` is needed here, found "yes"
        conf/webserver.listener-a.json:1:47: error[PC0302]: the listener: `true` or `false` is needed here, found `1`
    "#]],
    );
    check(
        &[("conf/webserver.listener-a.json", "{}")],
        expect![[r#"
        conf/webserver.listener-a.json:1:1: error[PC0303]: the listener needs the field `port`
    "#]],
    );
    check(
        &[("conf/webserver.listener-a.json", r#"{"port": 65536}"#)],
        expect![[r#"
        conf/webserver.listener-a.json:1:10: error[PC0302]: the listener: a whole number from 0 to 65535 is needed here, found `65536`
    "#]],
    );
    check(
        &[("conf/webserver.listener-a.json", "")],
        expect![[r#"
        conf/webserver.listener-a.json:1:1: error[PC0011]: the file holds no value
    "#]],
    );
    check(
        &[("conf/webserver.listener-a.json", r#"{"port": 1, "enabled": false}"#)],
        expect![[r#"
        error[PC0510]: every `webserver.listener-*.json` in `conf` is disabled, so nothing would listen
    "#]],
    );
}

#[test]
fn connectors_of_admin_json_stay() {
    check_with(
        r#"{"connectors": [{"port": 1}]}"#,
        &[HTTP],
        expect![[r#"
        connectors: {"port":1}
        connectors: {"port":8080,"maxBodyLength":5242880}
    "#]],
    );
    check_with(
        r#"{"connectors": [{"port": 1}]}"#,
        &[("conf/webserver.listener-a.json", r#"{"port": 1, "enabled": false}"#)],
        expect![[r#"
            connectors: {"port":1}
        "#]],
    );
    check_with(
        r#"{"connectors": 1}"#,
        &[HTTP],
        expect![[r#"
        connectors: 1
    "#]],
    );
}
