//! Certificates read as Java reads them, from every form in which a proxy passes them on.

mod support;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use expect_test::expect;
use expression::{CERTIFICATE, CERTIFICATE_BYTES_MAX, Certificate, Object, Value};
use sha2::{Digest, Sha256};
use support::check;

/// What Java 17 makes of the certificates; `java_certificates.java` wrote it.
const JAVA: &str = include_str!("java_certificates.txt");

const PLAIN: &str = include_str!("certificates/plain.pem");

#[test]
fn properties_are_those_of_java() {
    let mut cases = 0;
    for line in JAVA.lines() {
        let columns: Vec<&str> = line.splitn(3, '\t').collect();
        let [file, property, java] = columns[..] else { panic!("three columns: {line}") };
        let pem = std::fs::read_to_string(format!("tests/certificates/{file}")).unwrap();
        let certificate = Value::shared(std::sync::Arc::new(Certificate::from_pem(&pem).unwrap()));
        let value = property.split('.').fold(certificate, Value::property);
        assert_eq!(as_java_prints(&value), java, "{file} {property}");
        cases += 1;
    }
    assert_eq!(cases, 6 * 22, "the file is whole");
}

fn as_java_prints(value: &Value<'_>) -> String {
    let digest = |bytes: &Bytes| URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
    match value {
        Value::Null => "null".to_owned(),
        Value::Bytes(bytes) => digest(bytes),
        Value::List(elements) => {
            let elements: Vec<String> = elements
                .iter()
                .map(|element| match element {
                    Value::Bytes(_) => "bytes".to_owned(),
                    element => as_java_prints(element),
                })
                .collect();
            format!("[{}]", elements.join(", "))
        }
        value => value.to_text().into_owned(),
    }
}

#[test]
fn every_property_of_the_table_is_there_and_no_other() {
    let certificate = Certificate::from_pem(PLAIN).unwrap();
    for property in CERTIFICATE.properties {
        assert!(!certificate.property(property.name).is_null(), "{}", property.name);
    }
    assert_eq!(certificate.keys().len(), CERTIFICATE.properties.len());
    assert!(certificate.property("subjectName").is_null());
}

#[test]
fn the_thumbprint_is_the_digest_of_the_der() {
    let certificate = Certificate::from_pem(PLAIN).unwrap();
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.der()));
    assert_eq!(certificate.thumbprint(), digest);
    assert_eq!(certificate.property("thumbprint").as_str(), Some(digest.as_str()));
}

#[test]
fn every_form_of_a_header_is_read() {
    let der = Certificate::from_pem(PLAIN).unwrap().der().clone();
    let base64 = STANDARD.encode(&der);
    let pem = [
        PLAIN.replace('\n', "\r\n"),
        PLAIN.replace('\n', " "),
        PLAIN.replace('\n', ""),
        PLAIN.replace('\n', "\n\t"),
        format!("Subject: CN=client\n{PLAIN}{PLAIN}"),
    ];
    for text in pem {
        assert_eq!(Certificate::from_pem(&text).unwrap().der(), &der, "{text}");
    }
    for text in [base64.clone(), format!(":{base64}:"), format!(" {base64}\n")] {
        assert_eq!(Certificate::from_base64(&text).unwrap().der(), &der, "{text}");
    }
}

#[test]
fn what_is_no_certificate_is_refused_without_being_repeated() {
    let refused = |text: &str| Certificate::from_pem(text).err().unwrap().to_string();
    expect!["it has no line `-----BEGIN CERTIFICATE-----`, or none that ends it"]
        .assert_eq(&refused("s3cret"));
    expect!["it has no line `-----BEGIN CERTIFICATE-----`, or none that ends it"]
        .assert_eq(&refused("-----BEGIN CERTIFICATE-----\nAAAA"));
    expect!["it is not in Base64"]
        .assert_eq(&refused("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----"));
    expect!["it is not an X.509 certificate"]
        .assert_eq(&refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"));
    expect!["the text is longer than 131,072 bytes"].assert_eq(&refused(&" ".repeat(131_073)));
    let mut der = Certificate::from_pem(PLAIN).unwrap().der().to_vec();
    let refused = |der: &[u8]| Certificate::from_der(der).err().unwrap().to_string();
    expect!["it is not an X.509 certificate"].assert_eq(&refused(&der[..der.len() - 1]));
    der.push(0);
    expect!["something follows the certificate"].assert_eq(&refused(&der));
    der.resize(CERTIFICATE_BYTES_MAX, 0);
    expect!["something follows the certificate"].assert_eq(&refused(&der));
    der.push(0);
    expect!["it is larger than 65,536 bytes"].assert_eq(&refused(&der));
}

#[test]
fn a_changed_byte_never_panics() {
    let der = Certificate::from_pem(PLAIN).unwrap().der().to_vec();
    for at in 0..der.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = der.clone();
            changed[at] ^= change;
            let _ = Certificate::from_der(&changed);
        }
    }
}

#[test]
fn functions_yield_them() {
    let escaped = PLAIN.replace('+', "%2B").replace('\n', "%0A").replace('=', "%3D");
    let base64 = STANDARD.encode(Certificate::from_pem(PLAIN).unwrap().der());
    check(
        &format!("${{pemCertificate(urlDecode('{escaped}')).subjectX500Principal.name}}"),
        expect![[r#""CN=client.example.com,OU=Gate,O=Example Ltd,L=Munich,ST=Bavaria,C=DE""#]],
    );
    check(
        &format!("${{derCertificate(':{base64}:').getIssuerDN().getName()}}"),
        expect![[r#""CN=client.example.com, OU=Gate, O=Example Ltd, L=Munich, ST=Bavaria, C=DE""#]],
    );
    check(&format!("${{derCertificate('{base64}')}}"), expect!["<certificate>"]);
    check(
        &format!("x ${{derCertificate('{base64}')}}"),
        expect![[r#""x CN=client.example.com, OU=Gate, O=Example Ltd, L=Munich, ST=Bavaria, C=DE""#]],
    );
    check(&format!("${{derCertificate('{base64}').notAfter.time > now.epochMillis}}"), expect!["true"]);
    check(
        &format!(
            "${{contains(derCertificate('{base64}').subjectAlternativeNames[0], 'client.example.com')}}"
        ),
        expect!["true"],
    );
    check("${pemCertificate(null)}${derCertificate(null)}", expect![[r#""""#]]);
    check("${pemCertificate('x').subjectDN.name}", expect!["null"]);
    check("${pemCertificate('x').subjectDn}", expect!["null"]);
}
