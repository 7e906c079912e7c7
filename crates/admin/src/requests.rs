//! Requests that have begun and are not done.

use doorward_server::Control;
use serde::{Deserialize, Serialize};

/// One row of `GET /v1/requests`. Requests that were answered in the turn they came in are never among them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestReport {
    /// Names it among those in progress: its thread and its number there, in hexadecimal digits.
    pub id: String,
    /// Number of its site; 0 when none has been chosen.
    pub site_id: u32,
    /// Its method.
    pub method: String,
    /// Its target as it was sent, cut where it is very long.
    pub url: String,
    /// How long it has been going on, in milliseconds.
    pub elapsed_ms: u64,
    /// Address of the TCP peer.
    pub client: String,
}

/// Those there are now, the oldest first.
pub(crate) async fn requests(control: &Control) -> Vec<RequestReport> {
    let rows = control.ongoing().await;
    let now_ms = control.clock().now_ms();
    let report = |(thread, row): (usize, doorward_server::OngoingRequest)| RequestReport {
        id: format!("{:08x}{:08x}", thread + 1, row.number & 0xffff_ffff),
        site_id: row.site_id,
        method: row.method,
        url: row.url,
        elapsed_ms: now_ms.saturating_sub(row.started_ms),
        client: row.peer.ip().to_string(),
    };
    rows.into_iter().map(report).collect()
}
