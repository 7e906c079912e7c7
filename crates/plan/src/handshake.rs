//! What a TLS handshake is about beyond its certificate: versions, and a certificate of the client's.

use std::path::{Path, PathBuf};

use doorward_config::{AccessSection, HandshakeRules};

/// `sslFlags` bit: no HTTP/2 (IIS reference §1.3).
const DISABLE_HTTP2: u32 = 4;
/// `sslFlags` bit: no TLS 1.3. The bit for TLS before 1.2 (64) has nothing to do here: it is never spoken.
const DISABLE_TLS13: u32 = 32;

/// `sslFlags` bit: the authority's word for the certificate is not shown.
const DISABLE_OCSP_STAPLING: u32 = 8;

/// What the bindings of sites switch off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsSwitches {
    /// TLS 1.2 alone.
    pub without_tls13: bool,
    /// HTTP/1.1 alone.
    pub without_http2: bool,
    /// No OCSP response with the certificate.
    pub without_stapling: bool,
}

impl TlsSwitches {
    pub(crate) fn of(flags: u32) -> Self {
        Self {
            without_tls13: flags & DISABLE_TLS13 != 0,
            without_http2: flags & DISABLE_HTTP2 != 0,
            without_stapling: flags & DISABLE_OCSP_STAPLING != 0,
        }
    }
}

/// What the certificate's own binding in `http.config` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeTerms {
    /// The file of the authorities that clients' certificates have to come from; without it none is trusted.
    pub client_ca: Option<PathBuf>,
    /// Every client is asked for a certificate, whatever the paths say.
    pub asks_certificate: bool,
    /// TLS 1.3 alone. It beats [`TlsSwitches::without_tls13`].
    pub tls13_only: bool,
}

impl HandshakeTerms {
    /// Nothing.
    pub(crate) const NONE: Self = Self { client_ca: None, asks_certificate: false, tls13_only: false };

    pub(crate) fn of(rules: &HandshakeRules, folder: &Path) -> Self {
        Self {
            client_ca: rules.client_ca(folder),
            asks_certificate: rules.client_cert_negotiation,
            tls13_only: rules.tls13_only,
        }
    }
}

/// How a request for a path has to come (`access sslFlags`, IIS reference §4.3).
#[allow(clippy::struct_excessive_bools, reason = "one for each flag of IIS's own")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Over https alone: 403.4.
    pub needs_https: bool,
    /// Over https with keys of 128 bits and more, which all of ours have: 403.5.
    pub needs_128_bits: bool,
    /// With a client's certificate that is good, where one is shown: 403.16, 403.17.
    pub checks_certificate: bool,
    /// With a client's certificate: 403.7.
    pub needs_certificate: bool,
}

impl Access {
    pub(crate) fn new(section: AccessSection) -> Self {
        Self {
            needs_https: section.ssl,
            needs_128_bits: section.ssl128,
            checks_certificate: section.negotiate_certificate || section.require_certificate,
            needs_certificate: section.require_certificate,
        }
    }
}
