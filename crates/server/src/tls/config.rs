//! What we speak: TLS 1.2 and 1.3, resumption by stateless tickets.

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig, SupportedProtocolVersion};

use super::client_certificate::AskAnyone;

/// Protocols we offer above TLS, the preferred one first.
const ALPN: [&[u8]; 3] = [super::HTTP2, b"http/1.1", b"http/1.0"];

/// Which of the ways to speak a handshake takes.
#[allow(clippy::struct_excessive_bools, reason = "each is decided by somebody else")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) tls12: bool,
    pub(super) tls13: bool,
    pub(super) http2: bool,
    /// The client is asked for a certificate.
    pub(super) asks: bool,
    /// The answer of the certificate's authority is shown, where there is one.
    pub(super) staples: bool,
}

impl Way {
    const COUNT: usize = 32;

    fn place(self) -> usize {
        let bits = [self.tls12, self.tls13, self.http2, self.asks, self.staples];
        bits.iter().fold(0, |place, bit| 2 * place + usize::from(*bit))
    }

    fn versions(self) -> Vec<&'static SupportedProtocolVersion> {
        let all = [(self.tls13, &TLS13), (self.tls12, &TLS12)];
        all.into_iter().filter(|(spoken, _)| *spoken).map(|(_, version)| version).collect()
    }
}

/// One certificate, ready for handshakes.
pub(super) struct Ready {
    resolver: Arc<SingleCertAndKey>,
    without_staple: Arc<SingleCertAndKey>,
    /// Who was not asked for a certificate cannot go on where one is asked for, and the other way round.
    tickets: [Arc<dyn ProducesTickets>; 2],
    /// Made as they are needed.
    configs: [OnceLock<Arc<ServerConfig>>; Way::COUNT],
}

impl std::fmt::Debug for Ready {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ready").finish_non_exhaustive()
    }
}

impl Ready {
    /// Makes the certificate usable. Its tickets are its own: none opens a session under another certificate.
    pub(super) fn new(certified: CertifiedKey) -> Result<Self, Error> {
        let without_staple = CertifiedKey { ocsp: None, ..certified.clone() };
        Ok(Self {
            resolver: Arc::new(SingleCertAndKey::from(certified)),
            without_staple: Arc::new(SingleCertAndKey::from(without_staple)),
            tickets: [aws_lc_rs::Ticketer::new()?, aws_lc_rs::Ticketer::new()?],
            configs: [const { OnceLock::new() }; Way::COUNT],
        })
    }

    /// The configuration for this way to speak.
    pub(super) fn config(&self, way: Way) -> Result<Arc<ServerConfig>, Error> {
        let place = &self.configs[way.place()];
        if let Some(made) = place.get() {
            return Ok(Arc::clone(made));
        }
        let made = self.make(way)?;
        Ok(Arc::clone(place.get_or_init(|| Arc::new(made))))
    }

    fn make(&self, way: Way) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&way.versions())?;
        let builder = if way.asks {
            builder.with_client_cert_verifier(Arc::new(AskAnyone))
        } else {
            builder.with_no_client_auth()
        };
        let resolver = if way.staples { &self.resolver } else { &self.without_staple };
        let mut config = builder.with_cert_resolver(Arc::clone(resolver) as _);
        let spoken = ALPN.iter().filter(|name| way.http2 || **name != super::HTTP2);
        config.alpn_protocols = spoken.map(|name| name.to_vec()).collect();
        config.ticketer = Arc::clone(&self.tickets[usize::from(way.asks)]);
        // Tickets hold all there is to resume, so nothing is kept per client.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
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
