//! The guide's case for profiles of Airlock IAM: client certificates are required of one application and not of
//! the other, which runs as a process of its own.

use std::process::Command;

use testbed::{Folder, Gateway};

use crate::{gateway, tools};

/// What all profiles share.
const APPLICATION: &str = "
iam.web-server.https.port = 0
iam.web-server.https.keystore.type = PKCS12
iam.web-server.https.keystore.file = instances/auth/iam-keystore.p12
iam.web-server.https.keystore.password = password
";

/// As in the guide.
const LOGIN: &str = "
# Enable client authentication
iam.web-server.https.client-auth = REQUIRED
# Configure web server trust store
iam.web-server.https.truststore.type = PKCS12
iam.web-server.https.truststore.file = instances/auth/iam-truststore.p12
iam.web-server.https.truststore.password = password
";

const ADMIN: &str = "iam.web-server.https.client-auth = NONE\n";

/// Answers with who the client proved to be.
const WHO: &str = r#"{ "handler": { "type": "StaticResponseHandler", "config": { "status": 200,
    "entity": "[${contexts.client.certificates[0].subjectDN}]" } } }"#;

/// A home folder with the instance `auth`, its stores made as the guide says.
fn home() -> Folder {
    let home = Folder::new();
    for (file, text) in [
        ("config/admin.json", r#"{ "adminConnector": { "port": 0, "host": "127.0.0.1" } }"#),
        ("config/routes/who.json", WHO),
        ("application.properties", APPLICATION),
        ("application-loginapp.properties", LOGIN),
        ("application-adminapp.properties", ADMIN),
    ] {
        home.write(&format!("instances/auth/{file}"), text);
    }
    let run = |line: &str| {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap();
        let output = Command::new(program).args(words).current_dir(home.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    };
    for (name, subject, key) in
        [("iam-client", "/CN=client", "rsa:4096"), ("iam-server", "/CN=localhost", "rsa:2048")]
    {
        run(&format!(
            "openssl req -x509 -sha512 -newkey {key} -keyout {name}-private-key.pem -out {name}-certificate.pem \
             -days 365 -nodes -subj {subject} -addext subjectAltName=DNS:localhost"
        ));
    }
    run("openssl pkcs12 -export -inkey iam-server-private-key.pem -in iam-server-certificate.pem -name iam \
         -passout pass:password -out instances/auth/iam-keystore.p12");
    run(&format!(
        "{} build-trust-store --certs iam-client-certificate.pem --output instances/auth/iam-truststore.p12 \
         --password password",
        crate::PROGRAM
    ));
    home
}

fn start(home: &Folder, profile: &str) -> Gateway {
    let instance = home.path().join("instances/auth").display().to_string();
    gateway().arguments(&["start", &instance, "--profile", profile]).start()
}

/// What a client gets; nothing when the handshake fails.
fn ask(home: &Folder, gateway: &Gateway, arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--ipv4", "--max-time", "20", "--cacert", "iam-server-certificate.pem"])
        .args(arguments)
        .arg(format!("https://localhost:{}/", gateway.ports()[0]))
        .current_dir(home.path())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const CERTIFICATE: [&str; 4] =
    ["--cert", "iam-client-certificate.pem", "--key", "iam-client-private-key.pem"];

#[test]
fn client_certificates_are_required_of_one_application_and_not_of_the_other() {
    if !tools::are_here(&["openssl", "curl"]) {
        return;
    }
    let home = home();
    let (login, admin) = (start(&home, "loginapp"), start(&home, "adminapp"));
    assert_eq!(ask(&home, &login, &CERTIFICATE), "[CN=client]");
    assert_eq!(ask(&home, &login, &[]), "");
    assert_eq!(ask(&home, &admin, &[]), "[]");

    // Each has a PID file of its own, so that each can be stopped by itself.
    let instance = home.path().join("instances/auth").display().to_string();
    let stopped = gateway().arguments(&["stop", &instance, "--profile", "loginapp"]).run();
    assert_eq!(stopped.code(), Some(0), "{}", stopped.output);
    assert_eq!(ask(&home, &login, &CERTIFICATE), "");
    assert_eq!(ask(&home, &admin, &[]), "[]");
}

#[test]
fn a_profile_that_is_not_there_is_not_started() {
    let home = Folder::new();
    home.write("config/admin.json", r#"{ "connectors": [ { "port": 0 } ] }"#);
    let path = home.path().display().to_string();
    let refused = gateway().arguments(&["start", &path, "--profile", "typo"]).run();
    assert_eq!(refused.code(), Some(1));
    assert!(refused.output.contains("there is no profile `typo`"), "{}", refused.output);
    let refused = gateway().arguments(&["start", &path, "--profile", "../typo"]).run();
    assert_eq!(refused.code(), Some(2), "{}", refused.output);
}
