//! Airlock IAM's `iam.web-server.*` properties, in `application.properties` of an instance and of its profiles.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use heap::{Document, Environment, ProcessSettings};
use serde_json::{Value as Json, json};
use source::{Diagnostic, Node, Span, Tokens, nearest};

use super::stores::Store;
use super::{properties, tree};
use crate::{env_config, errors, gateway};

/// The files of an instance, each with one for every profile beside it: `application-NAME.properties`.
const STEMS: [&str; 2] = ["application", "instance"];

/// The setting that names the profile; `--profile` sets it.
pub(crate) const PROFILE: &str = "portcullis.profile";

/// How the names of all properties begin that are read here.
const PREFIX: &str = "iam.web-server.";

const HTTP_PORT: &str = "iam.web-server.http.port";
const HTTPS_PORT: &str = "iam.web-server.https.port";
const CLIENT_AUTH: &str = "iam.web-server.https.client-auth";
const KEY_STORE: &str = "iam.web-server.https.keystore";
const KEY_ALIAS: &str = "iam.web-server.https.keystore.alias";
const TRUST_STORE: &str = "iam.web-server.https.truststore";

const NAMES: [&str; 10] = [
    HTTP_PORT,
    HTTPS_PORT,
    CLIENT_AUTH,
    "iam.web-server.https.keystore.type",
    "iam.web-server.https.keystore.file",
    "iam.web-server.https.keystore.password",
    KEY_ALIAS,
    "iam.web-server.https.truststore.type",
    "iam.web-server.https.truststore.file",
    "iam.web-server.https.truststore.password",
];

const DEFAULT_HTTPS_PORT: u16 = 8443;

/// Reads the files of the profile, then those of the instance: what a profile sets counts more.
pub(super) fn settle(instance: &Path, process: &mut ProcessSettings, diagnostics: &mut Vec<Diagnostic>) {
    let profile = profile(process);
    if let Some(name) = &profile
        && !files_of(Some(name)).iter().any(|file| gateway::is_there(&instance.join(file)))
    {
        diagnostics.push(errors::no_profile(name, &files_of(Some(name))));
    }
    for file in files(profile.as_deref()) {
        let path = instance.join(&file);
        if !gateway::is_there(&path) {
            continue;
        }
        match env_config::properties(&path) {
            Ok(entries) => {
                // Within a file the last value of a name counts, as in Java.
                for (name, value) in entries.into_iter().collect::<indexmap::IndexMap<_, _>>() {
                    process.env_config.entry(name).or_insert(value);
                }
            }
            Err(complaint) => diagnostics.push(errors::unreadable_properties(&path, &complaint)),
        }
    }
}

/// The files of properties in the folder of an instance, those of every profile included.
pub(super) fn property_files(instance: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(instance) else { return Vec::new() };
    let is_wanted = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.ends_with(".properties") && STEMS.iter().any(|stem| name.starts_with(stem))
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_wanted).collect();
    files.sort();
    files
}

fn profile(process: &ProcessSettings) -> Option<String> {
    process.system.get(PROFILE).cloned()
}

/// The files of a profile, or those of the instance itself.
fn files_of(profile: Option<&str>) -> Vec<String> {
    let ending = profile.map(|name| format!("-{name}")).unwrap_or_default();
    STEMS.iter().map(|stem| format!("{stem}{ending}.properties")).collect()
}

/// All files that count, those that count more first.
fn files(profile: Option<&str>) -> Vec<String> {
    let mut files = if profile.is_some() { files_of(profile) } else { Vec::new() };
    files.extend(files_of(None));
    files
}

/// Adds the connectors to `admin.json`.
pub(super) fn translate(environment: &Environment, document: &mut Document) {
    let mut web_server = WebServer {
        environment,
        files: files(profile(&environment.process).as_deref()),
        home: home(&environment.paths.instance),
        diagnostics: Vec::new(),
    };
    let connectors: Vec<Node> = [web_server.http(), web_server.https()].into_iter().flatten().collect();
    web_server.tell_unknown();
    document.diagnostics.append(&mut web_server.diagnostics);
    if !connectors.is_empty() {
        tree::add_connectors(document, connectors);
    }
}

/// Where relative files begin: the folder that holds `instances`, or else the instance directory.
fn home(instance: &Path) -> PathBuf {
    let parent =
        instance.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "instances"));
    parent.and_then(Path::parent).unwrap_or(instance).to_owned()
}

struct WebServer<'e> {
    environment: &'e Environment,
    files: Vec<String>,
    home: PathBuf,
    diagnostics: Vec<Diagnostic>,
}

impl WebServer<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.environment.process.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn place(&self, name: &str) -> Span {
        properties::place(&self.environment.paths.instance, &self.files, name)
    }

    fn complain(&mut self, name: &str, message: impl Into<String>) {
        let span = self.place(name);
        self.diagnostics.push(errors::web_server(message, &span));
    }

    fn port(&mut self, name: &str, default: Option<u16>) -> Option<u16> {
        let Some(text) = self.get(name) else { return default };
        let port = text.parse().ok();
        if port.is_none() {
            self.complain(name, format!("a port is a number from 0 to 65535, found `{text}`"));
        }
        port
    }

    /// The connector in clear text.
    fn http(&mut self) -> Option<Node> {
        let port = self.port(HTTP_PORT, None)?;
        Some(tree::node(&json!({ "port": port }), &self.place(HTTP_PORT)))
    }

    /// The connector over TLS, which is there as soon as something is said about it.
    fn https(&mut self) -> Option<Node> {
        let asked = NAMES
            .iter()
            .find(|name| name.starts_with("iam.web-server.https.") && self.get(name).is_some())?;
        let port = self.port(HTTPS_PORT, Some(DEFAULT_HTTPS_PORT))?;
        let Some(keys) = self.store(KEY_STORE) else {
            self.complain(asked, format!("HTTPS needs a certificate: `{KEY_STORE}.file` is not set"));
            return None;
        };
        let keys = match self.get(KEY_ALIAS) {
            Some(alias) => keys.key_manager(&alias),
            None => keys.any_key_manager(),
        };
        let mut options = json!({ "keyManager": keys });
        if let Some(client_auth) = self.client_auth()? {
            options["clientAuth"] = client_auth.into();
            let Some(trust) = self.store(TRUST_STORE) else {
                let message =
                    format!("client certificates need a trust store: `{TRUST_STORE}.file` is not set");
                self.complain(CLIENT_AUTH, message);
                return None;
            };
            options["trustManager"] = trust.trust_manager();
        }
        let connector = json!({ "port": port, "tls": { "type": "ServerTlsOptions", "config": options } });
        Some(self.connector(&connector))
    }

    /// A connector whose parts stand where the property does that says most about them.
    fn connector(&self, connector: &Json) -> Node {
        let mut node = tree::node(connector, &self.place(&format!("{KEY_STORE}.file")));
        let place = [HTTPS_PORT, CLIENT_AUTH].into_iter().find(|name| self.get(name).is_some());
        if let (Some(name), source::Value::Object(fields)) = (place, &mut node.value)
            && let Some(port) = fields.get_mut("port")
        {
            port.span = self.place(name);
        }
        node
    }

    /// What is expected of clients in the words of `ServerTlsOptions`; nothing after a mistake.
    fn client_auth(&mut self) -> Option<Option<&'static str>> {
        let text = self.get(CLIENT_AUTH).unwrap_or_else(|| "NONE".to_owned());
        match text.to_ascii_uppercase().as_str() {
            "NONE" => Some(None),
            "REQUEST" | "OPTIONAL" | "WANT" => Some(Some("REQUEST")),
            "REQUIRED" => Some(Some("REQUIRED")),
            _ => {
                self.complain(CLIENT_AUTH, format!("`{text}` is not one of `NONE`, `REQUEST`, `REQUIRED`"));
                None
            }
        }
    }

    fn store(&self, prefix: &str) -> Option<Store> {
        let file = self.get(&format!("{prefix}.file"))?;
        // A password is taken as it is, white space at its end included.
        let password = self.environment.process.get(&format!("{prefix}.password"));
        Some(Store {
            store_type: self.get(&format!("{prefix}.type")),
            password: password.filter(|password| !password.is_empty()),
            ..Store::at(&self.home, &file)
        })
    }

    /// A mistyped name must not leave a listener without what it asks for.
    fn tell_unknown(&mut self) {
        let set = self.environment.process.env_config.keys().chain(self.environment.process.system.keys());
        let unknown: Vec<String> =
            set.filter(|name| name.starts_with(PREFIX) && !NAMES.contains(&name.as_str())).cloned().collect();
        for name in unknown {
            let span = self.place(&name);
            self.diagnostics.push(errors::unknown_property(&name, nearest(&name, NAMES), &span));
        }
    }
}
