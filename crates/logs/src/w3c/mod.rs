//! W3C extended log format, as IIS writes it (IIS reference §6.3): header blocks, lines, and a reader of both.

mod header;
mod parse;
mod write;

pub(crate) use header::{SOFTWARE, fields_line, put_header};
pub use parse::{ParseError, ParsedRecord, Parser, parse};
pub(crate) use write::put_line;
