//! TLS on our own sockets: which certificate, the handshake, the records.
//!
//! rustls is sans-I/O; [`session`] moves its bytes over the same non-blocking socket that plain connections use, so that
//! everything above `Stream` is the same with and without TLS.

mod certificate;
mod client_certificate;
mod config;
mod embedded;
mod handshake;
mod pem;
mod pfx;
mod session;
mod signature;
mod staple;
mod store;

pub use certificate::{CertificateError, CertificateFacts, inspect, inspect_authorities, inspect_files};
pub use pfx::{is_pfx, pem_of_pfx};
pub use store::{CertificateStatus, certificates_of, imported_certificates};

pub(crate) use client_certificate::ClientCertificate;
pub(crate) use handshake::handshake;
pub(crate) use session::Session;
pub(crate) use store::Store;

/// HTTP/2 in ALPN (RFC 9113 3.2).
const HTTP2: &[u8] = b"h2";
