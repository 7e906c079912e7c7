//! Limits that hold for some requests only, and larger IPv6 networks that are denied as a whole.

use serde_json::Value;

use crate::harness::config::{document, dynamic, location, rate, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::verdicts;
use crate::harness::net::Net;

/// A site `shop` on .2 with these dynamic limits and this `<limiter>`.
fn shop(net: Net, limits: &str, limiter: &str) -> Home {
    let own = format!("\n  <location path=\"shop\">\n    <doorward>{limiter}</doorward>\n  </location>");
    let rest = location("shop", limits) + &own;
    Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest)).file("shop/login.html", "shop")
}

fn json(front: &Doorward, words: &[&str]) -> Value {
    serde_json::from_str(&front.cli(words).expect_ok()).unwrap()
}

#[test]
fn limits_with_a_pattern_count_for_themselves() {
    let net = Net::of("limits_with_a_pattern_count_for_themselves");
    let limiter = "<limiter rateLimitFields=\"true\"><limits>\
        <limit name=\"login\" method=\"GET, POST\" path=\"/LOGIN*\" maxRequests=\"2\" requestIntervalInMilliseconds=\"3600000\" />\
        <limit name=\"images\" path=\"*.png\" maxRequests=\"1\" requestIntervalInMilliseconds=\"3600000\" denyAction=\"TooManyRequests\" />\
        </limits></limiter>";
    let front = shop(net, &dynamic("", &rate(9, 3_600_000)), limiter).start();
    let ask = |path: &str| net.client(0).status(net.at(2), path);
    assert_eq!(["/login.html", "/login.html", "/login.html"].map(ask), [200, 200, 403]);
    assert_eq!(ask("/x/../%6cogin.html?again"), 403, "another spelling is the same path");
    let put = "PUT /login.html HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(net.client(0).exchange(net.at(2), put).status, 405, "another method is not limited");
    assert_eq!(["/a.png", "/b.png"].map(ask), [404, 429], "each has its own action");
    assert_eq!(net.client(1).status(net.at(2), "/login.html"), 200, "another client is another client");
    let logged = verdicts(&front.w3c(1, 8));
    let count = |verdict: &str| logged.iter().filter(|own| *own == verdict).count();
    assert_eq!(["200 0 0", "403 502 0", "429 502 0"].map(count), [3, 2, 1], "{logged:?}");
    let denied = net.client(0).get(net.at(2), "/login.html");
    assert_eq!(denied.header("ratelimit-policy"), Some("\"login\";q=2;w=3600"));
    assert!(denied.text().contains("the limit login allows 2"), "{}", denied.text());
    let rows = json(&front, &["limits", "clients", "--json"]);
    let limits: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["limit"].as_str().unwrap()).collect();
    assert_eq!(limits, ["login", "images"], "the latest first");
    assert!(front.cli(&["limits", "clients"]).expect_ok().contains("request rate of login (502)"));
    let (address, shown) = (net.ip(200).to_string(), front.cli(&["limits", "show", "--site", "shop"]).expect_ok());
    assert!(shown.contains("limit login") && shown.contains("GET,POST /LOGIN*: 2 in 3600000 ms"), "{shown}");
    let words = ["limits", "explain", &address, "--site", "shop", "--path", "/login/x", "--method", "POST", "--json"];
    let explained = json(&front, &words)[0].clone();
    assert_eq!((explained["verdict"].as_str(), explained["in_window"].as_u64()), (Some("deny"), Some(9)));
    assert_eq!(explained["decided_by"]["name"], "limit login", "{explained}");
    assert_eq!((explained["limits"][0]["in_window"].as_u64(), explained["limits"][1].is_null()), (Some(6), true));
    assert_eq!(json(&front, &words)[0]["limits"][0]["in_window"], 6, "asking counts nothing");
    front.cli(&["limits", "unblock", &address]).expect_ok();
    assert_eq!(["/login.html", "/b.png"].map(ask), [200, 404]);
}

#[test]
fn check_reads_limits_with_a_pattern() {
    let net = Net::of("check_reads_limits_with_a_pattern");
    let check = |limit: &str| {
        let home = shop(net, "", &format!("<limiter><limits>{limit}</limits></limiter>"));
        home.cli(&["check"])
    };
    let refused = |limit: &str, why: &str| {
        let done = check(limit);
        assert!(done.code == 1 && done.out.contains(why), "{limit}: {done:?}");
    };
    refused("<limit name=\"a\" path=\"login\" maxRequests=\"1\" />", "begins with neither / nor *");
    refused("<limit name=\"a\" path=\"/x?y\" maxRequests=\"1\" />", "has a query in it");
    refused("<limit name=\"a\" path=\"/x%20y\" maxRequests=\"1\" />", "the decoded path is looked at");
    refused("<limit name=\"a b\" maxRequests=\"1\" />", "cannot be the name of a limit");
    refused("<limit name=\"a\" method=\"PO ST(\" maxRequests=\"1\" />", "'ST(' is no method");
    refused("<limit path=\"/x\" maxRequests=\"1\" />", "Missing required attribute 'name'");
    refused("<limit name=\"a\" maxRequests=\"1\" /><limit name=\"a\" maxRequests=\"2\" />", "duplicate");
    let vain = check("<limit name=\"idle\" path=\"/x\" />");
    assert!(vain.code == 0 && vain.out.contains("the limit 'idle' limits nothing"), "{vain:?}");
}

#[test]
fn several_clients_condemn_their_network() {
    let net = Net::of("several_clients_condemn_their_network");
    let proxied = dynamic("enableProxyMode=\"true\"", &rate(1, 3_600_000));
    let limiter = format!("<limiter trustedProxies=\"{}\" ipv6WiderClients=\"3\" />", net.ip(200));
    let front = shop(net, &proxied, &limiter).start();
    let ask = |client: &str| {
        let head =
            format!("GET /login.html HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\r\n");
        net.client(0).exchange(net.at(2), &head).status
    };
    for culprit in 1..=3 {
        let address = format!("2001:db8:7:{culprit}::9");
        assert_eq!([(); 2].map(|()| ask(&address)), [200, 403]);
    }
    assert_eq!(["2001:db8:7:ffff::1", "2001:db8:8::1", "198.51.100.7"].map(ask), [403, 200, 200]);
    let clients = front.cli(&["limits", "clients"]).expect_ok();
    assert!(clients.contains("2001:db8:7::/48 ") && clients.contains("2001:db8:7:1::/64 "), "{clients}");
    let header = "X-Forwarded-For: 2001:db8:7:aaaa::1";
    let explained = front.cli(&["limits", "explain", &net.ip(200).to_string(), "--header", header]).expect_ok();
    assert!(
        explained.contains("2001:db8:7::/48: clients over their limits: 3; 3 make all of it denied"),
        "{explained}"
    );
    assert!(explained.contains("the next request is denied"), "{explained}");
    assert_eq!(front.status()["limiter"]["denied_wider"], 1);
    front.cli(&["limits", "unblock", "2001:db8:7:bbbb::/64"]).expect_ok();
    assert_eq!(
        ["2001:db8:7:ffff::1", "2001:db8:7:1::9"].map(ask),
        [200, 403],
        "the network is free, the culprits are not"
    );
}
