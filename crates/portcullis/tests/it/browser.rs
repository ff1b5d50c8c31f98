//! A real browser in front of the gateway: headless Chromium.

use std::process::{Command, Stdio};

use testbed::Folder;

use crate::sample_app::SampleApp;
use crate::{gateway, websocket_route};

/// The names the browser goes by.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The browser, if this machine has one. The build machine must.
fn browser() -> Option<&'static str> {
    let answers = |program: &&str| {
        let mut version = Command::new(program);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    let found = PROGRAMS.into_iter().find(|program| answers(program));
    if found.is_none() {
        let is_build_machine = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_build_machine, "there is no Chromium; run `cargo xtask setup`");
        eprintln!("skipped: there is no Chromium on this machine; run `cargo xtask setup`");
    }
    found
}

/// What a page looks like once it has loaded.
fn dump(program: &str, url: &str) -> String {
    let profile = Folder::new();
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-extensions", "--mute-audio", "--timeout=30000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_page_its_style_a_websocket_and_events_work_through_the_gateway() {
    let Some(program) = browser() else { return };
    let application = SampleApp::start();
    let gateway = gateway().route("all", &websocket_route(&application.uri())).start();
    let page = dump(program, &format!("http://{}/a/page?of=ours", gateway.address()));
    assert!(page.contains("<td>/a/page?of=ours</td>"), "{page}");

    // The page holds its load event up for a while; a busy machine may need a longer one.
    let complete = [2_000, 5_000, 15_000].into_iter().find_map(|hold_ms| {
        let page = dump(program, &format!("http://{}/live?hold={hold_ms}", gateway.address()));
        let is_complete = page.contains("echo: hello through the gateway") && page.contains(">tick ");
        is_complete.then_some(()).ok_or_else(|| eprintln!("{page}")).ok()
    });
    assert!(complete.is_some(), "the page's script had no answer from its WebSocket or its events");
}
