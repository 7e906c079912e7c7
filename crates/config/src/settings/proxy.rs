//! `doorward/proxy`: the upstream that answers at this path.

use crate::diagnostic::Origin;
use crate::effective::Effective;

/// Where requests are forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySection {
    /// Base URL of the upstream, `http://host:port` or `https://host:port`, as written.
    pub to: String,
    /// Time to open a connection, in milliseconds.
    pub connect_timeout_ms: u32,
    /// Time until the response's head, in milliseconds.
    pub response_timeout_ms: u32,
    /// Where `to` was written.
    pub origin: Origin,
}

impl ProxySection {
    /// `None` when no upstream is named, or a deeper level takes it away with an empty `to`.
    pub(crate) fn read(section: &Effective) -> Option<Self> {
        let to = section.setting("to").filter(|setting| !setting.text.is_empty())?;
        Some(Self {
            to: to.text.clone(),
            connect_timeout_ms: section.uint("connectTimeoutMs"),
            response_timeout_ms: section.uint("responseTimeoutMs"),
            origin: to.origin.clone(),
        })
    }
}
