//! What the guides say their configurations do, as far as the objects in them exist.

use expect_test::expect;
use serde_json::json;
use testbed::upstream;

use super::{printed, text};
use crate::gateway;

#[test]
fn listener_files_resolve_to_their_defaults_and_to_the_environment() {
    let files = [
        "idm-listener-http",
        "idm-listener-https",
        "idm-listener-mixed-client-auth",
        "idm-listener-sni-host-check",
        "idm-servletfilter-payload",
        "idm-listener-load-balancer",
        "idm-listener-proxy-server",
    ];
    let shown = |variables: &[(&str, &str)]| {
        let builder = files.iter().fold(gateway(), |builder, file| {
            let route = json!({
                "properties": { "file": printed(&format!("{file}.json")) },
                "condition": format!("${{request.uri.path == '/{file}'}}"),
                "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "it is ${file}" } },
            });
            builder.route(file, &route.to_string())
        });
        let builder = variables.iter().fold(builder, |builder, (name, value)| builder.env(name, value));
        let gateway = builder.start();
        files.iter().map(|file| gateway.get(&format!("/{file}")).text() + "\n").collect::<String>()
    };
    expect![[r#"
        it is {enabled=true, port=8080}
        it is {enabled=true, port=8443, secure=true, sslCertAlias=openidm-localhost}
        it is {enabled=true, port=8443, secure=true, mutualAuth=false, wantClientAuth=true, sslCertAlias=openidm-localhost}
        it is {enabled=true, port=8443, secure=true, sslCertAlias=openidm-localhost, sniHostCheckEnabled=false}
        it is {classPathURLs=[], systemProperties={}, requestAttributes={}, scriptExtensions={}, initParams={maxRequestSizeInMegabytes=5}, urlPatterns=[/*], filterClass=org.forgerock.openidm.jetty.LargePayloadServletFilter}
        it is {enabled=true, port=8080, proxyLoadBalancerConnection=true}
        it is {enabled=true, port=8080, proxyLoadBalancerConnection=true}
    "#]]
    .assert_eq(&shown(&[]));
    let changed = shown(&[
        ("OPENIDM_HTTP_ENABLED", "false"),
        ("OPENIDM_PORT_HTTP", "18080"),
        ("OPENIDM_PORT_HTTPS", "18443"),
        ("OPENIDM_HTTPS_KEYSTORE_CER_ALIAS", "other"),
    ]);
    expect![[r#"
        it is {enabled=false, port=18080}
        it is {enabled=true, port=18443, secure=true, sslCertAlias=other}
    "#]]
    .assert_eq(&changed.lines().take(2).map(|line| format!("{line}\n")).collect::<String>());
}

#[test]
fn property_files_read_as_printed() {
    let files = ["idm-csrf-enabled", "idm-csrf-cookie", "idm-csrf-paths", "airlock-client-auth"];
    let builder = files.iter().fold(gateway(), |builder, file| {
        builder.file(&format!("{file}.properties"), &text(&format!("{file}.properties")))
    });
    let path = builder.folder().path().to_str().unwrap().to_owned();
    let builder = files.iter().fold(builder, |builder, file| {
        let read = format!("it is ${{readProperties('{path}/{file}.properties')}}");
        let route = json!({
            "condition": format!("${{request.uri.path == '/{file}'}}"),
            "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": read } },
        });
        builder.route(file, &route.to_string())
    });
    let gateway = builder.start();
    let shown: String = files.iter().map(|file| gateway.get(&format!("/{file}")).text() + "\n").collect();
    expect![[r#"
        it is {openidm.csrfFilter.enabled=true}
        it is {openidm.csrfFilter.authCookieName=session-jwt}
        it is {openidm.csrfFilter.pathWhitelistCSV=/openidm/example,/openidm/my-project}
        it is {iam.web-server.https.client-auth=REQUIRED, iam.web-server.https.truststore.type=PKCS12, iam.web-server.https.truststore.file=instances/auth/iam-truststore.p12, iam.web-server.https.truststore.password=password}
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_route_closes_while_its_key_store_is_missing() {
    let gateway = gateway().route("client-side-https", &text("install-client-side-https.json")).start();
    assert_eq!(gateway.get("/home/client-side-https").status, 503);
    assert_eq!(gateway.get("/home").status, 404, "its condition does not take this one");
}

#[test]
fn the_chain_of_the_am_service_sends_the_transaction_id() {
    let origin = upstream().get("/openam", "AM").start();
    let route = json!({
        "heap": [{ "name": "MySecureClientHandler", "type": "ClientHandler" }],
        "baseURI": origin.uri(),
        "handler": printed("misc-am-handler.json")["amHandler"],
    });
    let gateway = gateway().route("am", &route.to_string()).start();
    assert_eq!(gateway.get("/openam").text(), "AM");
    let id = origin.only_request().field("x-forgerock-transactionid").map(str::to_owned);
    assert!(id.as_deref().is_some_and(|id| id.ends_with("/0")), "{id:?}");
}

#[test]
fn a_declared_property_is_a_map_in_an_expression() {
    let route = json!({
        "properties": printed("misc-registration-properties.json")["properties"],
        "handler": {
            "type": "StaticResponseHandler",
            "config": { "status": 200, "entity": "${overrideAudience.aud} of ${overrideAudience}" },
        },
    });
    let gateway = gateway().route("claims", &route.to_string()).start();
    let audience = "https://myapp.authentication.example.com";
    assert_eq!(gateway.get("/").text(), format!("{audience} of {{aud={audience}}}"));
}

#[test]
fn the_printed_executor_loads_without_a_note() {
    let config = json!({
        "heap": [printed("misc-executor-service.json")],
        "handler": { "type": "StaticResponseHandler", "config": { "status": 204 } },
    });
    let builder = gateway().config(&config.to_string());
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["check", &instance]).run();
    assert!(ended.success() && ended.output.contains("0 errors, 0 warnings, 0 notes"), "{}", ended.output);
}
