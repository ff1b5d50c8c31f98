//! Folders in the words of older releases, from OpenIG 2 on: they run as they are, and the check names the words
//! of today.

use expect_test::{Expect, expect};
use testbed::GatewayBuilder;

use crate::{answer_route, gateway};

/// The complaints of `check`, without the drawings.
#[track_caller]
fn check(builder: GatewayBuilder, expected: Expect) {
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["check", &instance]).run();
    let told = ended.output.lines().filter(|line| line.starts_with(['e', 'w']) || line.contains("--> "));
    expected.assert_eq(&told.map(|line| format!("{}\n", line.trim_end())).collect::<String>());
}

/// Entered through a servlet, which chooses by path, in a heap of objects.
fn version_2() -> GatewayBuilder {
    gateway().config(
        r#"{
  "heap": { "objects": [
    { "name": "LogSink", "type": "ConsoleLogSink", "config": { "level": "DEBUG" } },
    { "name": "App", "type": "StaticResponseHandler", "config": { "status": 200, "entity": "app" } },
    { "name": "AppServlet", "type": "HandlerServlet", "config": { "handler": "App" } },
    { "name": "Router", "type": "RouterHandler", "config": { "logSink": "LogSink" } },
    { "name": "DispatchServlet", "type": "DispatchServlet", "config": { "bindings": [
      { "pattern": "^/app", "object": "AppServlet" },
      { "pattern": ".*", "object": "Router" }
    ] } }
  ] },
  "logSink": "LogSink",
  "monitor": true,
  "servletObject": "DispatchServlet"
}
"#,
    )
}

/// A route of version 3 in it.
fn with_a_route_of_version_3() -> GatewayBuilder {
    version_2().route(
        "route",
        r#"{
  "_comment": "of the year 2014",
  "handlerObject": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "route" } },
  "monitor": { "enabled": true },
  "audit": "tag"
}
"#,
    )
}

#[test]
fn configurations_of_versions_2_and_3_run() {
    let gateway = with_a_route_of_version_3().start();
    assert_eq!(gateway.get("/app/page").text(), "app");
    assert_eq!(gateway.get("/elsewhere").text(), "route");
}

#[test]
fn the_words_of_today_are_named() {
    check(
        with_a_route_of_version_3(),
        expect![[r#"
        warning[PC0314]: `objects` of a heap is a name of older releases; write the array as `heap`
         --> config/config.json:2:13
        warning[PC0311]: `ConsoleLogSink` is an object type of older releases; write no log sink: every message goes to the one log of the program
         --> config/config.json:3:34
        warning[PC0311]: `HandlerServlet` is an object type of older releases; write the name of its `handler` in place of its own
         --> config/config.json:5:37
        warning[PC0311]: `RouterHandler` is an older name of `Router`
         --> config/config.json:6:33
        warning[PC0314]: `logSink` of Router is a name of older releases and is ignored: every message goes to the one log of the program
         --> config/config.json:6:62
        warning[PC0311]: `DispatchServlet` is an object type of older releases; write a `DispatchHandler` with conditions such as `${find(request.uri.path, '^/app')}`
         --> config/config.json:7:42
        warning[PC0314]: `logSink` of config.json is a name of older releases and is ignored: every message goes to the one log of the program
          --> config/config.json:12:3
        warning[PC0314]: `monitor` of config.json is a name of older releases and is ignored: metrics need no switch
          --> config/config.json:13:3
        warning[PC0314]: `servletObject` of config.json is a name of older releases; write `handler`
          --> config/config.json:14:3
        warning[PC0314]: `handlerObject` of a route is a name of older releases; write `handler`
         --> config/routes/route.json:3:3
        warning[PC0314]: `monitor` of a route is a name of older releases and is ignored: metrics need no switch
         --> config/routes/route.json:4:3
        warning[PC0314]: `audit` of a route is a name of older releases and is ignored: requests are audited by the `auditService` of a route or of config.json
         --> config/routes/route.json:5:3
    "#]],
    );
}

#[test]
fn a_field_by_both_of_its_names_is_a_mistake() {
    check(
        gateway().config(r#"{ "handler": "ClientHandler", "handlerObject": "ClientHandler" }"#),
        expect![[r#"
            error[PC0302]: config.json: duplicate field `handler`
             --> config/config.json:1:1
            warning[PC0314]: `handlerObject` of config.json is a name of older releases; write `handler`
             --> config/config.json:1:31
        "#]],
    );
}

#[test]
fn scan_intervals_in_every_form_that_folders_have() {
    for interval in [
        r#""disabled""#,
        "0",
        "-1",
        "10",
        r#"{ "$int": "&{interval|10}" }"#,
        r#""&{interval|2 seconds}""#,
        r#""${2} s""#,
    ] {
        let config =
            format!(r#"{{ "handler": {{ "type": "Router", "config": {{ "scanInterval": {interval} }} }} }}"#);
        let gateway = gateway().config(&config).route("route", &answer_route("there")).start();
        assert_eq!(gateway.get("/").text(), "there", "{interval}");
    }
}
