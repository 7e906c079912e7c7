//! Make the plan true; serve.
//!
//! [`Server::start`] gives a [`Control`]: hand it a plan, and it opens what is new, swaps, and closes
//! what is gone. Each thread has its own single-threaded runtime; a connection never leaves the thread
//! that accepted it. This crate knows plans and settings as plain values, never where they were written.

#![forbid(unsafe_code)]

mod clock;
mod compress;
mod connection;
mod control;
mod custom_fields;
mod downstream;
mod driver;
mod exchange;
mod file_answer;
mod gate;
mod headroom;
mod http2;
mod introduce;
mod listener;
mod long_lived;
mod names;
mod ongoing;
mod outcome;
mod parked;
mod pipeline;
pub mod port_owner;
mod proxy;
mod rate_limit;
mod readiness;
mod render;
mod respond;
mod send;
mod site_use;
mod socket;
mod stage;
mod static_file;
mod status;
mod stream;
mod tarpit;
#[cfg(test)]
mod testing;
mod tls;
mod turn;
mod watch;
mod welcome;
mod worker;

pub use clock::{Clock, unix_ms};
pub use control::{Applied, Control, Prepared, Server, ServerSettings};
pub use doorward_wire::HeadLimits;
pub use listener::bind;
pub use ongoing::OngoingRequest;
pub use status::{CachedFileStatus, ListenerState, ListenerStatus, ServerStatus};
pub use tls::{
    CertificateError, CertificateFacts, CertificateStatus, certificates_of, imported_certificates, inspect,
    inspect_authorities, inspect_files, is_pfx, pem_of_pfx,
};
