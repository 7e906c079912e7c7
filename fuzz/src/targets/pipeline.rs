//! A pipelined stream means the same in random fragments, byte by byte, and in one piece.

use super::http1::{bytewise, cut, served, small_limits};

/// Checks one stream of requests.
pub(super) fn run(input: &[u8]) {
    let (cuts, stream) = cut(input);
    let whole = served(stream, &[stream.len()], small_limits());
    assert_eq!(served(stream, &cuts, small_limits()), whole);
    assert_eq!(served(stream, &bytewise(stream), small_limits()), whole);
    let taken: u64 = whole.messages.iter().map(|message| message.wire_bytes).sum();
    assert!(taken <= stream.len() as u64, "no byte counts twice");
}
