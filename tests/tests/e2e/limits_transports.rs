//! Dynamic IP Restrictions over every way a request can come: the same scenarios, the same decisions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::harness::client::{Client, Connection};
use crate::harness::config::{concurrent, document, location, proxy, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::http2::{Http2, Sent};
use crate::harness::log_file::verdicts;
use crate::harness::net::Net;
use crate::harness::peer::Peer;
use crate::harness::proxies::{self, Tells};
use crate::harness::upstream::Upstream;
use crate::harness::v6::V6Addresses;
use crate::harness::{ipv6_or_skip, root_or_skip, silence, wait_until};
use crate::limits_proxied::own;
use crate::tls::{certify, entry, http_config};

/// How requests come to Doorward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Clear,
    Tls,
    Http2,
    Ipv6,
    Nginx(Tells),
    Haproxy(Tells),
}

impl Transport {
    fn tells(self) -> Option<Tells> {
        match self {
            Transport::Clear | Transport::Tls | Transport::Http2 | Transport::Ipv6 => None,
            Transport::Nginx(tells) | Transport::Haproxy(tells) => Some(tells),
        }
    }
}

/// Sites, one or two for each scenario: their host numbers, names, attributes and limits. Site ids are one less.
/// The server's own level has two requests an hour, answered with 404.
fn sites() -> [(u8, &'static str, &'static str, String); 8] {
    let no_rate = "<denyByRequestRate enabled=\"false\" />";
    [
        (2, "progress", "denyAction=\"Forbidden\"", concurrent(2) + no_rate),
        (3, "rate", "denyAction=\"Forbidden\"", rate(5, RATE_MS)),
        (4, "plain", "", String::new()),
        (5, "own", "denyAction=\"Forbidden\"", String::new()),
        (6, "burst", "denyAction=\"Forbidden\"", concurrent(4) + &rate(2, BURST_MS)),
        // Abort loses against logging only (D18).
        (7, "logged", "enableLoggingOnlyMode=\"true\" denyAction=\"AbortRequest\"", concurrent(2) + &rate(2, BURST_MS)),
        (8, "abort", "denyAction=\"AbortRequest\"", rate(2, HOUR_MS)),
        (9, "apart", "denyAction=\"Forbidden\"", rate(3, HOUR_MS)),
    ]
}

const HOUR_MS: u32 = 3_600_000;
const RATE_MS: u32 = 2_000;
const BURST_MS: u32 = 200;

/// A running Doorward with those sites, and the way to it.
struct Way {
    transport: Transport,
    net: Net,
    front: Doorward,
    upstream: Upstream,
    http2: RefCell<HashMap<(u8, u8), Rc<Http2>>>,
    _proxy: Option<Peer>,
    _addresses: Option<V6Addresses>,
}

/// A client that is about to ask.
enum Ready {
    Connection(Connection),
    Stream(Rc<Http2>),
}

/// A request on its way.
enum Asked {
    Connection(Connection),
    Stream(Sent),
}

impl Ready {
    fn ask(self, path: &str) -> Asked {
        match self {
            Ready::Connection(mut connection) => {
                // One who is reset meanwhile learns it when he waits for the answer.
                let _reset = connection.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
                Asked::Connection(connection)
            }
            Ready::Stream(http2) => Asked::Stream(http2.begin(path)),
        }
    }
}

impl Asked {
    /// The status of the answer; `None` when the connection or the stream was cut.
    fn status(self) -> Option<u16> {
        match self {
            Asked::Connection(mut connection) => connection.receive().ok().map(|response| response.status),
            Asked::Stream(sent) => sent.answer().ok().map(|answer| answer.status),
        }
    }

    /// Goes away behind bytes that nobody has read yet.
    fn vanish_behind_a_request(mut self) {
        if let Asked::Connection(connection) = &mut self {
            connection.send("GET /ahead HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        }
        self.vanish();
    }

    fn vanish(self) {
        match self {
            Asked::Connection(connection) => connection.vanish(),
            Asked::Stream(sent) => drop(sent),
        }
    }
}

impl Way {
    fn open(test: &str, transport: Transport) -> Way {
        let net = Net::of(test);
        let upstream = Upstream::start(net.ip(100));
        let hosts = sites().map(|(host, ..)| host);
        let addresses = (transport == Transport::Ipv6).then(|| {
            let clients = [(1, 1), (1, 2), (2, 1)].map(|(network, host)| v6(net, network, host));
            V6Addresses::add(&[&hosts.map(|host| v6(net, 0, host.into()))[..], &clients].concat())
        });
        let home = Home::on(net).config(&configuration(net, transport, (&upstream, true)));
        let mut home = sites().iter().fold(home, |home, (_, name, ..)| home.file(&format!("{name}/index.html"), name));
        if transport == Transport::Tls {
            home = home.http_config(&http_config(&entry("ipPort=\"0.0.0.0:{PORT}\"", "any")));
            certify(&home, "any");
        }
        let front = home.start();
        let routes = hosts.map(|host| (net.at(host + 20), net.at(host)));
        let proxy = match transport {
            Transport::Clear | Transport::Tls | Transport::Http2 | Transport::Ipv6 => None,
            Transport::Nginx(tells) => Some(proxies::nginx(&routes, net.ip(150), tells)),
            Transport::Haproxy(tells) => Some(proxies::haproxy(&routes, net.ip(150), tells)),
        };
        Way { transport, net, front, upstream, http2: RefCell::default(), _proxy: proxy, _addresses: addresses }
    }

    /// Client number `n` in front of the site at `.host`; `None` when the door is shut in its face.
    fn ready(&self, n: u8, host: u8) -> Option<Ready> {
        let net = self.net;
        let connected = match self.transport {
            Transport::Http2 => {
                let mut kept = self.http2.borrow_mut();
                let http2 = kept.entry((n, host)).or_insert_with(|| Rc::new(Http2::connect(net, n, net.at(host))));
                return Some(Ready::Stream(Rc::clone(http2)));
            }
            Transport::Clear => net.client(n).connect(net.at(host)),
            Transport::Tls => net.client(n).connect_tls(net.at(host)),
            Transport::Ipv6 => v6_client(net, n.into(), 1).connect(v6_at(net, host)),
            Transport::Nginx(_) | Transport::Haproxy(_) => net.client(n).connect(net.at(host + 20)),
        };
        connected.ok().map(Ready::Connection)
    }

    fn ask(&self, n: u8, host: u8, path: &str) -> Option<u16> {
        self.ready(n, host)?.ask(path).status()
    }

    /// The same where an answer is certain.
    fn status(&self, n: u8, host: u8) -> u16 {
        self.ask(n, host, "/").unwrap()
    }

    /// A request of client 0 that the upstream holds, as its request number `count`.
    fn hold(&self, host: u8, count: usize) -> Asked {
        let asked = self.ready(0, host).unwrap().ask("/slow/held");
        self.upstream.wait_held(count);
        asked
    }

    /// Waits until a site's log has a line with this verdict.
    fn wait_logged(&self, site_id: u32, verdict: &str) {
        self.wait_logged_times(site_id, verdict, 1);
    }

    /// The same for so many lines. A request that has its line no longer counts as in progress.
    fn wait_logged_times(&self, site_id: u32, verdict: &str, times: usize) {
        wait_until(&format!("{times} lines {verdict} of site {site_id}"), || {
            let lines = self.front.w3c_now(site_id);
            (lines.iter().filter(|line| line.verdict() == verdict).count() >= times).then_some(())
        });
    }

    /// The verdicts of a burst's lines, sorted, as soon as there are `count`.
    fn logged(&self, site_id: u32, burst: u32, count: usize) -> Vec<String> {
        let query = format!("try={burst}");
        wait_until(&format!("{count} lines of the last burst"), || {
            let lines = self.front.w3c_now(site_id);
            let own: Vec<_> = lines.into_iter().filter(|line| line.field("cs-uri-query") == query).collect();
            (own.len() >= count).then(|| verdicts(&own))
        })
    }

    /// Lets nobody in at `own` but by name, or everybody again.
    fn let_in(&self, everybody: bool) {
        self.front.write_config(&configuration(self.net, self.transport, (&self.upstream, everybody)));
        self.front.cli(&["reload"]).expect_ok();
    }
}

fn v6(net: Net, network: u16, host: u16) -> IpAddr {
    IpAddr::from([0xfd00, 0xd00d, net.port, network, 0, 0, 0, host])
}

fn v6_at(net: Net, host: u8) -> SocketAddr {
    SocketAddr::new(v6(net, 0, host.into()), net.port)
}

fn v6_client(net: Net, n: u16, host: u16) -> Client {
    Client::from(v6(net, n + 1, host))
}

fn configuration(net: Net, transport: Transport, (upstream, everybody): (&Upstream, bool)) -> String {
    let (mut elements, mut rest) = (String::new(), String::new());
    rest += &location("", &security("denyAction=\"NotFound\"", &rate(2, HOUR_MS), true));
    for (host, name, attributes, limits) in sites() {
        let binding = match transport {
            Transport::Ipv6 => format!("http/[{}]:{{PORT}}:", v6(net, 0, host.into())),
            Transport::Tls => format!("https/{{NET}}.{host}:{{PORT}}:"),
            Transport::Clear | Transport::Http2 | Transport::Nginx(_) | Transport::Haproxy(_) => {
                format!("http/{{NET}}.{host}:{{PORT}}:")
            }
        };
        elements += &site(u32::from(host) - 1, name, &[&binding]);
        let mode = if transport.tells() == Some(Tells::Header) { "enableProxyMode=\"true\" " } else { "" };
        rest += &location(name, &security(&format!("{mode}{attributes}"), &limits, everybody || name != "own"));
        let trusted = transport.tells().map(|tells| match tells {
            Tells::Header => format!("<limiter trustedProxies=\"{}\" />", net.ip(150)),
            Tells::ProxyProtocol => format!("<proxyProtocol trusted=\"{}\" />", net.ip(150)),
        });
        rest += &own(name, &trusted.unwrap_or_default());
    }
    for name in ["progress", "logged"] {
        rest += &proxy(&format!("{name}/slow"), &upstream.url());
    }
    document(&elements, &rest)
}

fn security(attributes: &str, limits: &str, everybody: bool) -> String {
    let list = format!("<ipSecurity allowUnlisted=\"{everybody}\" />");
    format!("<security>{list}<dynamicIpSecurity {attributes}>{limits}</dynamicIpSecurity></security>")
}

/// Tries until a burst was over within `window_ms`: on a loaded machine it may stretch, and then it says nothing.
/// What `prepare` does is not part of it.
fn within<P, T>(window_ms: u32, prepare: impl Fn() -> P, burst: impl Fn(u32, P) -> T) -> (u32, T) {
    for attempt in 0..50 {
        silence(window_ms.into());
        let prepared = prepare();
        let start = Instant::now();
        let seen = burst(attempt, prepared);
        if start.elapsed() < Duration::from_millis(window_ms.into()) {
            return (attempt, seen);
        }
    }
    panic!("the machine is too busy: no burst was over within {window_ms} ms");
}

/// Scenario 6.
fn in_progress(way: &Way) -> String {
    let (first, second) = (way.hold(2, 1), way.hold(2, 2));
    let (third, other) = (way.status(0, 2), way.status(1, 2));
    way.wait_logged(1, "403 501 0");
    first.vanish();
    wait_until("the place of the one who vanished", || (way.status(0, 2) == 200).then_some(()));
    // Its own place is free once it is logged; the client knew of its answer before.
    way.wait_logged_times(1, "200 0 0", 2);
    let ahead = way.hold(2, 3);
    assert_eq!(way.status(0, 2), 403);
    ahead.vanish_behind_a_request();
    wait_until("the place of the one who sent ahead", || (way.status(0, 2) == 200).then_some(()));
    way.upstream.release(3);
    way.upstream.wait_held(0);
    let second = second.status().unwrap();
    format!("third {third}, another client's {other}, fourth after one vanished 200, second {second}")
}

/// Scenario 7.
fn in_an_interval(way: &Way) -> String {
    let (_, burst) = within(RATE_MS, || (), |_, ()| [(); 6].map(|()| way.status(0, 3)));
    way.wait_logged(2, "403 502 0");
    // One who hammers for longer than the interval stays out all the time (D2).
    let until = Instant::now() + Duration::from_millis(u64::from(RATE_MS) * 5 / 4);
    let mut hammered = Vec::new();
    while Instant::now() < until {
        hammered.push(way.status(0, 3));
        std::thread::sleep(Duration::from_millis(u64::from(RATE_MS) / 20));
    }
    hammered.dedup();
    silence(RATE_MS.into());
    format!("{burst:?}, hammering {hammered:?}, after silence {}", way.status(0, 3))
}

/// Scenario 8.
fn inherited(way: &Way) -> String {
    let (plain, own) = ([(); 3].map(|()| way.status(0, 4)), [(); 3].map(|()| way.status(0, 5)));
    way.wait_logged(3, "404 502 0");
    way.wait_logged(4, "403 502 0");
    way.let_in(false);
    let shut = (way.status(1, 5), way.status(1, 4));
    way.wait_logged(4, "403 503 0");
    way.let_in(true);
    format!("plain {plain:?}, own {own:?}, unlisted {shut:?}, listed again {}", way.status(1, 5))
}

/// Scenario 9.
fn at_once(way: &Way) -> String {
    let (burst, mut statuses) = within(
        BURST_MS,
        || [(); 6].map(|()| way.ready(0, 6).unwrap()),
        |attempt, ready| {
            let asked = ready.map(|ready| ready.ask(&format!("/?try={attempt}")));
            asked.map(|asked| asked.status().unwrap())
        },
    );
    statuses.sort_unstable();
    format!("{statuses:?}: {:?}", way.logged(5, burst, 6))
}

/// Scenario 10.
fn logging_only(way: &Way) -> String {
    let held = [1, 2, 3].map(|count| way.hold(7, count));
    way.upstream.release(3);
    let held = held.map(|asked| asked.status().unwrap());
    way.wait_logged(6, "200 501 0");
    let (burst, statuses) = within(
        BURST_MS,
        || [(); 4].map(|()| way.ready(0, 7).unwrap()),
        |attempt, [a, b, c, d]| {
            let page = format!("/?try={attempt}");
            let missing = format!("/missing.txt?try={attempt}");
            [(a, &page), (b, &page), (c, &page), (d, &missing)].map(|(ready, path)| ready.ask(path).status().unwrap())
        },
    );
    format!("{held:?}, {statuses:?}: {:?}", way.logged(6, burst, 4))
}

/// Scenario 11.
fn abort(way: &Way) -> String {
    let passed = [(); 2].map(|()| way.status(0, 8));
    let third = way.ask(0, 8, "/");
    // A proxy that speaks HTTP tells its client what befell it.
    let cut = third == (way.transport.tells() == Some(Tells::Header)).then_some(502);
    let reasons = wait_until("the line in HTTPERR", || {
        let lines = way.front.http_err_now();
        let own = lines.iter().filter(|line| line.field("s-siteid") == "7");
        let reasons: Vec<_> = own.map(|line| line.field("s-reason").to_owned()).collect();
        (!reasons.is_empty()).then_some(reasons)
    });
    let other = way.status(1, 8);
    format!("{passed:?}, cut {cut}, {reasons:?}, another client's {other}: {:?}", verdicts(&way.front.w3c(7, 3)))
}

/// Scenario 12.
fn apart(way: &Way) -> String {
    let limited = [(); 5].map(|()| way.status(0, 9));
    let other = way.status(1, 9);
    if way.transport == Transport::Ipv6 {
        let neighbour = v6_client(way.net, 0, 2).status(v6_at(way.net, 9), "/");
        assert_eq!(neighbour, 403, "one /64 shares");
    }
    format!("{limited:?}, another client's {other}")
}

type Scenario = (&'static str, fn(&Way) -> String, &'static str);

/// What is to be seen, however the requests come.
const SCENARIOS: [Scenario; 7] = [
    ("requests in progress", in_progress, "third 403, another client's 200, fourth after one vanished 200, second 200"),
    ("requests in an interval", in_an_interval, "[200, 200, 200, 200, 200, 403], hammering [403], after silence 200"),
    ("inheritance", inherited, "plain [200, 200, 404], own [200, 200, 403], unlisted (403, 200), listed again 200"),
    (
        "six at once",
        at_once,
        r#"[200, 200, 403, 403, 403, 403]: ["200 0 0", "200 0 0", "403 502 0", "403 502 0", "403 502 0", "403 502 0"]"#,
    ),
    (
        "logging only",
        logging_only,
        r#"[200, 200, 200], [200, 200, 200, 404]: ["200 0 0", "200 0 0", "200 502 0", "404 502 2"]"#,
    ),
    (
        "abort",
        abort,
        r#"[200, 200], cut true, ["AbortRequest_502"], another client's 200: ["200 0 0", "200 0 0", "200 0 0"]"#,
    ),
    ("clients apart", apart, "[200, 200, 200, 403, 403], another client's 200"),
];

fn check(way: &Way, (name, scenario, expected): Scenario) {
    assert_eq!(scenario(way), expected, "{name} over {:?}", way.transport);
}

fn check_all(test: &str, transport: Transport) {
    let way = Way::open(test, transport);
    for scenario in SCENARIOS {
        check(&way, scenario);
    }
}

#[test]
fn limits_hold_over_clear_http() {
    check_all("limits_hold_over_clear_http", Transport::Clear);
}

#[test]
fn limits_hold_over_tls() {
    check_all("limits_hold_over_tls", Transport::Tls);
}

#[test]
fn limits_hold_over_http2() {
    check_all("limits_hold_over_http2", Transport::Http2);
}

#[test]
fn limits_hold_over_ipv6() {
    let test = "limits_hold_over_ipv6";
    if root_or_skip(test) && ipv6_or_skip(test) {
        check_all(test, Transport::Ipv6);
    }
}

#[test]
fn limits_hold_behind_nginx() {
    check_all("limits_hold_behind_nginx", Transport::Nginx(Tells::Header));
}

#[test]
fn limits_hold_behind_nginx_with_proxy_protocol() {
    check_all("limits_hold_behind_nginx_with_proxy_protocol", Transport::Nginx(Tells::ProxyProtocol));
}

#[test]
fn limits_hold_behind_haproxy() {
    check_all("limits_hold_behind_haproxy", Transport::Haproxy(Tells::Header));
}

#[test]
fn limits_hold_behind_haproxy_with_proxy_protocol() {
    check_all("limits_hold_behind_haproxy_with_proxy_protocol", Transport::Haproxy(Tells::ProxyProtocol));
}
