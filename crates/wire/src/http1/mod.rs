//! HTTP/1.0 and HTTP/1.1 (RFC 9112): heads and bodies as a server and as a client, and the writing of both.

mod authority;
mod body;
mod chunk;
mod client;
mod end_to_end;
mod facts;
mod fields;
mod head_scan;
mod reason_phrase;
mod request;
mod request_line;
mod response;
mod server;
mod span;
mod target;
mod write;

pub use client::ClientMachine;
pub use end_to_end::end_to_end;
pub use reason_phrase::reason_phrase;
pub use request::Request;
pub use response::Response;
pub use server::ServerMachine;
pub use write::{CONTINUE, Framing, HeadWriter, LAST_CHUNK, write_chunk, write_chunk_head};

/// Version of a message, as far as it matters: a 1.x beyond 1.1 counts as 1.1 (RFC 9110 §2.5).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

impl Version {
    /// As it stands on the wire and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }

    /// The version in a start line, which is exactly `HTTP/DIGIT.DIGIT` (RFC 9112 §2.3). `None` is another major
    /// number.
    fn read(bytes: &[u8]) -> Result<Option<Self>, crate::Malformed> {
        match bytes {
            b"HTTP/1.1" => Ok(Some(Self::Http11)),
            b"HTTP/1.0" => Ok(Some(Self::Http10)),
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
                Ok((*major == b'1').then_some(Self::Http11))
            }
            _ => Err(crate::Malformed::BadRequest),
        }
    }
}

/// How the end of a request's body is known (RFC 9112 §6.3).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum BodyLength {
    /// There is no body.
    #[default]
    None,
    /// So many bytes, perhaps 0.
    Known(u64),
    /// By its last chunk.
    Chunked,
}

/// What a machine understood from the front of its input.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Event<'b> {
    /// Nothing yet. Bytes that were used up are to be dropped all the same; the next call brings the rest of them
    /// again, with more behind.
    NeedMore,
    /// A head is complete and has been written into the request or response.
    Head,
    /// A piece of the body, without chunk framing; never empty.
    Body(&'b [u8]),
    /// The body, and with it the message, is complete. This comes for a message without body too.
    BodyEnd,
}
