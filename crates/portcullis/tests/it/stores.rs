//! Stores of sessions as the process has them: what a check leaves alone, what a start needs, and what a killed process
//! leaves behind.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use testbed::redis::{self, Redis};
use testbed::{Folder, GatewayBuilder};

use crate::gateway;

/// A gateway with this store in its heap.
fn with_store(object_type: &str, config: &str) -> GatewayBuilder {
    gateway().config(&format!(
        r#"{{ "heap": [ {{ "name": "Store", "type": "{object_type}", "config": {config} }} ],
              "handler": {{ "type": "StaticResponseHandler", "config": {{ "status": 200, "entity": "here" }} }} }}"#
    ))
}

fn with_file(file: &Path) -> GatewayBuilder {
    with_store("FileStore", &format!(r#"{{ "file": "{}" }}"#, file.display()))
}

#[test]
fn a_check_neither_makes_a_file_nor_takes_it_from_a_gateway() {
    let folder = Folder::new();
    let file = folder.path().join("sessions.redb");
    let check = || {
        let builder = with_file(&file);
        let instance = builder.folder().path().to_str().unwrap().to_owned();
        let ended = builder.arguments(&["check", &instance]).run();
        assert_eq!(ended.code(), Some(0), "{}", ended.output);
    };
    check();
    assert!(!file.exists());
    let gateway = with_file(&file).start();
    assert_eq!(gateway.get("/").text(), "here");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    check();
}

#[test]
fn a_second_gateway_is_refused_the_file_until_the_first_is_killed() {
    let folder = Folder::new();
    let file = folder.path().join("sessions.redb");
    let mut first = with_file(&file).start();
    let ended = with_file(&file).run();
    assert_ne!(ended.code(), Some(0));
    assert!(ended.output.contains("is in use by another process"), "{}", ended.output);
    first.kill();
    let second = with_file(&file).start();
    assert_eq!(second.get("/").text(), "here");
}

#[test]
fn a_relative_file_is_in_the_instance_folder() {
    let gateway = with_store("FileStore", r#"{ "file": "sessions.redb" }"#).start();
    assert!(gateway.folder().path().join("sessions.redb").is_file());
}

#[test]
fn a_gateway_starts_before_its_valkey() {
    if !redis::is_here() {
        return;
    }
    let mut server = Redis::start(&[]);
    server.kill();
    let gateway =
        with_store("ValkeyStore", &format!(r#"{{ "addresses": ["{}"] }}"#, server.address())).start();
    assert_eq!(gateway.get("/").text(), "here");
    gateway.wait_for_log("A shared store cannot be used");
    server.start_again();
    gateway.wait_for_log("A shared store can be used again");
}
