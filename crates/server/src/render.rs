//! The one place where outcomes become bytes.

use std::fmt::Write as _;

use doorward_wire::{Framing, HeadWriter};

use crate::clock::DateLine;
use crate::exchange::{Answered, Exchange};
use crate::outcome::{Body, FieldLines, Response, ServiceRefusal, SiteRefusal, field_line};
use crate::rate_limit;
use crate::stage::error_page;

const SERVER: &[u8] = b"Server: Doorward\r\n";

/// Appends a response's head, and notes in the exchange what was answered.
pub(crate) fn head(out: &mut Vec<u8>, exchange: &mut Exchange, response: &Response, date: &DateLine) {
    let before = out.len();
    let mut head = HeadWriter::start(out, response.status);
    head.lines(response.fields.as_bytes());
    let framing = match response.body {
        Body::None => Framing::None,
        Body::Bytes(_) | Body::Shared(_) | Body::File { .. } | Body::Parts(_) => {
            Framing::Length(response.body.length())
        }
    };
    common(&mut head, exchange, date);
    rate_limit::append(&mut head, exchange);
    head.framing(framing, exchange.keep_alive, exchange.request.version());
    head.finish();
    exchange.answered =
        Answered { status: response.status, substatus: response.substatus, win32_status: response.win32_status };
    exchange.sent_bytes += (out.len() - before) as u64;
    exchange.keep_head(&out[before..]);
}

/// Appends a response whose body is in memory, head and body; the body is left out for HEAD.
pub(crate) fn whole(out: &mut Vec<u8>, exchange: &mut Exchange, response: &Response, date: &DateLine) {
    head(out, exchange, response, date);
    if let Some(bytes) = response.body.bytes()
        && !exchange.is_head()
    {
        out.extend_from_slice(bytes);
        exchange.sent_bytes += bytes.len() as u64;
    }
}

/// The fields every response of ours carries.
pub(crate) fn common(head: &mut HeadWriter<'_>, exchange: &Exchange, date: &DateLine) {
    match &exchange.effective {
        Some(effective) => {
            if !effective.fields.without_server {
                head.lines(SERVER);
            }
            head.lines(effective.fields.lines(exchange.ends.secure));
        }
        None => {
            head.lines(SERVER);
        }
    }
    date.with(|line| {
        head.lines(line);
    });
}

/// The answer to a refusal by a site: its status and its page.
pub(crate) fn site_refusal(refusal: &SiteRefusal, exchange: &Exchange) -> Response {
    let mut fields = Vec::with_capacity(128);
    field_line(&mut fields, "Content-Type", error_page::SITE_PAGE_TYPE.as_bytes());
    refusal_fields(&mut fields, refusal);
    let page = error_page::site_page(refusal, exchange).into_bytes();
    Response {
        substatus: refusal.substatus,
        win32_status: refusal.win32_status,
        ..Response::new(refusal.status, FieldLines::Own(fields), Body::Bytes(page.into()))
    }
}

/// The fields that belong to a refusal whichever page it gets.
pub(crate) fn refusal_fields(fields: &mut Vec<u8>, refusal: &SiteRefusal) {
    if let Some(allow) = refusal.allow {
        field_line(fields, "Allow", allow.as_bytes());
    }
    if let Some(seconds) = refusal.retry_after_s {
        field_line(fields, "Retry-After", seconds.to_string().as_bytes());
    }
}

/// The answer to a refusal before a site was chosen, and the reason for the HTTPERR line.
pub(crate) fn service_refusal(refusal: ServiceRefusal) -> (Response, &'static str) {
    let page = error_page::service_page(refusal);
    let mut fields = Vec::with_capacity(64);
    field_line(&mut fields, "Content-Type", error_page::SERVICE_PAGE_TYPE.as_bytes());
    let body = Body::Bytes(page.html.into_bytes().into());
    (Response::new(page.status, FieldLines::Own(fields), body), page.reason)
}

/// The answer for a path that names a folder without a slash at its end.
/// `alternateHostName` makes it an absolute one.
pub(crate) fn folder_redirect(path: &str, exchange: &Exchange) -> Response {
    let query = exchange.request.query();
    let alternate = exchange.effective.as_ref().and_then(|effective| effective.runtime.alternate_host.as_ref());
    let scheme = if exchange.ends.secure { "https" } else { "http" };
    let mut location = alternate.map(|host| format!("{scheme}://{host}")).unwrap_or_default();
    location.push_str(&escape_path(path));
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    let mut fields = Vec::with_capacity(location.len() + 64);
    field_line(&mut fields, "Location", location.as_bytes());
    field_line(&mut fields, "Content-Type", b"text/plain");
    // Browsers would keep it for ever otherwise, also when the folder becomes a file.
    field_line(&mut fields, "Cache-Control", b"max-age=60");
    let body = Body::Bytes(format!("Moved to {location}\n").into_bytes().into());
    Response::new(301, FieldLines::Own(fields), body)
}

/// A path as it stands in a URL. What is not plainly a path character is escaped, so that a name cannot become a host,
/// a field or markup.
pub(crate) fn escape_path(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$()*,;=:@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _infallible = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
