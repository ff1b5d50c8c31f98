//! `docs/guide/tls.md`: what it tells people to write is written, and what it tells them to run is run.

use std::path::Path;
use std::process::{Command, Stdio};

use testbed::{Gateway, GatewayBuilder, until};

use super::{said, tools_are_here};
use crate::{PROGRAM, gateway};

/// A fenced block of the guide: its language, its text, and the paragraph before it.
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

/// Follows a section to its end.
fn follow(title: &str) {
    if !tools_are_here() {
        return;
    }
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/tls.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut builder = Some(gateway());
    let mut running: Option<Gateway> = None;
    for Block { language, text, before } in blocks(&guide, title) {
        match (language, builder.take()) {
            ("json", Some(waiting)) => builder = Some(write(waiting, before, text)),
            ("sh", Some(waiting)) if text.starts_with("portcullis start ") => running = Some(waiting.start()),
            ("sh", Some(waiting)) => {
                run(text, waiting.folder().path()).unwrap_or_else(|complaint| panic!("{text}\n{complaint}"));
                builder = Some(waiting);
            }
            ("sh", None) => {
                let gateway = running.as_ref().unwrap();
                let ports = gateway.ports();
                let text = text.replace("8080", &ports[0].to_string()).replace("8443", &ports[1].to_string());
                let mut complaint = String::new();
                // What has been replaced is noticed within a second or two.
                let done = until(std::time::Duration::from_secs(20), || {
                    run(&text, &gateway.path()).map_err(|error| complaint = error).ok()
                });
                assert!(done.is_some(), "{text}\n{complaint}");
            }
            (other, _) => panic!("a block of {other}"),
        }
    }
}

/// Writes a file of the instance, on free ports. Its name is the last one before the block.
fn write(builder: GatewayBuilder, before: &str, text: &str) -> GatewayBuilder {
    let path = before.rsplit('`').nth(1).unwrap();
    let text = text.replace("\"port\": 8080", "\"port\": 0, \"host\": \"127.0.0.1\"");
    let mut text = text.replace("\"port\": 8443", "\"port\": 0, \"host\": \"127.0.0.1\"");
    if path == "config/admin.json" {
        text = text.replacen('{', "{ \"adminConnector\": { \"port\": 0, \"host\": \"127.0.0.1\" },", 1);
    }
    builder.file(path, &text)
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

#[test]
fn https_is_served_and_a_certificate_replaced_as_the_guide_says() {
    follow("Serve HTTPS");
}

#[test]
fn clients_are_asked_for_certificates_as_the_guide_says() {
    follow("Ask clients for certificates");
}

#[test]
fn applications_are_called_over_https_as_the_guide_says() {
    follow("Call applications over HTTPS");
}
