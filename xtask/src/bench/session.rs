//! `bench session`: what sessions cost, alone and on the way of a whole request.
//!
//! The parts alone are measured by an example of the objects. For the whole way everything runs side by side as in
//! `bench proxy`: the gateway opens the session of a cookie, tells the application who asks, and by which way, logs a
//! line and runs six header filters; beside it stand nginx that only proxies, and nginx that asks an authentication
//! service before it proxies (`auth_request`), which is how a proxy without sessions does the same. That service has
//! a process of its own and costs nginx nothing but the question.

use super::configurations::{self, Gateway, Workers};
use super::process::{Server, free_ports};
use super::report::{Gate, median, verdicts};
use super::{Options, Programs, load, rounds};
use crate::workspace::{self, Scratch};
use crate::{tool, workspace::root};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs before the rounds; its exit status counts.
const EXAMPLE: &str = "session_bench";
/// A server that never answers within this time does not serve.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Who logs in.
const USER: &str = "user-000042";

/// What is compared, in the order of the report.
const NAMES: [&str; 4] = [
    "nginx, proxy only",
    "nginx, auth_request",
    "nginx, auth_request, forwarded headers, log",
    "portcullis, identity",
];
const PROXY: usize = 0;
const AUTH: usize = 1;
const GATEWAY: usize = 3;

struct Target {
    name: &'static str,
    server: Server,
    port: u16,
    /// Microseconds of processor time per request, one figure per round.
    rounds: Vec<f64>,
}

/// Ports of the application, and of the service that knows who may pass.
#[derive(Clone, Copy)]
struct Origin {
    application: u16,
    authentication: u16,
}

/// Runs the benchmark; the number of gates that are missed. Of a program that was named only the whole way is measured.
pub(super) fn run(programs: &Programs, program: &Path, options: &Options) -> Result<usize> {
    // The parts of another build cannot be taken out of it.
    let alone = options.gateway.is_some() || parts_alone()?;
    let scratch = Scratch::new("bench-session")?;
    let folder = scratch.path();
    let [application, authentication] = free_ports()?;
    let origin = Origin { application, authentication };
    let mut backend = start_origin(programs, folder, origin)?;
    wait(&mut backend, application)?;

    let mut targets = Vec::new();
    for (name, directives) in NAMES.into_iter().zip(PEERS) {
        let [port] = free_ports()?;
        let command = nginx(programs, &folder.join(format!("peer-{port}")), origin, port, directives)?;
        targets.push(Target::start(name, command, folder, port)?);
    }
    let [port, admin_port] = free_ports()?;
    let command = gateway(program, folder, Gateway { port, admin_port, origin: application })?;
    targets.push(Target::start(NAMES[GATEWAY], command, folder, port)?);
    let cookies = log_in(port)?;
    println!("bench: the session is a Cookie field of {} bytes", cookies.len());

    for round in 0..=options.rounds {
        let label =
            if round == 0 { "warm-up".to_owned() } else { format!("round {round}/{}", options.rounds) };
        println!("bench: {label}");
        for target in &mut targets {
            let spent = target.visit(&cookies, options.visit).context(target.name)?;
            if round > 0 {
                target.rounds.push(spent);
            }
        }
    }
    Ok(report(&targets) + usize::from(!alone))
}

/// Runs the program that measures the parts alone. False when one is over its budget.
fn parts_alone() -> Result<bool> {
    let build = ["build", "--quiet", "--release", "-p", "objects", "--example", EXAMPLE];
    tool::run(&mut tool::cargo(&build))?;
    let status = Command::new(root().join("target/release/examples").join(EXAMPLE)).status()?;
    ensure!(status.code().is_some_and(|code| code <= 1), "{EXAMPLE} broke off: {status}");
    Ok(status.success())
}

/// The application answers from memory, and tells at `/who` whom it has been told of. The service beside it lets
/// everybody pass.
fn start_origin(programs: &Programs, folder: &Path, origin: Origin) -> Result<Server> {
    let folder = folder.join("origin");
    let body = "x".repeat(configurations::SMALL_BODY_BYTES);
    let Origin { application, authentication } = origin;
    let servers = format!(
        "server {{\n  listen 127.0.0.1:{application} backlog=1024;\n  default_type text/plain;\n  \
         location / {{ return 200 \"{body}\"; }}\n  \
         location = /who {{ return 200 \"$http_x_user by $http_x_forwarded_for\"; }}\n}}\n\
         server {{\n  listen 127.0.0.1:{authentication} backlog=1024;\n  location / {{ return 204; }}\n}}\n"
    );
    let mut command = configurations::nginx(programs, &folder, Workers::One, &servers)?;
    Server::spawn("origin", &mut command, &folder)
}

/// What each nginx does before it proxies.
const PEERS: [&str; 3] = ["", "auth_request /authenticate;", FULL];

/// The same duties as the gateway has.
const FULL: &str = "auth_request /authenticate; \
     auth_request_set $user $upstream_http_x_user; \
     proxy_set_header X-User $user; \
     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; \
     proxy_set_header X-Forwarded-Proto $scheme; \
     proxy_set_header X-Forwarded-Host $http_host; \
     access_log logs/access.log;";

fn nginx(programs: &Programs, folder: &Path, origin: Origin, port: u16, directives: &str) -> Result<Command> {
    workspace::write(&folder.join("logs/access.log"), "")?;
    let keep = "keepalive 128; keepalive_requests 100000000;";
    let pass = configurations::NGINX_PASS;
    let authentication = origin.authentication;
    let text = format!(
        "{}upstream authentication {{ server 127.0.0.1:{authentication}; {keep} }}\n\
         server {{\n  listen 127.0.0.1:{port} backlog=1024;\n  location / {{ {directives} {pass} }}\n  \
         location = /authenticate {{ internal; proxy_pass http://authentication; proxy_http_version 1.1; \
         proxy_set_header Connection \"\"; proxy_set_header Content-Length \"\"; proxy_pass_request_body off; \
         }}\n}}\n",
        configurations::nginx_upstream(origin.application)
    );
    configurations::nginx(programs, folder, Workers::Two, &text)
}

/// The gateway: a route on which one logs in, and one behind it that proxies and shares the session. The log line is that of
/// the timer: there is no leaner one for each request.
fn gateway(program: &Path, folder: &Path, ports: Gateway) -> Result<Command> {
    let instance = folder.join("gateway");
    configurations::instance_folder(&instance, ports.port, ports.admin_port)?;
    workspace::write(&instance.join("config/routes/1-login.json"), login_route())?;
    workspace::write(&instance.join("config/routes/2-identity.json"), identity_route(ports.origin))?;
    let mut command = Command::new(program);
    command.arg("start").arg(instance).env("SESSION_KEY", "k".repeat(32));
    Ok(command)
}

const SESSION: &str = r#"{ "type": "JwtSession", "config": {
    "authenticatedEncryptionSecretId": "session.key",
    "secretsProvider": { "type": "SystemAndEnvSecretStore", "config": { "format": {
      "type": "SecretKeyPropertyFormat", "config": { "format": "PLAIN", "algorithm": "AES" } } } }
  } }"#;

/// Logs in with about 300 bytes of claims.
fn login_route() -> String {
    let token = "t0k3n-5ecr3t".repeat(14);
    format!(
        r#"{{
  "name": "1-login",
  "condition": "${{request.uri.path == '/login'}}",
  "session": {SESSION},
  "handler": {{ "type": "Chain", "config": {{
    "filters": [{{ "type": "AssignmentFilter", "config": {{ "onRequest": [
      {{ "target": "${{session.username}}", "value": "{USER}" }},
      {{ "target": "${{session.mail}}", "value": "{USER}@mail.example" }},
      {{ "target": "${{session.groups}}", "value": "${{array('staff', 'sales', 'berlin')}}" }},
      {{ "target": "${{session.token}}", "value": "{token}" }}
    ] }} }}],
    "handler": {{ "type": "StaticResponseHandler", "config": {{ "status": 204 }} }}
  }} }}
}}
"#
    )
}

fn identity_route(origin: u16) -> String {
    let filter = |name: &str, value: &str| {
        format!(
            r#"{{ "type": "HeaderFilter", "config": {{ "messageType": "REQUEST", "remove": ["{name}"], "add": {{ "{name}": ["{value}"] }} }} }}"#
        )
    };
    let mut filters = vec![filter("X-User", "${session.username}")];
    filters.extend((2..=6).map(|number| filter(&format!("X-Bench-{number}"), &number.to_string())));
    let filters = filters.join(",\n      ");
    format!(
        r#"{{
  "name": "2-identity",
  "baseURI": "http://127.0.0.1:{origin}",
  "condition": "${{find(request.uri.path, '^/')}}",
  "session": {SESSION},
  "timer": true,
  "handler": {{ "type": "Chain", "config": {{
    "filters": [
      {filters}
    ],
    "handler": "ReverseProxyHandler"
  }} }}
}}
"#
    )
}

/// Logs in and returns the cookies, after a look at whether the application learns who asks.
fn log_in(port: u16) -> Result<String> {
    let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let answer = tool::output(Command::new(tool::require("curl")?).args(["-sS", "-i", &at("/login")]))?;
    let cookies = cookies(&answer);
    let mut ask = Command::new(tool::require("curl")?);
    ask.args(["-sS", "-H", &format!("Cookie: {cookies}"), &at("/who")]);
    let who = tool::output(&mut ask)?;
    ensure!(who == format!("{USER} by 127.0.0.1"), "the application was told of `{who}`, after\n{answer}");
    Ok(cookies)
}

/// The value of a Cookie field that returns what an answer has set.
fn cookies(answer: &str) -> String {
    let fields = answer.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    });
    let pairs = fields.filter_map(|value| value.split(';').next()).map(str::trim);
    pairs.collect::<Vec<_>>().join("; ")
}

impl Target {
    fn start(name: &'static str, mut command: Command, folder: &Path, port: u16) -> Result<Target> {
        let mut server = Server::spawn(&format!("server-{port}"), &mut command, folder)?;
        wait(&mut server, port).with_context(|| format!("{name} does not serve"))?;
        Ok(Target { name, server, port, rounds: Vec::new() })
    }

    fn visit(&mut self, cookies: &str, length: Duration) -> Result<f64> {
        let (port, field) = (self.port, format!("Cookie: {cookies}"));
        rounds::cost_of(&mut self.server, || load::visit_with(port, "/", &field, length))
    }
}

fn wait(server: &mut Server, port: u16) -> Result<()> {
    let calm = || {
        std::thread::sleep(Duration::from_millis(2));
        server.ensure_running()
    };
    load::first_answer(port, "/", Instant::now(), START_PATIENCE, calm).map(drop)
}

fn report(targets: &[Target]) -> usize {
    println!("\n1 KiB bodies, 64 connections, one session       CPU µs/request  x proxy only   rounds");
    for target in targets {
        let shown = target.rounds.iter().map(|us| format!("{us:.1}")).collect::<Vec<_>>().join(" ");
        println!(
            "  {:<46} {:>13.2} {:>13.2}   {shown}",
            target.name,
            median(&target.rounds),
            ratio(target, &targets[PROXY])
        );
    }
    let gateway = &targets[GATEWAY];
    let gate = |what, peer: usize, limit, unit| Gate {
        what,
        found: Some(ratio(gateway, &targets[peer])),
        limit,
        unit,
    };
    verdicts(&[
        gate("identity, CPU", PROXY, 1.4, "x nginx, proxy only"),
        gate("identity, CPU", AUTH, 1.0, "x nginx, auth_request"),
    ])
}

/// The median of the rounds' ratios.
fn ratio(target: &Target, peer: &Target) -> f64 {
    let pairs = target.rounds.iter().zip(&peer.rounds);
    median(&pairs.map(|(own, peer)| own / peer).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cookie_that_is_set_is_returned() {
        let answer =
            "HTTP/1.1 204 No Content\r\nSet-Cookie: a=1; Path=/\r\nDate: x\r\nset-cookie: b=2\r\n\r\n";
        assert_eq!(cookies(answer), "a=1; b=2");
    }
}
