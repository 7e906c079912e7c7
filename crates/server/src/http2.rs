//! HTTP/2 (RFC 9113) over the h2 crate. The crate reads and writes frames; what is bounded, timed, counted and
//! refused is decided here, and a request goes through the same pipeline as one of HTTP/1.1.

mod answer;
mod body;
mod budget;
mod driver;
mod fields;
mod frames;
mod head;
mod io;
mod outgoing;
mod preface;
mod session;
mod stream;
mod tunnel;
mod websocket;

pub(crate) use driver::serve;
pub(crate) use websocket::is_accepted as is_websocket_accepted;

/// The stream, or the connection under it, has ended: nothing can be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gone;
