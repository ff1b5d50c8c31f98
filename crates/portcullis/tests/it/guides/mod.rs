//! Every configuration that the five guides print, in files beside this one, and how far it loads.
//!
//! The files hold what the guides print; where a PDF broke strings over lines, or lost or gained braces at a page
//! break, that and nothing else is mended. `docs/compatibility.md` is written from the table in `blocks.rs` and
//! from what `check` says about each file: `UPDATE_EXPECT=1` rewrites it.

mod blocks;
mod promises;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use serde_json::{Value, json};
use testbed::GatewayBuilder;

use crate::gateway;
use blocks::{Block, GUIDES, Place};

/// What stands before the list in `docs/compatibility.md`.
const INTRODUCTION: &str = "\
# Compatibility with the guides

Every configuration that the five guides print, and how far this version runs it. Written by the test
`guides::every_block_loads_as_far_as_its_objects_exist`; run it with `UPDATE_EXPECT=1` to write it anew.

*loads*: `portcullis check` has nothing against it. *waits for …*: the only complaints are about the named
objects, which this version does not offer; what uses them stays closed. Files of other products that share our
listeners are checked at their place in an instance. *Mended* names what the PDF broke in the printed text.
";

#[test]
fn every_block_loads_as_far_as_its_objects_exist() {
    let mut page = INTRODUCTION.to_owned();
    for guide in GUIDES {
        let _ = write!(page, "\n## {}\n\n", guide.title);
        if guide.blocks.is_empty() {
            let _ = writeln!(page, "It prints no configuration.");
            continue;
        }
        page.push_str("| configuration | section | state | shown by |\n| --- | --- | --- | --- |\n");
        for block in guide.blocks {
            let proofs: Vec<String> = block.proofs.iter().map(|proof| format!("`{proof}`")).collect();
            let mended = if block.is_mended { " (mended)" } else { "" };
            let _ = writeln!(
                page,
                "| `{}`{mended} | {} | {} | {} |",
                block.file,
                block.section,
                state(block),
                proofs.join(", ")
            );
        }
    }
    expect_file!["../../../../../docs/compatibility.md"].assert_eq(&page);
}

#[test]
fn every_file_is_in_the_table_and_every_proof_is_a_test() {
    let blocks: Vec<&Block> = GUIDES.iter().flat_map(|guide| guide.blocks).collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(blocks.iter().filter(|block| block.file == name).count(), 1, "{name}");
    }
    for proof in blocks.iter().flat_map(|block| block.proofs) {
        let (module, test) = proof.rsplit_once("::").unwrap();
        let module = module.replace("::", "/");
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
        let source = [format!("{module}.rs"), format!("{module}/promises.rs")];
        let is_there = source.iter().any(|file| {
            std::fs::read_to_string(tests.join(file)).is_ok_and(|text| text.contains(&format!("fn {test}()")))
        });
        assert!(is_there, "{proof}");
    }
}

/// The keys and key stores that the installation guide says to make, made by its commands; valid for a hundred years.
pub(crate) fn secrets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/secrets")
}

/// A printed text with the folder of the secrets in place of the one to replace.
pub(crate) fn with_secrets(text: &str) -> String {
    let secrets = secrets().display().to_string();
    // One block lacks the slash.
    text.replace("/path/to/secrets", &secrets).replace("\"path/to/secrets", &format!("\"{secrets}"))
}

/// A key store with a private key and a trusted certificate, as examples expect to find one.
fn key_store() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crypto/tests/keystores/key-trust.jks")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guides")
}

/// The file as the guide prints it.
pub(crate) fn text(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn printed(file: &str) -> Value {
    serde_json::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// How far `check` gets with a block at its place.
fn state(block: &Block) -> String {
    let builder = gateway();
    let builder = match block.place {
        Place::Admin => builder.admin(&with_secrets(&text(block.file))),
        Place::Route => builder.route("printed", &with_secrets(&text(block.file))),
        Place::Instance(path) => with_neighbours(builder).file(path, &text(block.file)),
        Place::Properties(path) => {
            let builder = with_neighbours(builder);
            let neighbours = std::fs::read_to_string(builder.folder().path().join(path)).unwrap();
            builder.file(path, &format!("{neighbours}{}", text(block.file)))
        }
        _ => builder.route("printed", &wrapped(block).to_string()),
    };
    for name in ["keystore.jks", "truststore.jks"] {
        std::fs::copy(key_store(), builder.home().path().join(name)).unwrap();
    }
    let instance = builder.folder().path().to_str().unwrap().to_owned();
    // What the examples expect to find in the environment; the key store is protected by `changeit`.
    let builder = ["KEYSTORE", "KEYMANAGER", "KEYMANAGER_KEYSTORE", "TRUSTMANAGER_KEYSTORE"]
        .iter()
        .fold(builder, |builder, name| builder.env(&format!("{name}_SECRET_ID"), "Y2hhbmdlaXQ="));
    // The one of sessions has the password of its chapter.
    let is_session =
        ["install-jwt", "install-instance"].iter().any(|chapter| block.file.starts_with(chapter));
    let builder = if is_session { builder.env("KEYSTORE_SECRET_ID", "cGFzc3dvcmQ=") } else { builder };
    let ended = builder.arguments(&["check", &instance]).run();
    let mut missing: Vec<&str> = Vec::new();
    for error in ended.output.lines().filter(|line| line.starts_with("error")) {
        let Some(what) = not_offered(error) else { panic!("{}: {}", block.file, ended.output) };
        if !missing.contains(&what) {
            missing.push(what);
        }
    }
    if missing.is_empty() {
        assert!(ended.success(), "{}: {}", block.file, ended.output);
        return "loads".to_owned();
    }
    format!("waits for {}", missing.join(", "))
}

/// An instance with what files of other products expect beside them: stores, their passwords, and a listener.
fn with_neighbours(builder: GatewayBuilder) -> GatewayBuilder {
    let secrets = secrets().display().to_string();
    let store = |prefix: &str, file: &str| format!("{prefix}={secrets}/{file}\n");
    let boot = [
        store("openidm.keystore.location", "IG-keystore"),
        store("openidm.truststore.location", "reverseproxy-truststore.p12"),
        "openidm.keystore.password=password\nopenidm.truststore.password=password\n".to_owned(),
        "openidm.https.keystore.cer.alias=https-connector-key\nopenidm.csrfFilter.enabled=true\n".to_owned(),
    ];
    let application = [
        store("iam.web-server.https.keystore.file", "IG-keystore"),
        "iam.web-server.https.keystore.password=password\n".to_owned(),
    ];
    builder.folder().write("instances/auth/iam-truststore.p12", "");
    let trust_store = builder.folder().path().join("instances/auth/iam-truststore.p12");
    std::fs::copy(Path::new(&secrets).join("reverseproxy-truststore.p12"), trust_store).unwrap();
    builder
        .file("resolver/boot.properties", &boot.concat())
        .file("application.properties", &application.concat())
        .file("conf/webserver.listener-http.json", &text("idm-listener-http.json"))
}

/// What an error says is not offered: an object type, or something that a property asks for.
fn not_offered(error: &str) -> Option<&str> {
    let (_, complaint) = error.strip_suffix(" is not offered by this version")?.split_once("]: ")?;
    complaint.split('`').nth(1).or_else(|| complaint.rsplit(": ").next())
}

/// A route around a part of a configuration, with the objects that the part refers to and its guide does not print.
fn wrapped(block: &Block) -> Value {
    let printed = printed(block.file);
    let neighbours = [
        json!({ "name": "MySecureClientHandler", "type": "ClientHandler" }),
        json!({ "name": "MySecretsProvider", "type": "SystemAndEnvSecretStore" }),
        json!({ "name": "mySystemAndEnvSecretStore", "type": "SystemAndEnvSecretStore" }),
    ];
    let mentioned = printed.to_string();
    let mut heap: Vec<Value> = neighbours
        .into_iter()
        .filter(|object| mentioned.contains(&format!("\"{}\"", object["name"].as_str().unwrap())))
        .collect();
    let object = |object_type: &str, config: &Value| json!({ "name": "printed", "type": object_type, "config": config });
    let mut handler = json!("ReverseProxyHandler");
    match block.place {
        Place::Object => heap.push(printed),
        Place::ConfigOf(object_type) => heap.push(object(object_type, &printed["config"])),
        Place::PropertyOf(object_type) => heap.push(object(object_type, &printed)),
        Place::Handler(field) => handler = printed[field].clone(),
        Place::RouteFields => {
            return json!({ "handler": handler, "properties": printed["properties"] });
        }
        Place::Admin | Place::Route | Place::Instance(_) | Place::Properties(_) => {
            unreachable!("these are files of their own")
        }
    }
    json!({ "heap": heap, "handler": handler })
}
