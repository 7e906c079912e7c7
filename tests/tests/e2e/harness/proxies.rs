//! Other people's proxies before Doorward: nginx and `HAProxy`, which say for whom they ask in a header or by the PROXY
//! protocol.

use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use super::is_root;
use super::peer::{Peer, find};

/// How a proxy says for whom it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// `X-Forwarded-For`, as an HTTP proxy.
    Header,
    /// The PROXY protocol, as a TCP proxy.
    ProxyProtocol,
}

/// Where a proxy listens, and where it forwards to.
pub type Route = (SocketAddr, SocketAddr);

/// Runs nginx, which connects from the address `own`. By the PROXY protocol it speaks version 1.
pub fn nginx(routes: &[Route], own: IpAddr, tells: Tells) -> Peer {
    let folder = tempfile::tempdir().unwrap();
    let configuration = match tells {
        Tells::Header => nginx_http(routes, own),
        Tells::ProxyProtocol => nginx_stream(routes, own),
    };
    let user = if is_root() { "user root;\n" } else { "" };
    let whole = format!("{user}worker_processes 1;\npid nginx.pid;\nevents {{}}\n");
    let loads = if tells == Tells::ProxyProtocol { stream_module() } else { String::new() };
    fs::write(folder.path().join("nginx.conf"), loads + &whole + &configuration).unwrap();
    let mut command = Command::new(find("nginx", "nginx-light"));
    command.args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off;", "-p"]).arg(folder.path());
    Peer::start(command, folder, &listening(routes))
}

fn stream_module() -> String {
    let module = "/usr/lib/nginx/modules/ngx_stream_module.so";
    assert!(
        Path::new(module).exists(),
        "nginx's stream module is missing; install it: apt-get install -y --no-install-recommends libnginx-mod-stream"
    );
    format!("load_module {module};\n")
}

fn nginx_http(routes: &[Route], own: IpAddr) -> String {
    let mut text = format!(
        "http {{\n  access_log off;\n  proxy_bind {own};\n  proxy_http_version 1.1;\n  proxy_set_header Connection \"\";\n  \
         proxy_set_header Host $host;\n  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
    );
    for folder in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {folder}_temp_path {folder};").unwrap();
    }
    for (from, to) in routes {
        writeln!(text, "  server {{ listen {from}; location / {{ proxy_pass http://{to}; }} }}").unwrap();
    }
    text + "}\n"
}

fn nginx_stream(routes: &[Route], own: IpAddr) -> String {
    let mut text = format!("stream {{\n  proxy_bind {own};\n  proxy_protocol on;\n");
    for (from, to) in routes {
        writeln!(text, "  server {{ listen {from}; proxy_pass {to}; }}").unwrap();
    }
    text + "}\n"
}

/// Runs `HAProxy`, which connects from the address `own`. By the PROXY protocol it speaks version 2.
pub fn haproxy(routes: &[Route], own: IpAddr, tells: Tells) -> Peer {
    let folder = tempfile::tempdir().unwrap();
    let (mode, options, server) = match tells {
        // A client that goes away takes its request along, as it does in nginx.
        Tells::Header => ("http", "  option forwardfor\n  option abortonclose\n", ""),
        Tells::ProxyProtocol => ("tcp", "", "send-proxy-v2"),
    };
    let mut text = format!(
        "defaults\n  mode {mode}\n  timeout connect 20s\n  timeout client 60s\n  timeout server 60s\n{options}"
    );
    for (number, (from, to)) in routes.iter().enumerate() {
        writeln!(text, "listen l{number}\n  bind {from}\n  source {own}\n  server s {to} {server}").unwrap();
    }
    fs::write(folder.path().join("haproxy.cfg"), text).unwrap();
    let mut command = Command::new(find("haproxy", "haproxy"));
    command.arg("-db").arg("-f").arg(folder.path().join("haproxy.cfg"));
    Peer::start(command, folder, &listening(routes))
}

fn listening(routes: &[Route]) -> Vec<SocketAddr> {
    routes.iter().map(|(from, _)| *from).collect()
}
