//! The list of targets.

use crate::Target;

mod appcmd_line;
mod chunk_stream;
mod disk;
mod document;
mod edit_sequence;
mod http1;
mod input;
mod log_line;
mod memory;
mod netsh_line;
mod pipeline;
mod request_head;
mod response_head;

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("appcmd_line", appcmd_line::run),
    ("chunk_stream", chunk_stream::run),
    ("document", document::run),
    ("edit_sequence", edit_sequence::run),
    ("log_line", log_line::run),
    ("netsh_line", netsh_line::run),
    ("pipeline", pipeline::run),
    ("request_head", request_head::run),
    ("response_head", response_head::run),
];
