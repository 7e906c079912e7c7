//! What is measured: each scenario is one kind of work, done against every server that can do it.

use crate::load::Kind;
use crate::setup::{Limits, Setup};
use crate::subject::Subject::{self, Caddy, Doorward, H2o, Haproxy, Lighttpd, Nginx, NginxCopy};

/// One kind of work.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    pub subjects: &'static [Subject],
    /// Ways to be set up, side by side; the empty word where there is one.
    pub setups: &'static [(&'static str, Setup)],
    pub work: Work,
    /// Belongs to `--quick`.
    pub quick: bool,
    /// How much better than nginx: the least, and what is aimed at.
    pub target: Option<(f64, f64)>,
}

/// What the clients do, and what is counted.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// CPU time a request.
    Requests(Requests),
    /// The same, with HTTP/2 by `h2load`: eight connections of 32 streams.
    Http2,
    /// The same as the first, while the server reads its configuration again five times a second.
    Reload(Requests),
    /// User-space memory of an open connection that waits.
    Idle(usize),
    /// Memory of a client that is remembered; so many of them.
    Clients(u32),
}

#[derive(Clone, Copy, Debug)]
pub struct Requests {
    pub path: &'static str,
    pub kind: Kind,
    pub connections: usize,
    pub sources: u32,
    pub named_clients: u32,
    /// The status that answers have to have; 0 where none is expected.
    pub expected: u16,
}

const KEEP_ALIVE: Requests =
    Requests { path: "/1k.html", kind: Kind::KeepAlive, connections: 64, sources: 1, named_clients: 0, expected: 200 };
const ONE_SHOT: Requests = Requests { kind: Kind::OneShot, connections: 16, sources: 250, ..KEEP_ALIVE };

const fn file(path: &'static str) -> Work {
    Work::Requests(Requests { path, ..KEEP_ALIVE })
}

const EVERYBODY: &[Subject] = &Subject::ALL;
const FILES: &[Subject] = &[Doorward, Nginx, NginxCopy, Lighttpd, H2o, Caddy];
const TLS: &[Subject] = &[Doorward, Nginx, Haproxy, H2o, Caddy];
const BOTH: &[Subject] = &[Doorward, Nginx, NginxCopy];

const fn one(setup: Setup) -> [(&'static str, Setup); 1] {
    [("", setup)]
}

const BARE: &[(&str, Setup)] = &one(Setup::BARE);
const BARE_TLS: &[(&str, Setup)] = &one(Setup::BARE.tls());

const fn scenario(
    name: &'static str,
    about: &'static str,
    setups: &'static [(&'static str, Setup)],
    work: Work,
) -> Scenario {
    Scenario { name, about, subjects: EVERYBODY, setups, work, quick: true, target: None }
}

impl Scenario {
    const fn by(self, subjects: &'static [Subject]) -> Self {
        Self { subjects, ..self }
    }

    const fn target(self, least: f64, aim: f64) -> Self {
        Self { target: Some((least, aim)), ..self }
    }

    const fn not_quick(self) -> Self {
        Self { quick: false, ..self }
    }
}

/// Everything there is, in the order of the report.
pub const ALL: &[Scenario] = &[
    scenario("whole-1k", "1 KiB, limits and log on, one address", &one(Setup::WHOLE), file("/1k.html"))
        .by(BOTH)
        .target(1.5, 1.9),
    scenario(
        "whole-1k-9000",
        "1 KiB, limits and log on, 9 000 addresses, 64 requests at a time",
        &one(Setup::WHOLE.limits(Limits::Usual)),
        Work::Requests(Requests { connections: 9000, sources: 9000, ..KEEP_ALIVE }),
    )
    .by(BOTH)
    .target(1.5, 1.9),
    scenario("bare-1k", "1 KiB, no limits, no log", BARE, file("/1k.html")).target(1.15, 1.45),
    scenario("bare-16k", "16 KiB, no limits, no log", BARE, file("/16k.bin")).by(FILES).target(1.15, 1.3),
    scenario("bare-64k", "64 KiB, no limits, no log", BARE, file("/64k.bin")).by(FILES).target(1.15, 1.3),
    scenario("bare-100k", "100 KiB, no limits, no log", BARE, file("/100k.bin")).by(FILES).target(1.0, 1.1),
    scenario(
        "bare-10m",
        "10 MiB, no limits, no log",
        BARE,
        Work::Requests(Requests { path: "/10m.bin", connections: 8, ..KEEP_ALIVE }),
    )
    .by(FILES)
    .target(1.0, 1.1),
    scenario("bare-1k-new", "1 KiB, a new connection each", BARE, Work::Requests(ONE_SHOT)),
    scenario(
        "denied-403",
        "all denied with 403, log on",
        &one(Setup::BARE.limits(Limits::Forbidden).log()),
        Work::Requests(Requests { expected: 403, ..KEEP_ALIVE }),
    )
    .by(&[Doorward, Nginx, NginxCopy, Haproxy])
    .target(1.1, 1.2),
    scenario(
        "denied-tls",
        "denied clients, https, no answer: Doorward resets before the handshake",
        &one(Setup::BARE.limits(Limits::Silence).tls()),
        Work::Requests(Requests { kind: Kind::Refused, connections: 16, expected: 0, ..KEEP_ALIVE }),
    )
    .by(BOTH)
    .target(3.0, 10.0),
    scenario("tls-1k", "TLS 1.3, 1 KiB, keep-alive", BARE_TLS, file("/1k.html")).by(TLS).target(1.4, 1.65),
    scenario("tls-full", "TLS 1.3, a full handshake and a request each", BARE_TLS, Work::Requests(ONE_SHOT))
        .by(TLS)
        .target(2.0, 2.4),
    scenario(
        "tls-resumed",
        "TLS 1.3, a resumed handshake and a request each",
        &one(Setup::BARE.tls().tickets()),
        Work::Requests(ONE_SHOT),
    )
    .by(TLS)
    .target(1.7, 2.0),
    scenario("h2-1k", "HTTP/2 over TLS, 1 KiB, 8 connections of 32 streams", BARE_TLS, Work::Http2)
        .by(TLS)
        .target(1.0, 3.6),
    scenario(
        "own-cost",
        "1 KiB: what the log and the limiter cost by themselves",
        &[
            ("neither", Setup::BARE),
            ("log", Setup::BARE.log()),
            ("limits", Setup::BARE.limits(Limits::Wide)),
            ("both", Setup::WHOLE),
        ],
        file("/1k.html"),
    )
    .by(&[Doorward, NginxCopy]),
    scenario("idle", "memory of an open connection that waits, 9 000 of them", BARE, Work::Idle(9000)),
    scenario("idle-tls", "the same above TLS, 5 000 of them", BARE_TLS, Work::Idle(5000)).by(TLS),
    scenario(
        "clients-1m",
        "memory of a tracked client, a million of them, named by a trusted proxy",
        &one(Setup::BARE.limits(Limits::Remembered)),
        Work::Clients(1_000_000),
    )
    .by(&[Doorward, Nginx])
    .not_quick(),
    scenario(
        "whole-1k-rotated",
        "1 KiB, limits and log on, each connection from another one of a million addresses",
        &one(Setup::WHOLE.limits(Limits::Usual)),
        Work::Requests(Requests { sources: 1_000_000, ..ONE_SHOT }),
    )
    .by(BOTH),
    scenario(
        "two-threads",
        "1 KiB, one thread and two",
        &[("1 thread", Setup::BARE), ("2 threads", Setup::BARE.threads(2))],
        file("/1k.html"),
    )
    .by(&[Doorward, NginxCopy]),
    scenario("reload", "1 KiB, limits and log on, five reloads a second", &one(Setup::WHOLE), Work::Reload(KEEP_ALIVE))
        .by(&[Doorward, NginxCopy]),
    scenario(
        "sites-200",
        "1 KiB, limits and log on, 200 sites on 200 addresses",
        &one(Setup::WHOLE.sites(200)),
        Work::Requests(Requests { connections: 200, ..KEEP_ALIVE }),
    )
    .by(&[Doorward, NginxCopy]),
    scenario(
        "bare-1k-1000",
        "1 KiB, no limits, no log, 1 000 connections",
        BARE,
        Work::Requests(Requests { connections: 1000, ..KEEP_ALIVE }),
    )
    .by(BOTH)
    .not_quick(),
];
