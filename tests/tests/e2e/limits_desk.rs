//! What an operator asks and orders about the limits: `explain`, `show`, `set`, `block`.

use serde_json::Value;

use crate::harness::client::Client;
use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::http2::Http2;
use crate::harness::log_file::verdicts;
use crate::harness::net::Net;
use crate::harness::wait_until;

/// One site `shop` on .2 whose clients may ask three times an hour.
fn shop(test: &str) -> Home {
    let limits = dynamic("enableProxyMode=\"true\"", &rate(3, 3_600_000));
    let rest = location("shop", &limits);
    Home::of(test).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest)).file("shop/index.html", "shop")
}

/// The answer of `explain` for one site.
fn explain(front: &Doorward, arguments: &[&str]) -> Value {
    let words = [&["limits", "explain", "--site", "shop", "--json"], arguments].concat();
    let answers: Value = serde_json::from_str(&front.cli(&words).expect_ok()).unwrap();
    answers[0].clone()
}

/// Where `text` stands in the configuration, as findings and explanations write it.
fn line_of(front: &Doorward, text: &str) -> String {
    let config = std::fs::read_to_string(front.config_file()).unwrap();
    let line = 1 + config.lines().position(|line| line.contains(text)).unwrap();
    format!("{}:{line}:", front.config_file().display())
}

#[test]
fn explain_names_the_line_and_charges_nothing() {
    let front = shop("explain_names_the_line_and_charges_nothing").start();
    let (net, address) = (front.net, front.net.ip(200).to_string());
    for _ in 0..5 {
        let free = explain(&front, &[&address]);
        assert_eq!((free["verdict"].as_str(), free["in_window"].as_u64()), (Some("allow"), Some(1)), "{free}");
    }
    assert_eq!([(); 4].map(|()| net.client(0).status(net.at(2), "/")), [200, 200, 200, 403]);
    let denied = explain(&front, &[&address]);
    assert_eq!((denied["verdict"].as_str(), denied["substatus"].as_u64()), (Some("deny"), Some(502)), "{denied}");
    assert_eq!((denied["in_window"].as_u64(), denied["requests_max"].as_u64()), (Some(5), Some(3)), "{denied}");
    let origin = denied["decided_by"]["origin"].as_str().unwrap();
    assert!(origin.starts_with(&line_of(&front, "maxRequests=\"3\"")), "{origin}");
    let behind = explain(&front, &[&address, "--header", "X-Forwarded-For: 198.51.100.7"]);
    assert_eq!((behind["client"].as_str(), behind["verdict"].as_str()), (Some("198.51.100.7"), Some("allow")));
    let text = front.cli(&["limits", "explain", &address]).expect_ok();
    assert!(text.contains("the next request is denied: request rate (502), Forbidden"), "{text}");
    let wrong = front.cli(&["limits", "explain", "shop"]);
    assert!(wrong.code == 1 && wrong.err.contains("'shop' is no address"), "{wrong:?}");
}

#[test]
fn set_writes_what_it_says_and_nothing_else() {
    let front = shop("set_writes_what_it_says_and_nothing_else").start();
    let net = front.net;
    let read = || std::fs::read_to_string(front.config_file()).unwrap();
    let before = read();
    assert_eq!([(); 4].map(|()| net.client(0).status(net.at(2), "/")), [200, 200, 200, 403]);
    front.cli(&["limits", "set", "--site", "SHOP", "--rate", "6/1h"]).expect_ok();
    let expected = before.replace("maxRequests=\"3\"", "maxRequests=\"6\"");
    assert_eq!(read(), expected, "one attribute is another, the rest is as it was");
    // The four stamps fit and are kept (D6).
    assert_eq!([(); 3].map(|()| net.client(0).status(net.at(2), "/")), [200, 200, 403]);
    let refused = front.cli(&["limits", "set", "--site", "shop", "--rate", "0/1h"]);
    assert!(refused.code == 1 && refused.err.contains("maxRequests"), "{refused:?}");
    assert_eq!(read(), expected, "what is refused is not written");
    front.cli(&["limits", "set", "--site", "shop", "--path", "/api", "--concurrent", "9"]).expect_ok();
    let shown = front.cli(&["limits", "show", "--site", "shop", "--path", "/api/x"]).expect_ok();
    assert!(shown.contains("counted at the level of /api"), "{shown}");
    let row = shown.lines().find(|line| line.contains("maxConcurrentRequests")).unwrap();
    assert!(row.contains(" 9 ") && row.contains(&line_of(&front, "maxConcurrentRequests=\"9\"")), "{row}");
}

#[test]
fn blocks_strike_everywhere_and_outlive_a_restart() {
    let mut front = shop("blocks_strike_everywhere_and_outlive_a_restart").start();
    let net = front.net;
    let (address, neighbour) = (net.ip(200).to_string(), net.client(1));
    let words = ["limits", "block", &address, "--for", "10m", "--reason", "too \"curious\""];
    front.cli(&words).expect_ok();
    assert_eq!((net.client(0).status(net.at(2), "/"), neighbour.status(net.at(2), "/")), (403, 200));
    let clients = front.cli(&["limits", "clients", "--site", "shop"]).expect_ok();
    assert!(clients.contains("operator's block (503)"), "{clients}");
    assert_eq!(explain(&front, &[&address])["block"]["reason"], "too \"curious\"");
    front.restart();
    assert_eq!(net.client(0).status(net.at(2), "/"), 403, "kept over a restart");
    assert!(front.cli(&["limits", "blocks"]).expect_ok().contains("too \"curious\""));
    front.cli(&["limits", "unblock", &address]).expect_ok();
    assert_eq!(net.client(0).status(net.at(2), "/"), 200);
    front.cli(&["limits", "block", &address, "--for", "200ms"]).expect_ok();
    wait_until("the client to be free", || {
        let answer = explain(&front, &[&address]);
        (answer["block"].is_null() && answer["verdict"] == "allow").then_some(())
    });
}

#[test]
fn a_list_file_denies_and_is_read_again() {
    let net = Net::of("a_list_file_denies_and_is_read_again");
    let own =
        "\n  <location path=\"shop\">\n    <doorward><limiter listFile=\"blocked.txt\" /></doorward>\n  </location>";
    let configuration = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), own);
    let home = Home::on(net).config(&configuration).file("shop/index.html", "shop");
    let list = home.path("home/config/blocked.txt");
    let missing = home.cli(&["check"]);
    assert!(missing.code == 1 && missing.out.contains("the list cannot be read"), "{missing:?}");
    std::fs::write(&list, format!("# from a feed\nnonsense\n{}\n", net.ip(200))).unwrap();
    let front = home.start();
    let denied = || [0, 1].map(|client| net.client(client).status(net.at(2), "/"));
    assert_eq!(denied(), [403, 200]);
    let text = front.cli(&["limits", "explain", &net.ip(200).to_string()]).expect_ok();
    assert!(text.contains("blocked.txt:3:1"), "{text}");
    let findings = front.cli(&["check"]).out;
    assert!(findings.contains("blocked.txt:2:1: warning[value]: 'nonsense' is no address"), "{findings}");
    std::fs::write(&list, format!("{}\n", net.ip(201))).unwrap();
    wait_until("the changed list to be in force", || (denied() == [200, 403]).then_some(()));
    std::fs::remove_file(&list).unwrap();
    let told =
        || front.status()["configuration"]["findings"].to_string().contains("what it said before stays in force");
    wait_until("the finding about the missing list", || told().then_some(()));
    assert_eq!(denied(), [200, 403], "a list that is gone changes nothing");
    std::fs::write(&list, "").unwrap();
    wait_until("the list that is back", || (denied() == [200, 200]).then_some(()));
}

#[test]
fn host_names_let_in_and_keep_out() {
    let net = Net::of("host_names_let_in_and_keep_out");
    let list = |unlisted: bool, entry: &str| {
        let attributes = format!("enableReverseDns=\"true\" allowUnlisted=\"{unlisted}\"");
        format!("<security><ipSecurity {attributes}>{entry}</ipSecurity></security>")
    };
    let sites = site(1, "out", &["http/{NET}.2:{PORT}:"]) + &site(2, "in", &["http/{NET}.3:{PORT}:"]);
    let rest = location("out", &list(true, "<add domainName=\"localhost\" allowed=\"false\" />"))
        + &location("in", &list(false, "<add domainName=\"localhost\" allowed=\"true\" />"));
    let front = Home::on(net).config(&document(&sites, &rest)).file("out/x.html", "x").file("in/x.html", "x").start();
    let local = Client::from([127, 0, 0, 1]);
    assert_eq!([2, 3].map(|host| local.status(net.at(host), "/x.html")), [403, 200]);
    assert_eq!([2, 3].map(|host| net.client(0).status(net.at(host), "/x.html")), [200, 403]);
    assert_eq!(verdicts(&front.w3c(1, 2)), ["200 0 0", "403 504 0"]);
    assert_eq!(verdicts(&front.w3c(2, 2)), ["200 0 0", "403 503 0"]);
}

#[test]
fn too_many_requests_says_when_to_come_back() {
    let net = Net::of("too_many_requests_says_when_to_come_back");
    let sites = site(1, "shop", &["http/{NET}.2:{PORT}:"]) + &site(2, "slow", &["http/{NET}.3:{PORT}:"]);
    let own = |name: &str, attributes: &str| {
        format!("\n  <location path=\"{name}\">\n    <doorward><limiter {attributes} /></doorward>\n  </location>")
    };
    let polite = "tooManyRequests=\"true\" rateLimitFields=\"true\" penaltySeconds=\"100\"";
    let rest = location("shop", &dynamic("", &rate(2, 30_000)))
        + &location("slow", &dynamic("", &rate(1, 3_600_000)))
        + &own("shop", polite)
        + &own("slow", "tarpitMs=\"300\"");
    let home = Home::on(net).config(&document(&sites, &rest));
    let front = home.file("shop/index.html", "shop").file("slow/index.html", "slow").start();
    let ask = || net.client(0).get(net.at(2), "/");
    let first = ask();
    assert_eq!((first.status, first.header("ratelimit-policy")), (200, Some("\"rate\";q=2;w=30")));
    assert_eq!(first.header("ratelimit"), Some("\"rate\";r=1;t=30"));
    assert_eq!(ask().status, 200);
    let denied = ask();
    assert_eq!(
        (denied.status, denied.header("retry-after"), denied.header("ratelimit")),
        (429, Some("100"), Some("\"rate\";r=0;t=30"))
    );
    assert_eq!(verdicts(&front.w3c(1, 3))[2], "429 502 0");
    let address = net.ip(200).to_string();
    let left = explain(&front, &[&address])["penalty_left_ms"].as_u64().unwrap();
    assert!((90_000..=100_000).contains(&left), "{left}");
    front.cli(&["limits", "unblock", &address]).expect_ok();
    assert_eq!(ask().status, 200, "an unblocked client serves no penalty");
    // A denial that is held back.
    assert_eq!(net.client(0).status(net.at(3), "/"), 200);
    let begun = std::time::Instant::now();
    assert_eq!(net.client(0).status(net.at(3), "/"), 403);
    assert!(begun.elapsed().as_millis() >= 300, "held back");
    let over_http2 = Http2::connect(net, 2, net.at(3));
    let begun = std::time::Instant::now();
    assert_eq!([(); 2].map(|()| over_http2.status("/")), [200, 403]);
    assert!(begun.elapsed().as_millis() >= 300, "held back over HTTP/2 too");
    // A proxy of one's own is told apart.
    let request = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    let proxy = net.client(1);
    assert_eq!([(); 2].map(|()| proxy.exchange(net.at(3), request).status), [200, 403]);
    let findings = front.status()["limiter"]["findings"].to_string();
    assert!(findings.contains(&net.ip(201).to_string()) && findings.contains("your own proxy"), "{findings}");
}

#[test]
fn status_counts_denials_by_site_and_reason() {
    let front = shop("status_counts_denials_by_site_and_reason").start();
    let net = front.net;
    assert_eq!(front.status()["limiter"]["by_site"].as_array().unwrap().len(), 0, "no site denied anything");
    assert_eq!([(); 5].map(|()| net.client(0).status(net.at(2), "/")), [200, 200, 200, 403, 403]);
    front.cli(&["limits", "block", &net.ip(201).to_string(), "--for", "10m", "--reason", "counted"]).expect_ok();
    assert_eq!(net.client(1).status(net.at(2), "/"), 403);
    let status = front.status();
    let [row] = status["limiter"]["by_site"].as_array().unwrap().as_slice() else { panic!("{status}") };
    assert_eq!((row["site"].as_str(), row["site_id"].as_u64()), (Some("shop"), Some(1)), "{row}");
    let counts =
        ["concurrency", "rate", "address", "host_name", "block"].map(|of| row[format!("denied_{of}")].as_u64());
    assert_eq!(counts, [Some(0), Some(2), Some(0), Some(0), Some(1)], "{row}");
    assert_eq!(row["logged_only"].as_u64(), Some(0), "{row}");
}
