//! `HAProxy`: it serves no files, so the page comes from memory; its log needs another program, so it is measured without.

use super::write;
use crate::setup::{Launch, Limits, Place, Setup, UPSTREAM};

pub(super) fn set_up(setup: Setup, place: &Place) -> anyhow::Result<Option<Launch>> {
    let denies = matches!(setup.limits, Limits::Forbidden | Limits::Silence);
    if setup.log && !denies || setup.sites > 1 || setup.threads > 1 {
        return Ok(None);
    }
    let (table, rules) = match setup.limits {
        Limits::Off => ("", ""),
        Limits::Wide => (
            "backend clients\n  stick-table type ip size 2m expire 60s store conn_cur,http_req_rate(1s)",
            "http-request track-sc0 src table clients\n  http-request deny deny_status 403 if { sc0_conn_cur gt 60000 } || { sc0_http_req_rate gt 1000000 }",
        ),
        Limits::Forbidden => (
            "backend clients\n  stick-table type ip size 2m expire 600s store http_req_rate(600s)",
            "http-request track-sc0 src table clients\n  http-request deny deny_status 403 if { sc0_http_req_rate gt 1 }",
        ),
        Limits::Silence => (
            "backend clients\n  stick-table type ip size 2m expire 600s store conn_rate(600s)",
            "tcp-request connection track-sc0 src table clients\n  tcp-request connection reject if { sc0_conn_rate gt 1 }",
        ),
        Limits::Usual | Limits::Remembered => return Ok(None),
    };
    let tls = match (setup.tls, setup.tickets) {
        (false, _) if setup.http2 => "proto h2".to_owned(),
        (false, _) => String::new(),
        (true, true) => format!("ssl crt {} alpn h2,http/1.1", place.both.display()),
        (true, false) => format!("ssl crt {} alpn h2,http/1.1 no-tls-tickets", place.both.display()),
    };
    let answer = if setup.forwards {
        "default_backend behind".to_owned()
    } else {
        format!("http-request return status 200 content-type text/html file {}/1k.html", place.www.display())
    };
    let text = format!(
        r"global
  nbthread 1
  maxconn 9900
  ssl-default-bind-curves X25519:P-256
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
{table}
frontend front
  bind 127.0.2.1:{port} backlog 4096 {tls}
  {rules}
  {answer}
backend behind
  http-reuse always
  option forwardfor
  server one {UPSTREAM} pool-max-conn 200
",
        port = place.port
    );
    let path = write(place, "haproxy.cfg", &text)?;
    Ok(Some(Launch::new(["haproxy", "-db", "-f", &path])))
}
