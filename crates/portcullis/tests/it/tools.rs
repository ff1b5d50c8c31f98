//! Programs of the system that tests start beside the gateway.

use std::process::{Command, Stdio};

/// Whether all of these programs are on this machine. The build machine must have them.
pub(crate) fn are_here(programs: &[&str]) -> bool {
    let is_here = |program: &str| {
        // Not every program knows a switch that does nothing, but every one can be started.
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_here(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let is_build_machine = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_build_machine, "missing: {}; run `cargo xtask setup`", missing.join(", "));
    eprintln!("skipped: {} missing on this machine; run `cargo xtask setup`", missing.join(", "));
    false
}
