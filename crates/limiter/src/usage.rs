//! How full the table is and what was decided so far.

/// A reading of the limiter, for `status` and metrics. Numbers are taken one after the other while traffic goes on.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Clients there is room for.
    pub capacity: usize,
    /// Clients that hold counters now; estimated from a sample in a large table.
    pub in_use: usize,
    /// Clients there is room for among those that need wide counters.
    pub wide_capacity: usize,
    /// Clients that hold wide counters now; estimated as above.
    pub wide_in_use: usize,
    /// Clients forgotten with requests still in their window, to make room.
    pub evictions: u64,
    /// Times a newcomer had to share a counter with its neighbourhood (D21).
    pub pressure: u64,
    /// Decisions to allow, exempt clients included.
    pub allowed: u64,
    /// Decisions to allow because of an explicit allow entry.
    pub exempt: u64,
    /// Enforced denials for too many requests in progress.
    pub denied_concurrency: u64,
    /// Enforced denials for too many requests in the interval.
    pub denied_rate: u64,
    /// Denials by the static address list.
    pub denied_address: u64,
    /// Denials by host name, as told through [`crate::Limiter::note_denial`].
    pub denied_host_name: u64,
    /// Denials by an operator's block.
    pub denied_block: u64,
    /// Denials for a penalty still being served.
    pub denied_penalty: u64,
    /// Denials for what others in the same larger IPv6 network did.
    pub denied_wider: u64,
    /// Denials that logging-only mode did not enforce.
    pub logged_only: u64,
}
