//! Whom the limiter holds responsible (D7, D8).

use doorward_limiter::{ClientSource, identify as identify_client};

use crate::exchange::Exchange;
use crate::outcome::{Refusal, SiteRefusal};

/// Finds the client of the request; the peer unless the site's proxy mode says otherwise.
pub(crate) fn identify(exchange: &mut Exchange) -> Result<(), Refusal> {
    let Some(effective) = &exchange.effective else { return Ok(()) };
    let source = &effective.policy.source;
    let lines = match source {
        ClientSource::Peer => return Ok(()),
        ClientSource::Forwarded(rule) => exchange.request.field_lines(rule.header.name()),
    };
    exchange.client = identify_client(exchange.peer(), source, lines).map_err(|_| SiteRefusal::new(400, 10, 87))?;
    Ok(())
}
