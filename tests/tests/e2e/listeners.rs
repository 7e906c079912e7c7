//! Exact listeners, taken addresses and the IP listen list (scenarios 1 to 3).

use std::net::{IpAddr, SocketAddr};

use crate::harness::config::{document, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::{Net, v6_loopback};
use crate::harness::peer::Peer;
use crate::harness::proc::listening_at;
use crate::harness::{ipv6_or_skip, is_root, root_or_skip, wait_until};

/// Scenario 1 on one port: Doorward on .2, nginx on .10 before it and on .20 after it.
fn share_a_port(home: Home, port: u16) {
    let net = home.net;
    let [own, before, after] = [2, 10, 20].map(|host| SocketAddr::new(net.ip(host), port));
    let first = Peer::nginx(&[before]);
    let front = home.file("shop/index.html", "shop").start();
    let second = Peer::nginx(&[after]);
    for (address, text) in [(own, "shop"), (before, "nginx"), (after, "nginx")] {
        assert_eq!(net.client(0).get(address, "/").text(), text, "{address}");
    }
    let mine: Vec<_> = listening_at(port).into_iter().filter(|ip| *ip == own.ip() || ip.is_unspecified()).collect();
    assert_eq!(mine, [own.ip()], "a wildcard socket, or a second one");
    drop((first, front, second));
}

#[test]
fn exact_addresses_leave_room_for_others() {
    let home = Home::of("exact_addresses_leave_room_for_others");
    let port = home.net.port;
    share_a_port(home.config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), "")), port);
}

#[test]
fn exact_addresses_on_port_80() {
    if root_or_skip("exact_addresses_on_port_80") {
        let home = Home::of("exact_addresses_on_port_80");
        share_a_port(home.config(&document(&site(1, "shop", &["http/{NET}.2:80:"]), "")), 80);
    }
}

/// Two sites, the first of which wants the port that somebody has.
fn two_sites(home: Home) -> Home {
    let sites = site(1, "blocked", &["http/{NET}.2:{PORT}:"]) + &site(2, "free", &["http/{NET}.3:{PORT2}:"]);
    home.config(&document(&sites, "")).file("blocked/index.html", "blocked").file("free/index.html", "free")
}

fn free_site(net: Net) -> SocketAddr {
    SocketAddr::new(net.ip(3), net.port2)
}

/// What `status` says of the culprit of the listener of the blocked site.
fn culprit(front: &Doorward) -> String {
    let row = front.listener("{NET}.2:{PORT}").expect("a row for the taken address");
    assert_eq!(row["state"], "waiting", "{row}");
    row["culprit"].as_str().expect("a culprit").to_owned()
}

#[test]
fn a_taken_wildcard_is_named_and_opens_later() {
    let net = Net::of("a_taken_wildcard_is_named_and_opens_later");
    let wildcard = SocketAddr::from(([0, 0, 0, 0], net.port));
    let nginx = Peer::nginx(&[wildcard]);
    let front = two_sites(Home::on(net)).start();
    assert_eq!(net.client(0).get(free_site(net), "/").text(), "free");
    for part in ["nginx", &nginx.pid().to_string(), &wildcard.to_string()] {
        front.wait_printed(part);
        assert!(culprit(&front).contains(part), "{part:?} is missing in {:?}", culprit(&front));
    }
    let start = front.cli(&["site", "start", "blocked"]);
    assert!(start.code != 0 && start.all().contains("nginx"), "{start:?}");
    nginx.stop();
    wait_until("the site to come up by itself", || {
        net.client(0).try_get(net.at(2), "/").ok().filter(|response| response.text() == "blocked")
    });
    let row = front.listener("{NET}.2:{PORT}").unwrap();
    assert!(row["state"] == "open" && row["culprit"].is_null(), "{row}");
}

#[test]
fn a_taken_address_is_explained_without_root() {
    let test = "a_taken_address_is_explained_without_root";
    if !root_or_skip(test) {
        return;
    }
    let net = Net::of(test);
    let nginx = Peer::nginx(&[SocketAddr::from(([0, 0, 0, 0], net.port))]);
    let front = two_sites(Home::on(net)).unprivileged().start();
    assert_eq!(net.client(0).get(free_site(net), "/").text(), "free");
    let told = culprit(&front);
    // Another user's process: its address and its user or its unit is what the kernel tells everybody.
    assert!(told.contains(&format!("0.0.0.0:{}", net.port)), "{told}");
    assert!(["root", "uid 0", "user 0", ".service", ".scope"].iter().any(|word| told.contains(word)), "{told}");
    nginx.stop();
}

#[test]
fn an_exact_holder_and_a_v6_holder_are_told_apart() {
    let test = "an_exact_holder_and_a_v6_holder_are_told_apart";
    if !ipv6_or_skip(test) {
        return;
    }
    let net = Net::of(test);
    // One that holds exactly the address, and one that holds every address of both families on the other port.
    let exact = Peer::nginx(&[net.at(2)]);
    let dual = Peer::python(include_str!("programs/hold.py"), SocketAddr::new(IpAddr::from([0; 16]), net.port2));
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"])
        + &site(2, "two", &["http/{NET}.2:{PORT2}:"])
        + &site(3, "free", &["http/{NET}.3:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, "")).start();
    let exact_told = front.listener("{NET}.2:{PORT}").unwrap()["culprit"].to_string();
    let dual_told = front.listener("{NET}.2:{PORT2}").unwrap()["culprit"].to_string();
    assert!(exact_told.contains(&net.at(2).to_string()) && exact_told.contains("nginx"), "{exact_told}");
    assert!(dual_told.contains(&format!("[::]:{}", net.port2)) && dual_told.contains("python"), "{dual_told}");
    drop((exact, dual));
}

#[test]
fn a_wildcard_binding_obeys_the_listen_list() {
    let test = "a_wildcard_binding_obeys_the_listen_list";
    if !ipv6_or_skip(test) {
        return;
    }
    let net = Net::of(test);
    let size = 64 << 20;
    let front = Home::on(net)
        .config(&document(&site(1, "all", &["http/*:{PORT}:"]), ""))
        .http_config(
            r#"<httpService><ipListen><add address="{NET}.2" /><add address="::1" /></ipListen></httpService>"#,
        )
        .file("all/index.html", "all")
        .sparse_file("all/big.bin", size)
        .start();
    let (first, added) = (net.ip(2), net.ip(3));
    let v6 = v6_loopback(net.port);
    assert_eq!(listening_at(net.port), [first, v6.ip()]);
    assert_eq!(crate::harness::client::Client::from(v6.ip()).get(v6, "/").text(), "all");

    let mut download = net.client(0).connect_slow(net.at(2)).unwrap();
    download.send_get("x", "/big.bin").unwrap();
    assert_eq!(download.receive_head().unwrap().content_length(), Some(size));
    front.cli(&["listen", "add", "{NET}.3"]).expect_ok();
    assert_eq!(net.client(0).get(net.at(3), "/").text(), "all");
    assert_eq!(listening_at(net.port), [first, added, v6.ip()]);
    let list = front.cli(&["listen", "list"]).expect_ok();
    assert!(list.contains(&added.to_string()) && list.contains("::1"), "{list}");
    assert_eq!(download.drain(size).unwrap(), size, "the download goes on");

    front.cli(&["listen", "remove", "{NET}.3"]).expect_ok();
    wait_until("the removed address to close", || net.client(0).is_refused(net.at(3)).then_some(()));
    assert_eq!(net.client(0).status(net.at(2), "/"), 200);
}

#[test]
fn probe_and_who_name_the_holder() {
    let home = Home::of("probe_and_who_name_the_holder");
    let net = home.net;
    let nginx = Peer::nginx(&[net.at(10)]);
    let who = home.cli(&["who", "{PORT}"]).expect_ok();
    for part in ["nginx", &nginx.pid().to_string(), &net.at(10).to_string()] {
        assert!(who.contains(part), "{part:?} is missing in {who:?}");
    }
    let both = home.cli(&["probe", "{NET}.2:{PORT}", "{NET}.10:{PORT}"]);
    assert!(both.code == 1 && both.all().contains("nginx"), "{both:?}");
    home.cli(&["probe", "{NET}.2:{PORT}", "{NET}.3:{PORT}"]).expect_ok();
    let low = home.cli(&["probe", "{NET}.2:81"]);
    assert_eq!(low.code, i32::from(!is_root()), "{low:?}");
}
