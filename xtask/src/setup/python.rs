//! Python with the libraries that tests compare with, in a folder of its own below `target`.

use crate::{tool, workspace};
use anyhow::{Result, bail};
use std::process::Command;

/// A second implementation of JOSE, with its version.
const PACKAGE: &str = "jwcrypto==1.6.1";

/// Installs the libraries into `target/python`, if Python is here.
pub(super) fn run() -> Result<()> {
    let folder = workspace::root().join("target/python");
    let program = folder.join("bin/python3");
    let mut question = Command::new(&program);
    if tool::output(question.args(["-c", "import jwcrypto"])).is_ok() {
        return Ok(());
    }
    println!("setup: {PACKAGE} is missing (tests of JOSE)");
    let Some(python) = tool::find("python3") else {
        println!("setup: it cannot be installed without `python3`");
        return Ok(());
    };
    // Debian has the parts of `venv` in a package of its own.
    let mut question = Command::new(&python);
    let is_whole = tool::output(question.args(["-c", "import ensurepip, venv"])).is_ok();
    if let Some(installer) = super::Installer::find().filter(|_| !is_whole) {
        installer.install(&["python3-venv"])?;
    }
    let mut make = Command::new(python);
    make.args(["-m", "venv"]).arg(&folder);
    let mut install = Command::new(program);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    if let Err(error) = tool::run(&mut make).and_then(|()| tool::run(&mut install)) {
        let advice = "run as root: apt-get install python3-venv";
        if std::env::var_os("CI").is_some_and(|value| value == "true") {
            bail!("{PACKAGE} cannot be installed ({error:#}); {advice}");
        }
        println!("setup: {PACKAGE} cannot be installed ({error:#}); {advice}");
    }
    Ok(())
}
