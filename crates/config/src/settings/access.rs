//! `access`: how a request has to come (IIS reference §4.3).

use crate::effective::Effective;

/// `system.webServer/security/access`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "one switch for each flag of IIS's own")]
pub struct AccessSection {
    /// `Ssl`: over https alone.
    pub ssl: bool,
    /// `Ssl128`: over https with keys of 128 bits or more.
    pub ssl128: bool,
    /// `SslNegotiateCert`: the client is asked for a certificate; one that it shows must be good.
    pub negotiate_certificate: bool,
    /// `SslRequireCert`: the client has to show a certificate.
    pub require_certificate: bool,
}

impl AccessSection {
    pub(crate) fn read(section: &Effective) -> Self {
        let flags = section.uint("sslFlags");
        Self {
            ssl: flags & 8 != 0,
            ssl128: flags & 256 != 0,
            negotiate_certificate: flags & 32 != 0,
            require_certificate: flags & 64 != 0,
        }
    }
}
