//! h2o: it limits nobody, so it takes part where nobody is limited.

use super::write;
use crate::setup::{Launch, Limits, Place, Setup, UPSTREAM};

pub(super) fn set_up(setup: Setup, place: &Place) -> anyhow::Result<Option<Launch>> {
    if setup.limits != Limits::Off || setup.sites > 1 {
        return Ok(None);
    }
    let tls = if setup.tls {
        let (certificate, key) = (place.certificate.display(), place.key.display());
        format!(", ssl: {{certificate-file: {certificate}, key-file: {key}, minimum-version: TLSv1.2}}")
    } else {
        String::new()
    };
    let log = if setup.log { format!("access-log: {}/access.log", place.home.display()) } else { String::new() };
    let resumption = if setup.tickets { "" } else { "ssl-session-resumption: {mode: off}" };
    let answer = if setup.forwards {
        format!("proxy.reverse.url: http://{UPSTREAM}/\n        proxy.timeout.keepalive: 600000")
    } else {
        format!("file.dir: {}", place.www.display())
    };
    let user = if rustix::process::geteuid().is_root() { "user: root" } else { "" };
    let text = format!(
        r"num-threads: {threads}
max-connections: 19000
http1-request-timeout: 600
http2-max-concurrent-requests-per-connection: 256
{user}
{resumption}
{log}
listen: {{host: 127.0.2.1, port: {port}{tls}}}
hosts:
  default:
    paths:
      /:
        {answer}
",
        threads = setup.threads,
        port = place.port
    );
    let path = write(place, "h2o.conf", &text)?;
    Ok(Some(Launch::new(["h2o", "-c", &path])))
}
