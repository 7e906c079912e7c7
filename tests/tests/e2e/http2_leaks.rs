//! HTTP/2 under strain: whatever clients do with their streams, the counts are right and every place comes back.

use serde_json::Value;

use crate::harness::config::{concurrent, document, dynamic, location, proxy, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::http2::Http2;
use crate::harness::net::Net;
use crate::harness::upstream::Upstream;
use crate::harness::{proc, wait_until};

/// Site `shop` on .2, with `/slow` at the upstream and a large file.
fn shop(net: Net, limits: &str, upstream: &Upstream) -> Doorward {
    let rest = location("shop", &dynamic("", limits)) + &proxy("shop/slow", &upstream.url());
    let home = Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest));
    home.file("shop/index.html", "shop").sparse_file("shop/big.bin", 64 << 20).start()
}

/// Requests of client 0 in progress now.
fn in_progress(front: &Doorward) -> u64 {
    let words = ["limits", "explain", &front.net.ip(200).to_string(), "--site", "shop", "--json"];
    let standing: Value = serde_json::from_str(&front.cli(&words).expect_ok()).unwrap();
    // It answers for the next request.
    standing[0]["in_progress"].as_u64().unwrap() - 1
}

fn wait_none_in_progress(front: &Doorward, what: &str) {
    wait_until(&format!("all places to be free after: {what}"), || (in_progress(front) == 0).then_some(()));
}

fn counter(front: &Doorward, name: &str) -> u64 {
    front.status()["limiter"][name].as_u64().unwrap()
}

#[test]
fn http2_a_hundred_streams_at_once_are_a_hundred_requests() {
    let net = Net::of("http2_a_hundred_streams_at_once_are_a_hundred_requests");
    let upstream = Upstream::start(net.ip(100));
    let front = shop(net, &concurrent(60), &upstream);
    let client = Http2::connect(net, 0, net.at(2));
    let held: Vec<_> = (0..60).map(|n| client.begin(&format!("/slow/held{n}"))).collect();
    upstream.wait_held(60);
    let denied: Vec<_> = (0..40).map(|_| client.begin("/slow/more")).collect();
    assert!(denied.into_iter().all(|sent| sent.answer().unwrap().status == 403));
    assert_eq!(in_progress(&front), 60);
    upstream.release(60);
    assert!(held.into_iter().all(|sent| sent.answer().unwrap().status == 200));
    wait_none_in_progress(&front, "a hundred streams");
    assert_eq!((counter(&front, "allowed"), counter(&front, "denied_concurrency")), (60, 40));
    let by_site = &front.status()["limiter"]["by_site"][0];
    assert_eq!((by_site["site"].as_str(), by_site["denied_concurrency"].as_u64()), (Some("shop"), Some(40)));
}

#[test]
fn http2_a_storm_of_resets_leaves_nothing_behind() {
    let net = Net::of("http2_a_storm_of_resets_leaves_nothing_behind");
    let upstream = Upstream::start(net.ip(100));
    let front = shop(net, &(concurrent(50) + &rate(1_000_000, 3_600_000)), &upstream);
    // The site's log and HTTPERR are opened with their first lines.
    let most = proc::descriptors(front.pid()) + 2;
    let mut begun = 0;
    for _ in 0..5 {
        let client = Http2::connect(net, 0, net.at(2));
        // Until the server has had enough of this connection; it must.
        while let Ok(sent) = client.send(client.request("/slow/now"), b"") {
            begun += 1;
            drop(sent);
            assert!(begun < 200_000, "nobody minds the storm");
        }
        assert!(client.ending().is_err(), "it is sent away");
    }
    wait_none_in_progress(&front, "the storm");
    wait_until("the connections to be gone", || (front.status()["open_connections"] == 0).then_some(()));
    wait_until("upstream connections to be closed", || (proc::descriptors(front.pid()) <= most).then_some(()));
    assert_eq!(net.client(0).status(net.at(2), "/"), 200);
}

/// Leaves without a word at one step of a request, given a connection of its own.
type Leaving = (&'static str, fn(&Upstream, Http2));

const LEAVINGS: [Leaving; 7] = [
    ("a connection without a request", |_, client| drop(client)),
    ("a request just sent", |_, client| drop((client.begin("/big.bin"), client))),
    ("a body that goes on", |_, client| drop((client.begin_upload("/slow/now"), client))),
    ("an answer not begun", |upstream, client| {
        let sent = client.begin("/slow/held");
        upstream.wait_held(1);
        drop((sent, client));
    }),
    ("an answer half sent", |upstream, client| {
        let body = client.begin("/slow/half").head().unwrap();
        upstream.wait_held(1);
        drop((body, client));
    }),
    ("a file with its window shut", |_, client| drop((client.begin("/big.bin").head().unwrap(), client))),
    ("many streams at different steps", |upstream, client| {
        let held = [(); 5].map(|()| client.begin("/slow/held"));
        upstream.wait_held(5);
        let files = [(); 5].map(|()| client.begin("/big.bin").head().unwrap());
        drop((held, files, client.begin_upload("/slow/now"), client));
    }),
];

#[test]
fn http2_clients_that_vanish_give_every_place_back() {
    let net = Net::of("http2_clients_that_vanish_give_every_place_back");
    let upstream = Upstream::start(net.ip(100));
    let front = shop(net, &concurrent(30), &upstream);
    for (what, leave) in LEAVINGS {
        leave(&upstream, Http2::connect(net, 0, net.at(2)));
        wait_none_in_progress(&front, what);
        upstream.release(5);
        upstream.wait_held(0);
        upstream.take_back();
    }
    wait_until("the connections to be gone", || (front.status()["open_connections"] == 0).then_some(()));
    assert_eq!(counter(&front, "denied_concurrency"), 0);
}
