//! `portcullis demo`: the sample application behind a gateway, for somebody who wants to see it work.
//!
//! The gateway is this same program, started as an operator would start it, on a folder that stays readable and
//! can be edited while the demo runs.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::process::{Child, Command};

use crate::sample_app::{self, Ports, announce};
use crate::shutdown::Signals;

/// The bundled instance folder: recipes of `examples/`, put together.
const FILES: &[(&str, &str)] = &[
    ("config/admin.json", include_str!("../../../examples/demo/config/admin.json")),
    ("config/config.json", include_str!("../../../examples/demo/config/config.json")),
    (
        "config/routes/10-static-resources.json",
        include_str!("../../../examples/demo/config/routes/10-static-resources.json"),
    ),
    ("config/routes/20-live.json", include_str!("../../../examples/demo/config/routes/20-live.json")),
    ("config/routes/30-login.json", include_str!("../../../examples/demo/config/routes/30-login.json")),
    (
        "config/routes/90-application.json",
        include_str!("../../../examples/demo/config/routes/90-application.json"),
    ),
];

/// A gateway that does not answer by then will not.
const START_TIME_MAX: Duration = Duration::from_secs(20);

/// A gateway that has not ended by then is killed.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// Runs the demo until Ctrl-C.
pub(crate) fn demo(directory: Option<PathBuf>) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")
        .and_then(|runtime| runtime.block_on(run(directory)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the demo cannot run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(directory: Option<PathBuf>) -> anyhow::Result<()> {
    let mut signals = Signals::listen(&tokio::runtime::Handle::current())?;
    let ports = Ports { http: 0, https: None, client_auth: None };
    let running = sample_app::start(IpAddr::V4(Ipv4Addr::LOCALHOST), ports)?;
    let application = running.http;
    let (gateway_port, admin_port) = free_ports().context("no free port")?;
    let instance = Instance::write(directory)?;
    let mut gateway = Command::new(std::env::current_exe().context("this program has no path")?)
        .arg("start")
        .arg(&instance.path)
        .env("GATEWAY_PORT", gateway_port.to_string())
        .env("GATEWAY_ADMIN_PORT", admin_port.to_string())
        .env("SAMPLEAPP_PORT", application.port().to_string())
        .env("IG_ROUTER_SCAN_INTERVAL", "1 second")
        .kill_on_drop(true)
        .spawn()
        .context("the gateway cannot be started")?;
    tokio::select! {
        status = gateway.wait() => anyhow::bail!("the gateway ended ({})", status?),
        started = answers(gateway_port) => started?,
        _ = signals.next() => return stop(gateway).await,
    }
    announce(&invitation(&instance.path, gateway_port, application.port()));
    tokio::select! {
        status = gateway.wait() => anyhow::bail!("the gateway ended ({})", status?),
        _ = signals.next() => stop(gateway).await,
    }
}

/// Two ports nobody uses at the moment.
fn free_ports() -> io::Result<(u16, u16)> {
    // Both are held until both are known, so that they differ.
    let (first, second) =
        (TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

/// Waits until the gateway accepts connections.
async fn answers(port: u16) -> anyhow::Result<()> {
    let attempts = async {
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(START_TIME_MAX, attempts).await.context("the gateway does not answer")
}

/// Ends the gateway as an operator would. At a terminal Ctrl-C has reached it already; twice does no harm.
async fn stop(mut gateway: Child) -> anyhow::Result<()> {
    let process = gateway.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(process) = process {
        // One that has ended in the meantime needs no signal.
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
    }
    match tokio::time::timeout(STOP_TIME_MAX, gateway.wait()).await {
        Ok(status) => status.map(drop).context("the gateway cannot be waited for"),
        Err(_) => gateway.kill().await.context("the gateway cannot be killed"),
    }
}

/// The instance folder of the demo. One that was made for the demo vanishes with it.
struct Instance {
    path: PathBuf,
    is_temporary: bool,
}

impl Instance {
    /// Writes the bundled files; a file that exists already is left as it is.
    fn write(directory: Option<PathBuf>) -> anyhow::Result<Self> {
        let is_temporary = directory.is_none();
        let path = match directory {
            Some(path) => path,
            None => new_folder().context("no folder can be made for temporary files")?,
        };
        let instance = Self { path, is_temporary };
        for (name, text) in FILES {
            let file = instance.path.join(name);
            write_new(&file, text).with_context(|| format!("`{}` cannot be written", file.display()))?;
        }
        Ok(instance)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.is_temporary {
            // What cannot be removed is left to the system.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A folder nobody else can have prepared or can write to: everybody may write where it stands.
fn new_folder() -> io::Result<PathBuf> {
    let name = format!("portcullis-demo-{}", exchange::TransactionId::random());
    let path = std::env::temp_dir().join(name);
    fs::DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::File::create_new(file) {
        Ok(mut created) => io::Write::write_all(&mut created, text.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn invitation(instance: &Path, gateway_port: u16, application_port: u16) -> String {
    let gateway = format!("http://localhost:{gateway_port}");
    let routes = instance.join("config/routes");
    format!(
        "\nThe gateway stands in front of the sample application. Open:\n\n  \
         {gateway}/                  the page, with the header fields the gateway added\n  \
         {gateway}/live              a WebSocket and server-sent events, through the gateway\n  \
         {gateway}/login             the login form (demo / Ch4ng31t)\n  \
         {gateway}/openig/api/info   the gateway itself\n\n\
         Or in a terminal:\n\n  \
         curl -i {gateway}/json\n  \
         curl -N {gateway}/events\n\n\
         The application alone:  http://localhost:{application_port}/\n\
         The routes:             {}\n\
         Edit one and reload the page; a change counts within a second, a mistake never does.\n\n\
         Ctrl-C ends both.\n",
        routes.display()
    )
}
