//! What a TLS handshake is about beyond its certificate: versions, and a certificate of the client's.

use std::path::{Path, PathBuf};

use doorward_config::{AccessSection, CertificateBinding};

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
    /// Off where either says so.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            without_tls13: self.without_tls13 || other.without_tls13,
            without_http2: self.without_http2 || other.without_http2,
            without_stapling: self.without_stapling || other.without_stapling,
        }
    }

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
    /// What it switches off, beside the bindings of sites.
    pub switches: TlsSwitches,
    /// Every handshake is refused.
    pub rejects: bool,
}

impl HandshakeTerms {
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        client_ca: None,
        asks_certificate: false,
        tls13_only: false,
        switches: TlsSwitches { without_tls13: false, without_http2: false, without_stapling: false },
        rejects: false,
    };

    pub(crate) fn of(binding: &CertificateBinding, folder: &Path) -> Self {
        let CertificateBinding { rules, written, .. } = binding;
        Self {
            client_ca: rules.client_ca(folder),
            asks_certificate: rules.client_cert_negotiation,
            tls13_only: rules.tls13_only,
            switches: TlsSwitches {
                without_tls13: written.is_on("disableTls13"),
                without_http2: written.is_on("disableHttp2"),
                without_stapling: written.is_on("disableOcspStapling"),
            },
            rejects: written.is_on("reject"),
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
