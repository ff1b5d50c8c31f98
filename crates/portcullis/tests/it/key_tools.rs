//! A folder in which `portcullis keys`, keytool, openssl and a Java program are run one after the other.

use std::fmt::Write as _;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use testbed::Folder;

use crate::PROGRAM;

/// A folder in which commands are run.
pub(crate) struct Keys(pub(crate) Folder);

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) is_success: bool,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self(Folder::new())
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> String {
        let ran = self.try_run(line, "");
        assert!(ran.is_success, "{line}: {}{}", ran.output, ran.errors);
        ran.output + &ran.errors
    }

    /// Runs the program several times, which must fail each time; each line with what it says about it.
    #[track_caller]
    pub(crate) fn refused(&self, lines: &[&str]) -> String {
        let mut refused = String::new();
        for line in lines {
            let ran = self.try_run(line, "");
            assert!(!ran.is_success && ran.output.is_empty(), "{line}: {}", ran.output);
            writeln!(refused, "{line}").unwrap();
            let said =
                ran.errors.lines().filter_map(|said| said.strip_prefix("error").or(said.strip_prefix(" = ")));
            said.for_each(|said| writeln!(refused, "  {said}").unwrap());
        }
        refused
    }

    pub(crate) fn try_run(&self, line: &str, input: &str) -> Ran {
        let mut command = Command::new(PROGRAM);
        command.args(words(line)).current_dir(self.0.path()).env_remove("PORTCULLIS_KEYSTORE_PASSWORD");
        ran(command, input)
    }

    /// Runs another program, which must succeed.
    #[track_caller]
    pub(crate) fn tool(&self, line: &str) -> String {
        let words = words(line);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.0.path()).env("LC_ALL", "C.UTF-8");
        let ran = ran(command, "");
        assert!(ran.is_success, "{line}: {}{}", ran.output, ran.errors);
        ran.output
    }

    /// What a Java program says of every entry.
    #[track_caller]
    pub(crate) fn java_opens(&self, store: &str, password: &str) -> String {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/OpenKeys.java");
        self.tool(&format!("java -Duser.language=en '{}' {store} '{password}'", program.display()))
    }

    pub(crate) fn bytes(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(file)).unwrap()
    }

    pub(crate) fn mode(&self, file: &str) -> u32 {
        std::fs::metadata(self.0.path().join(file)).unwrap().permissions().mode() & 0o777
    }
}

pub(crate) fn ran(mut command: Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who does not read it has closed it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { is_success: output.status.success(), output: text(&output.stdout), errors: text(&output.stderr) }
}

/// The words of a line; single quotes keep spaces together.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// A text without what differs from run to run: days and fingerprints.
pub(crate) fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let words = line.split(' ').map(|word| {
            let bare = word.trim_end_matches(',');
            let is_day = bare.len() == 10 && bare.split('-').map(str::len).eq([4, 2, 2]);
            let is_digest = bare.len() == 95 && bare.split(':').all(|part| part.len() == 2);
            match (is_day, is_digest) {
                (true, _) => word.replace(bare, "DAY"),
                (_, true) => "DIGEST".to_owned(),
                _ => word.to_owned(),
            }
        });
        writeln!(steady, "{}", words.collect::<Vec<_>>().join(" ")).unwrap();
    }
    steady
}

/// Whether the programs of Java and OpenSSL are here. On the build machine they must be.
pub(crate) fn has_tools() -> bool {
    let answers = |program: &&str| {
        let version = if *program == "openssl" { "version" } else { "-help" };
        Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    let missing: Vec<&str> =
        ["keytool", "java", "openssl"].into_iter().filter(|program| !answers(program)).collect();
    let is_build_machine = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(missing.is_empty() || !is_build_machine, "{missing:?} are missing; run `cargo xtask setup`");
    if !missing.is_empty() {
        eprintln!("skipped: {missing:?} are missing on this machine; run `cargo xtask setup`");
    }
    missing.is_empty()
}
