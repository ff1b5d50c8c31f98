//! Guides in `docs/guide`: what they tell people to write is written, and what they tell them to run is run.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use testbed::redis::free_port;
use testbed::{Gateway, GatewayBuilder, until};

use crate::live_sessions::{admin_address, admin_json};
use crate::{PROGRAM, gateway};

/// What has been replaced is noticed within a second or two; on a busy machine it takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

const CONFIG: &str = "config/config.json";

/// What the log says when another `config.json` serves.
const RELOADED: &str = "config.json has changed and is loaded.";

/// A fenced block of a guide: its language, its text, and the paragraph before it.
struct Block<'g> {
    language: &'g str,
    text: &'g str,
    before: &'g str,
}

/// Everything in the section of this title.
fn blocks<'g>(guide: &'g str, title: &str) -> Vec<Block<'g>> {
    let (_, section) = guide.split_once(&format!("\n## {title}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut parts = section.split("\n```");
    let mut before = parts.next().unwrap_or_default();
    let mut found = Vec::new();
    while let Some(block) = parts.next() {
        let (language, text) = block.split_once('\n').unwrap();
        found.push(Block { language, text, before });
        before = parts.next().unwrap_or_default();
    }
    found
}

/// An instance on the way through a guide.
enum Instance {
    Prepared(GatewayBuilder),
    Running(Gateway),
}

/// Follows sections of a guide to their ends. Files are written, and commands run, in the folder of one instance; the
/// commands that come after its start are tried until they succeed, and what they change in `config.json` serves before
/// the next step.
pub(crate) fn follow(guide: &str, titles: &[&str]) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide").join(guide);
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut instance = Instance::Prepared(gateway().admin(&admin_json()));
    for Block { language, text, before } in titles.iter().flat_map(|title| blocks(&guide, title)) {
        instance = match (language, instance) {
            ("json", Instance::Prepared(builder)) => Instance::Prepared(write(builder, before, text)),
            ("json", Instance::Running(gateway)) => {
                replace(&gateway, before, text);
                Instance::Running(gateway)
            }
            ("sh", Instance::Prepared(builder)) if text.starts_with("portcullis start ") => {
                Instance::Running(builder.start())
            }
            ("sh", Instance::Prepared(builder)) => {
                run(text, builder.folder().path()).unwrap_or_else(|complaint| panic!("{text}\n{complaint}"));
                Instance::Prepared(builder)
            }
            ("sh", Instance::Running(gateway)) => {
                try_until_done(text, &gateway);
                Instance::Running(gateway)
            }
            (other, _) => panic!("a block of {other}"),
        }
    }
}

/// The file of the instance that a block is. Its name is the last one before the block.
fn file(before: &str) -> &str {
    before.rsplit('`').nth(1).unwrap()
}

/// Writes a file of the instance, on free ports.
fn write(builder: GatewayBuilder, before: &str, text: &str) -> GatewayBuilder {
    let path = file(before);
    let text = text.replace("\"port\": 8080", "\"port\": 0, \"host\": \"127.0.0.1\"");
    let mut text = text.replace("\"port\": 8443", "\"port\": 0, \"host\": \"127.0.0.1\"");
    if path == "config/admin.json" {
        let admin =
            format!("{{ \"adminConnector\": {{ \"port\": {}, \"host\": \"127.0.0.1\" }},", free_port());
        text = text.replacen('{', &admin, 1);
    }
    builder.file(path, &text)
}

/// Writes a file while the gateway runs.
fn replace(gateway: &Gateway, before: &str, text: &str) {
    let path = file(before);
    assert_eq!(path, CONFIG, "no other file is replaced while the gateway runs");
    and_wait_for_reload(gateway, || gateway.folder().write(path, text));
}

/// Runs the lines of a block, on the ports of the gateway.
fn try_until_done(text: &str, gateway: &Gateway) {
    let mut text = text.replace("8085", &admin_address(gateway).port().to_string());
    for (printed, port) in ["8080", "8443"].into_iter().zip(gateway.ports()) {
        text = text.replace(printed, &port.to_string());
    }
    let mut complaint = String::new();
    and_wait_for_reload(gateway, || {
        let done = until(PATIENCE, || run(&text, &gateway.path()).map_err(|error| complaint = error).ok());
        assert!(done.is_some(), "{text}\n{complaint}\n{}", gateway.log());
    });
}

/// Does something, and when that has changed `config.json`, waits until what it says now serves.
fn and_wait_for_reload(gateway: &Gateway, action: impl FnOnce()) {
    let config = || std::fs::read(gateway.path().join(CONFIG)).ok();
    let reloads = || gateway.log().matches(RELOADED).count();
    let before = (config(), reloads());
    action();
    if config() != before.0 {
        let done = until(PATIENCE, || (reloads() > before.1).then_some(()));
        assert!(done.is_some(), "{CONFIG} has changed:\n{}", gateway.log());
    }
}

/// Runs the lines of a block in the instance folder; what was said when one fails.
fn run(text: &str, folder: &Path) -> Result<(), String> {
    let programs = Path::new(PROGRAM).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("sh");
    command.args(["-e", "-c", text]).env("PATH", path).current_dir(folder).stdin(Stdio::null());
    let output = command.output().unwrap();
    if output.status.success() { Ok(()) } else { Err(said(&output)) }
}

/// All that a program has written.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
