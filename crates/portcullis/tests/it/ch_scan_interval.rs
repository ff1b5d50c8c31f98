//! "Start IG with a customized router scan interval".

use std::time::{Duration, Instant};

use testbed::pause;

use crate::scripts::Package;
use crate::{answer_route, gateway};

#[test]
fn an_edit_appears_within_the_interval_of_the_environment() {
    let package = Package::new();
    let start =
        package.start().env("IG_ROUTER_SCAN_INTERVAL", "2 seconds").route("all", &answer_route("old"));
    let instance = start.folder().path().to_str().unwrap().to_owned();
    let gateway = start.arguments(&[&instance]).start();
    assert_eq!(gateway.get("/").text(), "old");
    let edited = Instant::now();
    gateway.folder().write("config/routes/all.json", &answer_route("new"));
    testbed::eventually("the edit appears", || (gateway.get("/").text() == "new").then_some(()));
    // Two seconds, and some for a busy machine; the default of ten would be noticed.
    assert!(edited.elapsed() < Duration::from_secs(6), "{:?}", edited.elapsed());
}

#[test]
fn an_edit_is_found_by_content_even_when_the_file_looks_older() {
    let gateway =
        gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms").route("all", &answer_route("old")).start();
    let path = gateway.folder().path().join("config/routes/all.json");
    let before = std::fs::metadata(&path).unwrap().modified().unwrap() - Duration::from_secs(3600);
    gateway.folder().write("config/routes/all.json", &answer_route("new"));
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    testbed::eventually("the edit appears", || (gateway.get("/").text() == "new").then_some(()));
}

#[test]
fn disabled_loads_the_routes_once() {
    let gateway =
        gateway().env("IG_ROUTER_SCAN_INTERVAL", "disabled").route("all", &answer_route("old")).start();
    gateway.folder().write("config/routes/all.json", &answer_route("new"));
    pause(Duration::from_millis(1500));
    assert_eq!(gateway.get("/").text(), "old");
}
