//! The PID file of a running instance, and stopping it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::Deserialize;
use source::Diagnostic;

use crate::{errors, instance};

/// The file below the instance directory.
const FILE_NAME: &str = "portcullis.pid";
/// Time between two looks at a process that is ending.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

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

/// The PID file of this process; removed when dropped.
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes the file, or says why it must not.
    pub(crate) fn create(instance: &Path, mode: PidFileMode) -> Result<Self, Diagnostic> {
        let path = instance.join(FILE_NAME);
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
                return Err(errors::pid_file_exists(&path, process, process.is_some_and(is_alive)));
            }
            Err(error) => return Err(errors::cannot_write(&path, &error)),
        };
        let this = Self(path);
        match writeln!(file, "{}", std::process::id()) {
            Ok(()) => Ok(this),
            Err(error) => Err(errors::cannot_write(&this.0, &error)),
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // After an override by another process the file is that one's.
        if read(&self.0) == Some(std::process::id()) {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Stops the instance: asks it to end, waits, and kills it when `timeout_seconds` (if any) have passed.
pub(crate) fn stop(directory: Option<PathBuf>, timeout_seconds: u64) -> ExitCode {
    match try_stop(&instance::directory(directory), timeout_seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(diagnostic) => {
            eprintln!("{}", diagnostic.render(false));
            ExitCode::FAILURE
        }
    }
}

fn try_stop(instance: &Path, timeout_seconds: u64) -> Result<(), Diagnostic> {
    let path = instance.join(FILE_NAME);
    let process = match fs::read_to_string(&path) {
        Ok(_) => read(&path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(errors::not_running(format!("no instance runs from `{}`", instance.display())));
        }
        Err(error) => return Err(errors::cannot_read(&path, &error)),
    };
    let Some(process) = process.filter(|process| is_alive(*process)) else {
        return Err(errors::not_running(format!("the process of `{}` is gone", path.display())));
    };
    signal(process, Signal::TERM)?;
    let asked = Instant::now();
    let timeout = Duration::from_secs(timeout_seconds);
    while is_alive(process) {
        if !timeout.is_zero() && asked.elapsed() > timeout {
            signal(process, Signal::KILL)?;
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
    test_kill_process(known).is_ok() && !is_zombie
}

fn pid(process: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process).ok()?)
}
