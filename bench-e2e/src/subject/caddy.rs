//! Caddy: the limits are a plug-in that Debian does not have, so it takes part where nobody is limited.

use super::{text_of, write};
use crate::setup::{Launch, Limits, Place, Setup, UPSTREAM};

pub(super) fn set_up(setup: Setup, place: &Place) -> anyhow::Result<Option<Launch>> {
    if setup.limits != Limits::Off || setup.sites > 1 {
        return Ok(None);
    }
    let port = place.port;
    let (site, tls) = if setup.tls {
        let (certificate, key) = (place.certificate.display(), place.key.display());
        (format!("https://bench.test:{port}, https://127.0.2.1:{port}"), format!("tls {certificate} {key}"))
    } else {
        (format!("http://127.0.2.1:{port}, http://bench.test:{port}"), String::new())
    };
    let log = if setup.log {
        format!("log {{\n  output file {}/access.log\n }}", place.home.display())
    } else {
        String::new()
    };
    let protocols = if setup.http2 { "h1 h2c" } else { "h1 h2" };
    let answer = if setup.forwards {
        format!("reverse_proxy {UPSTREAM}")
    } else {
        format!("root * {}\n file_server", place.www.display())
    };
    let text = format!(
        r"{{
 admin off
 auto_https off
 default_sni bench.test
 servers {{
  protocols {protocols}
 }}
}}
{site} {{
 bind 127.0.2.1
 {tls}
 {log}
 {answer}
}}
"
    );
    let path = write(place, "Caddyfile", &text)?;
    let mut launch = Launch::new(["caddy", "run", "--config", &path, "--adapter", "caddyfile"]);
    launch.environment = vec![
        ("GOMAXPROCS", setup.threads.to_string()),
        ("HOME", text_of(&place.home)),
        ("XDG_DATA_HOME", text_of(&place.home)),
    ];
    Ok(Some(launch))
}
