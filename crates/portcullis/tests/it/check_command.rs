//! `portcullis check`: the whole report in one run, for people and for machines, with nothing started.

use expect_test::expect;
use testbed::GatewayBuilder;

use crate::{answer_route, gateway};

/// Twelve files' worth of mistakes, one each.
fn twelve_mistakes() -> GatewayBuilder {
    gateway()
        .config(
            r#"{
  "heap": [
    { "name": "Twice", "type": "WelcomeHandler" },
    { "name": "Twice", "type": "WelcomeHandler" },
    { "name": "Router", "type": "Router" },
    { "name": "Egg", "type": "Chain", "config": { "filters": [], "handler": "Hen" } },
    { "name": "Hen", "type": "Chain", "config": { "filters": [], "handler": "Egg" } }
  ],
  "handler": "Routr"
}
"#,
        )
        .route("01-not-json", "{\n  \"handler\": \"ReverseProxyHandler\"\n  \"name\": \"one\"\n}\n")
        .route("02-unknown-type", "{\n  \"handler\": { \"type\": \"ReverseProxyHandlr\" }\n}\n")
        .route(
            "03-wrong-type",
            "{\n  \"handler\": {\n    \"type\": \"StaticResponseHandler\",\n    \"config\": { \"status\": [200] }\n  }\n}\n",
        )
        .route(
            "04-unknown-function",
            "{\n  \"condition\": \"${fnd(request.uri.path, '^/x')}\",\n  \"handler\": \"ReverseProxyHandler\"\n}\n",
        )
        .route("05-missing-field", "{\n  \"name\": \"five\",\n  \"handler\": { \"type\": \"Chain\", \"config\": { \"filters\": [] } }\n}\n")
        .route("06-wrong-role", "{\n  \"heap\": [ { \"name\": \"F\", \"type\": \"DateHeaderFilter\" } ],\n  \"handler\": \"F\"\n}\n")
        .route("07-token",
            "{\n  \"handler\": {\n    \"type\": \"StaticResponseHandler\",\n    \"config\": { \"status\": 200, \"entity\": \"&{no.such.text}\" }\n  }\n}\n",
        )
        .route(
            "08-syntax",
            "{\n  \"condition\": \"${request.method == }\",\n  \"handler\": \"ReverseProxyHandler\"\n}\n",
        )
        .route(
            "09-duration",
            "{\n  \"handler\": { \"type\": \"ReverseProxyHandler\", \"config\": { \"soTimeout\": \"ten minutes\" } }\n}\n",
        )
}

#[test]
fn twelve_mistakes_in_one_folder_are_reported_in_one_run_each_at_its_place() {
    let builder = twelve_mistakes();
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["check", &instance]).run();
    assert_eq!(ended.code(), Some(1));
    // Routes without a condition are warned of as well, behind the errors.
    let errors = ended.output.split("\nwarning").next().unwrap();
    let places = errors.lines().filter(|line| line.starts_with("error") || line.contains("--> "));
    let places: Vec<&str> = places.map(str::trim_end).collect();
    expect![[r#"
        error[PC0308]: two objects of this heap are named `Twice`
         --> config/config.json:4:15
        error[PC0309]: these objects refer to one another in a circle: Egg → Hen → Egg
         --> config/config.json:6:15
        error[PC0306]: no object is named `Routr`
         --> config/config.json:9:14
        error[PC0001]: expected `,` or `}`, found `"`
         --> config/routes/01-not-json.json:3:3
        error[PC0305]: there is no object type `ReverseProxyHandlr`
         --> config/routes/02-unknown-type.json:2:24
        error[PC0302]: StaticResponseHandler: a whole number is needed here, found an array
         --> config/routes/03-wrong-type.json:4:27
        error[PC0202]: there is no function `fnd`
         --> config/routes/04-unknown-function.json:2:19
        error[PC0303]: Chain needs the field `handler`
         --> config/routes/05-missing-field.json:3:43
        error[PC0307]: `F` is a Filter (DateHeaderFilter), but a Handler is needed here
         --> config/routes/06-wrong-role.json:3:14
        error[PC0050]: the token `no.such.text` has no value
         --> config/routes/07-token.json:4:43
        error[PC0200]: expected a value, found the end of the expression
         --> config/routes/08-syntax.json:2:37
        error[PC0302]: ReverseProxyHandler: `ten minutes` does not start with a number; expected a number and a unit, such as `5 minutes`, or `unlimited`
         --> config/routes/09-duration.json:2:72
    "#]].assert_eq(&(places.join("\n") + "\n"));
    assert!(ended.output.contains("12 errors"), "{}", ended.output);
}

#[test]
fn what_only_a_start_would_refuse_is_reported_as_well() {
    let status = |fields: &str, status: u16| {
        format!(
            r#"{{ {fields}"handler": {{ "type": "StaticResponseHandler", "config": {{ "status": {status} }} }} }}"#
        )
    };
    let builder = gateway()
        .route("1-status", &status("", 101))
        .route("2-first", &status(r#""name": "same", "#, 200))
        .route("3-second", &status(r#""name": "same", "#, 200))
        .route("default", &status("", 200))
        .route(
            "4-inner",
            r#"{ "handler": { "type": "Router", "config": { "directory": "/no/such/folder" } } }"#,
        )
        .route(
            "5-interval",
            r#"{ "handler": { "type": "Router", "config": { "directory": "&{ig.instance.dir}", "scanInterval": "unlimited" } } }"#,
        );
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["check", &instance]).run();
    let errors: Vec<&str> = ended.output.lines().filter(|line| line.starts_with("error")).collect();
    expect![[r#"
        error[PC0313]: a status is a number from 200 to 999
        error[PC0400]: config/routes/3-second.json: the route `same` has the same name or id
        error[PC0313]: the folder `/no/such/folder` cannot be read
        error[PC0313]: a scan interval cannot be unlimited
        error[PC0400]: config/routes/default.json: `default` cannot be the name or id of a route
    "#]]
    .assert_eq(&(errors.join("\n") + "\n"));
    assert_eq!(ended.code(), Some(1));
}

#[test]
fn a_check_neither_starts_nor_writes_anything() {
    let builder = gateway().route("all", &answer_route("well"));
    let folder = builder.folder().path().to_owned();
    let count = |folder: &std::path::Path| std::fs::read_dir(folder).unwrap().count();
    let before = count(&folder);
    let spawned = builder.arguments(&["check", folder.to_str().unwrap()]).spawn();
    spawned.wait_for_log("0 errors");
    assert_eq!(count(&folder), before);
    assert!(spawned.end().success());
}

#[test]
fn a_warning_fails_a_strict_check_only() {
    let config =
        r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entty": "x" } } }"#;
    let run = |arguments: &[&str]| {
        let builder = gateway().config(config);
        let instance = builder.folder().path().to_str().unwrap().to_owned();
        builder.arguments(&[arguments, &[&instance]].concat()).run()
    };
    let ended = run(&["check"]);
    assert!(ended.success() && ended.output.contains("did you mean `entity`?"), "{}", ended.output);
    assert_eq!(run(&["check", "--strict"]).code(), Some(1));
}

#[test]
fn every_bad_connector_is_told() {
    let admin = r#"{ "connectors": [{ "port": -1 }, { "port": 70000 }, { "port": "x" }, {}] }"#;
    let builder = gateway().admin(admin);
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["check", &instance]).run();
    for place in ["admin.json:1:28", "admin.json:1:44", "admin.json:1:63", "admin.json:1:70"] {
        assert!(ended.output.contains(place), "{place}: {}", ended.output);
    }
    assert!(ended.output.contains("4 errors"), "{}", ended.output);
}

#[test]
fn routes_that_load_themselves_are_told() {
    let builder = gateway().route("1-loop", r#"{ "handler": { "type": "Router" } }"#);
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    let ended = builder.arguments(&["check", &instance]).run();
    let error = ended.output.lines().find(|line| line.starts_with("error")).unwrap_or(&ended.output);
    expect!["error[PC0401]: the routes of `DIR/config/routes` would load themselves without end"]
        .assert_eq(&error.replace(&instance, "DIR"));
}
