//! Bytes to HTTP messages and back, as server and as client, without I/O.
//!
//! Nothing here knows a socket, a clock, a file, a site or a policy. The owner of a connection feeds received
//! bytes to a [`ServerMachine`] (or, towards an upstream, a [`ClientMachine`]) and acts on the [`Event`]s that
//! come back. The reading is strict by RFC 9112: whatever two readers could understand differently is refused.
#![forbid(unsafe_code)]

mod chars;
pub mod http1;
mod limits;
mod malformed;
pub mod path;
pub mod proxy_protocol;
mod shared_pace;
pub mod timers;
pub mod upgrade;

pub use http1::{
    BodyLength, CONTINUE, ClientMachine, Event, Framing, HeadWriter, LAST_CHUNK, Request, Response, ServerMachine,
    Version, end_to_end, reason_phrase, write_chunk, write_chunk_head,
};
pub use limits::HeadLimits;
pub use malformed::Malformed;
pub use path::BadPath;
pub use shared_pace::{SharedPace, Turn};
pub use timers::{Pace, TimerReason, Timers, Waiting};
pub use upgrade::Tunnel;
