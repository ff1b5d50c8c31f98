//! Every folder of `examples/` is checked, started and put through its transcript.

use std::path::{Path, PathBuf};

use crate::sample_app::SampleApp;
use crate::{gateway, transcript};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// The folder names of `examples/`.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(examples()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Starts an example beside everything else that runs, and plays its transcript.
fn play(name: &str) {
    let folder = examples().join(name);
    let text = std::fs::read_to_string(folder.join("transcript.md"));
    let text = text.unwrap_or_else(|error| panic!("{name}: its transcript cannot be read: {error}"));
    let (host, application) = match fixed_address(name) {
        Some(host) => (host, SampleApp::start_at(host.parse().unwrap(), 8081)),
        None => ("127.0.0.1", SampleApp::start()),
    };
    let gateway = gateway()
        .without_admin()
        .copy(&folder)
        .env("GATEWAY_PORT", "0")
        .env("GATEWAY_ADMIN_PORT", "0")
        .env("SAMPLEAPP_HOST", host)
        .env("SAMPLEAPP_PORT", &application.address().port().to_string())
        .start();
    let blocks = transcript::parse(&text);
    assert!(!blocks.is_empty(), "{name}: a transcript holds no block");
    transcript::play(name, &blocks, &gateway);
}

/// A recipe that fixes the port needs the application at an address of its own.
fn fixed_address(name: &str) -> Option<&'static str> {
    (name == "static-resources").then_some("127.81.0.2")
}

#[test]
fn every_transcript_is_kept() {
    std::thread::scope(|scope| {
        for name in names() {
            scope.spawn(move || play(&name));
        }
    });
}

#[test]
fn every_example_is_without_a_complaint() {
    for name in names() {
        let folder = examples().join(&name);
        let ended = gateway().arguments(&["check", "--strict", folder.to_str().unwrap()]).run();
        assert!(ended.success(), "{name}:\n{}", ended.output);
        assert!(ended.output.contains("0 errors, 0 warnings, 0 notes"), "{name}:\n{}", ended.output);
    }
}

#[test]
fn every_example_is_in_the_list_and_says_how_to_run_it() {
    let list = std::fs::read_to_string(examples().join("README.md")).unwrap();
    for name in names() {
        let readme = std::fs::read_to_string(examples().join(&name).join("README.md")).unwrap();
        assert!(
            readme.contains(&format!("start examples/{name}")),
            "{name}: its README does not say how to run it"
        );
        let link = format!("[{name}]({name}/README.md)");
        assert!(list.contains(&link), "{name}: add a line with `{link}` to the list of examples/README.md");
    }
}
