//! "Stop IG": a stop is asked for by script or command, and is gentle.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use testbed::{Gateway, upstream};

use crate::scripts::Package;
use crate::{gateway, proxy_route};

#[track_caller]
fn assert_stopped(mut gateway: Gateway) {
    assert_eq!(gateway.wait().code(), Some(0), "{}", gateway.log());
    assert_eq!(gateway.folder().read("portcullis.pid"), None);
    assert!(gateway.client().try_connect().is_err());
}

#[test]
fn the_stop_script_stops_the_instance_of_its_argument() {
    let gateway = gateway().start();
    let instance = gateway.path();
    let ended = Package::new().stop().arguments(&[instance.to_str().unwrap()]).run();
    assert!(ended.success(), "{}", ended.output);
    assert_stopped(gateway);
}

#[test]
fn the_stop_command_stops_the_instance_of_its_argument() {
    let running = gateway().start();
    let instance = running.path();
    let ended = gateway().arguments(&["stop", instance.to_str().unwrap()]).run();
    assert!(ended.success(), "{}", ended.output);
    assert_stopped(running);
}

#[test]
fn without_an_argument_the_default_folder_is_meant() {
    let running = gateway().start();
    let instance = running.path();
    let ended = gateway().env("IG_INSTANCE_DIR", instance.to_str().unwrap()).arguments(&["stop"]).run();
    assert!(ended.success(), "{}", ended.output);
    assert_stopped(running);

    let running = gateway().start();
    let package = Package::new();
    let stop = package.stop();
    std::os::unix::fs::symlink(running.path(), stop.home().path().join(".openig")).unwrap();
    let ended = stop.run();
    assert!(ended.success(), "{}", ended.output);
    assert_stopped(running);
}

#[test]
fn there_is_nothing_to_stop_where_nothing_runs() {
    let builder = gateway();
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["stop", &instance]).run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("PC0504"), "{}", ended.output);
}

#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    let origin = upstream()
        .on("/slow", |_, wire| {
            wire.pause(Duration::from_millis(600));
            wire.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
        })
        .start();
    let gateway = gateway().route("all", &proxy_route(&origin.uri())).start();
    let mut slow = gateway.client().connect();
    slow.request("GET", "/slow", &[], b"");
    testbed::eventually("the origin has the request", || (!origin.requests().is_empty()).then_some(()));
    gateway.ask_to_stop();
    let refused =
        testbed::eventually("no connection is accepted any more", || gateway.client().try_connect().err());
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let reply = slow.reply();
    assert_eq!((reply.status, reply.text().as_str()), (200, "done"));
    assert_eq!(slow.read_to_end(), b"");
    assert_stopped(gateway);
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let gateway = gateway().start();
    let mut idle = gateway.client().connect();
    assert_eq!(idle.get("/openig/ping").status, 200);
    let asked = Instant::now();
    gateway.ask_to_stop();
    assert_eq!(idle.read_to_end(), b"");
    assert_stopped(gateway);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn what_is_not_done_within_the_grace_period_is_cut_off() {
    let origin = upstream().on("/never", |_, wire| wire.pause(Duration::from_secs(15))).start();
    let admin = r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1", "gracePeriod": "200 milliseconds" } ],
                     "adminConnector": { "port": 0, "gracePeriod": "1 second" } }"#;
    let gateway = gateway().admin(admin).route("all", &proxy_route(&origin.uri())).start();
    let mut waiting = gateway.client().connect();
    waiting.request("GET", "/never", &[], b"");
    testbed::eventually("the origin has the request", || (!origin.requests().is_empty()).then_some(()));
    let asked = Instant::now();
    gateway.ask_to_stop();
    assert_eq!(waiting.read_to_end(), b"");
    assert_stopped(gateway);
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
}

#[test]
fn a_gateway_that_does_not_end_in_time_is_killed() {
    let origin = upstream().on("/never", |_, wire| wire.pause(Duration::from_secs(15))).start();
    let mut running = gateway().route("all", &proxy_route(&origin.uri())).start();
    let mut waiting = running.client().connect();
    waiting.request("GET", "/never", &[], b"");
    testbed::eventually("the origin has the request", || (!origin.requests().is_empty()).then_some(()));
    let instance = running.path();
    let ended = Package::new().stop().arguments(&[instance.to_str().unwrap(), "1"]).run();
    assert!(ended.success(), "{}", ended.output);
    assert_eq!(running.wait().code(), None, "it was killed, so it has no exit code");
    assert_eq!(running.folder().read("portcullis.pid"), None);
}

#[test]
fn a_new_start_takes_over_the_port_at_once() {
    let first = gateway().start();
    let port = first.ports()[0];
    let mut connection = first.client().connect();
    assert_eq!(connection.get("/openig/ping").status, 200);
    assert!(first.stop().success());
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": {port}, "host": "{}" }} ], "adminConnector": {{ "port": 0 }} }}"#,
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    );
    assert_eq!(gateway().admin(&admin).start().ports(), [port]);
}
