//! `setup`: installs the programs that tests and benchmarks start, and fetches the libraries that they compare with.
//!
//! A person decides what is installed on their machine, so a missing right is only a note there; on the build
//! machine (`CI=true`) it is a failure, since a test without its browser would pass for the wrong reason.

mod python;

use crate::{h2spec, tool, workspace};
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// A program somebody needs.
struct Program {
    /// What it is called on the search path.
    name: &'static str,
    /// Where it comes from.
    from: Source,
    /// Who starts it.
    used_by: &'static str,
}

/// Where a program comes from.
#[derive(Clone, Copy)]
enum Source {
    /// A Debian package of this name.
    Debian(&'static str),
}

const PROGRAMS: &[Program] = &[
    Program { name: "nginx", from: Source::Debian("nginx-light"), used_by: "bench: origin and peer" },
    Program {
        name: "haproxy",
        from: Source::Debian("haproxy"),
        used_by: "bench: peer; tests: load balancer",
    },
    Program { name: "wrk", from: Source::Debian("wrk"), used_by: "bench and reload tests: load" },
    Program { name: "valgrind", from: Source::Debian("valgrind"), used_by: "bench: instruction counts" },
    Program { name: "chromium", from: Source::Debian("chromium"), used_by: "tests of pages in a browser" },
    Program { name: "curl", from: Source::Debian("curl"), used_by: "examples and transcripts" },
    Program { name: "openssl", from: Source::Debian("openssl"), used_by: "tests of TLS and key stores" },
    Program {
        name: "keytool",
        from: Source::Debian("default-jdk-headless"),
        used_by: "tests of TLS and key stores",
    },
    Program {
        name: "testssl",
        from: Source::Debian("testssl.sh"),
        used_by: "test tls-scan: weaknesses of the HTTPS listener",
    },
    Program {
        name: "softhsm2-util",
        from: Source::Debian("softhsm2"),
        used_by: "tests of keys in a hardware module",
    },
    Program {
        name: "javac",
        from: Source::Debian("default-jdk-headless"),
        used_by: "differential and tests of key stores: Java itself",
    },
    Program { name: "mvn", from: Source::Debian("maven"), used_by: "differential: fetches JUEL" },
    Program {
        name: "redis-server",
        from: Source::Debian("redis-server"),
        used_by: "tests of shared sessions: server, Sentinel, cluster",
    },
    Program { name: "redis-cli", from: Source::Debian("redis-tools"), used_by: "tests of shared sessions" },
    Program { name: "python3", from: Source::Debian("python3"), used_by: "tests of scripts in bin/" },
];

/// A library from Maven Central: group, artifact and version.
struct Library {
    artifact: &'static str,
    used_by: &'static str,
}

const LIBRARIES: &[Library] = &[
    Library { artifact: "de.odysseus.juel:juel-api:2.2.7", used_by: "differential: expressions of Java" },
    Library { artifact: "de.odysseus.juel:juel-impl:2.2.7", used_by: "differential: expressions of Java" },
    Library { artifact: "de.odysseus.juel:juel-spi:2.2.7", used_by: "differential: expressions of Java" },
];

/// Installs what is missing; does nothing, quickly, when nothing is.
pub(crate) fn run() -> Result<()> {
    install_programs()?;
    fetch_libraries()?;
    python::run()?;
    h2spec::setup()
}

fn install_programs() -> Result<()> {
    let missing: Vec<&Program> =
        PROGRAMS.iter().filter(|program| tool::find(program.name).is_none()).collect();
    if missing.is_empty() {
        println!("setup: all {} programs are here", PROGRAMS.len());
        return Ok(());
    }
    for program in &missing {
        println!("setup: `{}` is missing ({})", program.name, program.used_by);
    }
    let packages: Vec<&str> = missing.iter().map(|program| debian_package(program.from)).collect();
    let Some(installer) = Installer::find() else {
        return refuse(&packages);
    };
    installer.install(&packages)?;
    let still: Vec<&str> =
        missing.iter().map(|program| program.name).filter(|name| tool::find(name).is_none()).collect();
    if !still.is_empty() {
        bail!("installed {}, yet still missing: {}", packages.join(" "), still.join(" "));
    }
    Ok(())
}

/// Puts the libraries into `target/juel`, where the tests look for them.
fn fetch_libraries() -> Result<()> {
    let folder = workspace::root().join("target/juel");
    for library in LIBRARIES {
        let file = library.artifact.split(':').skip(1).collect::<Vec<_>>().join("-") + ".jar";
        if folder.join(&file).is_file() {
            continue;
        }
        println!("setup: {file} is missing ({})", library.used_by);
        if tool::find("mvn").is_none() {
            // On the build machine the missing program has been an error already.
            println!("setup: it cannot be fetched without `mvn`");
            return Ok(());
        }
        let mut command = Command::new("mvn");
        command.args(["-q", "-B", "dependency:copy"]);
        command.arg(format!("-Dartifact={}", library.artifact));
        command.arg(format!("-DoutputDirectory={}", folder.display()));
        tool::run(command.current_dir(workspace::root()))?;
    }
    Ok(())
}

fn debian_package(source: Source) -> &'static str {
    match source {
        Source::Debian(package) => package,
    }
}

fn refuse(packages: &[&str]) -> Result<()> {
    let advice = format!("run as root: apt-get install {}", packages.join(" "));
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        bail!("programs are missing and this user may not install them; {advice}");
    }
    println!("setup: this user may not install packages; {advice}");
    Ok(())
}

/// How packages can be installed by this user.
enum Installer {
    Root,
    Sudo,
}

impl Installer {
    fn find() -> Option<Installer> {
        tool::find("apt-get")?;
        if tool::output(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0") {
            return Some(Installer::Root);
        }
        let mut question = Command::new("sudo");
        question.args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
        question.status().is_ok_and(|status| status.success()).then_some(Installer::Sudo)
    }

    /// Package mirrors fail now and then, so that everything is tried twice.
    fn install(&self, packages: &[&str]) -> Result<()> {
        let attempt = || {
            tool::run(&mut self.apt(&["update", "-q"]))?;
            let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
            arguments.extend(packages);
            tool::run(&mut self.apt(&arguments))
        };
        attempt().or_else(|error| {
            println!("setup: {error:#}; trying once more");
            attempt()
        })
    }

    fn apt(&self, arguments: &[&str]) -> Command {
        // RUNLEVEL=1 keeps a freshly installed server from being started as a service.
        let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get"];
        if matches!(self, Installer::Sudo) {
            words.splice(0..0, ["sudo", "-n"]);
        }
        words.extend(arguments);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    }
}
