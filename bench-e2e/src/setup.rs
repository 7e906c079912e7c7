//! What every server is set up to do in a scenario, said once for all of them.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

/// Which clients are turned away. Every server that can gets the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// Nobody, and nobody is counted.
    Off,
    /// Both dynamic limits count, so wide that one address can take all there is.
    Wide,
    /// Twenty requests in 200 ms and five at once: what IIS has by default.
    Usual,
    /// Twenty requests in half a minute, so that no client is forgotten while a round lasts. The client is whom a trusted
    /// proxy names.
    Remembered,
    /// A second request within ten minutes is denied with 403.
    Forbidden,
    /// A second request within ten minutes gets no answer.
    Silence,
}

/// How a server is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches, always said by name")]
pub struct Setup {
    pub limits: Limits,
    /// A log line for each request, with the default W3C columns.
    pub log: bool,
    pub tls: bool,
    /// TLS sessions may be resumed.
    pub tickets: bool,
    /// HTTP/2 alone is spoken, also where there is no TLS.
    pub http2: bool,
    /// Everything is forwarded to an upstream that answers `1k.html`.
    pub forwards: bool,
    /// One site on each of so many addresses.
    pub sites: u8,
    pub threads: u8,
    /// So many servers of their own share the clients.
    pub servers: u8,
}

impl Setup {
    /// One plain site, nothing counted, nothing logged, one thread.
    pub const BARE: Self = Self {
        limits: Limits::Off,
        log: false,
        tls: false,
        tickets: false,
        http2: false,
        forwards: false,
        sites: 1,
        threads: 1,
        servers: 1,
    };
    /// What a front door is for: both limits and the log.
    pub const WHOLE: Self = Self { limits: Limits::Wide, log: true, ..Self::BARE };

    pub const fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    pub const fn log(self) -> Self {
        Self { log: true, ..self }
    }

    pub const fn tls(self) -> Self {
        Self { tls: true, ..self }
    }

    pub const fn tickets(self) -> Self {
        Self { tickets: true, ..self }
    }

    pub const fn http2(self) -> Self {
        Self { http2: true, ..self }
    }

    pub const fn forwards(self) -> Self {
        Self { forwards: true, ..self }
    }

    pub const fn sites(self, sites: u8) -> Self {
        Self { sites, ..self }
    }

    pub const fn threads(self, threads: u8) -> Self {
        Self { threads, ..self }
    }

    pub const fn servers(self, servers: u8) -> Self {
        Self { servers, ..self }
    }

    /// Where they run: on the clients' core, too, where one is not enough.
    pub const fn cores(self) -> &'static str {
        if self.threads > 1 || self.servers > 1 { "0,1" } else { "0" }
    }
}

/// Where one server finds its things.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its own folder, for configuration and logs.
    pub home: PathBuf,
    /// The files that all serve.
    pub www: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Certificate and key in one file.
    pub both: PathBuf,
    pub port: u16,
}

/// Where the upstream of those that forward listens.
pub const UPSTREAM: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, 0, 3, 1), 18_000));

impl Place {
    /// The addresses of the sites.
    pub fn addresses(&self, setup: Setup) -> Vec<SocketAddr> {
        let address = |number| SocketAddrV4::new(Ipv4Addr::new(127, 0, 2, number), self.port).into();
        (1..=setup.sites).map(address).collect()
    }
}

/// The command that serves in the foreground, and the one that makes it read its configuration again.
#[derive(Clone, Debug)]
pub struct Launch {
    pub command: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    pub reload: Vec<String>,
}

impl Launch {
    /// A program with these words.
    pub fn new<const N: usize>(words: [&str; N]) -> Self {
        Self { command: words.map(str::to_owned).into(), environment: Vec::new(), reload: Vec::new() }
    }

    /// How it is told to read its configuration again.
    pub fn reloaded_by<const N: usize>(self, words: [&str; N]) -> Self {
        Self { reload: words.map(str::to_owned).into(), ..self }
    }
}
