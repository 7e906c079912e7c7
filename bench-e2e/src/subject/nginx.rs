//! nginx: one worker, open file cache, keep-alive without end, buffered log.

use std::fmt::Write as _;

use super::write;
use crate::setup::{Launch, Limits, Place, Setup, UPSTREAM};

/// Kept connections to the upstream, and the fields that Doorward adds.
const FORWARDED: &str = r#"location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host; }"#;

pub(super) fn set_up(setup: Setup, place: &Place, sendfile: bool) -> anyhow::Result<Launch> {
    let home = place.home.display();
    let switch = if sendfile { "sendfile on; tcp_nopush on;" } else { "sendfile off; tcp_nopush off;" };
    let log = if setup.log {
        format!("access_log {home}/access.log w3c buffer=64k flush=1s;")
    } else {
        "access_log off;".into()
    };
    let tickets = if setup.tickets { "on; ssl_session_cache shared:S:10m;" } else { "off; ssl_session_cache off;" };
    let (zones, limits) = limits(setup.limits);
    let spoken = match (setup.tls, setup.http2) {
        (true, _) => "ssl http2",
        (false, true) => "http2",
        (false, false) => "",
    };
    let location = if setup.forwards { FORWARDED } else { "" };
    let mut servers = String::new();
    for address in place.addresses(setup) {
        writeln!(servers, "server {{ listen {address} {spoken} backlog=4096; {location} }}")?;
    }
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let text = format!(
        r#"daemon off; {user} worker_processes {threads}; worker_rlimit_nofile 20000; pid {home}/nginx.pid; error_log {home}/error.log crit;
events {{ worker_connections 19000; }}
http {{
  types {{ text/html html; application/octet-stream bin; }}
  root {www}; {switch}
  keepalive_requests 1000000000; keepalive_timeout 600s;
  open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s;
  log_format w3c '$time_iso8601 $server_addr $request_method $uri $args $server_port $remote_user $remote_addr "$http_user_agent" "$http_referer" $status 0 0 $request_time';
  {log}
  ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519:prime256v1;
  ssl_session_tickets {tickets}
  limit_req_log_level info; limit_conn_log_level info;
  {zones} {limits}
  upstream behind {{ server {UPSTREAM}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 600s; }}
  {servers}
}}
"#,
        threads = setup.threads,
        www = place.www.display(),
        certificate = place.certificate.display(),
        key = place.key.display(),
    );
    let path = write(place, "nginx.conf", &text)?;
    Ok(Launch::new(["nginx", "-c", &path]).reloaded_by(["nginx", "-c", &path, "-s", "reload"]))
}

/// Zones large enough for every client of the scenario, and the limits that use them.
fn limits(limits: Limits) -> (String, &'static str) {
    let zones = |rate: &str, megabytes: u32| {
        format!(
            "limit_req_zone $binary_remote_addr zone=r:{megabytes}m rate={rate}; limit_conn_zone $binary_remote_addr zone=c:{megabytes}m;"
        )
    };
    match limits {
        Limits::Off => (String::new(), ""),
        Limits::Wide => (zones("1000000r/s", 64), "limit_req zone=r burst=1000000 nodelay; limit_conn c 60000;"),
        Limits::Usual => (zones("100r/s", 256), "limit_req zone=r burst=20 nodelay; limit_conn c 5;"),
        Limits::Remembered => (
            zones("1r/s", 256) + " set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;",
            "limit_req zone=r burst=20 nodelay; limit_conn c 5;",
        ),
        Limits::Forbidden => (zones("1r/m", 64), "limit_req_status 403; limit_req zone=r;"),
        // 444 is its way to close without an answer; it cannot do so before it has a request.
        Limits::Silence => (zones("1r/m", 64), "limit_req_status 444; limit_req zone=r;"),
    }
}
