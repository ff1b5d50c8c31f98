//! Servers as child processes: started, measured by process identifier, and stopped whatever happens.
//!
//! A master that is killed outright leaves its workers behind. So a server is asked to stop first, and what
//! is left of its whole process tree after a grace period is killed.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const STOP_GRACE: Duration = Duration::from_secs(5);

/// A running server. Dropping it ends it and everything it started.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `command`, its output going to a file in `folder`. It may not be listening yet.
    pub(crate) fn spawn(name: &str, command: &mut Command, folder: &Path) -> Result<Server> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Server { name: name.to_owned(), child, log })
    }

    /// An error, with the last lines of its output, once the server has ended by itself.
    pub(crate) fn ensure_running(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(());
        };
        let output = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = output.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        bail!("{} ended by itself ({status}):\n{end}", self.name)
    }

    /// Time on the processor of all its processes and threads so far, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> u64 {
        tree(self.child.id()).into_iter().map(cpu_ns).sum()
    }

    /// Resident memory of all its processes, in KiB. Shared pages count once per process.
    pub(super) fn resident_kib(&self) -> u64 {
        tree(self.child.id()).into_iter().filter_map(resident_kib).sum()
    }

    /// Ends it at once, without a chance to say farewell.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop and waits until it has, at most `patience`; then its processes are killed.
    pub(super) fn stop(&mut self, patience: Duration) -> Result<ExitStatus> {
        let processes = tree(self.child.id());
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        signal("TERM", &[self.child.id()]);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        signal("KILL", &processes);
        Ok(self.child.wait()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop(STOP_GRACE); // Nobody is left to hear of a failure.
    }
}

/// Sends a signal through the shell, whose `kill` is built in: the standard library has none, and a crate
/// for one line would be compiled before every other command.
fn signal(name: &str, processes: &[u32]) {
    let words: Vec<String> = processes.iter().map(u32::to_string).collect();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("kill -{name} {} 2>/dev/null", words.join(" ")));
    let _ = command.status(); // A process that has ended meanwhile needs no signal.
}

/// Different ports of the loopback address that are free now. All are held until all are found.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Time on the processor of all children that have ended and been waited for, in milliseconds; counted in hundredths
/// of a second.
pub(super) fn ended_children_ms() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = text.rsplit_once(')').context("/proc/self/stat has no name")?;
    let ticks = rest.split_whitespace().skip(13).take(2).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<u64, _>>()? * 10)
}

/// A process and its descendants.
fn tree(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
            && let Some(parent) = parent(process)
        {
            parents.push((process, parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&current) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == current).map(|(process, _)| process));
        next += 1;
    }
    found
}

/// The fourth field of `/proc/PID/stat`; the second is a name in brackets that may hold anything.
fn parent(process: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// The first field of each thread's `schedstat`: time on the processor, in nanoseconds.
fn cpu_ns(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let times = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    times.sum()
}

fn resident_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Scratch;

    #[test]
    fn stopping_a_server_ends_its_children_too() {
        let scratch = Scratch::new("process").unwrap();
        // The shell ignores the polite signal, so that its child has to be found and killed with it.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; sleep 60 & wait; wait"]);
        let mut server = Server::spawn("sh", &mut command, scratch.path()).unwrap();
        let id = server.child.id();
        while tree(id).len() < 2 {
            server.ensure_running().unwrap();
            std::thread::yield_now();
        }
        let processes = tree(id);
        let status = server.stop(Duration::from_millis(50)).unwrap();
        assert!(!status.success());
        let deadline = Instant::now() + Duration::from_secs(10);
        while processes.iter().any(|process| is_alive(*process)) {
            assert!(Instant::now() < deadline, "a process of the tree is still running");
            std::thread::yield_now();
        }
    }

    /// A killed process may stay behind as a zombie (`Z`) until somebody collects it; it runs no more.
    fn is_alive(process: u32) -> bool {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        text.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    }

    #[test]
    fn a_server_that_ends_by_itself_is_reported_with_its_words() {
        let scratch = Scratch::new("process").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such option; exit 3"]);
        let mut server = Server::spawn("peer", &mut command, scratch.path()).unwrap();
        server.child.wait().unwrap();
        let error = server.ensure_running().unwrap_err().to_string();
        assert!(error.contains("peer ended by itself") && error.contains("no such option"), "{error}");
    }
}
