//! Before the first byte: resets of denied clients (D11), connections and handshakes of one address.

use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::{silence, wait_until};

const INTERVAL_MS: u32 = 2_000;

#[test]
fn denied_clients_are_reset_before_a_byte() {
    let net = Net::of("denied_clients_are_reset_before_a_byte");
    let sites = site(1, "abort", &["http/{NET}.2:{PORT}:"]) + &site(2, "page", &["http/{NET}.3:{PORT}:"]);
    let limits = location("abort", &dynamic("denyAction=\"AbortRequest\"", &rate(2, INTERVAL_MS)))
        + &location("page", &dynamic("", &rate(2, INTERVAL_MS)));
    let front = Home::on(net)
        .config(&document(&sites, &limits))
        .file("abort/index.html", "abort")
        .file("page/index.html", "page")
        .start();
    let early = |host: u8| front.listener(&net.at(host).to_string()).unwrap()["early_abort"].clone();
    assert!(early(2) == true && early(3) == false);
    let client = net.client(0);
    assert_eq!((client.status(net.at(2), "/"), client.status(net.at(2), "/")), (200, 200));
    // Not a byte is sent, and the reset comes; it may come while the client is still connecting.
    assert!(client.connect(net.at(2)).and_then(|mut silent| silent.receive()).is_err());
    assert!(client.is_reset(net.at(2), "/"));
    assert_eq!(net.client(1).status(net.at(2), "/"), 200, "another client");
    assert_eq!((client.status(net.at(3), "/"), client.status(net.at(3), "/")), (200, 200));
    assert_eq!(client.status(net.at(3), "/"), 403, "a page has to be sent");
    for line in front.http_err(2) {
        assert_eq!(
            [line.field("s-siteid"), line.field("s-reason"), line.field("cs-uri")],
            ["1", "AbortRequest_502", "-"]
        );
    }
    front.w3c(1, 3);
    let clients = front.cli(&["limits", "clients"]).expect_ok();
    assert!(clients.contains(&net.ip(200).to_string()), "{clients}");
    silence(u64::from(INTERVAL_MS));
    assert_eq!(client.status(net.at(2), "/"), 200, "resets counted as requests do, and are forgotten");
}

#[test]
fn one_address_holds_so_many_connections() {
    let net = Net::of("one_address_holds_so_many_connections");
    let settings = "\n  <doorward><limiter connectionsPerAddress=\"3\" /></doorward>";
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, settings)).file("one/index.html", "one").start();
    let mut held: Vec<_> = (0..3)
        .map(|_| {
            let mut connection = net.client(0).connect(net.at(2)).unwrap();
            connection.send_get("x", "/").unwrap();
            assert_eq!(connection.receive().unwrap().text(), "one");
            connection
        })
        .collect();
    assert!(net.client(0).is_reset(net.at(2), "/"));
    assert_eq!(net.client(1).status(net.at(2), "/"), 200, "another address");
    assert_eq!(front.http_err(1)[0].field("s-reason"), "ConnLimit_Address");
    held.pop();
    wait_until("the place to be free again", || net.client(0).try_get(net.at(2), "/").ok());
}

#[test]
fn one_address_shakes_hands_so_often() {
    let net = Net::of("one_address_shakes_hands_so_often");
    let settings = "\n  <doorward><limiter handshakesPerSecond=\"5\" /></doorward>";
    let sites = site(1, "one", &["https/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, settings)).file("one/index.html", "one").start();
    // Each attempt counts from its first moment; plain HTTP makes it as short as can be.
    let turned_away = (0..12).filter(|_| net.client(0).is_reset(net.at(2), "/")).count();
    assert!((1..=7).contains(&turned_away), "{turned_away} of 12");
    let lines = front.http_err(12);
    let told = lines.iter().filter(|line| line.field("s-reason") == "HandshakeLimit_Address").count();
    assert_eq!(told, turned_away, "{lines:?}");
}
