//! A folder of route files and a request in, what the origin saw and what the client got out.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use expect_test::{Expect, expect};

use super::Running;
use super::scan::Scanner;
use crate::testing::play;

/// A folder that is removed again.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(std::env::temp_dir().join(format!("routes-{}", uuid::Uuid::new_v4())));
        std::fs::create_dir(&folder.0).unwrap();
        for (name, text) in files {
            std::fs::write(folder.0.join(name), text).unwrap();
        }
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Plays `GET /a` through a router over these files.
#[track_caller]
fn check(files: &[(&str, &str)], config: &str, expected: Expect) {
    let folder = Folder::with(files);
    let router = format!(r#"{{"directory": "{}"{config}}}"#, folder.0.display());
    let level = format!(r#"{{"handler": {{"type": "Router", "name": "_router", "config": {router}}}}}"#);
    let shown = match play(&level, "GET /a") {
        Ok(shown) => shown,
        Err(diagnostics) => diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect(),
    };
    let shown = shown.replace(&folder.0.display().to_string(), "FOLDER");
    let status = shown.lines().find(|line| line.contains(": error") || line.starts_with(char::is_numeric));
    expected.assert_eq(status.unwrap_or(&shown));
}

/// A route that answers with a status.
fn route(fields: &str, status: u16) -> String {
    format!(r#"{{{fields}"handler": {{"type": "StaticResponseHandler", "config": {{"status": {status}}}}}}}"#)
}

#[test]
fn the_first_route_in_order_of_names_takes_the_request() {
    let (first, second) = (route(r#""name": "2", "#, 202), route(r#""name": "10", "#, 210));
    check(&[("a.json", &first), ("b.json", &second)], "", expect!["210 "]);
}

#[test]
fn a_condition_that_is_not_true_leaves_the_request_to_others() {
    let first = route(r#""condition": "${request.method}", "#, 201);
    let second = route(r#""condition": "${find(request.uri.path, '^/a')}", "#, 202);
    check(&[("1.json", &first), ("2.json", &second)], "", expect!["202 Accepted"]);
}

#[test]
fn nobody_taking_the_request_is_404_or_the_default_handler() {
    check(&[], "", expect!["404 Not Found"]);
    let default = r#", "defaultHandler": {"type": "StaticResponseHandler", "config": {"status": 204}}"#;
    check(&[], default, expect!["204 No Content"]);
}

#[test]
fn only_json_files_in_lower_case_are_routes() {
    check(&[("1.JSON", &route("", 201)), ("2.txt", &route("", 202))], "", expect!["404 Not Found"]);
}

#[test]
fn a_broken_route_is_closed_and_the_others_run() {
    let broken = r#"{"condition": "${find(request.uri.path, '^/a')}", "handler": "Missing"}"#;
    check(&[("1.json", broken), ("2.json", &route("", 202))], "", expect!["503 Service Unavailable"]);
    let elsewhere = r#"{"condition": "${find(request.uri.path, '^/b')}", "handler": "Missing"}"#;
    check(&[("1.json", elsewhere), ("2.json", &route("", 202))], "", expect!["202 Accepted"]);
}

#[test]
fn a_broken_route_is_closed_by_a_condition_that_uses_its_properties() {
    let broken = r#"{
        "properties": {"start": "^/a"},
        "condition": "${find(request.uri.path, start)}",
        "handler": "Missing"
    }"#;
    check(&[("1.json", broken), ("2.json", &route("", 202))], "", expect!["503 Service Unavailable"]);
}

#[test]
fn a_file_that_is_not_json_is_closed_by_the_condition_that_can_still_be_read() {
    let broken = r#"{"condition": "${find(request.uri.path, '^/a')}", "handler": "#;
    check(&[("1.json", broken), ("2.json", &route("", 202))], "", expect!["503 Service Unavailable"]);
    check(&[("1.json", "{"), ("2.json", &route("", 202))], "", expect!["202 Accepted"]);
}

#[test]
fn a_broken_route_stops_a_strict_router() {
    let strict = r#", "failOnRouteError": true"#;
    let broken = r#"{"handler": "Missing"}"#;
    check(
        &[("1.json", broken)],
        strict,
        expect!["FOLDER/1.json:1:13: error[PC0306]: no object is named `Missing`"],
    );
}

#[test]
fn the_second_route_of_a_name_is_refused() {
    let second = route(r#""name": "1", "condition": "${true}", "#, 202);
    check(&[("1.json", &route("", 201)), ("2.json", &second)], "", expect!["201 Created"]);
    check(&[("default.json", &route("", 201))], "", expect!["404 Not Found"]);
}

#[test]
fn a_folder_that_holds_itself_is_not_entered_twice() {
    let folder = Folder::with(&[("2.json", &route("", 202))]);
    let router = format!(
        r#"{{"handler": {{"type": "Router", "config": {{"directory": "{}/../{}"}}}}}}"#,
        folder.0.display(),
        folder.0.file_name().unwrap().display(),
    );
    std::fs::write(folder.0.join("1.json"), router).unwrap();
    let level = format!(
        r#"{{"handler": {{"type": "Router", "config": {{"directory": "{}"}}}}}}"#,
        folder.0.display()
    );
    let shown = play(&level, "GET /a").unwrap_or_else(|_| panic!("the router starts"));
    assert!(shown.contains("503 Service Unavailable"), "{shown}");
}

/// A router whose folder changes while it runs.
struct Live {
    folder: Folder,
    router: Arc<Running>,
    scanner: Scanner,
    _started: heap::Started,
}

impl Live {
    fn new() -> Self {
        #[derive(serde::Deserialize)]
        struct Fields {}
        let folder = Folder::with(&[]);
        let paths = heap::InstancePaths::below(&folder.0);
        let process = heap::ProcessSettings::default();
        let environment = Arc::new(heap::Environment::new(crate::catalogue(), paths, process));
        let document = heap::Document::parse(&environment, "config.json", b"{}", None);
        let level = heap::declare::<Fields>(&environment, document, None, "a level", true).level.unwrap();
        let Ok(unstarted) = level.plan.build(&environment, None) else { panic!("the level is sound") };
        let started = unstarted.start(&environment).unwrap_or_else(|_| panic!("the level starts"));
        let router =
            Arc::new(Running { name: "r".to_owned(), table: ArcSwap::default(), default_handler: None });
        let starting = heap::Starting { generation: &started.generation, environment: &environment };
        let scanner = Scanner::new(folder.0.clone(), Arc::default(), &starting, Arc::downgrade(&router));
        Self { folder, router, scanner, _started: started }
    }

    /// Writes or removes files, scans, and shows the routes: a closed one in brackets.
    #[track_caller]
    fn check(&mut self, changes: &[(&str, Option<&str>)], expected: &str) {
        for (name, text) in changes {
            let path = self.folder.0.join(name);
            match text {
                Some(text) => std::fs::write(path, text).unwrap(),
                None => std::fs::remove_file(path).unwrap(),
            }
        }
        assert!(self.scanner.scan().is_ok());
        let table = self.router.table.load();
        let shown = table.routes.iter().map(|route| match route.is_serving() {
            true => route.identity.id.clone(),
            false => format!("({})", route.identity.id),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected);
    }
}

#[test]
fn a_scan_follows_the_files() {
    let (mut live, good) = (Live::new(), route("", 200));
    live.check(&[], "");
    live.check(&[("b.json", Some(&good)), ("a.json", Some(&good))], "a b");
    live.check(&[("c.json", Some("{")), ("a.json", Some("{"))], "a b");
    live.check(&[("c.json", Some(r#"{"handler": "Missing"}"#)), ("b.json", None)], "a (c)");
    live.check(&[("c.json", Some(&good)), ("a.json", None)], "c");
}

#[test]
fn a_refused_name_is_tried_again_when_it_may_be_free() {
    let mut live = Live::new();
    let (first, second) = (route(r#""_id": "x", "#, 200), route(r#""_id": "x", "name": "y", "#, 201));
    live.check(&[("a.json", Some(&first)), ("b.json", Some(&second))], "x");
    live.check(&[("a.json", None)], "x");
    assert_eq!(live.router.table.load().routes[0].identity.name, "y");
    live.check(&[("c.json", Some(&first))], "x");
    live.check(&[("b.json", Some(&route(r#""_id": "z", "#, 200)))], "x z");
    live.check(&[("d.json", Some(&route("", 200)))], "d x z");
}

#[test]
fn a_folder_that_is_named_must_exist() {
    let level = r#"{"handler": {"type": "Router", "config": {"directory": "/nonexistent/routes"}}}"#;
    let complaints = play(level, "GET /").unwrap_err();
    expect!["config.json:1:56: error[PC0313]: the folder `/nonexistent/routes` cannot be read"]
        .assert_eq(&complaints[0].to_string());
}

#[test]
fn a_scan_interval_is_limited() {
    let level = r#"{"handler": {"type": "Router", "config": {"scanInterval": "unlimited"}}}"#;
    let complaints = play(level, "GET /").unwrap_err();
    expect!["config.json:1:59: error[PC0313]: a scan interval cannot be unlimited"]
        .assert_eq(&complaints[0].to_string());
}
