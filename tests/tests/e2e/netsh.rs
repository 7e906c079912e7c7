//! `netsh http` at work on a running server, and without one.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::config::{document, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::{Done, Home, binary, finish};
use crate::harness::net::Net;
use crate::harness::wait_until;
use crate::tls::{certify, shown};

const APPLICATION: &str = "appid={00001111-aaaa-2222-bbbb-3333cccc4444}";

fn netsh(front: &Doorward, line: &str) -> Done {
    let words: Vec<&str> = line.split(' ').collect();
    front.cli(&[&["netsh", "http"], &words[..]].concat())
}

/// Runs a line that succeeds with this sentence.
fn check(front: &Doorward, line: &str, sentence: &str) {
    assert_eq!(netsh(front, line).expect_ok(), format!("\n{sentence}\n\n"), "{line}");
}

/// Runs a line that ends with 1 and holds these words.
fn check_refused(front: &Doorward, line: &str, words: &str) {
    let done = netsh(front, line);
    assert!(done.code == 1 && done.all().contains(words), "{line}: {done:?}");
}

/// Imports the certificate of this name; its SHA-1.
fn import(front: &Doorward, name: &str) -> String {
    certify(front, name);
    let (certificate, key) =
        (front.path(&format!("home/certs/{name}.pem")), front.path(&format!("home/certs/{name}.key")));
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let said = front.cli(&["cert", "import", &certificate, "--key", &key]).expect_ok();
    said.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn the_seeds_listen_commands_take_effect_at_once() {
    let net = Net::of("the_seeds_listen_commands_take_effect_at_once");
    let sites = site(1, "one", &["http/*:{PORT}:"]);
    let listen = "<httpService><ipListen><add address=\"{NET}.4\"/></ipListen></httpService>";
    let front = Home::on(net).config(&document(&sites, "")).http_config(listen).file("one/index.html", "one").start();
    let at = |ip: &str| format!("{ip}:{}", net.at(2).port()).parse().unwrap();
    let client = net.client(0);
    assert!(client.is_refused(at("127.0.0.2")));
    // Seed 000, to the letter.
    let added = netsh(&front, "add iplisten 127.0.0.2:443");
    assert!(added.all().contains("port 443 is ignored"), "{added:?}");
    assert_eq!(added.expect_ok(), "\nIP address successfully added\n\n");
    assert_eq!(client.get(at("127.0.0.2"), "/").text(), "one");
    // Seed 001, with its two addresses.
    let (first, second) = (net.ip(2).to_string(), net.ip(3).to_string());
    for ip in [&first, &second] {
        check(&front, &format!("add iplisten {ip}"), "IP address successfully added");
        assert_eq!(client.get(at(ip), "/").text(), "one");
    }
    check_refused(&front, &format!("add iplisten {first}"), "Error: 183");
    check(&front, &format!("del iplisten {first}"), "IP address successfully deleted");
    assert!(client.is_refused(at(&first)));
    assert_eq!(client.get(at(&second), "/").text(), "one");
    let list = format!(
        "\nIP addresses present in the IP listen list:\n-------------------------------------------\n\n    {}\n    127.0.0.2\n    {second}\n",
        net.ip(4)
    );
    assert_eq!(netsh(&front, "show iplisten").expect_ok(), list);
}

#[test]
fn certificates_by_netsh_answer_at_once() {
    let net = Net::of("certificates_by_netsh_answer_at_once");
    let sites = site(1, "one", &["https/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, "")).file("one/index.html", "one").start();
    let (one, two) = (import(&front, "one.test"), import(&front, "two.test"));
    let place = format!("ipport={}", net.at(2));
    let handshake = || shown(net.at(2), &[]);
    let alpn = || shown_protocol(net);
    assert_eq!(handshake(), "alert 40");
    check_refused(&front, &format!("add sslcert {place} certhash={} {APPLICATION}", "f".repeat(40)), "Error: 1312");
    check(
        &front,
        &format!("add sslcert {place} certhash={} {APPLICATION}", one.to_uppercase()),
        "SSL Certificate successfully added",
    );
    assert_eq!((&*handshake(), &*alpn()), ("one.test", "h2"));
    let listed = netsh(&front, &format!("show sslcert {place}")).expect_ok();
    assert!(listed.contains(&format!("\n    Certificate Hash             : {one}\n")), "{listed}");
    check(
        &front,
        &format!("update sslcert {place} certhash={two} {APPLICATION} disablehttp2=enable"),
        "SSL Certificate successfully updated",
    );
    assert_eq!((&*handshake(), &*alpn()), ("two.test", "none"));
    check(
        &front,
        &format!("update sslcert {place} {APPLICATION} reject=enable"),
        "SSL Certificate successfully updated",
    );
    assert_eq!(handshake(), "alert 49");
    let reasons = || front.http_err_now().iter().any(|line| line.field("s-reason") == "Tls_Rejected");
    wait_until("the refused handshake in HTTPERR", || reasons().then_some(()));
    check(&front, &format!("delete sslcert {place}"), "SSL Certificate successfully deleted");
    assert_eq!(handshake(), "alert 40");
    check_refused(&front, &format!("delete sslcert {place}"), "SSL Certificate deletion failed, Error: 2");
    // A central store for one name, and what `show` prints of it as what `add` takes.
    let (store, scoped) = (front.path("home/certs/store"), format!("scopedccs=one.test:{}", net.at(2).port()));
    fs::create_dir_all(&store).unwrap();
    for file in ["one.test.pem", "one.test.key"] {
        fs::copy(front.path(&format!("home/certs/{file}")), store.join(file)).unwrap();
    }
    let named = |name: &str| shown(net.at(2), &["-servername", name]);
    check(&front, &format!("add sslcert {scoped} {APPLICATION}"), "SSL Certificate successfully added");
    assert_eq!((&*named("one.test"), &*named("two.test")), ("one.test", "alert 112"));
    let list = front.path("list.json");
    fs::write(&list, netsh(&front, "show sslcert json=enable").expect_ok()).unwrap();
    check(&front, &format!("delete sslcert {scoped}"), "SSL Certificate successfully deleted");
    assert_eq!(named("one.test"), "alert 112");
    check(&front, &format!("add sslcert json={}", list.display()), "SSL Certificate successfully added");
    assert_eq!(named("one.test"), "one.test");
}

/// The protocol that a client which offers both versions of HTTP gets.
fn shown_protocol(net: Net) -> String {
    let text = crate::tls::transcript(net.at(2), &["-alpn", "h2"], "");
    text.lines().find_map(|line| line.strip_prefix("ALPN protocol: ")).unwrap_or("none").to_owned()
}

/// A line of the reference's vectors (IIS reference §10.4), and what it answers.
const VECTORS: &[(&str, &str)] = &[
    ("add iplisten ipaddress=fe80::1", "IP address successfully added"),
    ("add iplisten ipaddress=1.1.1.1", "IP address successfully added"),
    ("add iplisten ipaddress=0.0.0.0", "IP address successfully added"),
    ("add iplisten ipaddress=::", "IP address successfully added"),
    ("add iplisten ipaddress=1.1.1.1", "Error: 183"),
    ("delete iplisten address=1.1.1.1", "IP address successfully deleted"),
    ("add iplisten ipaddress=1.1.1.1", "IP address successfully added"),
    ("delete iplisten ipaddress=1.1.1.1", "IP address successfully deleted"),
    ("add sslcert ipport=1.1.1.1:443 certhash={HASH} {APPID}", "SSL Certificate successfully added"),
    (
        "add sslcert hostnameport=www.contoso.com:443 certhash={HASH} {APPID} certstorename=MY",
        "SSL Certificate successfully added",
    ),
    ("add sslcert ccs=443 {APPID}", "SSL Certificate successfully added"),
    ("show sslcert", "Hostname:port                : www.contoso.com:443"),
    ("show sslcert ccs=443", "Central Certificate Store    : 443\n    Certificate Hash             : (null)"),
    ("show sslcert ipport=[::]:443", "The system cannot find the file specified."),
    ("show sslcert ipport=[fe80::1]:443", "The system cannot find the file specified."),
    ("show sslcert ipport=0.0.0.0:443", "The system cannot find the file specified."),
    ("update sslpropertyex ccs=443 propertyid=0 receivewindow=0x20000", "SSL property successfully updated"),
    ("show sslcert ccs=443", "Receive Window               : 131072"),
    ("add sslcert scopedccs=www.contoso.com:443 {APPID}", "Error: 183"),
    ("add sslcert scopedccs=shop.contoso.com:443 {APPID}", "SSL Certificate successfully added"),
    ("show sslcert json=enable", "\"ScopedCcs\": \"shop.contoso.com:443\""),
    ("delete sslcert scopedccs=shop.contoso.com:443", "SSL Certificate successfully deleted"),
    ("show sslcert ipport=1.1.1.1:443", "Certificate Hash             : {HASH}"),
    ("delete sslcert ipport=1.1.1.1:443", "SSL Certificate successfully deleted"),
    ("add sslcert ipport=1.1.1.1:443", "One or more essential parameters were not entered."),
    ("add urlacl url=http://+:80/MyUri user=root", "URL reservation successfully added"),
    ("add urlacl url=http://+:80/MyUri2 user=root listen=yes", "URL reservation successfully added"),
    ("add urlacl url=http://+:80/MyUri3 user=root delegate=no", "URL reservation successfully added"),
    ("show urlacl url=http://+:80/MyUri", "SDDL: D:(A;;GX;;;S-1-22-1-0)"),
    ("add urlacl url=https://+:443/x sddl=D:(A;;GX;;;WD)", "URL reservation successfully added"),
    ("show urlacl url=https://+:443/x", "User: \\Everyone"),
    ("add urlacl url=http://+:80/MyUri4 user=DOMAIN\\nobody-of-that-name", "Error: 1332"),
    ("delete urlacl url=http://+:80/MyUri", "URL reservation successfully deleted"),
    ("add timeout headerwaittimeout 0x1e", "Timeout value successfully added"),
    ("show timeout", "Header wait timeout (secs): 30"),
    ("delete timeout timeouttype=headerwaittimeout", "Timeout value successfully deleted"),
    ("add cacheparam maxcacheresponsesize 0x10000", "Cache parameter successfully added"),
    ("show cacheparam", "maxcacheresponsesize (per-uri cache limit): 65536 bytes"),
    ("add setting sslthrottle 64", "Setting successfully added"),
    ("show setting", "sslthrottle: 64"),
    ("delete setting sslthrottle", "Setting successfully deleted"),
    ("show servicestate view=requestq verbose=yes", "Snapshot of HTTP service state (Request Queue View):"),
    ("show servicestate view=client", "The request is not supported."),
];

#[test]
fn every_netsh_vector_against_a_running_doorward() {
    let net = Net::of("every_netsh_vector_against_a_running_doorward");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, "")).start();
    let hash = import(&front, "one.test");
    for (line, expected) in VECTORS {
        let filled = |text: &str| text.replace("{HASH}", &hash).replace("{APPID}", APPLICATION);
        let done = netsh(&front, &filled(line));
        assert!(done.all().contains(&filled(expected)), "{line}: {done:?}");
    }
    let check = front.cli(&["check"]).expect_ok();
    assert!(check.contains("httpService/urlReservations"), "{check}");
}

#[test]
fn netsh_tells_and_forgets_what_the_service_keeps() {
    let net = Net::of("netsh_tells_and_forgets_what_the_service_keeps");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]) + &site(2, "two", &["http/{NET}.3:{PORT}:two.test"]);
    let front =
        Home::on(net).config(&document(&sites, "")).file("one/index.html", "one").file("one/a.txt", "12345").start();
    let (at, other) = (net.at(2), net.at(3));
    let url = |host: &str, port: u16, ip: &str| format!("        HTTP://{host}:{port}:{ip}/").to_uppercase();
    let own = url(&at.ip().to_string(), at.port(), &at.ip().to_string());
    let named = url("two.test", other.port(), &other.ip().to_string());
    for view in ["session", "requestq"] {
        let state = netsh(&front, &format!("show servicestate view={view}")).expect_ok();
        assert!(state.contains(&own) && state.contains(&named), "{state}");
        assert!(state.contains(&front.pid().to_string()) && state.contains("Max requests: 1000"), "{state}");
    }
    front.cli(&["site", "stop", "two"]).expect_ok();
    let state = netsh(&front, "show servicestate session no").expect_ok();
    assert!(state.contains(&own) && !state.contains(&named) && !state.contains("Properties"), "{state}");
    // An entry lives for a second or two.
    let client = net.client(0);
    let cached = wait_until("a file in the list", || {
        assert_eq!(client.get(at, "/a.txt").text(), "12345");
        let list = netsh(&front, "show cachestate").expect_ok();
        list.contains("Content length: 5").then_some(list)
    });
    let file = format!("http://{}:{}:{}/a.txt", at.ip(), at.port(), at.ip());
    assert!(cached.contains(&format!("URL: {file}\n    Status code: 200\n    HTTP verb: GET\n")), "{cached}");
    assert!(cached.contains("    Content type: text/plain\n"), "{cached}");
    check(&front, "delete cache", "Cache entries successfully deleted");
    assert!(!netsh(&front, "show cachestate").expect_ok().contains("a.txt"));
    check_refused(&front, &format!("delete cache {file}"), "Error: 2");
    // What the server has answered so far is in the file when the command returns.
    assert_eq!(client.get(at, "/a.txt?flushed").status, 200);
    check(&front, "flush logbuffer", "Log buffers successfully flushed");
    assert!(front.w3c_now(1).iter().any(|line| line.field("cs-uri-query") == "flushed"));
}

#[test]
fn a_timeout_by_netsh_ends_silent_connections() {
    let net = Net::of("a_timeout_by_netsh_ends_silent_connections");
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]);
    let front = Home::on(net).config(&document(&sites, "")).start();
    check(&front, "add timeout headerwaittimeout 1", "Timeout value successfully added");
    let mut slow = net.client(0).connect(net.at(2)).unwrap();
    slow.send("GET / HT").unwrap();
    slow.ending();
    let lines = front.http_err(1);
    assert_eq!(lines[0].field("s-reason"), "Timer_HeaderWait");
}

#[test]
fn netsh_edits_files_without_a_server() {
    let net = Net::of("netsh_edits_files_without_a_server");
    let home =
        Home::on(net).config(&document(&site(1, "one", &["http/*:{PORT}:"]), "")).file("one/index.html", "by files");
    // By its own name, with the home from the environment, as scripts of Windows people call it.
    let link = home.path("netsh");
    symlink(binary(), &link).unwrap();
    let netsh = |line: &str| {
        let mut command = Command::new(&link);
        command.env("DOORWARD_HOME", home.path("home")).args(line.split(' '));
        finish(&command)
    };
    let added = netsh(&format!("http add iplisten {}", net.ip(2))).expect_ok();
    assert_eq!(added, "\nIP address successfully added\n\n");
    let refused = netsh("http show servicestate");
    assert!(refused.code == 1 && refused.all().contains("The service has not been started."), "{refused:?}");
    assert_eq!(netsh("interface show").code, 1);
    let before = fs::read_to_string(home.path("home/config/http.config")).unwrap();
    assert_eq!(netsh("http add iplisten nonsense").code, 1);
    assert_eq!(fs::read_to_string(home.path("home/config/http.config")).unwrap(), before);
    let front = home.start();
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "by files");
    assert!(net.client(0).is_refused(net.at(3)));
    drop(front);
}
