//! Java: compiled once, started where needed, asked line by line.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What `cargo xtask setup` fetches.
const JARS: [&str; 3] = ["juel-api-2.2.7.jar", "juel-impl-2.2.7.jar", "juel-spi-2.2.7.jar"];

/// The programs beside this file.
const SOURCES: [&str; 2] = ["Oracle.java", "Values.java"];

/// A machine that has a JDK and JUEL.
pub(crate) struct Java {
    class_path: String,
}

impl Java {
    /// Compiles the programs; says what is missing if they cannot be.
    pub(crate) fn find() -> Result<Java, String> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let jars = package.join("../../target/juel");
        if let Some(missing) = JARS.iter().find(|jar| !jars.join(jar).is_file()) {
            return Err(format!("there is no {missing} in target/juel"));
        }
        let classes = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
        let jars = JARS.map(|jar| jars.join(jar));
        let jars = jars.iter().map(|jar| jar.display().to_string()).collect::<Vec<_>>().join(":");
        let sources = SOURCES.map(|source| package.join("tests/differential").join(source));
        compile(&sources, &jars, &classes)?;
        Ok(Java { class_path: format!("{}:{jars}", classes.display()) })
    }

    /// Starts one; yields its questions and its answers, and the version of Java.
    pub(crate) fn start(&self) -> (Questions, Answers, String) {
        let mut child = Command::new("java")
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-cp", &self.class_path, "Oracle"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("javac is there, and so is java");
        let questions = Questions(BufWriter::new(child.stdin.take().expect("it is piped")));
        let mut answers =
            Answers { output: BufReader::new(child.stdout.take().expect("it is piped")), child };
        let version = answers.next();
        (questions, answers, version)
    }
}

fn compile(sources: &[PathBuf], jars: &str, classes: &Path) -> Result<(), String> {
    let output = Command::new("javac")
        .args(["-encoding", "UTF-8", "-cp", jars, "-d"])
        .arg(classes)
        .args(sources)
        .output()
        .map_err(|error| format!("javac cannot be started: {error}"))?;
    // Anything that javac says is a defect of the programs and not of the machine.
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Where lines are asked.
pub(crate) struct Questions(BufWriter<ChildStdin>);

impl Questions {
    pub(crate) fn ask(&mut self, line: &str) {
        let written = self.0.write_all(line.as_bytes()).and_then(|()| self.0.write_all(b"\n"));
        written.expect("Java reads as long as it is asked");
    }

    pub(crate) fn flush(&mut self) {
        self.0.flush().expect("Java reads as long as it is asked");
    }
}

/// Where lines are answered.
pub(crate) struct Answers {
    output: BufReader<ChildStdout>,
    child: Child,
}

impl Answers {
    pub(crate) fn next(&mut self) -> String {
        let mut line = String::new();
        let length = self.output.read_line(&mut line).expect("Java writes UTF-8");
        assert_ne!(length, 0, "Java answers every question");
        line.truncate(line.trim_end_matches('\n').len());
        line
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // Its questions may still be open elsewhere, so that it would not end by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
