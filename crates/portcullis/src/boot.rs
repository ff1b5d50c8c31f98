//! Booting an instance: everything is read and checked, then built, then started; ports open last.
//!
//! A mistake at any point prints every complaint and leaves nothing behind: no port, no PID file, no thread.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use exchange::metrics::Metrics;
use exchange::{HeaderBudget, SessionDirectory, SessionManagerRef};
use heap::{Document, Environment, InstancePaths, Level, ProcessSettings, Services, Started};
use objects::handlers::router::RouterRegistry;
use source::{Diagnostic, Tokens};
use tokio::runtime::{Builder, Runtime};
use transport::server::{Bound, Server};

use crate::admin::{self, Endpoints, Protection, State};
use crate::gateway::{Built, Gateway, Inherited};
use crate::pid::{PidFile, PidFileMode};
use crate::server_config::{self, AdminFields, Connector, Mode, ServerConfig};
use crate::shutdown::Signals;
use crate::{check, dialects, errors, gateway, instance, logging, reload};

/// `portcullis start`: runs until it is told to stop.
pub(crate) fn start(directory: Option<PathBuf>, profile: Option<String>) -> ExitCode {
    logging::start();
    let began = Instant::now();
    let directory = instance::directory(directory);
    match Instance::boot(&directory, profile.as_deref(), began) {
        Ok(instance) => instance.serve(),
        Err(diagnostics) => {
            check::print(&diagnostics);
            tracing::error!(directory = %directory.display(), "The instance was not started.");
            ExitCode::FAILURE
        }
    }
}

/// `admin.json`, declared.
pub(crate) fn declare_admin(environment: &Environment) -> heap::Declared<AdminFields> {
    let path = environment.paths.config.join("admin.json");
    let mut document = if path.exists() {
        heap::read_document(environment, &path, "config/admin.json", None)
    } else {
        Document::parse(environment, "(default admin.json)", b"{}", None)
    };
    dialects::translate(environment, &mut document);
    server_config::modernise(&mut document);
    heap::declare(environment, document, None, "admin.json", true)
}

/// A running instance.
struct Instance {
    control: Runtime,
    signals: Signals,
    server: Server,
    state: Arc<State>,
    reloader: reload::Reloader,
    _admin: Started,
    _pid_file: PidFile,
}

/// Everything that is known before anything is built.
struct Declared {
    paths: InstancePaths,
    process: ProcessSettings,
    admin: Level<AdminFields>,
    server: ServerConfig,
    pid_file_mode: PidFileMode,
    mode: Mode,
}

impl Instance {
    fn boot(directory: &Path, profile: Option<&str>, began: Instant) -> Result<Self, Vec<Diagnostic>> {
        let Declared { paths, process, admin, mut server, pid_file_mode, mode } =
            declare(directory, profile)?;
        let io_error = |error: std::io::Error| vec![errors::cannot_run(&error)];
        let hashes = reload::Hashes::of(&paths);
        // Routers' scans and other background work; requests run on the workers' own runtimes.
        let control =
            Builder::new_multi_thread().worker_threads(1).thread_name("control").enable_all().build();
        let control = control.map_err(io_error)?;
        let signals = Signals::listen(control.handle()).map_err(io_error)?;
        let routers = Arc::new(RouterRegistry::default());
        let metrics = Arc::new(Metrics::default());
        let services = Services::default().with(routers.clone()).with(server.resolver.clone());
        let sessions = Arc::new(SessionDirectory::default());
        let services = services.with(metrics.clone()).with(sessions.clone());
        let services = services.with(header_budget(&server.connectors));
        let environment = instance::environment(paths, process, services, Some(control.handle().clone()));
        let level = gateway::declare(&environment);
        let Some(level) = reported(level.level, level.diagnostics)? else { return Err(Vec::new()) };

        let pid_file = PidFile::create(directory, profile, pid_file_mode);
        let pid_file = pid_file.map_err(|diagnostic| vec![diagnostic])?;
        let prefix = admin.fields.prefix.clone().unwrap_or_else(|| "openig".into());
        let workers = workers(admin.fields.gateway_units.as_deref().copied());
        let (fields, default_admin) = (admin.fields, server.admin.is_none());
        let admin_fields_connector = default_admin.then(|| fields.default_admin());
        let unstarted = admin.plan.build(&environment, None)?;
        let generation = unstarted.generation().clone();
        let session: Option<SessionManagerRef> =
            fields.session.as_ref().map(|session| generation.get(session));
        let session = session.expect("admin.json always gets a session manager");
        let storage = fields.temporary_storage.as_ref().map(|storage| generation.get(storage).0);
        server.take_tls(&generation);
        let protection = Protection {
            metrics_filter: fields.metrics_protection_filter.as_ref().map(|filter| generation.get(filter)),
            filter: fields.api_protection_filter.as_ref().map(|filter| generation.get(filter)),
            session: session.clone(),
            storage: storage.clone().unwrap_or_default(),
        };
        let guard = fields.protection_filter.as_ref().map(|filter| generation.get(filter));
        let inherited = Inherited { session, storage, protection: guard };
        let started_admin = unstarted.start(&environment).map_err(|error| error.0)?;

        let built = Built::build(&environment, level, &inherited)?;
        let (serving, started) = built.start(&environment)?;
        let has_old_metrics = fields.serve_deprecated_prometheus_endpoint.unwrap_or_default();
        let is_ready = AtomicBool::new(true);
        let state = Arc::new(State { mode, routers, metrics, sessions, has_old_metrics, is_ready });
        let gateway = Gateway::new(serving, Endpoints::new(&prefix, protection.clone(), state.clone()));
        let bound = bind_all(server.connectors)?;
        let ports: Vec<String> =
            bound.iter().flat_map(Bound::addresses).map(|address| address.port().to_string()).collect();
        let mut connectors: Vec<_> = bound.into_iter().map(|bound| (bound, gateway.handler())).collect();
        if let Some(bound) = bind_admin(server.admin, admin_fields_connector)? {
            let handler = admin::connector(protection, state.clone(), bound.addresses());
            connectors.push((bound, handler));
        }
        let server = Server::start(connectors, workers).map_err(io_error)?;
        let reloader =
            reload::Reloader::start(&environment, gateway, started, inherited, hashes, control.handle());
        tracing::info!("started in {}ms on ports : [{}]", began.elapsed().as_millis(), ports.join(" "));
        Ok(Self { control, signals, server, state, reloader, _admin: started_admin, _pid_file: pid_file })
    }

    /// Serves until a signal, then lets requests finish.
    fn serve(self) -> ExitCode {
        let Self { control, mut signals, server, state, reloader, _admin, _pid_file } = self;
        let signal = control.block_on(signals.next());
        tracing::info!(signal, "Stopping: no new connections; requests in flight may finish.");
        state.is_ready.store(false, Ordering::Release);
        let is_cut_off = control.block_on(async {
            tokio::select! {
                () = server.shutdown() => false,
                // Whoever asks again does not want to wait for the grace period, which may have no end.
                signal = signals.next() => {
                    tracing::warn!(signal, "Stopping at once: requests in flight are cut off.");
                    true
                }
            }
        });
        drop(reloader);
        control.shutdown_background();
        tracing::info!("stopped");
        if is_cut_off { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Reads and checks `admin.json`, and `config.json` along with it, so that all mistakes are told at once.
fn declare(directory: &Path, profile: Option<&str>) -> Result<Declared, Vec<Diagnostic>> {
    if let Err(error) = std::fs::create_dir_all(directory) {
        return Err(vec![errors::cannot_write(directory, &error)]);
    }
    if let Err(error) = std::fs::read_dir(directory) {
        return Err(vec![errors::cannot_read(directory, &error)]);
    }
    let (process, mut diagnostics) = instance::process_settings(directory, profile);
    let paths = InstancePaths::below(directory);
    let environment = instance::environment(paths.clone(), process.clone(), Services::default(), None);
    let declared = declare_admin(&environment);
    diagnostics.extend(declared.diagnostics);
    let mut paths = paths;
    let settled = declared.level.map(|level| {
        let fields = &level.fields;
        let server = fields.server(&mut diagnostics);
        let configured = fields.pid_file_mode.as_deref().map(String::as_str);
        let pid_file_mode =
            setting(configured, "pidFileMode", &process, "ig.pid.file.mode", PidFileMode::parse);
        let mode = process.get("ig.run.mode").is_some_and(|mode| mode.eq_ignore_ascii_case("development"));
        let mode = fields.mode.unwrap_or(if mode { Mode::Development } else { Mode::Production });
        if let Some(temporary) = &fields.temporary_directory {
            paths.temporary = directory.join(temporary);
        }
        (server, pid_file_mode, mode, level)
    });
    let Some((server, pid_file_mode, mode, level)) = settled else {
        diagnostics.extend(gateway::declare(&environment).diagnostics);
        return Err(diagnostics);
    };
    let pid_file_mode = pid_file_mode.unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        None
    });
    if diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(gateway::declare(&environment).diagnostics);
        return Err(diagnostics);
    }
    heap::log_diagnostics(module_path!(), &diagnostics);
    let pid_file_mode = pid_file_mode.unwrap_or(PidFileMode::Fail);
    Ok(Declared { paths, process, admin: level, server, pid_file_mode, mode })
}

/// A setting of `admin.json`, else of the environment or the system properties.
fn setting<T>(
    configured: Option<&str>,
    field: &str,
    process: &ProcessSettings,
    name: &str,
    parse: impl Fn(&str, &str) -> Result<T, Diagnostic>,
) -> Result<Option<T>, Diagnostic> {
    if let Some(text) = configured {
        return parse(text, field).map(Some);
    }
    process.get(name).map(|text| parse(&text, name)).transpose()
}

/// The level, or every complaint when it has none; warnings are logged.
fn reported<F>(
    level: Option<Level<F>>,
    diagnostics: Vec<Diagnostic>,
) -> Result<Option<Level<F>>, Vec<Diagnostic>> {
    if level.is_none() {
        return Err(diagnostics);
    }
    heap::log_diagnostics(module_path!(), &diagnostics);
    Ok(level)
}

/// What every connector takes, so that a session that begins at one of them is good at all of them.
pub(crate) fn header_budget(connectors: &[Connector]) -> Arc<HeaderBudget> {
    let limits = connectors.iter().map(|connector| connector.options.limits.total_headers_bytes_max);
    Arc::new(limits.min().map(HeaderBudget).unwrap_or_default())
}

fn bind_all(connectors: Vec<Connector>) -> Result<Vec<Bound>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut bound = Vec::new();
    for Connector { options, span, .. } in connectors {
        match transport::server::bind(options) {
            Ok(opened) => bound.push(opened),
            Err(error) => diagnostics.push(errors::cannot_listen(&error, span.as_ref())),
        }
    }
    if diagnostics.is_empty() { Ok(bound) } else { Err(diagnostics) }
}

/// The admin connector that is configured, or the default one. Several instances on one machine would all
/// want the default port, so it is done without when it is taken.
fn bind_admin(
    configured: Option<Connector>,
    default: Option<Connector>,
) -> Result<Option<Bound>, Vec<Diagnostic>> {
    if let Some(connector) = configured {
        return bind_all(vec![connector]).map(|bound| bound.into_iter().next());
    }
    let Some(connector) = default else { return Ok(None) };
    match transport::server::bind(connector.options) {
        Ok(bound) => Ok(Some(bound)),
        Err(error) => {
            tracing::warn!(%error, "Starting without the default admin connector; configure `adminConnector`.");
            Ok(None)
        }
    }
}

/// `PORTCULLIS_WORKERS`, else `gatewayUnits`, else one per core.
fn workers(gateway_units: Option<usize>) -> usize {
    let from_environment = std::env::var("PORTCULLIS_WORKERS").ok().and_then(|text| text.parse().ok());
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    from_environment.or(gateway_units).filter(|workers| *workers > 0).unwrap_or_else(cores)
}
