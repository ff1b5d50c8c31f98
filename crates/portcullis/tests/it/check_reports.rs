//! What `portcullis check` says of routes, in each of its formats, and how it ends.

use std::process::{Command, Output};

use expect_test::{Expect, expect};
use serde_json::Value;
use testbed::GatewayBuilder;

use crate::{PROGRAM, answer_route, gateway};

/// The program with these arguments, its outputs apart.
fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).env_remove("IG_INSTANCE_DIR").env("HOME", "/").output().unwrap()
}

fn check_folder(builder: &GatewayBuilder, arguments: &[&str]) -> Output {
    run(&[&["check"], arguments, &[builder.folder().path().to_str().unwrap()]].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A route with a condition.
fn route(condition: &str) -> String {
    answer_route("x").replacen('{', &format!(r#"{{ "condition": "${{{condition}}}", "#), 1)
}

/// Five routes of which only two ever get a request.
fn five_routes() -> GatewayBuilder {
    gateway()
        .route("10-a", &route("find(request.uri.path, '^/a')"))
        .route("20-ab", &route("find(request.uri.path, '^/a/b')"))
        .route("30-never", &route("request.method == 'GET' and &{no.such|false}"))
        .route("40-all", &answer_route("x"))
        .route("50-c", r#"{ "condition": "${find(request.uri.path, '^/c')}", "handler": "Nope" }"#)
}

#[test]
fn the_table_of_routes_says_which_load_and_which_are_ever_reached() {
    let output = check_folder(&five_routes(), &[]);
    expect![[r#"

        5 routes in config/routes, as they are asked:

           route     loads  warnings  condition
        1  10-a      yes    -         ${find(request.uri.path, '^/a')}
        2  20-ab     yes    1         ${find(request.uri.path, '^/a/b')}               never reached: 10-a takes its requests
        3  30-never  yes    1         ${request.method == 'GET' and &{no.such|false}}  never matches
        4  40-all    yes    -         (every request)
        5  50-c      no     1         ${find(request.uri.path, '^/c')}                 never reached: 40-all takes its requests
    "#]]
    .assert_eq(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_route_that_is_never_reached_is_a_warning_with_both_places() {
    let builder = gateway()
        .route("1", &route("find(request.uri.path, '^/a')"))
        .route("2", &route("request.uri.path == '/a/b'"));
    let output = check_folder(&builder, &[]);
    expect![[r#"
        warning[PC0402]: the route `2` takes no request: `1` takes all of them before it
         --> config/routes/2.json:1:16
          |
        1 | { "condition": "${request.uri.path == '/a/b'}",  "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity": "...
          |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: let `2` come before `1` in the order of names, or narrow the condition of `1`
        note: what `1` takes
         --> config/routes/1.json:1:16
          |
        1 | { "condition": "${find(request.uri.path, '^/a')}",  "handler": { "type": "StaticResponseHandler", "config": { "status": 200, "entity"...
          |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        0 errors, 1 warning, 0 notes
    "#]]
    .assert_eq(&String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(check_folder(&builder, &["--strict"]).status.code(), Some(1));
}

/// For each route in the order in which they are asked: its name, and the one that shadows it.
#[track_caller]
fn check_shadows(builder: &GatewayBuilder, expected: Expect) {
    let report = json(&check_folder(builder, &["--format", "json"]));
    let routes =
        report["routers"].as_array().unwrap().iter().flat_map(|router| router["routes"].as_array().unwrap());
    let lines = routes.map(|route| {
        let by = route["shadowedBy"].as_str().map(|by| format!(" behind {by}"));
        let never = if route["neverMatches"] == true { " never" } else { "" };
        format!("{}{}{never}\n", route["name"].as_str().unwrap(), by.unwrap_or_default())
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn routes_are_compared_in_the_order_of_their_names_not_of_their_files() {
    let named = |name: &str, text: String| text.replacen('{', &format!(r#"{{ "name": "{name}", "#), 1);
    let builder = gateway()
        .route("1", &named("z", answer_route("x")))
        .route("2", &named("b", route("find(request.uri.path, '^/b')")))
        .route("3", &named("a", route("find(request.uri.path, '^/b/c')")));
    check_shadows(
        &builder,
        expect![[r#"
        a
        b
        z
    "#]],
    );
}

#[test]
fn only_what_is_certain_is_called_shadowed() {
    let builder = gateway()
        .route("1", &route("find(request.uri.path, '^/a$')"))
        .route("2", &route("find(request.uri.path, '^/a')"))
        .route("3", &route("find(request.uri.path, '^/ab?')"))
        .route("4", &route("find(request.uri.path, '^/(a|b)')"))
        .route("5", &route("find(request.uri.host, '^/a')"))
        .route("6", &route("request.method == 'GET' and find(request.uri.path, '^/a/x')"))
        .route("7", &route("now.epochSeconds > 5"))
        .route("8", &route("now.epochSeconds > 5"));
    check_shadows(
        &builder,
        expect![[r#"
        1
        2
        3 behind 2
        4
        5
        6 behind 2
        7
        8
    "#]],
    );
}

#[test]
fn a_condition_means_what_the_properties_of_its_own_route_say() {
    let with = |start: &str| {
        route("find(request.uri.path, start)").replacen(
            '{',
            &format!(r#"{{ "properties": {{ "start": "{start}" }}, "#),
            1,
        )
    };
    let builder = gateway().route("1", &with("^/a")).route("2", &with("^/b")).route("3", &with("^/a/b"));
    check_shadows(
        &builder,
        expect![[r#"
        1
        2
        3 behind 1
    "#]],
    );
}

#[test]
fn a_route_that_is_refused_for_its_name_shadows_nothing() {
    let named = |text: String| text.replacen('{', r#"{ "name": "same", "#, 1);
    let builder = gateway()
        .route("1", &named(route("find(request.uri.path, '^/a')")))
        .route("2", &named(answer_route("x")))
        .route("zzz", &route("find(request.uri.path, '^/b')"));
    check_shadows(
        &builder,
        expect![[r#"
        same
        same
        zzz
    "#]],
    );
}

#[test]
fn routes_of_a_router_within_are_a_table_of_their_own() {
    let inner = r#"{ "handler": { "type": "Router", "config": { "directory": "&{ig.instance.dir}/config/inner" } } }"#;
    let builder = gateway()
        .route("10-outer", inner)
        .file("config/inner/1.json", &answer_route("x"))
        .file("config/inner/2.json", &answer_route("x"));
    let report = json(&check_folder(&builder, &["--format", "json"]));
    let folders: Vec<&str> = report["routers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|router| router["directory"].as_str().unwrap())
        .collect();
    assert_eq!(folders, ["config/routes", "config/inner"]);
    check_shadows(
        &builder,
        expect![[r#"
        10-outer
        1
        2 behind 1
    "#]],
    );
}

#[test]
fn the_json_report_is_one_object() {
    let output = check_folder(&five_routes(), &["--format", "json"]);
    let report = json(&output);
    expect![[r#"{"errors":1,"warnings":3,"notes":0}"#]].assert_eq(&report["counts"].to_string());
    expect![[r#"{"name":"20-ab","id":"20-ab","file":"config/routes/20-ab.json","loads":true,"errors":0,"warnings":1,"condition":"${find(request.uri.path, '^/a/b')}","neverMatches":false,"shadowedBy":"10-a"}"#]]
        .assert_eq(&report["routers"][0]["routes"][1].to_string());
    let codes: Vec<&str> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["PC0402", "PC0403", "PC0306", "PC0402"]);
    assert!(output.stderr.is_empty());
}

#[test]
fn a_token_in_a_condition_is_not_shown_with_its_value() {
    let builder = gateway().route("1", &route("request.headers['key'][0] == '&{api.key|s3cr3t}'"));
    for format in ["human", "json", "sarif"] {
        let output = check_folder(&builder, &["--format", format]);
        assert!(!String::from_utf8(output.stdout).unwrap().contains("== 's3cr3t'"), "{format}");
    }
}

#[test]
fn the_sarif_report_has_what_the_standard_asks_for() {
    let builder = five_routes().route("60 ä", "{ \"handler\": \"ä\", \"x\": \"Nopé\" }");
    let log = json(&check_folder(&builder, &["--format", "sarif"]));
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run") };
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"].as_str().unwrap();
    assert!(base.starts_with("file:///") && base.ends_with('/'), "{base}");

    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "portcullis");
    let rules = driver["rules"].as_array().unwrap();
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    for rule in rules {
        assert!(!rule["fullDescription"]["text"].as_str().unwrap().is_empty(), "{rule}");
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty(), "{rule}");
        let page = format!("/docs/reference/diagnostics/{}.md", rule["id"].as_str().unwrap());
        let uri = rule["helpUri"].as_str().unwrap();
        assert!(uri.starts_with("https://") && uri.ends_with(&page), "{uri}");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 7);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(result["ruleId"], ids[index]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for location in result["locations"].as_array().unwrap() {
            let physical = &location["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.starts_with("config/routes/") && !uri.contains([' ', 'ä']), "{uri}");
            assert_eq!(physical["artifactLocation"]["uriBaseId"], "%SRCROOT%");
            let region = &physical["region"];
            let place =
                |line: &str, column: &str| (region[line].as_u64().unwrap(), region[column].as_u64().unwrap());
            let (start, end) = (place("startLine", "startColumn"), place("endLine", "endColumn"));
            assert!(start >= (1, 1) && start <= end, "{region}");
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), rules.len(), "no id twice");
    let last = results.iter().find(|result| result.to_string().contains("60%20%C3%A4")).unwrap();
    expect![[r#"{"startLine":1,"startColumn":14,"endLine":1,"endColumn":17}"#]]
        .assert_eq(&last["locations"][0]["physicalLocation"]["region"].to_string());
}

#[test]
fn a_mistake_in_no_file_has_no_location() {
    let builder = gateway();
    let builder = builder.env("X", "y");
    let output = Command::new(PROGRAM)
        .args(["check", "--format", "sarif", builder.folder().path().to_str().unwrap()])
        .env("IG_ENVCONFIG_DIRS", "/no/such/folder")
        .output()
        .unwrap();
    let log = json(&output);
    let result = &log["runs"][0]["results"][0];
    assert_eq!((result["ruleId"].as_str(), result.get("locations")), (Some("PC0505"), None));
}

#[test]
fn a_code_is_explained_however_it_is_written() {
    for written in ["PC0402", "pc0402", "402", "0402", "route-shadowed"] {
        let output = run(&["check", "--explain", written]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("# PC0402: route shadowed\n\nEvery request"), "{written}: {text}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn every_code_that_is_reported_can_be_explained() {
    let log = json(&check_folder(&gateway(), &["--format", "sarif"]));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.len() > 50);
    for id in rules.iter().step_by(9).map(|rule| rule["id"].as_str().unwrap()) {
        assert!(run(&["check", "--explain", id]).status.success(), "{id}");
    }
}

#[test]
fn exit_code_2_says_that_nothing_was_checked() {
    let refused = |arguments: &[&str], expected: Expect| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        expected.assert_eq(String::from_utf8(output.stderr).unwrap().lines().next().unwrap());
    };
    refused(
        &["check", "--explain", "PC0442"],
        expect!["error: there is no code `PC0442`; did you mean `PC0402`?"],
    );
    refused(&["check", "--explain", "x"], expect!["error: there is no code `x`"]);
    refused(
        &["check", "/no/such/folder"],
        expect!["error[PC0503]: `/no/such/folder` cannot be read: No such file or directory (os error 2)"],
    );
    refused(&["check", "--format", "xml"], expect!["error: invalid value 'xml' for '--format <FORMAT>'"]);
    refused(
        &["check", "--explain", "PC0402", "--strict"],
        expect!["error: the argument '--explain <CODE>' cannot be used with '--strict'"],
    );
}
