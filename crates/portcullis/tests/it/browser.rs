//! A real browser in front of the gateway: headless Chromium.

use std::process::{Command, Stdio};

use testbed::Folder;

use crate::sample_app::SampleApp;
use crate::{gateway, live_sessions, websocket_route};

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
    dump_after(program, "--timeout=30000", url)
}

/// What is shown once scripts have led from page to page.
fn dump_at_the_end(program: &str, url: &str) -> String {
    dump_after(program, "--virtual-time-budget=10000", url)
}

fn dump_after(program: &str, time: &str, url: &str) -> String {
    let profile = Folder::new();
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-extensions", "--mute-audio", time])
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

/// The login of this test: it takes everybody in, and leads back without what a browser keeps to itself.
const LOGIN: &str = r#"{
  "condition": "${request.uri.path == '/login'}",
  "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "headers": { "Content-Type": ["text/html"], "Set-Cookie": ["user=1; Path=/"] },
    "entity": "<script>location.replace('/app/page')</script>" } }
}"#;

/// A page with a form, for people who have not logged in.
const START: &str = r#"{
  "condition": "${request.uri.path == '/start'}",
  "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "headers": { "Content-Type": ["text/html"] },
    "entity": "<form method='post' action='/app/page'><input name='a' value='1 &amp; &quot;2'><input name='submit' value='3'></form><script>HTMLFormElement.prototype.submit.call(document.forms[0])</script>" } }
}"#;

/// Filters, then the login for whoever needs it, then a page that tells how it was asked for.
fn application(filters: &str) -> String {
    format!(
        r##"{{
          "condition": "${{find(request.uri.path, '^/app/')}}",
          "handler": {{ "type": "Chain", "config": {{ "filters": [
            {filters}
            {{ "type": "SwitchFilter", "config": {{ "onRequest": [ {{
                "condition": "${{empty request.cookies['user']}}",
                "handler": {{ "type": "StaticResponseHandler",
                    "config": {{ "status": 302, "headers": {{ "Location": ["/login#from-outside"] }} }} }} }} ] }} }}
          ],
          "handler": {{ "type": "StaticResponseHandler", "config": {{ "status": 200,
            "headers": {{ "Content-Type": ["text/html"] }},
            "entity": "<p>${{request.method}} (${{request.entity.string}}) <b></b></p><script>document.querySelector('b').textContent = 'at ' + location.hash</script>" }} }} }} }}
        }}"##
    )
}

#[test]
fn a_fragment_survives_a_login() {
    let Some(program) = browser() else { return };
    let shown = |filters: &str| {
        let gateway = gateway().route("application", &application(filters)).route("login", LOGIN).start();
        dump_at_the_end(program, &format!("http://{}/app/page#two/three?4", gateway.address()))
    };
    let page =
        shown(r#"{ "type": "FragmentFilter", "config": { "fragmentCaptureEndpoint": "/app/fragment" } },"#);
    assert!(page.contains("GET () <b>at #two/three?4</b>"), "{page}");
    let page = shown("");
    assert!(page.contains("GET () <b>at </b>"), "{page}");
}

#[test]
fn a_form_survives_a_login() {
    let Some(program) = browser() else { return };
    let shown = |filters: &str| {
        let gateway = gateway().route("application", &application(filters)).route("login", LOGIN);
        let gateway = gateway.route("start", START).start();
        dump_at_the_end(program, &format!("http://{}/start", gateway.address()))
    };
    let page = shown(r#"{ "type": "DataPreservationFilter" },"#);
    assert!(page.contains("POST (a=1+%26+%222&amp;submit=3) <b>"), "{page}");
    let page = shown("");
    assert!(page.contains("GET () <b>"), "{page}");
}

/// A page that logs its user in, opens what lasts, logs out, and tells how it ended. It holds its load event up.
const LIVE: &str = r#"{
  "condition": "${request.uri.path == '/page'}",
  "handler": { "type": "Chain", "config": {
    "filters": [ { "type": "AssignmentFilter", "config": { "onRequest": [
      { "target": "${session.user}", "value": "bob" } ] } } ],
    "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
      "headers": { "Content-Type": ["text/html"] },
      "entity": "<p id='socket'></p><p id='events'></p><script>
        const show = (id, text) => document.getElementById(id).textContent = text;
        const socket = new WebSocket('ws://' + location.host + '/ws');
        const events = new EventSource('/events?interval=600000');
        const opened = (target) => new Promise((resolve) => target.onopen = resolve);
        Promise.all([opened(socket), opened(events)]).then(() => fetch('/logout'));
        socket.onclose = (event) => show('socket', event.code + ' ' + event.reason + ' ' + event.wasClean);
        events.onerror = () => { show('events', 'ended'); events.close(); };
      </script><img src='/slow?ms=HOLD'>" } } } }
}"#;

#[test]
fn a_page_learns_that_its_session_has_ended() {
    let Some(program) = browser() else { return };
    let application = SampleApp::start();
    // A busy machine may need a longer time.
    let is_told = [2_000, 5_000, 15_000].into_iter().any(|hold_ms| {
        let page = LIVE.replace("HOLD", &hold_ms.to_string()).replace('\n', " ");
        let gateway = live_sessions::builder(&application.uri(), "1 hour").route("page", &page).start();
        let shown = dump(program, &format!("http://{}/page", gateway.address()));
        let is_told =
            shown.contains(">4401 session ended true</p>") && shown.contains(r#"id="events">ended</p>"#);
        if !is_told {
            eprintln!("{shown}");
        }
        is_told
    });
    assert!(is_told, "the page was not told that its session has ended");
}
