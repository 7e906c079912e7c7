//! Heads on their way through: hop-by-hop fields end here, forwarding fields begin here.

use doorward_limiter::{ClientSource, Trust};
use doorward_plan::Upstream;
use doorward_wire::{BodyLength, Framing, HeadWriter, Response, Version, end_to_end, upgrade};

use crate::compress::Coded;
use crate::exchange::{Answered, Exchange};
use crate::outcome::field_line;
use crate::rate_limit;
use crate::static_file::coding::Coding;

/// Fields that say where a request comes from. Only we know, so what a stranger wrote is dropped.
const FORWARDING: [&str; 4] = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"];

/// The other protocols that are offered to the upstream: what the client offers, of a request without a body, where the site
/// does not switch them off (`webSocket`).
pub(super) fn offer(exchange: &Exchange, upstream: &Upstream) -> Option<String> {
    let request = &exchange.request;
    let may = upstream.upgrades && request.body() == BodyLength::None;
    request.upgrade().filter(|_| may && request.version() == Version::Http11).and_then(upgrade::offer)
}

/// The head as the upstream gets it. `Host` stays what the client asked for, as in production.
pub(super) fn request(exchange: &Exchange, upstream: &Upstream, offer: Option<&str>) -> Vec<u8> {
    let request = &exchange.request;
    let mut target = format!("{}{}", upstream.base_path, request.path());
    if let Some(query) = request.query() {
        target.push('?');
        target.push_str(query);
    }
    let mut head = Vec::with_capacity(request.head_bytes() + 256);
    HeadWriter::start_request(&mut head, request.method(), &target).field("Host", request.authority().as_bytes());
    let trusted = is_trusted_proxy(exchange);
    for (name, value) in end_to_end(request.fields()) {
        if !is_replaced(name, trusted) {
            field_line(&mut head, name, value);
        }
    }
    match request.body() {
        BodyLength::None => {}
        BodyLength::Known(length) => field_line(&mut head, "Content-Length", length.to_string().as_bytes()),
        BodyLength::Chunked => field_line(&mut head, "Transfer-Encoding", b"chunked"),
    }
    if let Some(offer) = offer {
        field_line(&mut head, "Connection", b"Upgrade");
        field_line(&mut head, "Upgrade", offer.as_bytes());
    }
    forwarding(&mut head, exchange, trusted);
    head.extend_from_slice(b"\r\n");
    head
}

fn is_replaced(name: &str, trusted: bool) -> bool {
    let ours = ["Host", "Content-Length", "Transfer-Encoding", "Expect", "X-Forwarded-For"];
    ours.iter().any(|own| own.eq_ignore_ascii_case(name))
        || (!trusted && FORWARDING.iter().any(|own| own.eq_ignore_ascii_case(name)))
}

fn forwarding(head: &mut Vec<u8>, exchange: &Exchange, trusted: bool) {
    let request = &exchange.request;
    let mut chain = Vec::new();
    if trusted {
        for line in request.field_lines("X-Forwarded-For") {
            chain.extend_from_slice(line);
            chain.extend_from_slice(b", ");
        }
    }
    chain.extend_from_slice(doorward_limiter::canonical(exchange.peer()).to_string().as_bytes());
    field_line(head, "X-Forwarded-For", &chain);
    if !trusted || request.field("X-Forwarded-Proto").is_none() {
        field_line(head, "X-Forwarded-Proto", if exchange.ends.secure { b"https" } else { b"http" });
    }
    if !trusted || request.field("X-Forwarded-Host").is_none() {
        field_line(head, "X-Forwarded-Host", request.authority().as_bytes());
    }
}

/// Whether the site's proxy mode names the peer among its trusted proxies.
pub(crate) fn is_trusted_proxy(exchange: &Exchange) -> bool {
    let Some(effective) = &exchange.effective else { return false };
    match &effective.policy.source {
        ClientSource::Peer => false,
        ClientSource::Forwarded(rule) => match &rule.trust {
            Trust::Listed(networks) => {
                let peer = doorward_limiter::canonical(exchange.peer());
                networks.iter().any(|network| network.contains(&peer))
            }
            Trust::Implicit | Trust::AnyProxy => false,
        },
    }
}

/// The head as the client gets it; returns whether the body goes in chunks.
pub(crate) fn response(out: &mut Vec<u8>, exchange: &mut Exchange, (answer, coded): (&Response, Coded)) -> bool {
    let before = out.len();
    let framing = framing(exchange, (answer, coded));
    let mut head = HeadWriter::start(out, answer.status());
    let (own, secure) = (exchange.effective.as_ref().map(|effective| &effective.fields), exchange.ends.secure);
    for (name, value) in end_to_end(answer.fields()) {
        let framed = name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("Transfer-Encoding");
        let replaced = own.is_some_and(|own| own.replaces(name, secure));
        if framed || replaced || (coded.effort.is_some() && is_of_plain_bytes(name)) {
            continue;
        }
        match name {
            // The bytes differ from the upstream's, what they mean does not (RFC 9110 8.8.1).
            tag if coded.effort.is_some() && tag.eq_ignore_ascii_case("ETag") && !value.starts_with(b"W/") => {
                head.field(name, &[b"W/", value].concat());
            }
            _ => {
                head.field(name, value);
            }
        }
    }
    if let Some(effort) = coded.effort {
        head.field("Content-Encoding", Coding::from(effort.kind).name().as_bytes());
    }
    if coded.varies && !varies_already(answer) {
        head.field("Vary", b"Accept-Encoding");
    }
    if let Some(own) = own {
        head.lines(own.lines(secure));
    }
    rate_limit::append(&mut head, exchange);
    let chunked = matches!(framing, Framing::Chunked);
    exchange.keep_alive &= !matches!(framing, Framing::Close);
    head.framing(framing, exchange.keep_alive, exchange.request.version());
    head.finish();
    exchange.answered = Answered { status: answer.status(), substatus: 0, win32_status: 0 };
    exchange.sent_bytes += (out.len() - before) as u64;
    exchange.keep_head(&out[before..]);
    chunked
}

/// The head of a 101 as the client gets it. It has no body, and no next request follows it.
pub(crate) fn switching(out: &mut Vec<u8>, exchange: &mut Exchange, answer: &Response) {
    let before = out.len();
    let mut head = HeadWriter::start(out, answer.status());
    for (name, value) in end_to_end(answer.fields()) {
        if !name.eq_ignore_ascii_case("Content-Length") {
            head.field(name, value);
        }
    }
    head.field("Connection", b"Upgrade").field("Upgrade", answer.upgrade().unwrap_or_default());
    head.finish();
    exchange.keep_alive = false;
    exchange.answered = Answered { status: answer.status(), substatus: 0, win32_status: 0 };
    exchange.sent_bytes += (out.len() - before) as u64;
    exchange.keep_head(&out[before..]);
}

/// Fields that speak of the very bytes the upstream sent.
fn is_of_plain_bytes(name: &str) -> bool {
    ["Accept-Ranges", "Content-MD5", "Content-Digest", "Digest"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn varies_already(answer: &Response) -> bool {
    let mut lines = answer.field_lines("Vary").filter_map(|line| std::str::from_utf8(line).ok());
    lines.any(|line| {
        line.split(',').map(str::trim).any(|name| name == "*" || name.eq_ignore_ascii_case("Accept-Encoding"))
    })
}

fn framing(exchange: &Exchange, (answer, coded): (&Response, Coded)) -> Framing {
    // Nobody knows how long a compressed body becomes.
    let length = answer.content_length().filter(|_| coded.effort.is_none());
    match length {
        _ if answer.status() == 204 || answer.status() == 304 => Framing::None,
        Some(length) => Framing::Length(length),
        None if exchange.is_head() => Framing::None,
        None if exchange.takes_chunks() => Framing::Chunked,
        None => Framing::Close,
    }
}
