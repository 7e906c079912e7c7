//! lighttpd: its limits are of another kind, so it takes part where there are none. It keeps no connection to an upstream.

use super::write;
use crate::setup::{Launch, Limits, Place, Setup};

pub(super) fn set_up(setup: Setup, place: &Place) -> anyhow::Result<Option<Launch>> {
    if setup.tls || setup.forwards || setup.limits != Limits::Off || setup.sites > 1 || setup.threads > 1 {
        return Ok(None);
    }
    let (modules, log) = if setup.log {
        ("\"mod_accesslog\"", format!("accesslog.filename=\"{}/access.log\"", place.home.display()))
    } else {
        ("", String::new())
    };
    let text = format!(
        r#"server.document-root="{www}"
server.port={port}
server.bind="127.0.2.1"
server.max-keep-alive-requests=1000000000
server.max-keep-alive-idle=600
server.max-connections=19000
server.max-fds=20000
mimetype.assign=(".html"=>"text/html",".bin"=>"application/octet-stream")
server.modules=({modules})
{log}
"#,
        www = place.www.display(),
        port = place.port
    );
    let path = write(place, "lighttpd.conf", &text)?;
    Ok(Some(Launch::new(["lighttpd", "-D", "-f", &path])))
}
