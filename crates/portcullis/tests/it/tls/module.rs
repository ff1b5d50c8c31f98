//! Keys that stay in a hardware module: SoftHSM, into which Java's own `keytool` puts a key.

use std::process::Command;

use testbed::{Folder, GatewayBuilder};

use super::{curl, s_client, subject};
use crate::{gateway, tools};

const LIBRARIES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

/// A token with the PIN 1234 and one key, `https-connector-key`, and the file by which Java finds it.
struct Module {
    folder: Folder,
    conf: String,
}

impl Module {
    /// `None` when a program is missing.
    fn new(key: &str) -> Option<Self> {
        if !tools::are_here(&["curl", "openssl", "keytool", "softhsm2-util"]) {
            return None;
        }
        let library = LIBRARIES.into_iter().find(|path| std::path::Path::new(path).is_file());
        let library = library.expect("the library of SoftHSM is where Debian puts it");
        let folder = Folder::new();
        let path = folder.path().display().to_string();
        folder.write("tokens/.keep", "");
        folder.write("softhsm2.conf", &format!("directories.tokendir = {path}/tokens\nlog.level = ERROR\n"));
        folder.write("SoftHSM.cfg", &format!("name = SoftHSM\nlibrary = {library}\nslotListIndex = 0\n"));
        let module = Self { conf: format!("{path}/softhsm2.conf"), folder };
        module.run("softhsm2-util --init-token --free --label test --pin 1234 --so-pin 5678");
        module.run(&format!(
            "keytool -genkeypair -alias https-connector-key {key} -dname CN=module.example.com \
             -ext san=dns:module.example.com -keystore NONE -storetype PKCS11 -storepass 1234 \
             -providerClass sun.security.pkcs11.SunPKCS11 -providerArg {path}/SoftHSM.cfg"
        ));
        Some(module)
    }

    fn run(&self, line: &str) {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        let output = command.args(words).env("SOFTHSM2_CONF", &self.conf).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }

    /// A gateway whose TLS has the key of the module with this alias, opened with this PIN in base64.
    fn gateway(&self, alias: &str, pin: &str) -> GatewayBuilder {
        let admin = format!(
            r#"{{
              "connectors": [{{ "port": 0, "host": "127.0.0.1" }},
                             {{ "port": 0, "host": "127.0.0.1", "tls": "ServerTlsOptions-1" }}],
              "adminConnector": {{ "port": 0, "host": "127.0.0.1" }},
              "heap": [
                {{ "name": "ServerTlsOptions-1", "type": "ServerTlsOptions", "config": {{ "keyManager": {{
                    "type": "SecretsKeyManager",
                    "config": {{ "signingSecretId": "tls.key", "secretsProvider": "Module" }} }} }} }},
                {{ "name": "Module", "type": "HsmSecretStore", "config": {{
                    "providerName": "SunPKCS11-SoftHSM", "storePasswordSecretId": "hsm.pin",
                    "secretsProvider": {{ "type": "Base64EncodedSecretStore",
                                         "config": {{ "secrets": {{ "hsm.pin": "{pin}" }} }} }},
                    "mappings": [{{ "secretId": "tls.key", "aliases": ["{alias}"] }}] }} }}
              ]
            }}"#
        );
        let provider = self.folder.read("SoftHSM.cfg").unwrap();
        gateway().admin(&admin).file("config/pkcs11/SoftHSM.cfg", &provider).env("SOFTHSM2_CONF", &self.conf)
    }
}

/// Handshakes with a key in a module, in both versions of TLS.
#[track_caller]
fn check(key: &str) {
    let Some(module) = Module::new(key) else { return };
    let gateway = module.gateway("https-connector-key", "MTIzNA==").start();
    let port = gateway.ports()[1];
    assert_eq!(subject(port, "module.example.com"), "CN = module.example.com");
    for version in ["-tls1_2", "-tls1_3"] {
        let said = s_client(port, "module.example.com", &[version]);
        assert!(
            said.contains("Server certificate") && !said.contains("handshake failure"),
            "{version}: {said}"
        );
    }
    let said = curl(port, "module.example.com", "/", &["--insecure"]);
    assert!(said.starts_with("HTTP/"), "{said}");
}

#[test]
fn a_key_of_rsa_that_stays_in_a_module() {
    check("-keyalg RSA -keysize 2048");
}

#[test]
fn a_key_of_a_curve_that_stays_in_a_module() {
    check("-keyalg EC -groupname secp384r1");
}

#[test]
fn a_wrong_pin_or_alias_opens_no_port() {
    let Some(module) = Module::new("-keyalg EC -groupname secp256r1") else { return };
    for (alias, pin, expected) in [
        ("https-connector-key", "NDMyMQ==", "is wrong"),
        (
            "other",
            "MTIzNA==",
            "there is no key or certificate with the label `other`; there are `https-connector-key`",
        ),
    ] {
        let ended = module.gateway(alias, pin).run();
        assert!(!ended.status.success(), "{alias}");
        assert!(
            ended.output.contains("error[PC0440]") && ended.output.contains(expected),
            "{}",
            ended.output
        );
    }
}
