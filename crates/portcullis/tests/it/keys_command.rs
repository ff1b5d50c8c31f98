//! `portcullis keys` and `portcullis build-trust-store` beside keytool, openssl and a Java program: what one side
//! writes, the other opens.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use expect_test::expect;

use crate::PROGRAM;
use crate::key_tools::{Keys, has_tools, ran, steady};

#[test]
fn keytool_lists_what_build_trust_store_wrote_as_trusted() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    for name in ["first", "second"] {
        keys.tool(&format!(
            "openssl req -x509 -sha512 -newkey rsa:2048 -nodes -keyout {name}.key.pem -out iam-{name}.pem -days 365 -subj /CN={name}"
        ));
    }
    keys.tool("openssl x509 -in iam-first.pem -outform DER -out Third.DER");
    let both = [keys.bytes("iam-first.pem"), keys.bytes("iam-second.pem")].concat();
    std::fs::write(keys.0.path().join("both.pem"), both).unwrap();

    let said = keys.run("build-trust-store --certs iam-first.pem --output iam-truststore.p12");
    expect![[r#"
        iam-first: trusted certificate of CN=first, valid until DAY
        iam-truststore.p12 is written.
        note[PC0563]: no password is given, so that of `iam-truststore.p12` is `password`
         |
         = help: choose another one with `--password-file`

        0 errors, 0 warnings, 1 note
    "#]]
    .assert_eq(&steady(&said));
    let listed =
        keys.tool("keytool -J-Duser.language=en -list -keystore iam-truststore.p12 -storepass password");
    assert!(listed.contains("iam-first,") && listed.contains("trustedCertEntry"), "{listed}");

    std::fs::write(keys.0.path().join("secret"), "other pass\n").unwrap();
    keys.run("build-trust-store --certs both.pem --certs iam-second.pem --certs Third.DER --output all.p12 --password-file secret");
    let listed = keys.tool("keytool -J-Duser.language=en -list -keystore all.p12 -storepass 'other pass'");
    assert_eq!(listed.matches("trustedCertEntry").count(), 4, "{listed}");
    expect![[r#"
        both: trusted CN=first
        both-2: trusted CN=second
        iam-second: trusted CN=second
        third: trusted CN=first
    "#]]
    .assert_eq(&keys.java_opens("all.p12", "other pass"));
    assert_eq!(keys.mode("all.p12"), 0o644);

    keys.run("build-trust-store --certs both.pem --certs Third.DER --alias Partner --alias other --output all.p12 --password-file secret --force");
    expect![[r#"
        other: trusted CN=first
        partner: trusted CN=first
        partner-2: trusted CN=second
    "#]]
    .assert_eq(&keys.java_opens("all.p12", "other pass"));
}

#[test]
fn a_java_program_opens_every_entry_that_keys_wrote() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    let store = "--keystore store --password changeit";
    let said = keys.run(&format!("keys generate-key --alias Https-Connector-Key {store} --dname 'CN=ig.example.com,O=Example Corp,C=FR'"));
    expect![[r#"
        store: https-connector-key: RSA 2048 key and certificate of C=FR, O=Example Corp, CN=ig.example.com, valid until DAY
        It is valid for ig.example.com.
    "#]]
    .assert_eq(&steady(&said));
    keys.run(&format!("keys generate-key --alias curve {store} --subject /C=FR/CN=curve --algorithm EC --size 384 --san dns:a.example --san IP:127.0.0.1 --san ::1 --days 10"));
    keys.run(&format!("keys generate-key --alias edwards {store} --subject CN=edwards --algorithm ed25519"));
    keys.run(&format!(
        "keys generate-secret --alias symmetric-key {store} --algorithm HmacSHA512 --size 512"
    ));
    keys.run(&format!("keys generate-secret --alias aes {store} --algorithm AES"));
    keys.run("keys generate-cert --key-out ca.key --cert-out ca.pem --subject '/CN=Our CA' --ca");
    keys.run(&format!("keys import-cert --alias ca {store} --file ca.pem"));
    let imported =
        keys.try_run(&format!("keys generate-secret --alias imported {store} --import -"), "open sesame\n");
    assert!(imported.is_success, "{}", imported.errors);
    expect![[r#"
        aes: secret AES 256 bits
        ca: trusted CN=Our CA
        curve: key EC of CN=curve, C=FR, chain of 1, names [[2, a.example], [7, 127.0.0.1], [7, 0:0:0:0:0:0:0:1]]
        edwards: key EdDSA of CN=edwards, chain of 1, names null
        https-connector-key: key RSA of CN=ig.example.com, O=Example Corp, C=FR, chain of 1, names [[2, ig.example.com]]
        imported: secret PBEWithMD5AndDES open sesame
        symmetric-key: secret HmacSHA512 512 bits
    "#]]
    .assert_eq(&keys.java_opens("store", "changeit"));
    assert_eq!(keys.mode("store"), 0o600);
    let listed = keys.tool("keytool -J-Duser.language=en -list -keystore store -storepass changeit");
    let count = |kind: &str| listed.matches(kind).count();
    assert_eq!(
        (count("PrivateKeyEntry"), count("SecretKeyEntry"), count("trustedCertEntry")),
        (3, 3, 1),
        "{listed}"
    );
}

const KEYTOOL: &str = "keytool -J-Duser.language=en";

/// A store that keytool writes: a key pair, a trusted certificate, and a secret key where the type has those.
fn keytool_store(keys: &Keys, kind: &str) {
    let store = format!("-storetype {kind} -keystore store -storepass changeit");
    keys.tool("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/O=Example/CN=CA'");
    keys.tool(&format!("{KEYTOOL} -genkeypair -alias Server -keyalg RSA -keysize 2048 -dname CN=ig.example.com,O=Example,C=FR -ext SAN=dns:ig.example.com,ip:127.0.0.1 {store} -keypass changeit"));
    keys.tool(&format!("{KEYTOOL} -importcert -noprompt -alias ca -file ca.pem {store}"));
    if kind != "JKS" {
        keys.tool(&format!("{KEYTOOL} -genseckey -alias symmetric-key -keyalg HmacSHA512 -keysize 512 {store} -keypass changeit"));
    }
}

fn listed(keys: &Keys) -> String {
    steady(&keys.run("keys list store --password changeit"))
}

#[test]
fn list_reads_what_keytool_wrote_as_pkcs12() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    keytool_store(&keys, "PKCS12");
    expect![[r#"
        PKCS12, 3 entries

        server
          private key, created DAY
          subject   C=FR, O=Example, CN=ig.example.com
          names     ig.example.com, 127.0.0.1
          key       RSA 2048
          valid     DAY to DAY
          SHA-256   DIGEST

        symmetric-key
          secret key, HmacSHA512, 512 bits, created DAY

        ca
          trusted certificate
          subject   O=Example, CN=CA
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST
    "#]]
    .assert_eq(&listed(&keys));
}

#[test]
fn list_reads_what_keytool_wrote_as_jks_and_marks_what_has_expired() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    keytool_store(&keys, "JKS");
    keys.tool(&format!("{KEYTOOL} -genkeypair -alias old -keyalg RSA -keysize 2048 -startdate -400d -validity 10 -dname CN=old -storetype JKS -keystore store -storepass changeit -keypass another"));
    expect![[r#"
        JKS, 3 entries

        old
          private key, created DAY
          subject   CN=old
          key       RSA 2048
          valid     DAY to DAY EXPIRED
          SHA-256   DIGEST

        ca
          trusted certificate, created DAY
          subject   O=Example, CN=CA
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST

        server
          private key, created DAY
          subject   C=FR, O=Example, CN=ig.example.com
          names     ig.example.com, 127.0.0.1
          key       RSA 2048
          valid     DAY to DAY
          SHA-256   DIGEST
    "#]]
    .assert_eq(&listed(&keys));
    expect![[r#"
        ca
          trusted certificate, created DAY
          subject   O=Example, CN=CA
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST
    "#]]
    .assert_eq(&steady(&keys.run("keys list store --alias CA")));
}

#[test]
fn list_reads_what_keytool_wrote_as_jceks_with_a_key_it_cannot_open() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    keytool_store(&keys, "JCEKS");
    keys.tool(&format!("{KEYTOOL} -genseckey -alias locked -keyalg AES -keysize 128 -storetype JCEKS -keystore store -storepass changeit -keypass another"));
    expect![[r#"
        JCEKS, 4 entries

        ca
          trusted certificate, created DAY
          subject   O=Example, CN=CA
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST

        locked
          secret key, with a password of its own, created DAY

        symmetric-key
          secret key, HmacSHA512, 512 bits, created DAY

        server
          private key, created DAY
          subject   C=FR, O=Example, CN=ig.example.com
          names     ig.example.com, 127.0.0.1
          key       RSA 2048
          valid     DAY to DAY
          SHA-256   DIGEST
    "#]]
    .assert_eq(&listed(&keys));
}

#[test]
fn list_reads_what_openssl_wrote() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    keys.run("keys generate-cert --key-out key.pem --cert-out cert.pem --subject CN=from.openssl.example --algorithm EC");
    let export = "openssl pkcs12 -export -passout pass:changeit -in cert.pem";
    keys.tool(&format!("{export} -inkey key.pem -name server -out a.p12"));
    keys.tool(&format!("{export} -nokeys -caname partner -out trust.p12"));
    keys.tool(&format!("{export} -inkey key.pem -name server -keypbe NONE -certpbe NONE -out plain.p12"));
    let list = |file: &str| steady(&keys.run(&format!("keys list {file} --password changeit")));
    expect![[r#"
        PKCS12, 1 entry

        server
          private key
          subject   CN=from.openssl.example
          names     from.openssl.example
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST
    "#]]
    .assert_eq(&list("a.p12"));
    expect![[r#"
        PKCS12, 0 entries

        partner
          certificate, not marked as trusted: Java does not see it
          subject   CN=from.openssl.example
          names     from.openssl.example
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST
    "#]]
    .assert_eq(&list("trust.p12"));
    expect![[r#"
        PKCS12, 0 entries

        server
          certificate, not marked as trusted: Java does not see it
          subject   CN=from.openssl.example
          names     from.openssl.example
          key       EC 256
          valid     DAY to DAY
          SHA-256   DIGEST
        warning[PC0563]: `plain.p12` has 1 private keys that are not encrypted, which Java ignores
         |
         = help: encrypt them: `openssl pkcs12 -in FILE -nodes | openssl pkcs12 -export -out NEW`

        0 errors, 1 warning, 0 notes
    "#]]
    .assert_eq(&list("plain.p12"));
}

#[test]
fn convert_keeps_names_dates_and_keys() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crypto/tests/keystores/secret.jceks");
    std::fs::copy(sample, keys.0.path().join("a.jceks")).unwrap();
    let said = keys.run("keys convert a.jceks --output new.p12 --password changeit --entry-password entrypass --new-password 'new pass'");
    expect![[r#"
        spike-root: converted
        https-connector-key: converted
        symmetric-key: converted
        aes-key: converted
        a.jceks (JCEKS) is written as new.p12 (PKCS12).
    "#]]
    .assert_eq(&said);
    expect![[r#"
        aes-key: secret AES 256 bits, older
        https-connector-key: key RSA of CN=jceks.example.test, O=Example, chain of 1, names null
        spike-root: trusted CN=Spike Root CA, O=Example
        symmetric-key: secret HmacSHA512 512 bits, older
    "#]]
    .assert_eq(&keys.java_opens("new.p12", "new pass"));
    assert_eq!(keys.mode("new.p12"), 0o600);

    expect![[r#"
        keys convert a.jceks --output half.p12 --password changeit
          [PC0560]: `a.jceks` has an entry `aes-key` that does not open with this password, or has been changed
          help: nothing is written; give the password of the entries with `--entry-password-file`, or leave out what cannot be converted with `--skip`
    "#]].assert_eq(&keys.refused(&["keys convert a.jceks --output half.p12 --password changeit"]));
    assert!(!keys.0.path().join("half.p12").exists());
    expect![[r#"
        spike-root: converted
        https-connector-key: converted
        symmetric-key: converted
        a.jceks (JCEKS) is written as half.p12 (PKCS12).
        warning[PC0563]: left out: `a.jceks` has an entry `aes-key` that does not open with this password, or has been changed

        0 errors, 1 warning, 0 notes
    "#]].assert_eq(&keys.run("keys convert a.jceks --output half.p12 --password changeit --skip"));
    expect![[r#"
        https-connector-key: key RSA of CN=jceks.example.test, O=Example, chain of 1, names null
        spike-root: trusted CN=Spike Root CA, O=Example
        symmetric-key: secret HmacSHA512 512 bits, older
    "#]]
    .assert_eq(&keys.java_opens("half.p12", "changeit"));
}

#[test]
fn certificates_that_openssl_put_together_become_trusted() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    keys.run("keys generate-cert --key-out key.pem --cert-out cert.pem --subject CN=partner --algorithm EC");
    keys.tool(
        "openssl pkcs12 -export -nokeys -in cert.pem -caname Partner -passout pass:changeit -out openssl.p12",
    );
    assert_eq!(keys.java_opens("openssl.p12", "changeit"), "");
    keys.run("keys convert openssl.p12 --output trust.p12 --password changeit");
    expect![[r#"
        partner: trusted CN=partner
    "#]]
    .assert_eq(&keys.java_opens("trust.p12", "changeit"));
}

#[test]
fn openssl_reads_what_generate_cert_and_export_wrote() {
    if !has_tools() {
        return;
    }
    let keys = Keys::new();
    keys.run("keys generate-cert --key-out ig.key.pem --cert-out ig.pem --subject '/CN=ig.example.com/OU=example/O=com/L=fr/ST=fr/C=fr' --days 3650 --digest sha512 --size 3072");
    let shown = keys.tool("openssl x509 -in ig.pem -noout -subject -ext subjectAltName,basicConstraints,keyUsage,extendedKeyUsage");
    expect![[r#"
        subject=CN = ig.example.com, OU = example, O = com, L = fr, ST = fr, C = fr
        X509v3 Subject Alternative Name: 
            DNS:ig.example.com
        X509v3 Key Usage: critical
            Digital Signature, Key Encipherment
        X509v3 Extended Key Usage: 
            TLS Web Server Authentication, TLS Web Client Authentication
        X509v3 Basic Constraints: critical
            CA:FALSE
    "#]]
    .assert_eq(&shown);
    let text = keys.tool("openssl x509 -in ig.pem -noout -text");
    assert!(text.contains("sha512WithRSAEncryption") && text.contains("Public-Key: (3072 bit)"), "{text}");
    assert!(keys.tool("openssl pkey -in ig.key.pem -noout -check").contains("is valid"));
    assert_eq!((keys.mode("ig.key.pem"), keys.mode("ig.pem")), (0o600, 0o644));
    let public = keys.tool("openssl x509 -in ig.pem -noout -pubkey");
    assert_eq!(keys.tool("openssl pkey -in ig.key.pem -pubout"), public);

    keys.tool(
        "openssl pkcs12 -export -in ig.pem -inkey ig.key.pem -name ig -passout pass:changeit -out ig.p12",
    );
    let export = |rest: &str| {
        keys.run(&format!("keys export --keystore ig.p12 --alias IG --password changeit {rest}"))
    };
    export("--output all.pem");
    assert_eq!(keys.mode("all.pem"), 0o600);
    let all = String::from_utf8(keys.bytes("all.pem")).unwrap();
    let labels: Vec<&str> = all.lines().filter(|line| line.starts_with("-----BEGIN")).collect();
    assert_eq!(labels, ["-----BEGIN PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----"]);
    assert_eq!(keys.tool("openssl pkey -in all.pem -pubout"), public);
    assert_eq!(export("--content certificate").as_bytes(), keys.bytes("ig.pem"));
    export("--content key --format der --output key.der");
    assert_eq!(keys.tool("openssl pkey -in key.der -inform DER -pubout"), public);
    export("--content certificate --format der --output cert.der");
    assert_eq!(keys.tool("openssl x509 -in cert.der -inform DER -noout -pubkey"), public);

    keys.run("keys generate-key --pem both.pem --subject CN=localhost --algorithm EC");
    let public = keys.tool("openssl x509 -in both.pem -noout -pubkey");
    assert_eq!(keys.tool("openssl pkey -in both.pem -pubout"), public);
}

#[test]
fn secrets_leave_as_the_blocks_that_pem_property_format_reads() {
    let keys = Keys::new();
    keys.run("keys generate-secret --pem hmac.pem");
    keys.run(
        "keys generate-secret --keystore s.p12 --alias aes --algorithm aes --size 128 --password changeit",
    );
    keys.run("keys export --keystore s.p12 --alias aes --password changeit --output aes.pem");
    keys.run("keys export --keystore s.p12 --alias aes --password changeit --output aes --format der");
    let read = |file: &str| String::from_utf8(keys.bytes(file)).unwrap();
    assert_eq!(read("hmac.pem").lines().next(), Some("-----BEGIN HMAC SECRET KEY-----"));
    assert_eq!(read("aes.pem").lines().next(), Some("-----BEGIN AES SECRET KEY-----"));
    assert_eq!((keys.bytes("aes").len(), keys.mode("aes"), keys.mode("hmac.pem")), (16, 0o600, 0o600));
}

#[test]
fn nothing_is_replaced_without_being_told_to() {
    let keys = Keys::new();
    let pem = "keys generate-cert --key-out key.pem --cert-out cert.pem --subject CN=a --algorithm EC";
    keys.run(pem);
    let store = "--keystore a.p12 --alias a --password changeit";
    let key = format!("keys generate-key {store} --subject CN=a --algorithm EC");
    keys.run(&key);
    keys.run("build-trust-store --certs cert.pem --output trust.p12 --password changeit");
    let before = ["key.pem", "cert.pem", "a.p12", "trust.p12"].map(|file| keys.bytes(file));
    expect![[r#"
        keys generate-cert --key-out key.pem --cert-out cert.pem --subject CN=a --algorithm EC
          [PC0561]: the file `key.pem` exists
          help: choose another name, or replace it with `--force`
        keys generate-key --keystore a.p12 --alias a --password changeit --subject CN=a --algorithm EC
          [PC0561]: `a.p12` has an entry `a` already
          help: choose another `--alias`, or replace it with `--force`
        keys generate-secret --keystore a.p12 --alias a --password changeit
          [PC0561]: `a.p12` has an entry `a` already
          help: choose another `--alias`, or replace it with `--force`
        build-trust-store --certs cert.pem --output trust.p12 --password changeit
          [PC0561]: the file `trust.p12` exists
          help: choose another name, or replace it with `--force`
        keys convert a.p12 --output trust.p12 --password changeit
          [PC0561]: the file `trust.p12` exists
          help: choose another name, or replace it with `--force`
        keys export --keystore a.p12 --alias a --password changeit --output key.pem
          [PC0561]: the file `key.pem` exists
          help: choose another name, or replace it with `--force`
        keys import-cert --keystore a.p12 --alias a --password changeit --file cert.pem --force
          [PC0561]: the entry `a` of `a.p12` is a key, which a certificate would destroy
          help: choose another `--alias`
    "#]]
    .assert_eq(&keys.refused(&[
        pem,
        &key,
        &format!("keys generate-secret {store}"),
        "build-trust-store --certs cert.pem --output trust.p12 --password changeit",
        "keys convert a.p12 --output trust.p12 --password changeit",
        &format!("keys export {store} --output key.pem"),
        &format!("keys import-cert {store} --file cert.pem --force"),
    ]));
    assert_eq!(before, ["key.pem", "cert.pem", "a.p12", "trust.p12"].map(|file| keys.bytes(file)));

    std::fs::set_permissions(keys.0.path().join("a.p12"), std::fs::Permissions::from_mode(0o640)).unwrap();
    keys.run(&format!("{key} --force"));
    keys.run(&format!("{pem} --force"));
    let after = ["key.pem", "cert.pem", "a.p12"].map(|file| keys.bytes(file));
    assert!(before.iter().zip(&after).all(|(before, after)| before != after));
    assert_eq!((keys.mode("key.pem"), keys.mode("a.p12")), (0o600, 0o640));
    let files = std::fs::read_dir(keys.0.path()).unwrap().count();
    assert_eq!(files, 4, "nothing else is left behind");
}

#[test]
fn a_password_comes_from_a_file_standard_input_the_environment_or_an_option() {
    let keys = Keys::new();
    keys.run("keys generate-secret --keystore a.p12 --alias a --password 'pass word'");
    for (file, text) in [
        ("plain", "pass word"),
        ("unix", "pass word\n"),
        ("windows", "pass word\r\n"),
        ("two", "pass word\n\n"),
    ] {
        std::fs::write(keys.0.path().join(file), text).unwrap();
        let ran = keys.try_run(&format!("keys list a.p12 --password-file {file}"), "");
        assert_eq!(ran.is_success, file != "two", "{file}: {}", ran.errors);
    }
    assert!(keys.try_run("keys list a.p12 --password-file -", "pass word\n").is_success);
    let mut command = Command::new(PROGRAM);
    command.args(["keys", "list", "a.p12"]).current_dir(keys.0.path());
    command.env("PORTCULLIS_KEYSTORE_PASSWORD", "pass word");
    assert!(ran(command, "").is_success);
    expect![[r#"
        keys list a.p12
          [PC0560]: `a.p12` is encrypted, and no password is given
        keys generate-secret --keystore a.p12 --alias b
          [PC0562]: no password is given
          help: name a file that holds it with `--password-file`, or set PORTCULLIS_KEYSTORE_PASSWORD in the environment
        keys list a.p12 --password wrong
          [PC0560]: `a.p12` does not open with this password, or has been changed
        keys list a.p12 --password-file none
          [PC0560]: `none` cannot be read: No such file or directory (os error 2)
        keys generate-secret --keystore b.p12 --alias b --password pässword
          [PC0560]: `b.p12` cannot be written: its password must be printable ASCII, and not empty, because Java opens no others
    "#]].assert_eq(&keys.refused(&[
        "keys list a.p12",
        "keys generate-secret --keystore a.p12 --alias b",
        "keys list a.p12 --password wrong",
        "keys list a.p12 --password-file none",
        "keys generate-secret --keystore b.p12 --alias b --password pässword",
    ]));
}

#[test]
fn wishes_that_cannot_be_met_are_explained() {
    let keys = Keys::new();
    keys.run(
        "keys generate-key --keystore a.p12 --alias server --subject CN=a --algorithm EC --password changeit",
    );
    keys.run("keys generate-cert --key-out key.pem --cert-out cert.pem --subject CN=a --algorithm EC");
    keys.run("build-trust-store --certs cert.pem --output once.p12 --password changeit");
    let generate = "keys generate-key --keystore a.p12 --alias b --password changeit";
    expect![[r#"
        keys generate-key --keystore a.p12 --alias b --password changeit --subject ig.example.com
          [PC0562]: the subject `ig.example.com` cannot be used: `ig.example.com`
          help: write it as `CN=ig.example.com,OU=example,O=com,L=fr,ST=fr,C=fr`, each part once, or some of them
        keys generate-key --keystore a.p12 --alias b --password changeit --subject CN=a,C=France
          [PC0562]: `France` is no country: two letters are needed
        keys generate-key --keystore a.p12 --alias b --password changeit --subject CN=a --size 1024
          [PC0562]: a key of RSA cannot have 1024 bits
          help: its size can be 2048, 3072 or 4096
        keys generate-key --keystore a.p12 --alias b --password changeit --subject CN=a --san 'a b'
          [PC0562]: `a b` is no host name in ASCII
        keys generate-secret --pem x --size 64
          [PC0562]: a key of HmacSHA512 cannot have 64 bits
          help: its size can be 512 to 8192, in steps of 8
        keys export --keystore a.p12 --alias other --password changeit
          [PC0560]: `a.p12` has no entry `other`
          help: it has server
        keys export --keystore a.p12 --alias server --password changeit
          [PC0562]: a key is not shown; say with `--output` where to write it
        keys export --keystore a.p12 --alias server --password changeit --format der --output x
          [PC0562]: DER holds one key or certificate; choose `--content key` or `--content certificate`
        keys export --keystore once.p12 --alias cert --password changeit --content key --output x
          [PC0562]: the entry `cert` has no key
    "#]].assert_eq(&keys.refused(&[
        &format!("{generate} --subject ig.example.com"),
        &format!("{generate} --subject CN=a,C=France"),
        &format!("{generate} --subject CN=a --size 1024"),
        &format!("{generate} --subject CN=a --san 'a b'"),
        "keys generate-secret --pem x --size 64",
        "keys export --keystore a.p12 --alias other --password changeit",
        "keys export --keystore a.p12 --alias server --password changeit",
        "keys export --keystore a.p12 --alias server --password changeit --format der --output x",
        "keys export --keystore once.p12 --alias cert --password changeit --content key --output x",
    ]));
    assert!(!keys.0.path().join("x").exists());
}

#[test]
fn files_that_are_something_else_are_explained() {
    let keys = Keys::new();
    keys.run("keys generate-secret --keystore a.p12 --alias server --password changeit");
    keys.run("keys generate-cert --key-out key.pem --cert-out cert.pem --subject CN=a --algorithm EC");
    std::fs::write(keys.0.path().join("text"), "no certificate\n").unwrap();
    keys.run("build-trust-store --certs cert.pem --output once.p12 --password changeit");
    expect![[r#"
        keys list text
          [PC0560]: `text` is no key store of type PKCS12, JKS or JCEKS, but something else
        keys list none.p12
          [PC0560]: `none.p12` cannot be read: No such file or directory (os error 2)
        keys list key.pem
          [PC0560]: `key.pem` is no key store of type PKCS12, JKS or JCEKS, but PEM text
        build-trust-store --certs text --output x
          [PC0562]: `text` is no file of certificates: there is no block `-----BEGIN CERTIFICATE-----` in it
        build-trust-store --certs key.pem --output x
          [PC0562]: `key.pem` is no file of certificates: line 1: this is no certificate
        build-trust-store --certs key.pem --certs text --alias a --output x
          [PC0562]: 1 `--alias` for 2 `--certs`
          help: give one for each file in the same order, or none
        build-trust-store --certs cert.pem --certs ./cert.pem --output x
          [PC0562]: `./cert.pem` would be the second certificate with the name `cert`
          help: name each with an `--alias`, in the order of `--certs`
        keys import-cert --keystore a.p12 --alias b --file text --password changeit
          [PC0562]: `text` is no file of certificates: there is no block `-----BEGIN CERTIFICATE-----` in it
        keys import-cert --keystore once.p12 --alias b --file cert.pem --password wrong
          [PC0560]: `once.p12` does not open with this password, or has been changed
    "#]]
    .assert_eq(&keys.refused(&[
        "keys list text",
        "keys list none.p12",
        "keys list key.pem",
        "build-trust-store --certs text --output x",
        "build-trust-store --certs key.pem --output x",
        "build-trust-store --certs key.pem --certs text --alias a --output x",
        "build-trust-store --certs cert.pem --certs ./cert.pem --output x",
        "keys import-cert --keystore a.p12 --alias b --file text --password changeit",
        "keys import-cert --keystore once.p12 --alias b --file cert.pem --password wrong",
    ]));
    assert!(!keys.0.path().join("x").exists());
}

#[test]
fn only_pkcs12_files_without_anything_else_in_them_are_added_to() {
    let keys = Keys::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crypto/tests/keystores");
    for sample in ["key-trust.jks", "openssl-plain.p12", "openssl-nokeys-trust.p12", "mixed-otherpass.p12"] {
        std::fs::copy(samples.join(sample), keys.0.path().join(sample)).unwrap();
    }
    let add =
        |store: &str| format!("keys generate-secret --keystore {store} --alias new --password changeit");
    expect![[r#"
        keys generate-secret --keystore key-trust.jks --alias new --password changeit
          [PC0560]: `key-trust.jks` is of type JKS, and only PKCS12 is written
          help: make a PKCS12 file of it with `portcullis keys convert`
        keys generate-secret --keystore openssl-plain.p12 --alias new --password changeit
          [PC0561]: `openssl-plain.p12` has 2 keys or certificates that are no entries, and would lose them when it is written
          help: use another file; `portcullis keys list` shows what is in this one
        keys generate-secret --keystore openssl-nokeys-trust.p12 --alias new --password changeit
          [PC0561]: `openssl-nokeys-trust.p12` has 1 keys or certificates that are no entries, and would lose them when it is written
          help: use another file; `portcullis keys list` shows what is in this one
        keys generate-secret --keystore mixed-otherpass.p12 --alias new --password changeit
          [PC0560]: `mixed-otherpass.p12` has an entry `https-connector-key` that does not open with this password, or has been changed
    "#]].assert_eq(&keys.refused(&[
        &add("key-trust.jks"),
        &add("openssl-plain.p12"),
        &add("openssl-nokeys-trust.p12"),
        &add("mixed-otherpass.p12"),
    ]));
}
