//! Requests that are sent elsewhere: `hsts redirectHttpToHttps` (IIS reference §1.1) and `httpRedirect` (§4.1).

use doorward_plan::Asked;

use crate::exchange::Exchange;
use crate::outcome::{Body, FieldLines, Response, field_line};
use crate::{proxy, render};

/// The redirect for this request, where there is one.
pub(crate) fn away(exchange: &Exchange) -> Option<Response> {
    let (site, effective) = (exchange.site.as_ref()?, exchange.effective.as_ref()?);
    if let Some(port) = site.https_port.filter(|_| !exchange.ends.secure && !came_over_https(exchange)) {
        // Methods other than these two carry something that must not get lost on the way.
        let status = if matches!(exchange.request.method(), "GET" | "HEAD") { 301 } else { 308 };
        return Some(response(exchange, status, &https(exchange, port)));
    }
    let redirect = effective.redirect.as_ref()?;
    let asked = Asked { path: &exchange.path, query: exchange.request.query(), escape: render::escape_path };
    let location = redirect.location(asked)?;
    Some(response(exchange, redirect.status, &location))
}

/// Whether a proxy that we trust took the request over https.
pub(crate) fn came_over_https(exchange: &Exchange) -> bool {
    let scheme = exchange.request.field("X-Forwarded-Proto");
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https")) && proxy::is_trusted_proxy(exchange)
}

/// The same URL over https.
fn https(exchange: &Exchange, port: u16) -> String {
    let request = &exchange.request;
    let mut location = match request.host() {
        "" => format!(
            "https://{}",
            std::net::SocketAddr::new(exchange.ends.local.ip(), 0).to_string().trim_end_matches(":0")
        ),
        host => format!("https://{host}"),
    };
    if port != 443 {
        location.extend([":", &port.to_string()]);
    }
    // Path and query as they came: they are meant for the same site.
    location.push_str(if request.path().starts_with('/') { request.path() } else { "/" });
    if let Some(query) = request.query() {
        location.push('?');
        location.push_str(query);
    }
    location
}

fn response(exchange: &Exchange, status: u16, location: &str) -> Response {
    let mut fields = Vec::with_capacity(location.len() + 64);
    field_line(&mut fields, "Location", location.as_bytes());
    field_line(&mut fields, "Content-Type", b"text/plain; charset=utf-8");
    if let Some(effective) = &exchange.effective {
        fields.extend_from_slice(&effective.fields.redirect);
    }
    let body = Body::Bytes(format!("See {location}\n").into_bytes().into());
    Response::new(status, FieldLines::Own(fields), body)
}
