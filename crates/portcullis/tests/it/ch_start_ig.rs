//! "Download and start IG": what a start promises.

use std::path::Path;

use testbed::{Client, Gateway, GatewayBuilder};

use crate::gateway;
use crate::scripts::Package;

/// The example of the guide, unchanged.
const TWO_CONNECTORS: &str = r#"{
  "connectors": [{
    "port": 9090
  },
  {
    "port": 9091,
    "vertx": {
      "maxWebSocketFrameSize": 128000,
      "maxWebSocketMessageSize": 256000,
      "compressionLevel": 4
    }
  }
  ]
}
"#;

/// Starts a gateway on fixed ports. Another program of this machine may hold one of them: then the start must
/// fail for that reason, and `None` is returned.
fn start_on_fixed_ports(builder: GatewayBuilder, ports: &[u16]) -> Option<Gateway> {
    let is_free = |port: &u16| std::net::TcpListener::bind(("0.0.0.0", *port)).is_ok();
    let Some(taken) = ports.iter().find(|port| !is_free(port)) else {
        return Some(builder.start());
    };
    let ended = builder.run();
    assert!(!ended.success());
    assert!(ended.output.contains("PC0501") && ended.output.contains(&taken.to_string()), "{}", ended.output);
    None
}

#[test]
fn with_default_settings_it_runs_on_port_8080_from_the_default_folder() {
    let builder = gateway().without_admin();
    std::fs::create_dir_all(builder.home().path().join(".openig")).unwrap();
    if let Some(gateway) = start_on_fixed_ports(builder.arguments(&["start"]), &[8080]) {
        assert_eq!(gateway.ports(), [8080]);
        assert!(gateway.home().path().join(".openig/portcullis.pid").exists());
        assert_eq!(gateway.get("/openig/ping").status, 200);
    }
}

#[test]
fn the_last_line_of_the_start_names_time_and_ports() {
    let two = r#"{ "connectors": [ { "port": [0, 0], "host": "127.0.0.1" }, { "port": 0, "host": "127.0.0.1" } ],
                   "adminConnector": { "port": 0 } }"#;
    let gateway = gateway().admin(two).start();
    let log = gateway.log();
    let line = log.lines().last().unwrap();
    let (time, ports) = line.split_once("started in ").unwrap().1.split_once("ms on ports : ").unwrap();
    assert!(time.parse::<u64>().is_ok(), "{line}");
    let numbers: Vec<String> = gateway.ports().iter().map(u16::to_string).collect();
    assert_eq!((numbers.len(), ports), (3, format!("[{}]", numbers.join(" ")).as_str()));
}

#[test]
fn a_ping_is_answered_with_200() {
    let gateway = gateway().start();
    let reply = gateway.get("/openig/ping");
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));
}

#[test]
fn the_welcome_page_is_shown_at_the_root() {
    let gateway = gateway().start();
    let reply = gateway.get("/");
    assert_eq!(reply.status, 200);
    assert!(reply.field("content-type").unwrap().starts_with("text/html"), "{reply}");
    assert!(reply.text().contains("<html"), "{reply}");
    assert_eq!(gateway.client().post("/", b"").status, 405);
    assert_eq!(gateway.get("/anything/else").status, 404);
}

#[test]
fn product_information_is_shown_in_development_mode_only() {
    let with_mode = |mode: &str| {
        let admin = r#"{ MODE "connectors": [ { "port": 0, "host": "127.0.0.1" } ], "adminConnector": { "port": 0 } }"#;
        gateway().admin(&admin.replace("MODE", mode)).start().get("/openig/api/info")
    };
    let reply = with_mode(r#""mode": "DEVELOPMENT","#);
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.text().contains(r#""version":"#), "{reply}");
    assert_eq!(with_mode(r#""mode": "PRODUCTION","#).status, 404);
    assert_eq!(with_mode("").status, 404);
}

#[test]
fn what_a_proxy_on_this_machine_passes_on_is_no_administration() {
    let admin =
        r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1" } ], "adminConnector": { "port": 0 } }"#;
    let gateway = gateway().admin(admin).start();
    let metrics = "/openig/metrics/prometheus/0.0.4";
    assert_eq!(gateway.get(metrics).status, 200);
    for field in ["X-Forwarded-For", "x_forwarded_for", "Forwarded", "X-Real-IP", "Via"] {
        let reply = gateway.client().send("GET", metrics, &[(field, "203.0.113.9")], b"");
        assert_eq!(reply.status, 403, "{field}: {reply}");
    }
}

#[test]
fn the_prefix_moves_the_administration_requests() {
    let admin = r#"{ "prefix": "gate", "connectors": [ { "port": 0 } ], "adminConnector": { "port": 0 } }"#;
    let gateway = gateway().admin(admin).start();
    assert_eq!(gateway.get("/gate/ping").status, 200);
    assert_eq!(gateway.get("/openig/ping").status, 404);
}

#[test]
fn the_example_with_two_connectors_runs_unchanged() {
    let builder = gateway().admin(TWO_CONNECTORS);
    let Some(gateway) = start_on_fixed_ports(builder, &[9090, 9091]) else { return };
    let log = gateway.log();
    assert!(log.trim_end().ends_with("ms on ports : [9090 9091]"), "{log}");
    for port in [9090, 9091] {
        assert_eq!(Client::new(([127, 0, 0, 1], port).into()).get("/openig/ping").status, 200);
    }
}

#[test]
fn each_connector_has_its_own_options() {
    let options = r#"{ "maxWebSocketFrameSize": 100, "compressionSupported": true, "compressionLevel": 4 }"#;
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": 0, "host": "127.0.0.1" }}, {{ "port": 0, "host": "127.0.0.1", "vertx": {options} }} ],
              "adminConnector": {{ "port": 0 }} }}"#
    );
    let application = crate::sample_app::SampleApp::start();
    let gateway = gateway().admin(&admin).route("all", &crate::websocket_route(&application.uri())).start();
    let encoding = |index: usize| {
        let client = Client::new(([127, 0, 0, 1], gateway.ports()[index]).into());
        let reply = client.send("GET", "/css/style.css", &[("Accept-Encoding", "gzip")], b"");
        reply.field("content-encoding").map(str::to_owned)
    };
    assert_eq!(encoding(0), None);
    assert_eq!(encoding(1).as_deref(), Some("gzip"));
    let mut socket = Client::new(([127, 0, 0, 1], gateway.ports()[1]).into()).websocket("/ws");
    socket.send_text(&"x".repeat(100));
    assert_eq!(socket.read_text().len(), 100);
    socket.send_text(&"x".repeat(101));
    assert_eq!(socket.read_close(), Some(1009));
}

#[test]
fn the_start_script_starts_it() {
    let package = Package::new();
    let start = package.start();
    let instance = start.folder().path().to_str().unwrap().to_owned();
    let gateway = start.arguments(&[&instance]).start();
    assert_eq!(gateway.get("/openig/ping").status, 200);
}

#[test]
fn both_places_of_env_sh_are_read() {
    for place in ["env.sh", "bin/env.sh"] {
        let package = Package::new();
        let start = package
            .start()
            .file(place, "export \"IG_OPTS=-Dtest.text=told -Xmx2048m\"\n")
            .route("told", &crate::answer_route("${system['test.text']} &{test.text}"));
        let instance = start.folder().path().to_str().unwrap().to_owned();
        let gateway = start.arguments(&[&instance]).start();
        assert_eq!(gateway.get("/").text(), "told told", "{place}");
    }
}

#[test]
fn the_pid_file_holds_the_process() {
    let gateway = gateway().start();
    let pid = gateway.folder().read("portcullis.pid").unwrap();
    assert_eq!(pid.trim(), gateway.id().to_string());
    assert!(Path::new("/proc").join(pid.trim()).exists());
}
