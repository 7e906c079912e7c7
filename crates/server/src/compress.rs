//! Compressed answers: copies of files made once, forwarded answers on their way.

mod copies;
mod encoder;
mod forwarded;

pub(crate) use copies::{Copies, Wanted};
pub(crate) use forwarded::{Coded, Forwarded};

use doorward_plan::Compression;
use doorward_wire::{Request, Version};

/// Whether this client gets nothing that we compressed (`noCompressionForHttp10` and its likes).
pub(crate) fn spares(settings: &Compression, request: &Request) -> bool {
    let is_old = matches!(request.version(), Version::Http10);
    (settings.spare_http10 && is_old)
        || (settings.spare_proxies && request.field("Via").is_some())
        || (settings.spare_ranges && request.field("Range").is_some())
}
