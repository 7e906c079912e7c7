//! Other people's clients load the pages of both addresses, over http and https, in both versions of HTTP.

use std::process::Command;

use crate::harness::config::{document, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::{Home, finish};
use crate::harness::net::Net;
use crate::harness::peer::find;
use crate::tls::{certify, entry, http_config};

/// Where the programs lie that speak through those clients.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/programs");

/// Site one on .2 and site two on .3, each over http and https.
fn two_sites(test: &str) -> Doorward {
    let bindings = |host: u8| [format!("http/{{NET}}.{host}:{{PORT}}:"), format!("https/{{NET}}.{host}:{{PORT2}}:")];
    let site_at = |id: u32, name: &str, host: u8| site(id, name, &bindings(host).each_ref().map(String::as_str));
    let entries = entry("ipPort=\"{NET}.2:{PORT2}\"", "one") + &entry("ipPort=\"{NET}.3:{PORT2}\"", "two");
    let home = Home::of(test)
        .config(&document(&(site_at(1, "one", 2) + &site_at(2, "two", 3)), ""))
        .http_config(&http_config(&entries))
        .file("one/index.html", "one")
        .file("two/index.html", "two");
    for name in ["one", "two"] {
        certify(&home, name);
    }
    home.start()
}

/// The pages of both addresses: URL and body.
fn pages(net: Net) -> Vec<(String, &'static str)> {
    let page = |(host, body)| {
        let (clear, secure) = (format!("http://{}/", net.at(host)), format!("https://{}:{}/", net.ip(host), net.port2));
        [(clear, body), (secure, body)]
    };
    [(2, "one"), (3, "two")].into_iter().flat_map(page).collect()
}

/// Runs a program with the URLs of all pages and compares each line it prints with what `expected` makes of a page.
fn check(test: &str, (program, package): (&str, &str), script: &str, expected: impl Fn(&str, &str) -> Vec<String>) {
    let front = two_sites(test);
    let pages = pages(front.net);
    let mut command = Command::new(find(program, package));
    command.arg(format!("{PROGRAMS}/{script}")).args(pages.iter().map(|(url, _)| url));
    command.env("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    let printed = finish(&command).expect_ok();
    let expected: Vec<_> = pages.iter().flat_map(|(url, body)| expected(url, body)).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn curl_loads_the_pages() {
    let front = two_sites("curl_loads_the_pages");
    for (url, body) in pages(front.net) {
        let http2 = if url.starts_with("https") { "--http2" } else { "--http2-prior-knowledge" };
        for (option, version) in [("--http1.1", "1.1"), ("--http1.0", "1.1"), (http2, "2")] {
            let mut curl = Command::new(find("curl", "curl"));
            curl.args(["-sSk", "--noproxy", "*", "-w", " %{http_version} %{response_code}", option, &url]);
            assert_eq!(finish(&curl).expect_ok(), format!("{body} {version} 200"), "{curl:?}");
        }
    }
}

#[test]
fn python_loads_the_pages() {
    check("python_loads_the_pages", ("python3", "python3"), "clients.py", |url, body| {
        let line = |client: &str, version: &str| format!("{client} {url} {version} 200 {body}");
        let mut lines = vec![line("http.client", "HTTP/1.1"), line("httpx", "HTTP/1.1")];
        if url.starts_with("https") {
            lines.push(line("httpx", "HTTP/2"));
        }
        lines
    });
}

#[test]
fn node_loads_the_pages() {
    check("node_loads_the_pages", ("node", "nodejs"), "clients.mjs", |url, body| {
        let line = |client: &str, version: &str| format!("{client} {url} {version} 200 {body}");
        let module = url.split(':').next().unwrap();
        vec![line("fetch", "-"), line(module, "HTTP/1.1"), line("http2", "HTTP/2")]
    });
}

#[test]
fn h2load_loads_the_pages() {
    let front = two_sites("h2load_loads_the_pages");
    for (url, _) in pages(front.net) {
        for version in ["--npn-list=http/1.1,h2", "--npn-list=h2"] {
            let mut load = Command::new(find("h2load", "nghttp2-client"));
            load.args(["-n", "400", "-c", "4", "-m", "10", version, &url]);
            let printed = finish(&load).expect_ok();
            assert!(printed.contains("400 succeeded, 0 failed, 0 errored, 0 timeout"), "{load:?}: {printed}");
        }
    }
}
