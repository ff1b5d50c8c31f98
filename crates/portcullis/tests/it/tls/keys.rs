//! [`Keys`]: private keys and certificates, made by `openssl` for one test.

use std::path::Path;
use std::process::Command;

use testbed::Folder;

/// A folder of PEM files.
pub(super) struct Keys(Folder);

impl Keys {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self(Folder::new())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file, as the argument of a program.
    pub(super) fn file(&self, name: &str) -> String {
        self.path().join(name).display().to_string()
    }

    /// The names of the PEM files, without their ending.
    pub(super) fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.path()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| Some(name.strip_suffix(".pem")?.to_owned())).collect()
    }

    /// `NAME.pem`: a key with a certificate that it signs itself, for these host names. `NAME.crt` holds the
    /// certificate alone.
    #[must_use]
    pub(super) fn self_signed(self, name: &str, hosts: &[&str]) -> Self {
        self.remake(name, hosts);
        self
    }

    /// The same, over what is there already. The file appears at once.
    pub(super) fn remake(&self, name: &str, hosts: &[&str]) {
        let alternatives: Vec<String> = hosts.iter().map(|host| format!("DNS:{host}")).collect();
        let subject = format!("/CN={}/O={name}", hosts.first().copied().unwrap_or(name));
        let extension = format!("subjectAltName={}", alternatives.join(","));
        let mut request = vec!["req", "-x509", "-days", "90", "-subj", &subject];
        if !hosts.is_empty() {
            request.extend(["-addext", &extension]);
        }
        self.openssl(&[&request[..], &NEW_KEY].concat());
        self.join(name, "draft.crt");
    }

    /// `NAME.pem`: a key with a certificate that another one of this folder signs.
    #[must_use]
    pub(super) fn issued(self, name: &str, subject: &str, authority: &str, days: &str) -> Self {
        self.openssl(&[&["req", "-new", "-subj", subject][..], &NEW_KEY].concat());
        let (certificate, key) = (format!("{authority}.crt"), format!("{authority}.pem"));
        // Without an extension it would be a certificate of version 1, which is not taken.
        self.0.write("leaf.cnf", "basicConstraints=CA:FALSE\n");
        let sign =
            ["x509", "-req", "-in", "draft.crt", "-CA", &certificate, "-CAkey", &key, "-CAcreateserial"];
        let as_leaf = ["-extfile", "leaf.cnf", "-days", days, "-out", "signed.crt"];
        self.openssl(&[&sign[..], &as_leaf].concat());
        self.join(name, "signed.crt");
        self
    }

    /// `NAME.pem`: a key with a certificate that is valid in another century.
    #[must_use]
    pub(super) fn of_the_future(self, name: &str, host: &str) -> Self {
        self.openssl(&[&["req", "-new", "-subj", &format!("/CN={host}")][..], &NEW_KEY].concat());
        self.0.write("database", "");
        self.0.write("database.attr", "");
        self.0.write(
            "authority.cnf",
            "[ca]\ndefault_ca=only\n[only]\ndatabase=database\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n\
             rand_serial=yes\n[any]\ncommonName=supplied\n",
        );
        self.openssl(&[
            "ca",
            "-batch",
            "-selfsign",
            "-notext",
            "-config",
            "authority.cnf",
            "-keyfile",
            "draft.key",
            "-in",
            "draft.crt",
            "-out",
            "signed.crt",
            "-startdate",
            "21010101000000Z",
            "-enddate",
            "21020101000000Z",
        ]);
        self.join(name, "signed.crt");
        self
    }

    /// `NAME.pem`: the key of one file with the certificate of another.
    #[must_use]
    pub(super) fn mismatched(self, name: &str, key: &str, certificate: &str) -> Self {
        let read = |file: &str| self.0.read(file).unwrap();
        let key = read(&format!("{key}.pem"));
        let (key, _) = key.split_once("-----BEGIN CERTIFICATE").unwrap();
        self.write(&format!("{name}.pem"), &(key.to_owned() + &read(&format!("{certificate}.crt"))));
        self
    }

    /// `NAME.p12`, which `keytool` makes of a PEM file, with the alias `key` and the password `password`.
    pub(super) fn keytool(&self, name: &str) {
        let pem = format!("{name}.pem");
        self.openssl(&[
            "pkcs12",
            "-export",
            "-in",
            &pem,
            "-name",
            "key",
            "-passout",
            "pass:password",
            "-out",
            "o.p12",
        ]);
        let _ = std::fs::remove_file(self.path().join("k.p12"));
        self.run(Command::new("keytool").args([
            "-importkeystore",
            "-noprompt",
            "-srckeystore",
            "o.p12",
            "-srcstoretype",
            "PKCS12",
            "-srcstorepass",
            "password",
            "-destkeystore",
            "k.p12",
            "-deststoretype",
            "PKCS12",
            "-deststorepass",
            "password",
        ]));
        std::fs::rename(self.path().join("k.p12"), self.path().join(format!("{name}.p12"))).unwrap();
    }

    /// A key store of `keytool` without any entry.
    pub(super) fn empty_key_store(&self, file: &str) {
        let store = ["-keystore", file, "-storetype", "PKCS12", "-storepass", "password", "-alias", "only"];
        let run = |arguments: &[&str]| self.run(Command::new("keytool").args(arguments).args(store));
        run(&["-genseckey", "-keyalg", "AES", "-keysize", "128"]);
        run(&["-delete"]);
    }

    /// Writes a file, which appears at once.
    pub(super) fn write(&self, file: &str, text: &str) {
        self.0.write(file, text);
    }

    pub(super) fn openssl(&self, arguments: &[&str]) {
        self.run(Command::new("openssl").args(arguments));
    }

    /// Puts the new key and a certificate into their files.
    fn join(&self, name: &str, certificate: &str) {
        let read = |file: &str| self.0.read(file).unwrap();
        let certificate = read(certificate);
        self.0.write(&format!("{name}.crt"), &certificate);
        self.0.write(&format!("{name}.pem"), &(read("draft.key") + &certificate));
    }

    #[track_caller]
    fn run(&self, command: &mut Command) {
        let output = command.current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", super::said(&output));
    }
}

/// How `openssl req` makes a key.
const NEW_KEY: [&str; 9] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "draft.key",
    "-out",
    "draft.crt",
];
