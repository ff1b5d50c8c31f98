//! How origin, peers and gateway are configured: each as its manual advises for keep-alive on both sides,
//! with two workers, no access log, and no forwarded headers beyond what the gateway adds.

use super::Programs;
use super::process::{Server, free_ports};
use super::tls::Ports;
use crate::workspace;
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Bytes of the small body.
pub(super) const SMALL_BODY_BYTES: usize = 1024;
/// Bytes of the large body, served at `/big`.
pub(super) const LARGE_BODY_BYTES: usize = 1024 * 1024;

/// How many workers a server may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Workers {
    /// What the comparison grants everybody.
    Two,
    /// One process with one worker, for counting instructions.
    One,
}

/// The origin: an nginx that answers from memory.
pub(super) fn origin(programs: &Programs, folder: &Path, port: u16) -> Result<Server> {
    let folder = folder.join("origin");
    workspace::write(&folder.join("www/big"), vec![b'x'; LARGE_BODY_BYTES])?;
    let body = "x".repeat(SMALL_BODY_BYTES);
    let www = folder.join("www").display().to_string();
    let server = format!(
        "open_file_cache max=8;\n\
         server {{\n  listen 127.0.0.1:{port} backlog=1024;\n  default_type text/plain;\n  \
         location / {{ return 200 \"{body}\"; }}\n  location = /big {{ alias {www}/big; }}\n}}\n"
    );
    let mut command = nginx(programs, &folder, Workers::One, &server)?;
    Server::spawn("origin", &mut command, &folder)
}

/// nginx as a reverse proxy. Bodies are streamed: nothing is written to disk.
pub(super) fn nginx_proxy(
    programs: &Programs,
    folder: &Path,
    origin: u16,
    port: u16,
    workers: Workers,
) -> Result<Command> {
    let server =
        format!("server {{\n  listen 127.0.0.1:{port} backlog=1024;\n  location / {{ {NGINX_PASS} }}\n}}\n");
    nginx(programs, &folder.join("nginx"), workers, &(nginx_upstream(origin) + &server))
}

/// The same over TLS, with a port for each certificate of the folder.
pub(super) fn nginx_tls(programs: &Programs, folder: &Path, origin: u16, ports: Ports) -> Result<Command> {
    let at = folder.display();
    let server = |(name, port)| {
        format!(
            "server {{\n  listen 127.0.0.1:{port} ssl backlog=1024;\n  ssl_certificate {at}/{name}.crt;\n  \
             ssl_certificate_key {at}/{name}.key;\n  location / {{ {NGINX_PASS} }}\n}}\n"
        )
    };
    let servers = ports.by_certificate().map(server).concat();
    let text = format!("{}ssl_protocols TLSv1.2 TLSv1.3;\n{servers}", nginx_upstream(origin));
    nginx(programs, &folder.join("nginx"), Workers::Two, &text)
}

pub(super) const NGINX_PASS: &str = "proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
                          proxy_max_temp_file_size 0;";

pub(super) fn nginx_upstream(origin: u16) -> String {
    format!("upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; keepalive_requests 100000000; }}\n")
}

pub(super) fn nginx(programs: &Programs, folder: &Path, workers: Workers, server: &str) -> Result<Command> {
    let at = folder.display();
    // Debian builds these modules in; each wants to create its folder even when it is not used.
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders = folders.map(|name| format!("{name}_temp_path {at}/{name};\n")).concat();
    let (count, master) = match workers {
        Workers::Two => (2, "on"),
        Workers::One => (1, "off"),
    };
    let text = format!(
        "user root root;\nworker_processes {count};\nmaster_process {master};\ndaemon off;\npid {at}/pid;\n\
         error_log {at}/error.log crit;\nworker_rlimit_nofile 16384;\nevents {{ worker_connections 4096; }}\n\
         http {{\naccess_log off;\nsendfile on;\ntcp_nodelay on;\nkeepalive_timeout 300s;\n\
         keepalive_requests 100000000;\n{folders}{server}}}\n"
    );
    let file = folder.join("nginx.conf");
    workspace::write(&file, text)?;
    let mut command = Command::new(&programs.nginx);
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(file);
    Ok(command)
}

/// haproxy as a reverse proxy.
pub(super) fn haproxy(
    programs: &Programs,
    folder: &Path,
    origin: u16,
    port: u16,
    workers: Workers,
) -> Result<Command> {
    haproxy_with(programs, folder, origin, workers, &format!("  bind 127.0.0.1:{port}\n"))
}

/// The same over TLS, with a port for each certificate of the folder.
pub(super) fn haproxy_tls(programs: &Programs, folder: &Path, origin: u16, ports: Ports) -> Result<Command> {
    let at = folder.display();
    let bind =
        |(name, port)| format!("  bind 127.0.0.1:{port} ssl crt {at}/{name}.pem ssl-min-ver TLSv1.2\n");
    haproxy_with(programs, folder, origin, Workers::Two, &ports.by_certificate().map(bind).concat())
}

fn haproxy_with(
    programs: &Programs,
    folder: &Path,
    origin: u16,
    workers: Workers,
    binds: &str,
) -> Result<Command> {
    let threads = if workers == Workers::Two { 2 } else { 1 };
    let text = format!(
        "global\n  nbthread {threads}\n  maxconn 3000\n\
         defaults\n  mode http\n  option http-keep-alive\n  http-reuse always\n  timeout connect 5s\n  \
         timeout client 300s\n  timeout server 300s\n\
         frontend bench\n{binds}  default_backend origin\n\
         backend origin\n  server origin 127.0.0.1:{origin}\n"
    );
    let file = folder.join("haproxy/haproxy.cfg");
    workspace::write(&file, text)?;
    let mut command = Command::new(&programs.haproxy);
    command.arg("-db").arg("-f").arg(file);
    Ok(command)
}

/// The gateway: one route, with a condition that every request meets, before `filters` header filters.
///
/// Each count of filters gets an instance of its own, so that no request pays for another route's condition.
pub(super) fn gateway(program: &Path, folder: &Path, filters: usize, ports: Gateway) -> Result<Command> {
    let instance = folder.join(format!("gateway-{filters}"));
    instance_folder(&instance, ports.port, ports.admin_port)?;
    workspace::write(&instance.join("config/routes/bench.json"), route(filters, ports.origin))?;
    let mut command = Command::new(program);
    command.arg("start").arg(instance);
    Ok(command)
}

/// The gateway over TLS, with a port for each certificate of the folder.
pub(super) fn gateway_tls(program: &Path, folder: &Path, origin: u16, ports: Ports) -> Result<Command> {
    workspace::write(&folder.join("gateway/config/routes/bench.json"), route(0, origin))?;
    https_gateway(program, folder, &ports.by_certificate())
}

/// A gateway that serves HTTPS with the key stores of the folder, each on its port.
pub(crate) fn https_gateway(program: &Path, folder: &Path, stores: &[(&str, u16)]) -> Result<Command> {
    let [admin_port] = free_ports()?;
    let at = folder.display();
    let instance = folder.join("gateway");
    let key = |(name, _): &(&str, u16)| {
        format!(
            r#"    {{ "name": "{name}", "type": "ServerTlsOptions", "config": {{ "keyManager": {{
      "type": "KeyManager", "config": {{ "keystore": {{
        "type": "KeyStore", "config": {{ "url": "file://{at}/{name}.p12", "password": "changeit" }} }} }} }} }} }}"#
        )
    };
    let connector =
        |(name, port): &(&str, u16)| format!(r#"{{ "host": "127.0.0.1", "port": {port}, "tls": "{name}" }}"#);
    let heap = stores.iter().map(key).collect::<Vec<_>>().join(",\n");
    let connectors = stores.iter().map(connector).collect::<Vec<_>>().join(", ");
    write_instance(&instance, &format!("\n  \"heap\": [\n{heap}\n  ],"), &connectors, admin_port)?;
    let mut command = Command::new(program);
    command.arg("start").arg(instance);
    Ok(command)
}

/// An instance folder that has everything but routes.
pub(super) fn instance_folder(instance: &Path, port: u16, admin_port: u16) -> Result<()> {
    let connector = format!(r#"{{ "host": "127.0.0.1", "port": {port} }}"#);
    write_instance(instance, "", &connector, admin_port)
}

fn write_instance(instance: &Path, heap: &str, connectors: &str, admin_port: u16) -> Result<()> {
    let admin = format!(
        r#"{{
  "mode": "PRODUCTION",{heap}
  "connectors": [{connectors}],
  "adminConnector": {{ "host": "127.0.0.1", "port": {admin_port} }}
}}
"#
    );
    workspace::write(&instance.join("config/admin.json"), admin)?;
    workspace::write(&instance.join("config/config.json"), "{ \"handler\": { \"type\": \"Router\" } }\n")
}

/// Where a gateway listens and what it proxies.
#[derive(Clone, Copy)]
pub(super) struct Gateway {
    pub(super) port: u16,
    pub(super) admin_port: u16,
    pub(super) origin: u16,
}

fn route(filters: usize, origin: u16) -> String {
    let handler = r#"{ "type": "ReverseProxyHandler" }"#;
    let filter = |number: usize| {
        format!(
            r#"{{ "type": "HeaderFilter", "config": {{ "messageType": "REQUEST", "add": {{ "X-Bench-{number}": ["{number}"] }} }} }}"#
        )
    };
    let list = (1..=filters).map(filter).collect::<Vec<_>>().join(",\n      ");
    let chain = format!(
        "{{ \"type\": \"Chain\", \"config\": {{\n    \"filters\": [\n      {list}\n    ],\n    \"handler\": {handler}\n  }} }}"
    );
    let handler = if filters == 0 { handler } else { &chain };
    format!(
        "{{\n  \"name\": \"bench\",\n  \"baseURI\": \"http://127.0.0.1:{origin}\",\n  \
         \"condition\": \"${{find(request.uri.path, '^/')}}\",\n  \"handler\": {handler}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_route_is_a_plain_proxy_or_a_chain() {
        let expected = expect![[r#"
            {
              "name": "bench",
              "baseURI": "http://127.0.0.1:80",
              "condition": "${find(request.uri.path, '^/')}",
              "handler": { "type": "ReverseProxyHandler" }
            }
            {
              "name": "bench",
              "baseURI": "http://127.0.0.1:80",
              "condition": "${find(request.uri.path, '^/')}",
              "handler": { "type": "Chain", "config": {
                "filters": [
                  { "type": "HeaderFilter", "config": { "messageType": "REQUEST", "add": { "X-Bench-1": ["1"] } } },
                  { "type": "HeaderFilter", "config": { "messageType": "REQUEST", "add": { "X-Bench-2": ["2"] } } }
                ],
                "handler": { "type": "ReverseProxyHandler" }
              } }
            }
        "#]];
        expected.assert_eq(&format!("{}{}", route(0, 80), route(2, 80)));
    }
}
