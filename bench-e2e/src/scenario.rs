//! What is measured: each scenario is one kind of work, done against every server that can do it.

use crate::load::Kind;
use crate::setup::{Limits, Setup};
use crate::subject::Subject::{self, Caddy, Ceiling, Doorward, H2o, Haproxy, Lighttpd, Nginx, NginxCopy};

/// One kind of work.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    pub subjects: &'static [Subject],
    /// Ways to be set up, side by side; the empty word where there is one.
    pub setups: &'static [(&'static str, Setup)],
    pub work: Work,
    pub when: When,
    /// So many times the rounds: where a few per cent between two setups are looked for.
    pub patience: usize,
    pub target: Option<Target>,
}

/// When a scenario is measured without being named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always, also when there is little time.
    Quick,
    Full,
    /// Never: it takes minutes by itself.
    Named,
}

/// What is to be reached: the least, and what is aimed at.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// So many times nginx's requests with the same CPU time.
    TimesNginx(f64, f64),
    /// Every setup at most so many times what the first one takes.
    OfFirst(f64, f64),
    /// At most so much, in the scenario's unit.
    AtMost(f64, f64),
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
    /// Requests that a connection sends at once.
    pub depth: u32,
    pub sources: u32,
    pub named_clients: u32,
    /// The status that answers have to have; 0 where none is expected.
    pub expected: u16,
}

/// 1 KiB, over and over on 64 connections of one address.
pub const KEEP_ALIVE: Requests = Requests {
    path: "/1k.html",
    kind: Kind::KeepAlive,
    connections: 64,
    depth: 1,
    sources: 1,
    named_clients: 0,
    expected: 200,
};
const ONE_SHOT: Requests = Requests { kind: Kind::OneShot, connections: 16, sources: 250, ..KEEP_ALIVE };
const REFUSED: Requests = Requests { kind: Kind::Refused, connections: 16, expected: 0, ..KEEP_ALIVE };

const fn file(path: &'static str) -> Work {
    Work::Requests(Requests { path, ..KEEP_ALIVE })
}

const fn many(connections: usize) -> Work {
    Work::Requests(Requests { connections, ..KEEP_ALIVE })
}

const EVERYBODY: &[Subject] = &Subject::ALL;
const SERVERS: &[Subject] = &[Doorward, Nginx, NginxCopy, Haproxy, Lighttpd, H2o, Caddy];
const FILES: &[Subject] = &[Doorward, Nginx, NginxCopy, Lighttpd, H2o, Caddy];
const TLS: &[Subject] = &[Doorward, Nginx, Haproxy, H2o, Caddy];
const LIMITING: &[Subject] = &[Doorward, Nginx, NginxCopy, Haproxy];
const BOTH: &[Subject] = &[Doorward, Nginx, NginxCopy];
const PAIR: &[Subject] = &[Doorward, NginxCopy];

const fn one(setup: Setup) -> [(&'static str, Setup); 1] {
    [("", setup)]
}

const BARE: &[(&str, Setup)] = &one(Setup::BARE);
const BARE_TLS: &[(&str, Setup)] = &one(Setup::BARE.tls());
const WHOLE: &[(&str, Setup)] = &one(Setup::WHOLE);

const fn scenario(
    name: &'static str,
    about: &'static str,
    setups: &'static [(&'static str, Setup)],
    work: Work,
) -> Scenario {
    Scenario { name, about, subjects: SERVERS, setups, work, when: When::Full, patience: 1, target: None }
}

impl Scenario {
    const fn by(self, subjects: &'static [Subject]) -> Self {
        Self { subjects, ..self }
    }

    const fn target(self, least: f64, aim: f64) -> Self {
        Self { target: Some(Target::TimesNginx(least, aim)), ..self }
    }

    const fn of_first(self, most: f64, aim: f64) -> Self {
        Self { target: Some(Target::OfFirst(most, aim)), ..self }
    }

    const fn at_most(self, most: f64, aim: f64) -> Self {
        Self { target: Some(Target::AtMost(most, aim)), ..self }
    }

    const fn quick(self) -> Self {
        Self { when: When::Quick, ..self }
    }

    const fn named(self) -> Self {
        Self { when: When::Named, ..self }
    }

    const fn patient(self) -> Self {
        Self { patience: 3, ..self }
    }
}

/// Everything there is, in the order of the report.
pub const ALL: &[Scenario] = &[
    // What a front door is for.
    scenario("whole-1k", "1 KiB, limits and log on, one address", WHOLE, file("/1k.html"))
        .by(BOTH)
        .target(1.5, 1.9)
        .quick(),
    scenario(
        "whole-1k-9000",
        "1 KiB, limits and log on, 9 000 addresses, 64 requests at a time",
        &one(Setup::WHOLE.limits(Limits::Usual)),
        Work::Requests(Requests { connections: 9000, sources: 9000, ..KEEP_ALIVE }),
    )
    .by(BOTH)
    .target(1.5, 1.9)
    .quick(),
    scenario(
        "whole-1k-rotated",
        "1 KiB, limits and log on, each connection from another one of a million addresses",
        &one(Setup::WHOLE.limits(Limits::Usual)),
        Work::Requests(Requests { sources: 1_000_000, ..ONE_SHOT }),
    )
    .by(BOTH),
    scenario(
        "sites-200",
        "1 KiB, limits and log on, 200 sites on 200 addresses",
        &one(Setup::WHOLE.sites(200)),
        many(200),
    )
    .by(PAIR),
    scenario("reload", "1 KiB, limits and log on, five reloads a second", WHOLE, Work::Reload(KEEP_ALIVE)).by(PAIR),
    // Files, nothing else.
    scenario("bare-1k", "1 KiB, no limits, no log", BARE, file("/1k.html")).by(EVERYBODY).target(1.15, 1.45).quick(),
    scenario("bare-16k", "16 KiB, no limits, no log", BARE, file("/16k.bin")).by(FILES).target(1.15, 1.3),
    scenario("bare-64k", "64 KiB, no limits, no log", BARE, file("/64k.bin")).by(FILES).target(1.15, 1.3).quick(),
    scenario("bare-100k", "100 KiB, no limits, no log", BARE, file("/100k.bin")).by(FILES).target(1.0, 1.1),
    scenario(
        "bare-10m",
        "10 MiB, no limits, no log, 8 connections",
        BARE,
        Work::Requests(Requests { path: "/10m.bin", connections: 8, ..KEEP_ALIVE }),
    )
    .by(FILES)
    .target(1.0, 1.1),
    scenario("bare-1k-new", "1 KiB, a new connection each", BARE, Work::Requests(ONE_SHOT)),
    scenario(
        "bare-1k-pipelined",
        "1 KiB, 16 requests sent at once on each connection",
        BARE,
        Work::Requests(Requests { depth: 16, ..KEEP_ALIVE }),
    ),
    scenario("bare-1k-1000", "1 KiB, no limits, no log, 1 000 connections", BARE, many(1000)).by(BOTH),
    scenario("bare-1k-9000", "1 KiB, no limits, no log, 9 000 connections", BARE, many(9000)).by(BOTH),
    // In front of another server.
    scenario("forwarded-1k", "reverse proxy, 1 KiB, no limits, no log", &one(Setup::BARE.forwards()), file("/1k.html"))
        .by(EVERYBODY)
        .target(1.3, 1.55),
    scenario(
        "forwarded-whole-1k",
        "reverse proxy, 1 KiB, limits and log on",
        &one(Setup::WHOLE.forwards()),
        file("/1k.html"),
    )
    .by(BOTH)
    .target(1.35, 1.6)
    .quick(),
    // Those who are turned away.
    scenario(
        "denied-403",
        "all denied with 403, log on",
        &one(Setup::BARE.limits(Limits::Forbidden).log()),
        Work::Requests(Requests { expected: 403, ..KEEP_ALIVE }),
    )
    .by(LIMITING)
    .target(1.1, 1.2)
    .quick(),
    scenario(
        "denied-plain",
        "denied clients, http, no answer: Doorward and HAProxy reset before the request",
        &one(Setup::BARE.limits(Limits::Silence)),
        Work::Requests(REFUSED),
    )
    .by(LIMITING),
    scenario(
        "denied-tls",
        "denied clients, https, no answer: Doorward and HAProxy reset before the handshake",
        &one(Setup::BARE.limits(Limits::Silence).tls()),
        Work::Requests(REFUSED),
    )
    .by(LIMITING)
    .target(3.0, 10.0)
    .quick(),
    // TLS and HTTP/2.
    scenario("tls-1k", "TLS 1.3, 1 KiB, keep-alive", BARE_TLS, file("/1k.html")).by(TLS).target(1.4, 1.65).quick(),
    scenario("tls-full", "TLS 1.3, a full handshake and a request each", BARE_TLS, Work::Requests(ONE_SHOT))
        .by(TLS)
        .target(2.0, 2.4)
        .quick(),
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
        .target(1.0, 3.6)
        .quick(),
    scenario(
        "h2c-1k",
        "HTTP/2 without TLS, 1 KiB, 8 connections of 32 streams",
        &one(Setup::BARE.http2()),
        Work::Http2,
    ),
    // What a part costs by itself.
    scenario(
        "log-cost",
        "1 KiB: what the log costs by itself",
        &[("without", Setup::BARE), ("log", Setup::BARE.log())],
        file("/1k.html"),
    )
    .by(PAIR)
    .of_first(1.06, 1.04)
    .patient(),
    scenario(
        "limiter-cost",
        "1 KiB: what both limits cost by themselves",
        &[("without", Setup::BARE), ("limits", Setup::BARE.limits(Limits::Wide))],
        file("/1k.html"),
    )
    .by(PAIR)
    .of_first(1.08, 1.04)
    .patient(),
    scenario(
        "two-threads",
        "1 KiB: one thread, two servers of one thread, and one of two, both beside the clients",
        &[("1 thread", Setup::BARE), ("2 servers", Setup::BARE.servers(2)), ("2 threads", Setup::BARE.threads(2))],
        file("/1k.html"),
    )
    .by(&[Doorward, NginxCopy, Ceiling])
    .of_first(1.1, 1.03)
    .patient(),
    // Memory.
    scenario("idle", "memory of an open connection that waits, 9 000 of them", BARE, Work::Idle(9000))
        .at_most(3.0, 0.5)
        .quick(),
    scenario("idle-tls", "the same above TLS, 5 000 of them", BARE_TLS, Work::Idle(5000)).by(TLS).at_most(16.0, 9.0),
    scenario(
        "clients-1m",
        "memory of a tracked client, a million of them, named by a trusted proxy",
        &one(Setup::BARE.limits(Limits::Remembered)),
        Work::Clients(1_000_000),
    )
    .by(&[Doorward, Nginx])
    .at_most(96.0, 72.0),
    scenario(
        "clients-10m",
        "the same, ten million of them: more than are tracked by default, so the memory must not grow on",
        &one(Setup::BARE.limits(Limits::Remembered)),
        Work::Clients(10_000_000),
    )
    .by(&[Doorward])
    .named(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_one_scenario() {
        for (index, scenario) in ALL.iter().enumerate() {
            assert_eq!(ALL.iter().position(|other| other.name == scenario.name), Some(index), "{}", scenario.name);
        }
    }
}
