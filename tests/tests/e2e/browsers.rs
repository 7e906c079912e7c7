//! Chromium and Firefox load the pages of both addresses, over http and https, in both versions of HTTP. Each runs headless with
//! a profile of its own that trusts the certificate's authority; what it spoke is read from the server's log.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use crate::client_certificates::openssl;
use crate::harness::config::{document, proxy, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::{Home, finish};
use crate::harness::net::Net;
use crate::harness::peer::{Peer, find};
use crate::harness::wait_until;
use crate::tls::http_config;

/// Answers a greeting over a WebSocket; it is loaded when the program has got the answer.
const CHAT: &str = r#"<title>chat</title><script>
    const socket = new WebSocket(`wss://${location.host}/ws/frames`);
    socket.onmessage = message => message.data === "hello" && socket.send("question");
</script><img src="/ws/released">"#;

/// Site one on .2 and site two on .3, each over http and https; one certificate names both addresses.
fn two_sites(net: Net, rest: &str) -> Doorward {
    let log = r#"<logFile logExtFileFlags="Date, Time, ServerIP, ServerPort, UriStem, UserAgent, HttpStatus, ProtocolVersion" />"#;
    let site_at = |id: u32, name: &str, host: u8| {
        let bindings = [format!("http/{{NET}}.{host}:{{PORT}}:"), format!("https/{{NET}}.{host}:{{PORT2}}:")];
        site_with(id, name, &bindings.each_ref().map(String::as_str), log)
    };
    let entry = "\n    <add ipPort=\"0.0.0.0:{PORT2}\" file=\"certs/site.pem\" key=\"certs/site.key\" />";
    let home = Home::on(net)
        .config(&document(&(site_at(1, "one", 2) + &site_at(2, "two", 3)), rest))
        .http_config(&http_config(entry))
        .file("one/index.html", "<title>one</title><h1>one</h1>")
        .file("one/chat.html", CHAT)
        .file("two/index.html", "<title>two</title><h1>two</h1>");
    std::fs::create_dir_all(home.path("home/certs")).unwrap();
    let names = home.fill("basicConstraints=CA:FALSE\nsubjectAltName=IP:{NET}.2,IP:{NET}.3\n");
    std::fs::write(home.path("home/certs/names"), names).unwrap();
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let authority =
        "-x509 -days 90 -subj /CN=authority -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem";
    openssl(&home, None, &format!("{new} {authority}"));
    openssl(&home, None, &format!("{new} -subj /CN=site -keyout site.key -out site.csr"));
    let sign = "x509 -req -days 89 -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out site.pem";
    openssl(&home, None, sign);
    home.start()
}

/// A new folder whose certificate database trusts the authority.
fn trusting(front: &Doorward, name: &str) -> PathBuf {
    let folder = front.path(name);
    std::fs::create_dir_all(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    let certutil = |arguments: &[&str]| {
        let mut command = Command::new(find("certutil", "libnss3-tools"));
        finish(command.args(["-d", &database]).args(arguments)).expect_ok()
    };
    certutil(&["-N", "--empty-password"]);
    let authority = front.path("home/certs/ca.pem");
    certutil(&["-A", "-n", "authority", "-t", "C,,", "-i", &authority.to_string_lossy()]);
    folder
}

/// Loads a page with a browser and compares what it spoke, and to which address, with what it should have.
fn check(front: &Doorward, (site_id, address): (u32, String), mut browser: Command, expected: [&str; 2]) {
    let before = front.w3c_now(site_id).len();
    browser.env("HOME", front.path("browser")).env_remove("DISPLAY");
    finish(&browser).expect_ok();
    // Chromium asks for an icon too.
    let page = || front.w3c_now(site_id).into_iter().skip(before).find(|line| line.field("cs-uri-stem") == "/");
    let page = wait_until("the line of the page", page);
    let seen = ["cs-version", "s-ip", "sc-status"].map(|name| page.field(name));
    assert_eq!(seen, [expected[0], &address, "200"], "{browser:?}");
    assert!(page.field("cs(User-Agent)").contains(expected[1]), "{page:?}");
}

/// Chromium, with a profile of this name. Root may not use its sandbox; nothing that is loaded comes from anybody else.
fn chromium(front: &Doorward, profile: &str) -> Command {
    let mut chromium = Command::new(find("chromium", "chromium"));
    chromium.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
    chromium.arg("--disable-background-networking");
    chromium.arg(format!("--user-data-dir={}", front.path(&format!("browser/{profile}")).display()));
    chromium
}

#[test]
fn chromium_opens_a_websocket_over_http2() {
    let net = Net::of("chromium_opens_a_websocket_over_http2");
    let behind = SocketAddr::new(net.ip(100), net.port2);
    let _program = Peer::python(include_str!("programs/upgrade.py"), behind);
    let front = two_sites(net, &proxy("one/ws", &format!("http://{behind}")));
    trusting(&front, "browser/.pki/nssdb");
    let mut browser = chromium(&front, "chat");
    browser.args(["--dump-dom", &format!("https://{}:{}/chat.html", net.ip(2), net.port2)]);
    browser.env("HOME", front.path("browser")).env_remove("DISPLAY");
    finish(&browser).expect_ok();
    for path in ["/ws/released", "/ws/frames"] {
        let line = wait_until(&format!("the line of {path}"), || {
            front.w3c_now(1).into_iter().find(|line| line.field("cs-uri-stem") == path)
        });
        assert_eq!(["cs-version", "sc-status"].map(|name| line.field(name)), ["HTTP/2", "200"], "{}", line.text());
    }
}

#[test]
fn chromium_loads_the_pages() {
    let net = Net::of("chromium_loads_the_pages");
    let front = two_sites(net, "");
    trusting(&front, "browser/.pki/nssdb");
    for (site_id, host) in [(1, 2), (2, 3)] {
        let load = |url: String, profile: &str, more: &[&str], version: &str| {
            let mut browser = chromium(&front, &format!("{profile}{host}"));
            browser.args(more).args(["--dump-dom", &url]);
            check(&front, (site_id, net.ip(host).to_string()), browser, [version, "Chrome/"]);
        };
        let secure = || format!("https://{}:{}/", net.ip(host), net.port2);
        load(format!("http://{}/", net.at(host)), "clear", &[], "HTTP/1.1");
        load(secure(), "second", &[], "HTTP/2");
        load(secure(), "first", &["--disable-http2"], "HTTP/1.1");
    }
}

#[test]
fn firefox_loads_the_pages() {
    let net = Net::of("firefox_loads_the_pages");
    let front = two_sites(net, "");
    for (site_id, host) in [(1, 2), (2, 3)] {
        let load = |url: String, name: &str, settings: &str, version: &str| {
            let profile = trusting(&front, &format!("browser/{name}{host}"));
            std::fs::write(profile.join("user.js"), settings).unwrap();
            let mut firefox = Command::new(find("firefox-esr", "firefox-esr"));
            firefox.args(["--headless", "--no-remote", "--profile"]).arg(profile);
            firefox.arg("--screenshot").arg(front.path("page.png")).arg(url);
            check(&front, (site_id, net.ip(host).to_string()), firefox, [version, "Firefox/"]);
        };
        let secure = || format!("https://{}:{}/", net.ip(host), net.port2);
        load(format!("http://{}/", net.at(host)), "clear", "", "HTTP/1.1");
        load(secure(), "second", "", "HTTP/2");
        load(secure(), "first", "user_pref(\"network.http.http2.enabled\", false);\n", "HTTP/1.1");
    }
}
