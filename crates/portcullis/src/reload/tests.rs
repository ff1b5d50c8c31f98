//! A `config.json` that changes while the instance serves.

use std::fs;
use std::sync::atomic::AtomicBool;

use exchange::{ClientInfo, Context, Request, SessionManagerRef, TemporaryStorage};
use heap::{ProcessSettings, Services};
use objects::handlers::router::RouterRegistry;

use super::*;
use crate::admin::{Endpoints, Protection, State};
use crate::server_config::Mode;
use crate::{boot, instance};

struct Running {
    folder: testbed::Folder,
    gateway: Arc<Gateway>,
    watch: Watch,
}

/// A configuration that answers everything with a status.
fn config(status: u16) -> String {
    format!(r#"{{"handler": {{"type": "StaticResponseHandler", "config": {{"status": {status}}}}}}}"#)
}

impl Running {
    fn start(text: Option<&str>) -> Self {
        let folder = testbed::Folder::new();
        fs::create_dir(folder.path().join("config")).unwrap();
        if let Some(text) = text {
            fs::write(folder.path().join("config/config.json"), text).unwrap();
        }
        let paths = InstancePaths::below(folder.path());
        let hashes = Hashes::of(&paths);
        let environment = instance::environment(paths, ProcessSettings::default(), Services::default(), None);
        let admin = boot::declare_admin(&environment).level.unwrap();
        let session = admin.fields.session.unwrap();
        let Ok(unstarted) = admin.plan.build(&environment, None) else { panic!("admin.json is sound") };
        let session: SessionManagerRef = unstarted.generation().get(&session);
        let level = gateway::declare(&environment).level.unwrap();
        let inherited = Inherited { session: session.clone(), storage: None, protection: None };
        let built = Built::build(&environment, level, &inherited).unwrap_or_else(|_| panic!("it is sound"));
        let (serving, started) = built.start(&environment).unwrap_or_else(|_| panic!("it starts"));
        let protection = Protection {
            filter: None,
            metrics_filter: None,
            session: session.clone(),
            storage: TemporaryStorage::default(),
        };
        let state = State {
            mode: Mode::Production,
            routers: Arc::new(RouterRegistry::default()),
            metrics: Arc::default(),
            sessions: Arc::default(),
            has_old_metrics: false,
            is_ready: AtomicBool::new(true),
        };
        let gateway = Gateway::new(serving, Endpoints::new("openig", protection, Arc::new(state)));
        let watch = Watch { environment, gateway: gateway.clone(), started, inherited, hashes };
        Self { folder, gateway, watch }
    }

    /// Writes or removes `config.json`, looks once, and asks.
    #[track_caller]
    fn check(&mut self, text: Option<&str>, expected: u16) {
        let file = self.folder.path().join("config/config.json");
        match text {
            Some(text) => fs::write(file, text).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
        self.watch.look();
        let address = "192.0.2.1:1".parse().unwrap();
        let client = Arc::new(ClientInfo::direct(address, address));
        let mut request = Request::get("http://a.example/x".parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime
            .block_on(async { self.gateway.handler().handle(&mut Context::new(client), &mut request).await });
        assert_eq!(response.status.as_u16(), expected);
    }
}

#[test]
fn a_change_is_loaded_and_a_mistake_is_not() {
    let mut running = Running::start(Some(&config(201)));
    running.check(Some(&config(201)), 201);
    running.check(Some(&config(202)), 202);
    running.check(Some("{"), 202);
    running.check(Some(r#"{"handler": "Missing"}"#), 202);
    running.check(Some(&config(203)), 203);
}

#[test]
fn a_file_that_goes_leaves_its_last_version() {
    let mut running = Running::start(Some(&config(201)));
    running.check(None, 201);
    running.check(Some(&config(202)), 202);
}

#[test]
fn a_file_that_comes_replaces_the_defaults() {
    let mut running = Running::start(None);
    running.check(Some(&config(201)), 201);
    running.check(None, 201);
}

#[test]
fn only_a_file_that_was_never_written_leaves_the_defaults() {
    let folder = testbed::Folder::new();
    let file = folder.path().join("config.json");
    assert!(!gateway::is_there(&file));
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    assert!(gateway::is_there(&file), "a dangling link is a mistake");
}
