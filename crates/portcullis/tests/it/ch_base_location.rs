//! "Change the base location of the IG configuration".

use crate::scripts::Package;
use crate::{answer_route, gateway};

#[test]
fn the_start_script_reads_the_folder_of_its_argument() {
    let package = Package::new();
    let start = package.start().route("all", &answer_route("from the argument"));
    let instance = start.folder().path().to_str().unwrap().to_owned();
    let gateway = start.env("IG_INSTANCE_DIR", "/nonexistent").arguments(&[&instance]).start();
    assert_eq!(gateway.get("/").text(), "from the argument");
}

#[test]
fn the_environment_names_the_folder_when_no_argument_does() {
    let start = gateway().route("all", &answer_route("from the environment"));
    let instance = start.folder().path().to_str().unwrap().to_owned();
    let gateway = start.env("IG_INSTANCE_DIR", &instance).arguments(&["start"]).start();
    assert_eq!(gateway.get("/").text(), "from the environment");
}

#[test]
fn otherwise_the_folder_is_openig_in_the_home_folder() {
    let package = Package::new();
    let start = package.start().route("all", &answer_route("from home"));
    std::os::unix::fs::symlink(start.folder().path(), start.home().path().join(".openig")).unwrap();
    assert_eq!(start.start().get("/").text(), "from home");
}

#[test]
fn the_folder_is_known_to_the_configuration() {
    let start = gateway().route("all", &answer_route("&{ig.instance.dir} ${openig.instanceDirectory}"));
    let instance = start.folder().path().to_str().unwrap().to_owned();
    assert_eq!(start.start().get("/").text(), format!("{instance} {instance}"));
}
