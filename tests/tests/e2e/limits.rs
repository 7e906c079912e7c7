//! Dynamic IP Restrictions (scenarios 6 to 12).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::client::{Client, Connection, Ending};
use crate::harness::config::{concurrent, document, dynamic, location, proxy, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::{LogLine, verdicts};
use crate::harness::net::{Net, v6_loopback};
use crate::harness::upstream::Upstream;
use crate::harness::v6::V6Addresses;
use crate::harness::{ipv6_or_skip, root_or_skip, silence, wait_until};

/// One site `shop` on .2 with these limits, and a page; `more` follows the location tag.
fn limited(net: Net, attributes: &str, limits: &str, more: &str) -> Home {
    let rest = location("shop", &dynamic(attributes, limits)) + more;
    Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest)).file("shop/index.html", "shop")
}

/// Sends a request that the upstream holds, and waits until it is there.
fn hold(net: Net, upstream: &Upstream, already: usize) -> Connection {
    let mut slow = net.client(0).connect(net.at(2)).unwrap();
    slow.send_get("x", &format!("/slow/held{already}")).unwrap();
    upstream.wait_held(already + 1);
    slow
}

#[test]
fn the_third_slow_request_is_denied() {
    let net = Net::of("the_third_slow_request_is_denied");
    let upstream = Upstream::start(net.ip(100));
    let front = limited(net, "", &concurrent(2), &proxy("shop/slow", &upstream.url())).start();
    let (mut first, mut second) = (hold(net, &upstream, 0), hold(net, &upstream, 1));
    assert_eq!(net.client(0).status(net.at(2), "/slow/held"), 403);
    assert_eq!(verdicts(&front.w3c(1, 1)), ["403 501 0"]);
    assert_eq!(net.client(1).status(net.at(2), "/"), 200, "another client has its own count");
    upstream.release(1);
    upstream.wait_held(1);
    wait_until("a fourth request to pass", || (net.client(0).status(net.at(2), "/") == 200).then_some(()));
    upstream.release(1);
    assert_eq!((first.receive().unwrap().status, second.receive().unwrap().status), (200, 200));
}

#[test]
fn a_vanished_client_gives_its_place_back() {
    let net = Net::of("a_vanished_client_gives_its_place_back");
    let front = limited(net, "", &concurrent(2), "").sparse_file("shop/big.bin", 64 << 20).start();
    let mut downloads: Vec<_> = (0..2)
        .map(|_| {
            let mut download = net.client(0).connect_slow(net.at(2)).unwrap();
            download.send_get("x", "/big.bin").unwrap();
            assert_eq!(download.receive_head().unwrap().status, 200);
            download
        })
        .collect();
    assert_eq!(net.client(0).status(net.at(2), "/"), 403);
    assert_eq!(verdicts(&front.w3c(1, 1)), ["403 501 0"]);
    downloads.pop().unwrap().vanish();
    wait_until("the place to be free again", || (net.client(0).status(net.at(2), "/") == 200).then_some(()));
    wait_until("the broken download in the log", || {
        front.w3c_now(1).into_iter().find(|line| line.field("cs-uri-stem") == "/big.bin")
    });
}

/// How a client goes away.
type Leaving = (&'static str, fn(Connection));

#[test]
fn a_vanished_client_of_a_proxy_gives_its_place_back() {
    let net = Net::of("a_vanished_client_of_a_proxy_gives_its_place_back");
    let upstream = Upstream::start(net.ip(100));
    let front = limited(net, "", &concurrent(1), &proxy("shop/slow", &upstream.url())).start();
    let leavings: [Leaving; 3] = [
        ("gone", Connection::vanish),
        ("gone behind a request sent ahead", |mut client| {
            client.send_get("x", "/ahead").unwrap();
            client.vanish();
        }),
        ("closed behind a request sent ahead", |mut client| client.send_get("x", "/ahead").unwrap()),
    ];
    for (path, (how, leave)) in
        ["/slow/half", "/slow/held"].into_iter().flat_map(|path| leavings.map(|own| (path, own)))
    {
        let mut slow = net.client(0).connect(net.at(2)).unwrap();
        slow.send_get("x", path).unwrap();
        upstream.wait_held(1);
        assert_eq!(net.client(0).status(net.at(2), "/"), 403, "{path}");
        leave(slow);
        let what = format!("the place of {path}, {how}, to be free while its upstream is silent");
        wait_until(&what, || (net.client(0).status(net.at(2), "/") == 200).then_some(()));
        upstream.release(1);
        upstream.wait_held(0);
    }
    drop(front);
}

#[test]
fn a_request_sent_ahead_waits_for_its_turn() {
    let net = Net::of("a_request_sent_ahead_waits_for_its_turn");
    let upstream = Upstream::start(net.ip(100));
    let _front = limited(net, "", "", &proxy("shop/slow", &upstream.url())).start();
    let mut client = hold(net, &upstream, 0);
    for held in 1..=3 {
        // It arrives while nobody may read it.
        client.send_get("x", &format!("/slow/held{held}")).unwrap();
        net.client(1).get(net.at(2), "/");
        upstream.release(1);
        assert_eq!(client.receive().unwrap().status, 200);
        upstream.wait_held(1);
    }
    upstream.release(1);
    assert_eq!(client.receive().unwrap().status, 200);
}

#[test]
fn a_changed_limit_reaches_a_kept_connection() {
    let net = Net::of("a_changed_limit_reaches_a_kept_connection");
    let front = limited(net, "", "", "").start();
    let mut kept = net.client(0).connect(net.at(2)).unwrap();
    let mut ask = || {
        kept.send_get("x", "/").unwrap();
        kept.receive().unwrap().status
    };
    let limit = |requests_max| {
        let limit = location("shop", &dynamic("", &rate(requests_max, 3_600_000)));
        front.write_config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &limit));
        front.cli(&["reload"]).expect_ok();
    };
    assert_eq!([ask(), ask()], [200, 200]);
    limit(1);
    assert_eq!([ask(), ask()], [200, 403]);
    // Both requests were stamped; they still count under the new limit (D6).
    limit(3);
    assert_eq!([ask(), ask()], [200, 403]);
}

#[test]
fn the_sixth_request_is_denied_until_silence() {
    let net = Net::of("the_sixth_request_is_denied_until_silence");
    let interval_ms = 5000;
    let front = limited(net, "", &rate(5, interval_ms), "").start();
    let ask = || net.client(0).status(net.at(2), "/");
    let first: Vec<_> = (0..6).map(|_| ask()).collect();
    assert_eq!(first, [200, 200, 200, 200, 200, 403]);
    assert_eq!(verdicts(&front.w3c(1, 6))[4..], ["200 0 0", "403 502 0"]);
    // One who hammers for longer than the interval stays out all the time (D2).
    let until = Instant::now() + Duration::from_millis(u64::from(interval_ms) + 1000);
    while Instant::now() < until {
        assert_eq!(ask(), 403, "a client that hammers stays blocked");
        std::thread::sleep(Duration::from_millis(200));
    }
    silence(interval_ms.into());
    assert_eq!(ask(), 200);
}

/// The configuration of scenario 8: `plain` inherits everything, `own` sets its action and `allowUnlisted`.
fn inheriting(allow_unlisted: bool) -> String {
    let sites = site(1, "plain", &["http/{NET}.2:{PORT}:"]) + &site(2, "own", &["http/{NET}.3:{PORT}:"]);
    let server = dynamic("denyAction=\"NotFound\"", &rate(2, 3_600_000));
    let own = format!(
        "<security><ipSecurity allowUnlisted=\"{allow_unlisted}\" /><dynamicIpSecurity denyAction=\"Forbidden\" /></security>"
    );
    document(&sites, &(location("", &server) + &location("own", &own)))
}

#[test]
fn deny_actions_and_unlisted_addresses_inherit() {
    let net = Net::of("deny_actions_and_unlisted_addresses_inherit");
    let front =
        Home::on(net).config(&inheriting(true)).file("plain/index.html", "p").file("own/index.html", "o").start();
    let ask = |host| [(); 3].map(|()| net.client(0).status(net.at(host), "/"));
    assert_eq!(ask(2), [200, 200, 404], "the server's action");
    assert_eq!(ask(3), [200, 200, 403], "the site's action beats it, and its count is its own");
    assert_eq!(
        (verdicts(&front.w3c(1, 3))[2].as_str(), verdicts(&front.w3c(2, 3))[2].as_str()),
        ("404 502 0", "403 502 0")
    );
    front.write_config(&inheriting(false));
    front.cli(&["reload"]).expect_ok();
    assert_eq!(net.client(1).status(net.at(3), "/"), 403, "unlisted is refused whatever the limits say");
    assert_eq!(verdicts(&front.w3c(2, 4))[3], "403 503 0");
    assert_eq!(net.client(1).status(net.at(2), "/"), 200);
    front.write_config(&inheriting(true));
    front.cli(&["reload"]).expect_ok();
    assert_eq!(net.client(1).status(net.at(3), "/"), 200);
}

/// Tries until `burst` was over within `window_ms`: on a loaded machine a burst may stretch, and then it says nothing.
fn within<T>(window_ms: u64, mut burst: impl FnMut(u32) -> T) -> T {
    for attempt in 0..25 {
        silence(window_ms);
        let start = Instant::now();
        let seen = burst(attempt);
        if start.elapsed() < Duration::from_millis(window_ms) {
            return seen;
        }
    }
    panic!("the machine is too busy: no burst was over within {window_ms} ms");
}

#[test]
fn six_requests_at_once() {
    let net = Net::of("six_requests_at_once");
    let front = limited(net, "", &(concurrent(4) + &rate(2, 200)), "").start();
    let (attempt, statuses) = within(200, |attempt| {
        let mut connections = [(); 6].map(|()| net.client(0).connect(net.at(2)).unwrap());
        for connection in &mut connections {
            connection.send_get("x", &format!("/?try={attempt}")).unwrap();
        }
        (attempt, connections.map(|mut connection| connection.receive().unwrap().status))
    });
    let passed = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((passed, statuses.iter().filter(|status| **status == 403).count()), (2, 4), "{statuses:?}");
    let lines = wait_until("six lines of the last burst", || lines_of(&front, attempt, 6));
    let denied = lines.iter().filter(|line| line.verdict() == "403 502 0").count();
    assert_eq!(denied, 4, "{:?}", verdicts(&lines));
}

/// The lines of one burst, as soon as there are `count` of them, in log order.
fn lines_of(front: &Doorward, attempt: u32, count: usize) -> Option<Vec<LogLine>> {
    let query = format!("try={attempt}");
    let lines: Vec<_> = front.w3c_now(1).into_iter().filter(|line| line.field("cs-uri-query") == query).collect();
    (lines.len() >= count).then_some(lines)
}

#[test]
fn logging_only_serves_and_tells() {
    let net = Net::of("logging_only_serves_and_tells");
    let upstream = Upstream::start(net.ip(100));
    let limits = concurrent(2) + &rate(2, 200);
    let more = proxy("shop/slow", &upstream.url());
    // Abort loses against logging only (D18).
    let front = limited(net, "enableLoggingOnlyMode=\"true\" denyAction=\"AbortRequest\"", &limits, &more).start();
    let mut slow: Vec<_> = (0..3).map(|already| hold(net, &upstream, already)).collect();
    upstream.release(3);
    assert!(slow.iter_mut().all(|connection| connection.receive().unwrap().status == 200));
    let held = verdicts(&front.w3c(1, 3));
    assert_eq!(held[2], "200 501 0", "the third in progress: {held:?}");

    let (attempt, statuses) = within(200, |attempt| {
        let paths = [format!("/?try={attempt}"), format!("/missing.txt?try={attempt}")];
        let ask = |path: &str| net.client(0).status(net.at(2), path);
        (attempt, [ask(&paths[0]), ask(&paths[0]), ask(&paths[0]), ask(&paths[1])])
    });
    assert_eq!(statuses, [200, 200, 200, 404]);
    let lines = wait_until("four lines of the last burst", || lines_of(&front, attempt, 4));
    assert_eq!(verdicts(&lines), ["200 0 0", "200 0 0", "200 502 0", "404 502 2"]);
}

#[test]
fn abort_resets_without_a_w3c_line() {
    let net = Net::of("abort_resets_without_a_w3c_line");
    let front = limited(net, "denyAction=\"AbortRequest\"", &rate(2, 3_600_000), "").start();
    let mut kept = net.client(0).connect(net.at(2)).unwrap();
    for _ in 0..2 {
        kept.send_get("x", "/").unwrap();
        assert_eq!(kept.receive().unwrap().status, 200);
    }
    kept.send_get("x", "/?over").unwrap();
    assert_eq!(kept.ending(), Ending::Reset);
    let line = &front.http_err(1)[0];
    assert_eq!((line.field("s-reason"), line.field("s-siteid")), ("AbortRequest_502", "1"), "{}", line.text());
    assert_eq!((line.field("c-ip"), line.field("sc-status")), (net.ip(200).to_string().as_str(), "-"));
    assert!(net.client(0).is_reset(net.at(2), "/"), "a new connection meets a reset too");
    assert!(front.http_err(2).iter().all(|line| line.field("s-reason") == "AbortRequest_502"));
    assert_eq!(net.client(1).status(net.at(2), "/"), 200);
    assert_eq!(verdicts(&front.w3c(1, 3)), ["200 0 0"; 3]);
}

#[test]
fn two_clients_count_apart() {
    let net = Net::of("two_clients_count_apart");
    let front = limited(net, "", &rate(3, 3_600_000), "").start();
    let (limited, free) = (Client::from([127, 9, 0, 1]), Client::from([127, 9, 0, 2]));
    let asked: Vec<_> = (0..5).map(|_| limited.status(net.at(2), "/")).collect();
    assert_eq!(asked, [200, 200, 200, 403, 403]);
    assert_eq!(free.status(net.at(2), "/"), 200);
    let lines = front.w3c(1, 6);
    let of = |address: &str| lines.iter().filter(|line| line.field("c-ip") == address).count();
    assert_eq!((of("127.9.0.1"), of("127.9.0.2")), (5, 1));
}

#[test]
fn ipv6_counts_per_64() {
    let test = "ipv6_counts_per_64";
    if !root_or_skip(test) || !ipv6_or_skip(test) {
        return;
    }
    let net = Net::of(test);
    let addresses = ["fd00:d00:1::1", "fd00:d00:1::2", "fd00:d00:2::1"];
    let _guard = V6Addresses::add(&addresses);
    let [one, neighbour, other] = addresses.map(|text| Client::from(text.parse::<IpAddr>().unwrap()));
    let limit = location("shop", &dynamic("", &rate(2, 3_600_000)));
    let configuration = document(&site(1, "shop", &["http/[::1]:{PORT}:"]), &limit);
    let front = Home::on(net).config(&configuration).file("shop/index.html", "shop").start();
    let at = v6_loopback(net.port);
    assert_eq!([one.status(at, "/"), neighbour.status(at, "/"), one.status(at, "/")], [200, 200, 403]);
    assert_eq!(neighbour.status(at, "/"), 403, "one /64 shares");
    assert_eq!(other.status(at, "/"), 200, "another /64 is free");
    let lines = front.w3c(1, 5);
    let of = |address: &str| lines.iter().filter(|line| line.field("c-ip") == address).count();
    assert_eq!(addresses.map(of), [2, 2, 1], "the log has whole addresses");
}

/// The row of `limits clients --json` for an address.
fn client_row(front: &Doorward, address: &str) -> Option<Value> {
    let rows: Value = serde_json::from_str(&front.cli(&["limits", "clients", "--json"]).expect_ok()).unwrap();
    rows.as_array().unwrap().iter().find(|row| row["address"] == *address).cloned()
}

#[test]
fn clients_are_listed_and_unblocked() {
    let net = Net::of("clients_are_listed_and_unblocked");
    let front = limited(net, "", &rate(2, 3_600_000), "").start();
    let address = net.ip(200).to_string();
    assert_eq!(client_row(&front, &address), None);
    let asked = [(); 4].map(|()| net.client(0).status(net.at(2), "/"));
    assert_eq!(asked, [200, 200, 403, 403]);
    let row = wait_until("the denied client in the list", || client_row(&front, &address));
    assert_eq!((row["denied"].as_u64(), row["enforced"].as_bool()), (Some(2), Some(true)), "{row}");
    assert!(row["reason"].as_str().unwrap().contains("rate"), "{row}");
    let text = front.cli(&["limits", "clients"]).expect_ok();
    assert!(text.contains(&address) && text.contains("rate"), "{text}");
    front.cli(&["limits", "unblock", &address]).expect_ok();
    assert_eq!(net.client(0).status(net.at(2), "/"), 200);
    let unknown: SocketAddr = net.at(201);
    let none = front.cli(&["limits", "unblock", &unknown.ip().to_string()]);
    assert!(!none.all().is_empty(), "it says that nobody was blocked: {none:?}");
}
