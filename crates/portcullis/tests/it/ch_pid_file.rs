//! "Allow startup when there is an existing PID file".

use crate::gateway;
use crate::scripts::Package;

const PID_FILE: &str = "portcullis.pid";

/// A number no process has: beyond the largest the kernel gives out.
const NOBODY: &str = "4194305\n";

const ADMIN: &str =
    r#"{ MODE "connectors": [ { "port": 0, "host": "127.0.0.1" } ], "adminConnector": { "port": 0 } }"#;

#[test]
fn a_second_start_fails_and_says_why() {
    let first = gateway().start();
    let instance = first.path();
    let second = gateway().arguments(&["start", instance.to_str().unwrap()]).run();
    assert_eq!(second.code(), Some(1));
    assert!(second.output.contains("PC0500"), "{}", second.output);
    assert!(second.output.contains(&format!("process {} is running", first.id())), "{}", second.output);
    assert!(!second.output.contains("started in"), "{}", second.output);
    // The first one neither lost its file nor stopped serving.
    assert_eq!(first.folder().read(PID_FILE).unwrap().trim(), first.id().to_string());
    assert_eq!(first.get("/openig/ping").status, 200);
}

#[test]
fn a_file_left_behind_by_a_crash_fails_too() {
    let ended = gateway().file(PID_FILE, NOBODY).run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("process 4194305 is not running any more"), "{}", ended.output);
}

#[test]
fn override_in_admin_json_replaces_the_file() {
    let admin = ADMIN.replace("MODE", r#""pidFileMode": "override","#);
    let gateway = gateway().admin(&admin).file(PID_FILE, NOBODY).start();
    assert_eq!(gateway.folder().read(PID_FILE).unwrap().trim(), gateway.id().to_string());
}

#[test]
fn override_in_the_environment_replaces_the_file() {
    let gateway = gateway().env("IG_PID_FILE_MODE", "override").file(PID_FILE, NOBODY).start();
    assert_eq!(gateway.folder().read(PID_FILE).unwrap().trim(), gateway.id().to_string());
}

#[test]
fn override_as_a_system_property_of_env_sh_replaces_the_file() {
    let package = Package::new();
    let start = package
        .start()
        .file("env.sh", "export \"IG_OPTS=-Dig.pid.file.mode=override\"\n")
        .file(PID_FILE, NOBODY);
    let instance = start.folder().path().to_str().unwrap().to_owned();
    let gateway = start.arguments(&[&instance]).start();
    assert_eq!(gateway.folder().read(PID_FILE).unwrap().trim(), gateway.id().to_string());
}

#[test]
fn fail_is_the_default_and_can_be_said() {
    let admin = ADMIN.replace("MODE", r#""pidFileMode": "fail","#);
    assert_eq!(gateway().admin(&admin).file(PID_FILE, NOBODY).run().code(), Some(1));
}

#[test]
fn another_word_is_refused() {
    let ended = gateway().env("IG_PID_FILE_MODE", "ignore").run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("`ignore` is not one of `fail`, `override`"), "{}", ended.output);
}

#[test]
fn a_start_that_fails_leaves_no_file() {
    let builder = gateway().config("{ not json }");
    let path = builder.folder().path().join(PID_FILE);
    let spawned = builder.spawn();
    spawned.wait_for_log("not started");
    assert!(!path.exists());
}
