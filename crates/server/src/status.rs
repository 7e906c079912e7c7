//! What is running, for `status`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Whether an address is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListenerState {
    /// Connections are accepted.
    Open,
    /// Somebody else holds the address; it is tried again until it is free (D25).
    Waiting,
}

/// One address that should be open.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerStatus {
    /// The exact address and port.
    pub address: SocketAddr,
    /// Whether it is held.
    pub state: ListenerState,
    /// Whether clients whose requests would all be aborted are reset before their first byte (D11).
    pub early_abort: bool,
    /// The started sites that need it.
    pub sites: Vec<String>,
    /// Who holds it, when it is waiting.
    pub culprit: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The server at this moment.
#[derive(Clone, Debug, Serialize)]
pub struct ServerStatus {
    /// Every address of the plan.
    pub listeners: Vec<ListenerStatus>,
    /// Serving threads.
    pub threads: usize,
    /// Milliseconds since the start.
    pub up_ms: u64,
    /// Connections accepted since the start.
    pub connections: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// Requests answered since the start.
    pub requests: u64,
    /// Accepts that failed or had to wait, mostly for want of descriptors.
    pub accept_errors: u64,
    /// Upgraded connections and event streams open now.
    pub long_lived: u64,
}

/// A file that one thread keeps open, because it was asked for within the last second or two.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CachedFileStatus {
    /// Number of its site.
    pub site_id: u32,
    /// Its URL path.
    pub path: String,
    /// Its media type; `None` is answered with 404.3.
    pub media_type: Option<String>,
    /// The coding that this representation of it has.
    pub coding: Option<String>,
    /// Bytes of the field lines that every answer for it has.
    pub fields_bytes: u64,
    /// Bytes of the content.
    pub content_bytes: u64,
    /// When it was read, in milliseconds since 1970 UTC.
    pub read_unix_ms: u64,
    /// Times it was answered without a look at the disk.
    pub hits: u64,
}
