//! What we speak: TLS 1.2 and 1.3, resumption by stateless tickets.

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

/// Protocols we offer above TLS, the preferred one first.
const ALPN: [&[u8]; 3] = [super::HTTP2, b"http/1.1", b"http/1.0"];

/// One way to speak, with HTTP/2 and without.
#[derive(Debug)]
struct Switched {
    all: Arc<ServerConfig>,
    without_http2: Arc<ServerConfig>,
}

impl Switched {
    fn new(config: ServerConfig) -> Self {
        let mut without_http2 = config.clone();
        without_http2.alpn_protocols.retain(|name| *name != super::HTTP2);
        Self { all: Arc::new(config), without_http2: Arc::new(without_http2) }
    }
}

/// One certificate, ready for handshakes.
#[derive(Debug)]
pub(super) struct Ready {
    all: Switched,
    without_tls13: Switched,
}

impl Ready {
    /// Makes the certificate usable. Its tickets are its own: none opens a session under another certificate.
    pub(super) fn new(certified: CertifiedKey) -> Result<Self, Error> {
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        let tickets = aws_lc_rs::Ticketer::new()?;
        let config = |versions: &[&'static rustls::SupportedProtocolVersion]| {
            let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
            let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(&resolver) as _);
            config.alpn_protocols = ALPN.iter().map(|name| name.to_vec()).collect();
            config.ticketer = Arc::clone(&tickets);
            // Tickets hold all there is to resume, so nothing is kept per client.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            Ok::<_, Error>(Switched::new(config))
        };
        Ok(Self { all: config(&[&TLS13, &TLS12])?, without_tls13: config(&[&TLS12])? })
    }

    /// The configuration under these switches of a binding.
    pub(super) fn config(&self, switches: doorward_plan::TlsSwitches) -> Arc<ServerConfig> {
        let versions = if switches.without_tls13 { &self.without_tls13 } else { &self.all };
        Arc::clone(if switches.without_http2 { &versions.without_http2 } else { &versions.all })
    }
}

/// aws-lc-rs, with X25519 before the others: it is the fastest, and what most clients guess first.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
        Arc::new(CryptoProvider {
            kx_groups: vec![X25519, X25519MLKEM768, SECP256R1, SECP384R1],
            ..aws_lc_rs::default_provider()
        })
    }))
}
