//! How many allocations a request takes where connections are kept and files are known.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::harness::client::Connection;
use crate::harness::config::{concurrent, document, dynamic, location, proxy, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::upstream::Upstream;
use crate::tls::certify;

/// The two runs that are compared, so that whatever does not depend on the number of requests falls out.
const SHORT: u32 = 500;
const LONG: u32 = 2500;
const WARM_UP: u32 = 200;
/// Looking at the configuration's files, asking again whether a served file is still the same, writing the log: all by
/// the clock, and below this many allocations a second.
const HOUSEKEEPING_PER_S: f64 = 100.0;

/// Runs with allocations counted in a file, whose name is given too.
fn counted(home: Home) -> (Doorward, PathBuf) {
    let [source, library, counter] = ["allocations.c", "allocations.so", "allocations"].map(|name| home.path(name));
    std::fs::write(&source, include_str!("programs/allocations.c")).unwrap();
    std::fs::write(&counter, 0_u64.to_ne_bytes()).unwrap();
    let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).args([&library, &source]).status().unwrap();
    assert!(built.success(), "cc cannot build {}", source.display());
    let mut command = home.command();
    command.args(["run", "--threads", "1"]).env("LD_PRELOAD", library).env("ALLOCATIONS", &counter);
    (home.start_as(command), counter)
}

/// Checks how many allocations one request of a kept connection takes, less what a server does by the clock meanwhile.
fn check(counter: &PathBuf, (what, status): (&str, u16), mut connection: Connection, allowed: f64) {
    let mut ask = |times: u32| {
        let (before, begun) = (count(counter), Instant::now());
        for _ in 0..times {
            connection.send_get("any.test", "/a.html").unwrap();
            assert_eq!(connection.receive().unwrap().status, status, "{what}");
        }
        (f64::from(count(counter) - before), begun.elapsed().as_secs_f64())
    };
    ask(WARM_UP);
    let ((short, short_s), (long, long_s)) = (ask(SHORT), ask(LONG));
    let each = |counted: f64| counted / f64::from(LONG - SHORT);
    let (taken, by_clock) = (each(long - short), each((long_s - short_s).max(0.0) * HOUSEKEEPING_PER_S));
    println!("{what}: {taken:.2} allocations a request ({short} in {SHORT}, {long} in {LONG} within {long_s:.1} s)");
    assert!(taken <= allowed + by_clock + 0.05, "{what}: {taken:.2} allocations a request, {by_clock:.2} by the clock");
}

fn count(counter: &PathBuf) -> u32 {
    let count = u64::from_ne_bytes(std::fs::read(counter).unwrap().try_into().unwrap());
    u32::try_from(count).unwrap()
}

#[test]
fn a_request_on_a_kept_connection_allocates_nothing() {
    let net = Net::of("a_request_on_a_kept_connection_allocates_nothing");
    let upstream = Upstream::start(net.ip(100));
    let protocols = [(1, "plain", "http"), (2, "denied", "http"), (3, "forwarded", "http"), (4, "secure", "https")];
    let sites = protocols.map(|(id, name, protocol)| site(id, name, &[&format!("{protocol}/{{NET}}.{id}:{{PORT}}:")]));
    // Wide, so that one client may ask as fast as it can.
    let wide = dynamic("", &(concurrent(1000) + &rate(1_000_000, 1000)));
    // And the short page: a front door's clients are not local.
    let narrow = dynamic("denyAction=\"Forbidden\"", &rate(1, 600_000)) + "<httpErrors errorMode=\"Custom\" />";
    let rest = [location("", &wide), location("denied", &narrow), proxy("forwarded", &upstream.url())].concat();
    let home = Home::on(net).config(&document(&sites.concat(), &rest));
    let home =
        home.file("plain/a.html", "x".repeat(1024)).file("secure/a.html", "x".repeat(1024)).file("denied/a.html", "x");
    certify(&home, "any.test");
    let (front, counter) = counted(home.http_config(
        "<httpService><sslCerts><add ipPort=\"{NET}.4:{PORT}\" file=\"certs/any.test.pem\" key=\"certs/any.test.key\" />\
         </sslCerts></httpService>",
    ));
    assert!(count(&counter) > 1000, "the counter does not count");

    let client = net.client(0);
    check(&counter, ("a file", 200), client.connect(net.at(1)).unwrap(), 0.0);
    assert_eq!(client.status(net.at(2), "/a.html"), 200);
    check(&counter, ("a denial", 403), client.connect(net.at(2)).unwrap(), 3.0);
    check(&counter, ("a file over TLS", 200), client.connect_tls(net.at(4)).unwrap(), 2.0);
    // One of them is its task: who waits for an upstream leaves the driver, and is back when the answer has left.
    check(&counter, ("a forwarded request", 200), client.connect(net.at(3)).unwrap(), 17.0);
    // Both limits and the log were at work.
    let logged = front.w3c(2, (1 + WARM_UP + SHORT + LONG) as usize);
    assert_eq!(crate::harness::log_file::verdicts(&logged)[1..3], ["403 502 0", "403 502 0"]);
}
