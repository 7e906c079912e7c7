//! Stopping and starting sites and the whole server (scenarios 4 and 5).

use rustix::process::Signal;

use crate::harness::client::Connection;
use crate::harness::config::{document, location, proxy, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::proc::{descriptors, resident_kib, threads};
use crate::harness::upstream::Upstream;
use crate::harness::wait_until;

const BIG_BYTES: u64 = 64 << 20;

/// Site one on .2 and site two on .3, same port; two has a big file.
fn two_addresses(net: Net) -> Home {
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]) + &site(2, "two", &["http/{NET}.3:{PORT}:"]);
    Home::on(net)
        .config(&document(&sites, ""))
        .file("one/index.html", "one")
        .file("two/index.html", "two")
        .sparse_file("two/big.bin", BIG_BYTES)
}

/// A download that has begun and waits for its slow reader.
fn begin_download(net: Net, host: u8) -> Connection {
    let mut download = net.client(1).connect_slow(net.at(host)).unwrap();
    download.send_get("x", "/big.bin").unwrap();
    assert_eq!(download.receive_head().unwrap().status, 200);
    download
}

#[test]
fn stopping_one_site_leaves_the_other_alone() {
    let net = Net::of("stopping_one_site_leaves_the_other_alone");
    let front = two_addresses(net).start();
    let mut download = begin_download(net, 3);
    let said = front.cli(&["site", "stop", "one"]).expect_ok();
    assert!(said.contains("\"one\" successfully stopped."), "{said}");
    assert!(net.client(0).is_refused(net.at(2)));
    assert_eq!(front.site_state("one").as_deref(), Some("Stopped"));
    assert_eq!(net.client(0).get(net.at(3), "/").text(), "two");
    assert_eq!(download.drain(BIG_BYTES).unwrap(), BIG_BYTES);
    let said = front.cli(&["site", "start", "one"]).expect_ok();
    assert!(said.contains("\"one\" successfully started."), "{said}");
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "one");
    assert_eq!(front.site_state("one").as_deref(), Some("Started"));
}

fn round(front: &Doorward) {
    front.cli(&["site", "stop", "one"]).expect_ok();
    front.cli(&["site", "start", "one"]).expect_ok();
}

#[test]
fn a_thousand_rounds_leak_nothing() {
    let net = Net::of("a_thousand_rounds_leak_nothing");
    let front = two_addresses(net).start();
    // The first rounds may grow caches and thread pools.
    (0..50).for_each(|_| round(&front));
    let measure = || (descriptors(front.pid()), threads(front.pid()));
    let (before, memory_before) = (measure(), resident_kib(front.pid()));
    (0..1000).for_each(|_| round(&front));
    wait_until(&format!("descriptors and threads to be {before:?} again"), || {
        let now = measure();
        (now.0 <= before.0 && now.1 <= before.1).then_some(())
    });
    let grown_kib = resident_kib(front.pid()).saturating_sub(memory_before);
    assert!(grown_kib < 16 * 1024, "memory grew by {grown_kib} KiB over 1000 rounds");
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "one");
}

/// The page that HTTP.sys sends by itself, with its title, heading and sentence; its length is known to the byte.
fn kernel_page(title: &str, heading: &str, sentence: &str) -> String {
    [
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">",
        &format!("<HTML><HEAD><TITLE>{title}</TITLE>"),
        "<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>",
        &format!("<BODY><h2>{heading}</h2>"),
        &format!("<hr><p>{sentence}</p>"),
        "</BODY></HTML>",
        "",
    ]
    .join("\r\n")
}

#[test]
fn a_stopped_host_name_is_404_and_an_unknown_one_400() {
    let net = Net::of("a_stopped_host_name_is_404_and_an_unknown_one_400");
    let sites =
        site(1, "red", &["http/{NET}.2:{PORT}:red.test"]) + &site(2, "blue", &["http/{NET}.2:{PORT}:blue.test"]);
    let front = Home::on(net)
        .config(&document(&sites, ""))
        .file("red/index.html", "red")
        .file("blue/index.html", "blue")
        .start();
    let ask = |host: &str| net.client(0).get_host(net.at(2), host);
    assert_eq!((ask("red.test").text().as_str(), ask("BLUE.test").text().as_str()), ("red", "blue"));
    front.cli(&["site", "stop", "red"]).expect_ok();
    let stopped = ask("red.test");
    let page = kernel_page("Not Found", "Not Found", "HTTP Error 404. The requested resource is not found.");
    assert_eq!((stopped.status, stopped.text(), stopped.content_length()), (404, page, Some(315)));
    assert_eq!(ask("blue.test").text(), "blue");
    let unknown = ask("green.test");
    let heading = "Bad Request - Invalid Hostname";
    let page = kernel_page("Bad Request", heading, "HTTP Error 400. The request hostname is invalid.");
    assert_eq!((unknown.status, unknown.text(), unknown.content_length()), (400, page, Some(334)));
    let lines = front.http_err(2);
    let mut told: Vec<_> = lines.iter().map(|line| [line.field("sc-status"), line.field("s-reason")]).collect();
    told.sort_unstable();
    assert_eq!(told[0], ["400", "Hostname"], "{told:?}");
    assert_eq!(told[1][0], "404", "{told:?}");
    assert!(front.w3c(1, 1)[0].text().contains(" 200 0 0 "), "the stopped site logs nothing");
}

#[test]
fn a_less_specific_binding_takes_over() {
    let net = Net::of("a_less_specific_binding_takes_over");
    let sites = site(1, "exact", &["http/{NET}.2:{PORT}:www.shop.test"])
        + &site(2, "wild", &["http/{NET}.2:{PORT}:*.shop.test"])
        + &site(3, "any", &["http/{NET}.2:{PORT}:"]);
    let front = ["exact", "wild", "any"]
        .iter()
        .fold(Home::on(net).config(&document(&sites, "")), |home, name| home.file(&format!("{name}/index.html"), name))
        .start();
    let check = |host: &str, text: &str| assert_eq!(net.client(0).get_host(net.at(2), host).text(), text, "{host}");
    check("www.shop.test", "exact");
    check("a.b.shop.test", "wild");
    check("shop.test", "any");
    front.cli(&["site", "stop", "exact"]).expect_ok();
    check("www.shop.test", "wild");
    front.cli(&["site", "stop", "wild"]).expect_ok();
    check("www.shop.test", "any");
}

/// One site before an upstream that holds.
fn held_site(net: Net) -> (Upstream, Doorward) {
    let upstream = Upstream::start(net.ip(100));
    let rest = proxy("shop", &upstream.url());
    let front = Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest)).start();
    (upstream, front)
}

/// With a request in flight, `stop` is called: nobody new gets in, the request is answered, the exit code is 0.
fn check_drain(net: Net, stop: impl FnOnce(&Doorward) + Send) {
    let (upstream, mut front) = held_site(net);
    let mut slow = net.client(0).connect(net.at(2)).unwrap();
    slow.send_get("x", "/held").unwrap();
    upstream.wait_held(1);
    std::thread::scope(|scope| {
        let running = &front;
        scope.spawn(move || stop(running));
        wait_until("the listener to close", || net.client(0).is_refused(net.at(2)).then_some(()));
        upstream.release(1);
        assert_eq!(slow.receive().unwrap().status, 200);
    });
    assert_eq!(front.wait_exit(), Some(0));
    assert_eq!(front.w3c(1, 1)[0].verdict(), "200 0 0", "the last lines are in the log");
}

#[test]
fn sigterm_drains() {
    check_drain(Net::of("sigterm_drains"), |front| front.signal(Signal::TERM));
}

#[test]
fn stop_drains_and_exits_with_0() {
    check_drain(Net::of("stop_drains_and_exits_with_0"), |front| {
        front.cli(&["stop"]).expect_ok();
    });
}

#[test]
fn a_site_without_auto_start_waits() {
    let net = Net::of("a_site_without_auto_start_waits");
    let late = site(1, "late", &["http/{NET}.2:{PORT}:"]).replace("id=\"1\"", "id=\"1\" serverAutoStart=\"false\"");
    let sites = late + &site(2, "soon", &["http/{NET}.3:{PORT}:"]);
    let documents =
        location("late", "<defaultDocument><files><clear/><add value=\"late.txt\"/></files></defaultDocument>");
    let front = Home::on(net).config(&document(&sites, &documents)).file("late/late.txt", "late").start();
    assert!(net.client(0).is_refused(net.at(2)));
    assert_eq!(front.site_state("late").as_deref(), Some("Stopped"));
    front.cli(&["site", "start", "late"]).expect_ok();
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "late");
    let list = front.cli(&["site", "list"]).expect_ok();
    assert!(list.contains("late") && list.contains("soon"), "{list}");
}
