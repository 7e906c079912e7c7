//! A WebSocket on one stream (RFC 8441). Its request is read as the GET with an Upgrade that it stands for, so that every
//! stage sees what it knows; the upstream is asked in HTTP/1.1.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use doorward_wire::Response;
use h2::ext::Protocol;
use http::Method;
use http::request::Parts;

use crate::downstream::End;
use crate::exchange::Exchange;
use crate::proxy::{Broken, Gathered, Progress, Source};

/// The name of the protocol, in both versions of HTTP.
const NAME: &str = "websocket";
/// What the key is hashed with (RFC 6455 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether a request wants to open one.
pub(super) fn is_opening(parts: &Parts) -> bool {
    let protocol = parts.extensions.get::<Protocol>();
    parts.method == Method::CONNECT && protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case(NAME))
}

/// The lines that stand for `:protocol` in HTTP/1.1.
pub(super) fn opening_lines() -> String {
    format!("Connection: Upgrade\r\nUpgrade: {NAME}\r\nSec-WebSocket-Key: {}\r\n", key())
}

/// Sixteen bytes that nobody has seen before: an answer with their hash is meant for this request.
fn key() -> String {
    let half = || RandomState::new().build_hasher().finish();
    BASE64.encode([half().to_be_bytes(), half().to_be_bytes()].concat())
}

/// Whether a 101 was made for the request.
pub(crate) fn is_accepted(exchange: &Exchange, answer: &Response) -> bool {
    let key = exchange.request.field("Sec-WebSocket-Key").unwrap_or_default();
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &[key, GUID.as_bytes()].concat());
    answer.field("Sec-WebSocket-Accept") == Some(BASE64.encode(hash).as_bytes())
}

/// The body of its request: none. What the client sends belongs to the protocol.
pub(super) struct NoBody;

impl Source for NoBody {
    fn is_untouched(&self) -> bool {
        false
    }

    fn gather(&mut self, _out: &mut Vec<u8>, _chunked: bool, _progress: &Progress) -> Result<Gathered, Broken> {
        Ok(Gathered::End)
    }

    async fn receive(&mut self) -> Result<(), End> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sixteen_bytes_and_differ() {
        let (one, other) = (key(), key());
        assert!(one != other && one.len() == 24 && one.ends_with("=="), "{one} {other}");
    }

    #[test]
    fn the_hash_of_the_rfc() {
        let text = format!("dGhlIHNhbXBsZSBub25jZQ=={GUID}");
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        assert_eq!(BASE64.encode(hash), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
