//! What an upstream sends means the same however it arrives, and a head that is taken is made of whole lines.

use super::http1::{answered, bytewise, cut, fields, lines};

/// Checks one stream of responses; the first byte says whether they answer HEAD.
pub(super) fn run(input: &[u8]) {
    let (method_is_head, rest) = input.split_first().map_or((false, input), |(first, rest)| (first % 2 == 1, rest));
    let (cuts, stream) = cut(rest);
    let whole = answered(stream, &[stream.len()], method_is_head);
    assert_eq!(answered(stream, &cuts, method_is_head), whole);
    assert_eq!(answered(stream, &bytewise(stream), method_is_head), whole);
    for message in &whole.messages {
        let lines = lines(&message.head);
        assert!(lines[0].starts_with(b"HTTP/1."), "{:?}", lines[0]);
        let names = fields(&lines[1..]).into_iter().map(|(name, _)| name);
        let framing = names.filter(|name| name == b"content-length" || name == b"transfer-encoding").count();
        assert!(framing <= 1 || message.content.is_empty() || !method_is_head, "HEAD has no content");
    }
}
