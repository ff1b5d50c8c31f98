//! The route of the installation guide that serves the sample application's style sheets, unchanged.

use std::net::{IpAddr, Ipv4Addr};

use crate::gateway;
use crate::sample_app::SampleApp;

/// As the guide prints it.
const ROUTE: &str = r#"{
  "name" : "sampleapp-resources",
  "baseURI" : "http://app.example.com:8081",
  "condition": "${find(request.uri.path, '^/css')}",
  "handler": "ReverseProxyHandler"
}
"#;

#[test]
fn the_route_of_the_guide_serves_style_sheets_unchanged() {
    // The guide fixes the port; an address of the machine that nothing else uses keeps it free.
    let host = Ipv4Addr::new(127, 81, 0, 1);
    let _application = SampleApp::start_at(IpAddr::V4(host), 8081);
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" }} ], "adminConnector": {{ "port": 0 }},
              "vertx": {{ "addressResolverOptions": {{ "hostsValue": "{host} app.example.com" }} }} }}"#
    );
    let gateway = gateway().admin(&admin).route("static-resources", ROUTE).start();
    let reply = gateway.get("/css/style.css");
    assert_eq!(
        (reply.status, reply.field("content-type")),
        (200, Some("text/css; charset=utf-8")),
        "{reply}"
    );
    assert!(reply.text().starts_with("body {"), "{reply}");
    assert_eq!(gateway.get("/elsewhere/css").status, 404);
    assert_eq!(gateway.get("/css/missing").status, 404);
}
