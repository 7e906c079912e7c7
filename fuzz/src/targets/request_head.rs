//! A request head that is taken holds no two meanings, and its path is normal or refused.

use doorward_wire::{BodyLength, Event, HeadLimits, Request, ServerMachine, Version, path};

use super::http1::{fields, lines};

/// Checks one head.
pub(super) fn run(input: &[u8]) {
    let (mut machine, mut request) = (ServerMachine::new(HeadLimits::default()), Request::new());
    if let Ok((used, Event::Head)) = machine.read(input, &mut request) {
        assert!(input[..used].ends_with(request.raw_head()), "the head is what was received");
        check_framing(&request);
        check_path(&request);
    }
}

/// What RFC 9112 6.3 and 3.2 ask for, read from the bytes by another reader.
fn check_framing(request: &Request) {
    let lines = lines(request.raw_head());
    let start: Vec<&[u8]> = lines[0].split(|byte| *byte == b' ').collect();
    assert!(start.len() == 3 && start[0] == request.method().as_bytes() && start[1] == request.target().as_bytes());
    let fields = fields(&lines[1..]);
    let values =
        |name: &[u8]| fields.iter().filter(|(own, _)| own == name).map(|(_, value)| *value).collect::<Vec<_>>();
    let (hosts, lengths, codings) = (values(b"host"), values(b"content-length"), values(b"transfer-encoding"));
    assert!(hosts.len() <= 1 && (hosts.len() == 1 || request.version() == Version::Http10), "one Host");
    assert!(lengths.is_empty() || codings.is_empty(), "length and coding");
    match request.body() {
        BodyLength::Chunked => assert!(codings.len() == 1 && codings[0].eq_ignore_ascii_case(b"chunked")),
        BodyLength::Known(bytes) => {
            let text = String::from_utf8_lossy(lengths[0]);
            let stated = text.split(',').next().and_then(|text| text.trim().parse::<u64>().ok());
            assert!(codings.is_empty() && stated == Some(bytes), "{lengths:?}");
        }
        BodyLength::None => assert!(lengths.is_empty() && codings.is_empty()),
    }
}

/// A path that is taken begins with a slash, leaves nothing to resolve, and is the same when it is normalised again.
fn check_path(request: &Request) {
    let mut normal = String::new();
    if path::normalise(request.path(), &mut normal).is_ok() {
        assert!(normal.starts_with('/') && !normal.contains('\0') && !normal.contains('\\'), "{normal:?}");
        assert!(normal.split('/').all(|segment| segment != "." && segment != ".."), "{normal:?}");
    }
}
