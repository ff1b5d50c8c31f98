//! Mistakes in a configuration: each is told with a code and a place, all at once, and nothing half-starts.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use expect_test::{Expect, expect};
use testbed::{Client, Ended, GatewayBuilder};

use crate::{answer_route, gateway};

const FREE_PORTS: &str =
    r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1" } ], "adminConnector": { "port": 0 } }"#;

/// What a run complained about, with the folders of this run taken out.
fn complaints(ended: &Ended, folders: &[(&str, &str)]) -> String {
    let mut text = ended.output.clone();
    for (found, shown) in folders {
        text = text.replace(found, shown);
    }
    // The log's own line has the time of day.
    let told = text.lines().filter(|line| !line.contains("The instance was not started."));
    told.map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n"
}

/// A start that must fail: exit code 1, a complaint, no port opened, no PID file left.
#[track_caller]
fn check(builder: GatewayBuilder, expected: Expect) {
    // A port that is known beforehand, so that it can be seen to be closed.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let admin = builder.folder().read("config/admin.json").unwrap();
    let fixed = admin.replacen(r#""port": 0"#, &format!(r#""port": {port}"#), 1);
    let builder = builder.admin(&fixed);
    let folder = builder.folder().path().to_owned();
    let spawned = builder.spawn();
    let instance = folder.to_str().unwrap();
    spawned.wait_for_log("not started");
    assert!(!folder.join("portcullis.pid").exists(), "{}", spawned.log());
    let ended = spawned.end();
    assert_eq!(ended.code(), Some(1), "{}", ended.output);
    assert!(Client::new(([127, 0, 0, 1], port).into()).try_connect().is_err());
    expected.assert_eq(&complaints(&ended, &[(instance, "DIR"), (&port.to_string(), "PORT")]));
}

#[test]
fn a_file_that_is_not_json() {
    check(
        gateway().config("{\n  \"handler\" \"Main\"\n}\n"),
        expect![[r#"
            error[PC0001]: expected `:`, found `"`
             --> config/config.json:2:13
              |
            2 |   "handler" "Main"
              |             ^ expected `:`

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    check(
        gateway()
            .config(r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": "OK" } } }"#),
        expect![[r#"
            error[PC0302]: StaticResponseHandler: a whole number is needed here, found "OK"
             --> config/config.json:1:71
              |
            1 | { "handler": { "type": "StaticResponseHandler", "config": { "status": "OK" } } }
              |                                                                       ^^^^

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn an_object_type_nobody_knows() {
    check(
        gateway().config(r#"{ "handler": { "type": "StaticResponsHandler" } }"#),
        expect![[r#"
            error[PC0305]: there is no object type `StaticResponsHandler`
             --> config/config.json:1:24
              |
            1 | { "handler": { "type": "StaticResponsHandler" } }
              |                        ^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: did you mean `StaticResponseHandler`?

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn an_object_type_that_is_not_offered() {
    check(
        gateway().config(
            r#"{ "handler": { "type": "Chain", "config": {
                 "filters": [ { "type": "SingleSignOnFilter", "config": {} } ], "handler": "ReverseProxyHandler" } } }"#,
        ),
        expect![[r#"
            error[PC0305]: the object type `SingleSignOnFilter` is not offered by this version
             --> config/config.json:2:41
              |
            2 |                  "filters": [ { "type": "SingleSignOnFilter", "config": {} } ], "handler": "ReverseProxyHandler" } } }
              |                                         ^^^^^^^^^^^^^^^^^^^^
              |
              = help: what uses it stays closed; remove it or wait for a version that offers it

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_function_nobody_knows() {
    let route = answer_route("${toUpercase(request.method)}");
    check(
        gateway().config(&route),
        expect![[r#"
            error[PC0202]: there is no function `toUpercase`
             --> config/config.json:1:89
              |
            1 | { "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "${toUpercase(request.method)}" } } }
              |                                                                                         ^^^^^^^^^^
              |
              = help: did you mean `toUpperCase`?

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_reference_to_nothing() {
    check(
        gateway().config(r#"{ "handler": "ReverseProxyHandlr" }"#),
        expect![[r#"
            error[PC0306]: no object is named `ReverseProxyHandlr`
             --> config/config.json:1:14
              |
            1 | { "handler": "ReverseProxyHandlr" }
              |              ^^^^^^^^^^^^^^^^^^^^ a Handler is needed here
              |
              = help: did you mean `ReverseProxyHandler`?

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn objects_that_refer_to_one_another_in_a_circle() {
    check(
        gateway().config(
            r#"{
  "heap": [
    { "name": "A", "type": "Chain", "config": { "filters": [], "handler": "B" } },
    { "name": "B", "type": "Chain", "config": { "filters": [], "handler": "A" } }
  ],
  "handler": "A"
}"#,
        ),
        expect![[r#"
            error[PC0309]: these objects refer to one another in a circle: A → B → A
             --> config/config.json:3:15
              |
            3 |     { "name": "A", "type": "Chain", "config": { "filters": [], "handler": "B" } },
              |               ^^^
              |
              = help: one of the references has to go

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn two_objects_of_one_name() {
    check(
        gateway().config(
            r#"{
  "heap": [
    { "name": "Same", "type": "WelcomeHandler" },
    { "name": "Same", "type": "WelcomeHandler" }
  ],
  "handler": "Same"
}"#,
        ),
        expect![[r#"
            error[PC0308]: two objects of this heap are named `Same`
             --> config/config.json:4:15
              |
            3 |     { "name": "Same", "type": "WelcomeHandler" },
              |               ------ the first one is here
            4 |     { "name": "Same", "type": "WelcomeHandler" }
              |               ^^^^^^
              |
              = help: rename one of them; an inner heap may use a name of an outer one, the same heap may not

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_token_nobody_set() {
    check(
        gateway().config(&answer_route("&{nobody.set.this}")),
        expect![[r#"
            error[PC0050]: the token `nobody.set.this` has no value
             --> config/config.json:1:87
              |
            1 | { "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "&{nobody.set.this}" } } }
              |                                                                                       ^^^^^^^^^^^^^^^^^^ no value and no default
              |
              = help: set the environment variable `NOBODY_SET_THIS`, or give a default: `&{nobody.set.this|…}`

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_mistake_in_admin_json_is_told_together_with_those_in_config_json() {
    check(
        gateway()
            .admin(r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1" }, { "port": 70000 } ] }"#)
            .config(r#"{ "handler": "Nobody" }"#),
        expect![[r#"
            error[PC0302]: admin.json: a port is a number from 0 to 65535, found `70000`
             --> config/admin.json:1:69
              |
            1 | { "connectors": [ { "port": PORT, "host": "127.0.0.1" }, { "port": 70000 } ] }
              |                                                                     ^^^^^

            error[PC0306]: no object is named `Nobody`
             --> config/config.json:1:14
              |
            1 | { "handler": "Nobody" }
              |              ^^^^^^^^ a Handler is needed here

            2 errors, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_vertx_option_that_belongs_to_the_connector() {
    check(
        gateway()
            .admin(r#"{ "connectors": [ { "port": 0, "host": "127.0.0.1", "vertx": { "ssl": true } } ] }"#),
        expect![[r#"
            error[PC0302]: admin.json: this option cannot be set in `vertx`; use the fields of the connector (port, host, tls)
             --> config/admin.json:1:75
              |
            1 | { "connectors": [ { "port": PORT, "host": "127.0.0.1", "vertx": { "ssl": true } } ] }
              |                                                                           ^^^^

            1 error, 0 warnings, 0 notes
        "#]],
    );
}

#[test]
fn a_broken_route_when_routes_must_not_be_broken() {
    let ended = gateway()
        .config(r#"{ "handler": { "type": "Router", "config": { "failOnRouteError": true } } }"#)
        .route("broken", r#"{ "handler": "Nobody" }"#)
        .run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("no object is named `Nobody`"), "{}", ended.output);
    assert!(!ended.output.contains("started in"), "{}", ended.output);
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let admin = FREE_PORTS.replacen(r#""port": 0"#, &format!(r#""port": {port}"#), 1);
    let builder = gateway().admin(&admin);
    let folder = builder.folder().path().to_owned();
    let spawned = builder.spawn();
    spawned.wait_for_log("not started");
    let ended = spawned.end();
    assert_eq!(ended.code(), Some(1));
    assert!(!folder.join("portcullis.pid").exists());
    expect![[r#"
        error[PC0501]: port PORT is in use on 127.0.0.1; stop what listens there or choose another port
         --> config/admin.json:1:29
          |
        1 | { "connectors": [ { "port": PORT, "host": "127.0.0.1" } ], "adminConnector": { "port": 0 } }
          |                             ^^^^^
          |
          = help: nothing has been started

        1 error, 0 warnings, 0 notes
    "#]]
    .assert_eq(&complaints(&ended, &[(&port.to_string(), "PORT")]));
}

#[test]
fn when_one_port_is_in_use_no_other_is_opened() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let admin = format!(
        r#"{{ "connectors": [ {{ "port": {free}, "host": "127.0.0.1" }}, {{ "port": {taken}, "host": "127.0.0.1" }} ] }}"#
    );
    let ended = gateway().admin(&admin).run();
    assert_eq!(ended.code(), Some(1));
    assert!(
        ended.output.contains(&taken.to_string()) && !ended.output.contains("started in"),
        "{}",
        ended.output
    );
    assert!(Client::new(([127, 0, 0, 1], free).into()).try_connect().is_err());
}

#[test]
fn a_folder_that_cannot_be_read() {
    let builder = gateway();
    let folder = builder.folder().path().to_owned();
    let instance = folder.join("locked");
    // For the administrator every folder can be read, so a file in the folder's place must do.
    std::fs::create_dir(&instance).unwrap();
    std::fs::set_permissions(&instance, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read_dir(&instance).is_ok() {
        std::fs::remove_dir(&instance).unwrap();
        std::fs::write(&instance, "").unwrap();
    }
    let ended = builder.arguments(&["start", instance.to_str().unwrap()]).run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("PC0503"), "{}", ended.output);
    assert!(ended.output.contains(instance.to_str().unwrap()), "{}", ended.output);
}
