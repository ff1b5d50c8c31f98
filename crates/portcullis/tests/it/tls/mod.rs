//! TLS as its users meet it: keys made by `openssl` and `keytool`, and handshakes of `openssl s_client` and
//! `curl`, over the configurations that the guides print.

mod bad_input;
mod client;
mod client_auth;
mod guide;
mod keys;
mod live;
mod module;
mod server;
mod sni;

use std::process::{Command, Stdio};

use testbed::{Gateway, GatewayBuilder};

use crate::printed_steps::said;
use crate::{gateway, guides, tools};
use keys::Keys;

/// What every test here starts. `keytool` belongs to those that name it.
fn tools_are_here() -> bool {
    tools::are_here(&["curl", "openssl"])
}

/// A configuration that a guide prints, on free ports, with the keys that the guide says to make.
fn printed(file: &str) -> String {
    let text = guides::with_secrets(&guides::text(file));
    let text = text.replace("8080", "0").replace("8443", "0");
    // Nothing of a test is open to the network, and no two gateways want one admin port.
    let text = text.replace("\"port\": 0", "\"host\": \"127.0.0.1\", \"port\": 0");
    text.replacen('{', r#"{ "adminConnector": { "port": 0, "host": "127.0.0.1" },"#, 1)
}

/// A gateway with a connector in clear text and one with these options, whose secrets are the PEM files of a folder.
fn serving(keys: &Keys, options: &str, connector: &str) -> GatewayBuilder {
    let store = store("Secrets", keys);
    gateway().admin(&format!(
        r#"{{
          "connectors": [
            {{ "port": 0, "host": "127.0.0.1" }},
            {{ "port": 0, "host": "127.0.0.1", "tls": "ServerTlsOptions-1" {connector} }}
          ],
          "adminConnector": {{ "port": 0, "host": "127.0.0.1" }},
          "heap": [
            {{ "name": "ServerTlsOptions-1", "type": "ServerTlsOptions", "config": {{ {options} }} }},
            {store}
          ]
        }}"#
    ))
}

/// A store whose secrets are the PEM files of a folder: `NAME.pem` is the secret `NAME`.
fn store(name: &str, keys: &Keys) -> String {
    let mappings: Vec<String> = keys
        .names()
        .iter()
        .map(|id| format!(r#"{{ "secretId": "{id}", "format": {{ "type": "PemPropertyFormat" }} }}"#))
        .collect();
    format!(
        r#"{{ "name": "{name}", "type": "FileSystemSecretStore", "config": {{ "format": "PLAIN",
            "directory": "{}", "suffix": ".pem", "mappings": [ {} ] }} }}"#,
        keys.path().display(),
        mappings.join(", ")
    )
}

/// The field `keyManager` with the key of a secret.
fn key_manager(id: &str) -> String {
    format!(
        r#""keyManager": {{ "type": "SecretsKeyManager",
            "config": {{ "signingSecretId": "{id}", "secretsProvider": "Secrets" }} }}"#
    )
}

/// The field `trustManager` with the certificates of a secret.
fn trust_manager(id: &str) -> String {
    format!(
        r#""trustManager": {{ "type": "SecretsTrustManager",
            "config": {{ "verificationSecretId": "{id}", "secretsProvider": "Secrets" }} }}"#
    )
}

/// The port with TLS.
fn tls_port(gateway: &Gateway) -> u16 {
    gateway.ports()[1]
}

/// What `openssl s_client` says about a handshake with this server name.
fn s_client(port: u16, name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", name]).args(arguments);
    said(&command.stdin(Stdio::null()).output().unwrap())
}

/// The subject of the certificate that is presented for a server name.
fn subject(port: u16, name: &str) -> String {
    let said = s_client(port, name, &[]);
    let line = said.lines().find_map(|line| line.strip_prefix("subject="));
    line.unwrap_or_else(|| panic!("no certificate was presented:\n{said}")).to_owned()
}

/// What `curl` says after a request for `https://NAME/PATH`: the head and body of the answer, or its complaint.
fn curl(port: u16, name: &str, path: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--include",
        "--max-time",
        "20",
        "--noproxy",
        "*",
        "--http1.1",
    ]);
    command.arg("--resolve").arg(format!("{name}:{port}:127.0.0.1")).args(arguments);
    said(&command.arg(format!("https://{name}:{port}{path}")).output().unwrap())
}
