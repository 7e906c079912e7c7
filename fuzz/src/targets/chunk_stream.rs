//! Chunked content is what a plain reader makes of it, in pieces as in one.

use doorward_wire::HeadLimits;

use super::http1::{bytewise, cut, served};

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Checks one stream of chunks, behind a head.
pub(super) fn run(input: &[u8]) {
    let (cuts, chunks) = cut(input);
    let stream = [HEAD, chunks].concat();
    let shifted: Vec<usize> = cuts.iter().map(|cut| cut + HEAD.len()).collect();
    let whole = served(&stream, &[stream.len()], HeadLimits::default());
    assert_eq!(served(&stream, &shifted, HeadLimits::default()), whole);
    assert_eq!(served(&stream, &bytewise(&stream), HeadLimits::default()), whole);
    let first = whole.messages.first();
    if let Some(message) = first.filter(|message| message.wire_bytes > 0) {
        let length = usize::try_from(message.wire_bytes).unwrap_or(usize::MAX) - HEAD.len();
        assert_eq!(decoded(&chunks[..length]).as_deref(), Some(&*message.content));
    }
}

/// What a body that has been taken holds, read without regard to limits; `None` where it is no whole body.
fn decoded(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let (line, after) = split_line(rest)?;
        let digits = line.split(|byte| !byte.is_ascii_hexdigit()).next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        rest = after;
        if size == 0 {
            break;
        }
        content.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    // Trailer fields, then the empty line; nothing may be left.
    loop {
        let (line, after) = split_line(rest)?;
        rest = after;
        if line.is_empty() {
            return rest.is_empty().then_some(content);
        }
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&bytes[..end], &bytes[end + 2..]))
}
