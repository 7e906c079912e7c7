//! Does the request come as the path wants it: over https, with a client's certificate (`access sslFlags`, IIS reference §4.3)?

use crate::exchange::Exchange;
use crate::outcome::{Refusal, SiteRefusal};
use crate::stage::redirect;
use crate::tls::ClientCertificate;

/// `ERROR_ACCESS_DENIED`, `CERT_E_UNTRUSTEDROOT` and `CERT_E_EXPIRED`, as IIS logs them.
const WIN32_DENIED: u32 = 5;
const WIN32_UNTRUSTED: u32 = 0x800b_0109;
const WIN32_EXPIRED: u32 = 0x800b_0101;

/// Refuses what does not come as it has to.
pub(crate) fn require(exchange: &Exchange) -> Result<(), Refusal> {
    let Some(access) = exchange.effective.as_ref().map(|effective| effective.access) else { return Ok(()) };
    let in_the_clear = !exchange.ends.secure && !redirect::came_over_https(exchange);
    // Who is sent to https anyway gets there, and is looked at again.
    let is_sent_there = in_the_clear && exchange.site.as_ref().is_some_and(|site| site.https_port.is_some());
    let shown = exchange.ends.certificate;
    let refusal = if is_sent_there {
        return Ok(());
    } else if access.needs_https && in_the_clear {
        SiteRefusal::new(403, 4, WIN32_DENIED)
    } else if access.needs_128_bits && in_the_clear {
        SiteRefusal::new(403, 5, WIN32_DENIED)
    } else if access.needs_certificate && shown == ClientCertificate::Absent {
        SiteRefusal::new(403, 7, WIN32_DENIED)
    } else if access.checks_certificate && shown == ClientCertificate::Untrusted {
        SiteRefusal::new(403, 16, WIN32_UNTRUSTED)
    } else if access.checks_certificate && shown == ClientCertificate::Expired {
        SiteRefusal::new(403, 17, WIN32_EXPIRED)
    } else {
        return Ok(());
    };
    Err(refusal.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use doorward_limiter::Scope;
    use doorward_plan::{Access, Effective};
    use std::sync::Arc;

    /// `wants`: h(ttps), 1(28 bits), c(hecks), n(eeds). The expected is the substatus of 403; 0 lets it through.
    fn check(wants: &str, secure: bool, shown: ClientCertificate, expected: u16) {
        let wanted = |letter| wants.contains(letter);
        let access = Access {
            needs_https: wanted('h'),
            needs_128_bits: wanted('1'),
            checks_certificate: wanted('c'),
            needs_certificate: wanted('n'),
        };
        let mut exchange = testing::exchange(testing::request("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        exchange.ends.secure = secure;
        exchange.ends.certificate = shown;
        exchange.effective = Some(Arc::new(Effective { access, ..Effective::bare(Scope(1)) }));
        let seen = match require(&exchange) {
            Ok(()) => 0,
            Err(Refusal::Site(refusal)) if refusal.status == 403 => refusal.substatus,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(seen, expected, "{wants} {secure} {shown:?}");
    }

    #[test]
    fn each_flag_has_its_refusal() {
        use ClientCertificate::{Absent, Expired, Trusted, Untrusted};
        check("", false, Absent, 0);
        check("h", false, Absent, 4);
        check("h", true, Absent, 0);
        check("1", false, Absent, 5);
        check("h1", false, Absent, 4);
        check("1", true, Absent, 0);
        check("c", true, Absent, 0);
        check("c", true, Trusted, 0);
        check("c", true, Untrusted, 16);
        check("c", true, Expired, 17);
        check("cn", true, Absent, 7);
        check("cn", false, Absent, 7);
        check("hcn", false, Absent, 4);
        check("cn", true, Trusted, 0);
        check("cn", true, Untrusted, 16);
        check("h", true, Untrusted, 0);
    }
}
