//! `test tls-scan`: testssl.sh against an HTTPS listener with the default settings.
//!
//! What it finds above LOW is a failure, unless only the scan's own surroundings are to blame, which is said and
//! why. Versions of testssl.sh before 3.2 give no grade; then the rules that they would judge by are looked up in
//! the findings (SSL Labs' guide: protocols, key exchange, ciphers, and what caps a grade).

use crate::bench::{Server, free_ports, https_gateway};
use crate::workspace::Scratch;
use crate::{tool, workspace};
use anyhow::{Context, Result, bail, ensure};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The name the certificate is for. It is never looked up.
const HOST: &str = "scan.example";

/// A gateway that does not listen after this long does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// Findings that say something about the scan and nothing about the listener: their identifier, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("engine_problem", "the OpenSSL that scans has no module for GOST, which no suite here needs"),
    ("cert_revocation", "the authority of the scan lives for minutes and revokes nothing"),
    (
        "security_headers",
        "they belong to pages; the instance has no route, and a gateway must not invent them",
    ),
];

/// What SSL Labs gives an A for, as testssl.sh says it: the finding, and how it begins.
const GRADE_A: &[(&str, &str)] = &[
    ("SSLv2", "not offered"),
    ("SSLv3", "not offered"),
    ("TLS1", "not offered"),
    ("TLS1_1", "not offered"),
    ("TLS1_2", "offered"),
    ("TLS1_3", "offered"),
    ("cipherlist_NULL", "not offered"),
    ("cipherlist_aNULL", "not offered"),
    ("cipherlist_EXPORT", "not offered"),
    ("cipherlist_LOW", "not offered"),
    ("cipherlist_3DES_IDEA", "not offered"),
    ("PFS", "offered"),
    ("secure_renego", "supported"),
    ("secure_client_renego", "not vulnerable"),
    ("CRIME_TLS", "not vulnerable"),
    ("heartbleed", "not vulnerable"),
    ("CCS", "not vulnerable"),
    ("ROBOT", "not vulnerable"),
    ("fallback_SCSV", ""),
    ("cert_trust", "Ok via SAN"),
    ("cert_chain_of_trust", "passed"),
];

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    id: String,
    severity: String,
    text: String,
}

/// Scans; an error when something above LOW is found or the grade is below A.
pub(crate) fn run() -> Result<()> {
    let scanner = tool::require("testssl").or_else(|_| tool::require("testssl.sh"))?;
    tool::run(&mut tool::cargo(&["build", "--quiet", "--release", "--package", "portcullis"]))?;
    let program = workspace::root().join("target/release/portcullis");
    let scratch = Scratch::new("tls-scan")?;
    let folder = scratch.path();
    certificates(folder)?;
    let [port] = free_ports()?;
    let mut command = https_gateway(&program, folder, &[("scan", port)])?;
    let mut server = Server::spawn("portcullis", &mut command, folder)?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        server.ensure_running()?;
        ensure!(started.elapsed() < START_PATIENCE, "portcullis does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = folder.join("report.json");
    let mut scan = Command::new(scanner);
    scan.args(["--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1"]);
    scan.arg("--add-ca").arg(folder.join("ca.crt")).arg("--jsonfile").arg(&report);
    scan.arg(format!("{HOST}:{port}")).current_dir(folder);
    // It counts what it found in its exit status; only the report says whether it ran.
    let output = scan.output().context("cannot start testssl.sh")?;
    let findings = workspace::read(&report).map(|text| read(&text)).unwrap_or_default();
    if findings.is_empty() {
        bail!("testssl.sh wrote no report:\n{}", String::from_utf8_lossy(&output.stdout));
    }
    server.ensure_running()?;
    judge(&findings)
}

/// A private authority, and a certificate that it vouches for.
fn certificates(folder: &Path) -> Result<()> {
    let at = |name: &str| folder.join(name);
    let openssl = || tool::require("openssl").map(Command::new);
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90"];
    let mut authority = openssl()?;
    authority.args(["req", "-x509", "-subj", "/CN=Scan Authority"]).args(key);
    authority.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    authority.arg("-keyout").arg(at("ca.key")).arg("-out").arg(at("ca.crt"));
    tool::output(&mut authority)?;
    let mut request = openssl()?;
    request.args(["req", "-new", "-subj", &format!("/CN={HOST}")]).args(&key[..5]);
    request.arg("-keyout").arg(at("scan.key")).arg("-out").arg(at("request"));
    tool::output(&mut request)?;
    let extensions = format!(
        "subjectAltName=DNS:{HOST}\nbasicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=serverAuth\n"
    );
    workspace::write(&at("extensions"), extensions)?;
    let mut sign = openssl()?;
    sign.args(["x509", "-req", "-days", "90", "-in"]).arg(at("request")).arg("-CA").arg(at("ca.crt"));
    sign.arg("-CAkey").arg(at("ca.key")).arg("-CAcreateserial").arg("-extfile").arg(at("extensions"));
    tool::output(sign.arg("-out").arg(at("scan.crt")))?;
    let mut pack = openssl()?;
    pack.args(["pkcs12", "-export", "-passout", "pass:changeit", "-inkey"]).arg(at("scan.key"));
    pack.arg("-in").arg(at("scan.crt")).arg("-out").arg(at("scan.p12"));
    tool::output(&mut pack).map(drop)
}

/// Reads testssl.sh's flat JSON: one member per line, values without line ends.
fn read(report: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut id, mut severity) = (String::new(), String::new());
    for line in report.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_end_matches(',').trim_matches('"').to_owned();
        match name.trim().trim_matches('"') {
            "id" => id = value,
            "severity" => severity = value,
            "finding" => findings.push(Finding { id: id.clone(), severity: severity.clone(), text: value }),
            _ => {}
        }
    }
    findings
}

/// Prints what matters, and fails when it must.
fn judge(findings: &[Finding]) -> Result<()> {
    let mut failed = 0;
    for finding in findings.iter().filter(|finding| !is_harmless(&finding.severity)) {
        let Finding { id, severity, text } = finding;
        match EXCEPTIONS.iter().find(|(excepted, _)| excepted == id) {
            Some((_, why)) => println!("tls-scan: {severity:<8} {id}: {text} (not counted: {why})"),
            None => {
                failed += 1;
                println!("tls-scan: {severity:<8} {id}: {text}");
            }
        }
    }
    let lacking = lacking_for_an_a(findings);
    for (id, found) in &lacking {
        println!("tls-scan: no A with {id}: {found}");
    }
    if failed > 0 || !lacking.is_empty() {
        bail!("{failed} findings are above LOW, and {} keep the grade below A", lacking.len());
    }
    println!("tls-scan: {} findings, none above LOW; the grade is A or better", findings.len());
    Ok(())
}

fn is_harmless(severity: &str) -> bool {
    matches!(severity, "OK" | "INFO" | "LOW" | "DEBUG")
}

/// What keeps the grade below A: testssl.sh's own word for it, or the rules behind it.
fn lacking_for_an_a(findings: &[Finding]) -> Vec<(String, String)> {
    let text_of = |id: &str| findings.iter().find(|finding| finding.id == id).map(|finding| &finding.text);
    if let Some(grade) = text_of("overall_grade") {
        // A certificate of a private authority alone is a T in versions that ignore `--add-ca` here.
        return if grade.starts_with('A') {
            Vec::new()
        } else {
            vec![("overall_grade".into(), grade.clone())]
        };
    }
    let fails = |(id, expected): &(&str, &str)| match text_of(id) {
        Some(text) if text.starts_with(expected) => None,
        Some(text) => Some(((*id).to_owned(), text.clone())),
        None => Some(((*id).to_owned(), "nothing was found out".to_owned())),
    };
    GRADE_A.iter().filter_map(fails).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(findings: &[(&str, &str, &str)], expected: &str) {
        let line = |(id, severity, text): &(&str, &str, &str)| {
            format!(
                "{{\n \"id\"           : \"{id}\",\n \"severity\"  : \"{severity}\",\n \"finding\" : \"{text}\"\n}}"
            )
        };
        let good = GRADE_A.iter().filter(|(id, _)| !findings.iter().any(|(found, ..)| found == id));
        let good = good.map(|(id, text)| line(&(*id, "OK", *text)));
        let report = findings.iter().map(line).chain(good).collect::<Vec<_>>().join(",\n");
        let outcome = judge(&read(&report)).map_or_else(|error| error.to_string(), |()| "passed".to_owned());
        assert_eq!(outcome, expected);
    }

    #[test]
    fn findings_above_low_and_grades_below_a_fail() {
        check(&[("HSTS", "LOW", "not offered")], "passed");
        check(&[("cert_revocation", "HIGH", "Neither CRL nor OCSP")], "passed");
        check(
            &[("BREACH", "MEDIUM", "gzip: used")],
            "1 findings are above LOW, and 0 keep the grade below A",
        );
        check(
            &[("TLS1_1", "LOW", "offered (deprecated)")],
            "0 findings are above LOW, and 1 keep the grade below A",
        );
        check(&[("overall_grade", "OK", "A+")], "passed");
        check(&[("overall_grade", "LOW", "B")], "0 findings are above LOW, and 1 keep the grade below A");
    }
}
