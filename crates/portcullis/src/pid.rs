//! The PID file of a running instance, and stopping it.
//!
//! The process keeps the file locked. A number alone would not do: after a crash the system gives it to
//! another process, and a stop must not end that one.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::Deserialize;
use source::Diagnostic;

use crate::{errors, instance};

/// The file below the instance directory, each profile having one of its own.
fn file_name(profile: Option<&str>) -> String {
    profile.map_or_else(|| "portcullis.pid".to_owned(), |name| format!("portcullis-{name}.pid"))
}

/// Time between two looks at a process that is ending.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// A killed process is gone by then, unless the system itself is stuck.
const KILL_TIME_MAX: Duration = Duration::from_secs(5);

/// What to do about a PID file that exists at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PidFileMode {
    /// Refuse to start.
    Fail,
    /// Replace it.
    Override,
}

impl PidFileMode {
    /// `fail` or `override`, in any case.
    pub(crate) fn parse(text: &str, place: &str) -> Result<Self, Diagnostic> {
        match text {
            _ if text.eq_ignore_ascii_case("fail") => Ok(Self::Fail),
            _ if text.eq_ignore_ascii_case("override") => Ok(Self::Override),
            _ => Err(errors::pid_file_mode(text, place)),
        }
    }
}

/// The PID file of this process; locked while it lives, removed when dropped.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    _locked: File,
}

impl PidFile {
    /// Writes the file, or says why it must not.
    pub(crate) fn create(
        instance: &Path,
        profile: Option<&str>,
        mode: PidFileMode,
    ) -> Result<Self, Diagnostic> {
        let path = instance.join(file_name(profile));
        if mode == PidFileMode::Override {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(errors::cannot_write(&path, &error));
                }
                _ => {}
            }
        }
        let mut file = match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let process = read(&path);
                let is_alive = process.is_some_and(is_alive) && is_held(&path);
                return Err(errors::pid_file_exists(&path, process, is_alive));
            }
            Err(error) => return Err(errors::cannot_write(&path, &error)),
        };
        // A file system without locks leaves the number to be believed.
        let _ = file.try_lock();
        match writeln!(file, "{}", std::process::id()) {
            Ok(()) => Ok(Self { path, _locked: file }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(errors::cannot_write(&path, &error))
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // After an override by another process the file is that one's.
        if read(&self.path) == Some(std::process::id()) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Stops the instance: asks it to end, waits, and kills it when `timeout_seconds` (if any) have passed.
pub(crate) fn stop(directory: Option<PathBuf>, profile: Option<&str>, timeout_seconds: u64) -> ExitCode {
    match try_stop(&instance::directory(directory), profile, timeout_seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(diagnostic) => {
            eprintln!("{}", diagnostic.render(false));
            ExitCode::FAILURE
        }
    }
}

fn try_stop(instance: &Path, profile: Option<&str>, timeout_seconds: u64) -> Result<(), Diagnostic> {
    let path = instance.join(file_name(profile));
    let process = match fs::read_to_string(&path) {
        Ok(_) => read(&path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(errors::not_running(format!("no instance runs from `{}`", instance.display())));
        }
        Err(error) => return Err(errors::cannot_read(&path, &error)),
    };
    let Some(process) = process.filter(|process| is_alive(*process) && is_held(&path)) else {
        return Err(errors::not_running(format!("the process of `{}` is gone", path.display())));
    };
    signal(process, Signal::TERM)?;
    let asked = Instant::now();
    let timeout = Duration::from_secs(timeout_seconds);
    while is_alive(process) {
        if !timeout.is_zero() && asked.elapsed() > timeout {
            signal(process, Signal::KILL)?;
            let killed = Instant::now();
            while is_alive(process) && killed.elapsed() < KILL_TIME_MAX {
                std::thread::sleep(POLL_INTERVAL);
            }
            let _ = fs::remove_file(&path);
            return Ok(());
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}

fn signal(process: u32, signal: Signal) -> Result<(), Diagnostic> {
    let pid =
        pid(process).ok_or_else(|| errors::not_running(format!("{process} is not a process number")))?;
    kill_process(pid, signal).map_err(|error| errors::not_running(format!("process {process}: {error}")))
}

fn read(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether the process exists. A process that has ended but was not waited for by its parent counts as gone.
fn is_alive(process: u32) -> bool {
    let Some(known) = pid(process) else { return false };
    let is_zombie = fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')));
    // A process of another account may not be signalled, but it is there.
    let exists = matches!(test_kill_process(known), Ok(()) | Err(rustix::io::Errno::PERM));
    exists && !is_zombie
}

/// Whether a process keeps the file locked. Where that cannot be told, the number in it is believed.
fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return true };
    match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
    }
}

fn pid(process: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process).ok()?)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// What a start says about a PID file that holds `content`.
    #[track_caller]
    fn check(content: &str, mode: PidFileMode, expected: Expect) {
        let folder = testbed::Folder::new();
        fs::write(folder.path().join(file_name(None)), content).unwrap();
        let shown = match PidFile::create(folder.path(), None, mode) {
            Ok(_) => "started".to_owned(),
            Err(diagnostic) => diagnostic.to_string(),
        };
        let own = format!("process {} ", std::process::id());
        let shown = shown.replace(&folder.path().display().to_string(), "DIR").replace(&own, "process OWN ");
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_file_that_exists_is_refused_or_replaced() {
        check(
            "4194305\n",
            PidFileMode::Fail,
            expect![
                "error[PC0500]: the PID file `DIR/portcullis.pid` exists; process 4194305 is not running any more"
            ],
        );
        check(
            "no number",
            PidFileMode::Fail,
            expect![
                "error[PC0500]: the PID file `DIR/portcullis.pid` exists; it does not hold a process number"
            ],
        );
        check(
            "0",
            PidFileMode::Fail,
            expect![
                "error[PC0500]: the PID file `DIR/portcullis.pid` exists; process 0 is not running any more"
            ],
        );
        check("no number", PidFileMode::Override, expect!["started"]);
    }

    #[test]
    fn a_number_that_was_given_to_another_process_is_not_ours() {
        check(
            &std::process::id().to_string(),
            PidFileMode::Fail,
            expect![
                "error[PC0500]: the PID file `DIR/portcullis.pid` exists; process OWN is not running any more"
            ],
        );
        let folder = testbed::Folder::new();
        let path = folder.path().join(file_name(None));
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        fs::write(&path, other.id().to_string()).unwrap();
        let refused = try_stop(folder.path(), None, 1).unwrap_err().to_string();
        assert!(refused.contains("is gone"), "{refused}");
        assert!(other.try_wait().unwrap().is_none(), "it was stopped");
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn the_file_is_held_and_removed_again() {
        let folder = testbed::Folder::new();
        let path = folder.path().join(file_name(None));
        let file = PidFile::create(folder.path(), None, PidFileMode::Fail).unwrap();
        assert_eq!((read(&path), is_held(&path)), (Some(std::process::id()), true));
        let second = PidFile::create(folder.path(), None, PidFileMode::Fail).unwrap_err().to_string();
        assert!(second.contains("is running"), "{second}");
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_of_another_process_is_left_alone() {
        let folder = testbed::Folder::new();
        let path = folder.path().join(file_name(None));
        let file = PidFile::create(folder.path(), None, PidFileMode::Fail).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(read(&path), Some(1));
    }

    #[test]
    fn modes_are_words_in_any_case() {
        let parse = |text| PidFileMode::parse(text, "place").map_err(|diagnostic| diagnostic.to_string());
        assert_eq!((parse("FAIL"), parse("Override")), (Ok(PidFileMode::Fail), Ok(PidFileMode::Override)));
        assert!(parse("").unwrap_err().contains("place: `` is not one of `fail`, `override`"));
    }
}
