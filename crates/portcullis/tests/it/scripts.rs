//! `bin/start.sh` and `bin/stop.sh` as a package holds them: beside the program.

use std::path::{Path, PathBuf};

use testbed::{Folder, GatewayBuilder};

/// A package: the two scripts and the program in one `bin` folder.
pub(crate) struct Package(Folder);

impl Package {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bin");
        let bin = folder.path().join("bin");
        folder.write("bin/README", "for the folder's sake");
        for script in ["start.sh", "stop.sh"] {
            std::fs::copy(scripts.join(script), bin.join(script)).unwrap();
        }
        std::os::unix::fs::symlink(crate::PROGRAM, bin.join("portcullis")).unwrap();
        Self(folder)
    }

    fn script(&self, name: &str) -> PathBuf {
        self.0.path().join("bin").join(name)
    }

    /// A gateway that `start.sh` will start, with no arguments yet.
    pub(crate) fn start(&self) -> GatewayBuilder {
        testbed::gateway(self.script("start.sh").to_str().unwrap()).arguments(&[])
    }

    /// `stop.sh`, with no arguments yet.
    pub(crate) fn stop(&self) -> GatewayBuilder {
        testbed::gateway(self.script("stop.sh").to_str().unwrap()).arguments(&[])
    }
}

#[test]
fn a_package_without_the_program_says_so() {
    let package = Package::new();
    std::fs::remove_file(package.script("portcullis")).unwrap();
    let ended = package.start().env("PATH", "/usr/bin:/bin").run();
    assert_eq!(ended.code(), Some(1));
    assert!(ended.output.contains("no portcullis beside this script"), "{}", ended.output);
}

#[test]
fn the_program_is_found_on_the_path() {
    let package = Package::new();
    std::fs::remove_file(package.script("portcullis")).unwrap();
    let program = Path::new(crate::PROGRAM).parent().unwrap().display();
    let start = package.start().env("PATH", &format!("{program}:/usr/bin:/bin"));
    let instance = start.folder().path().to_str().unwrap().to_owned();
    let gateway = start.arguments(&[&instance]).start();
    assert_eq!(gateway.get("/openig/ping").status, 200);
}
