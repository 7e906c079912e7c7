//! https: which certificate, resumption, what is said when there is none, and seed 001 over TLS.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::harness::config::{document, proxy, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::peer::Peer;
use crate::harness::wait_until;

const BIG_BYTES: u64 = 64 << 20;

/// Makes `certs/NAME.pem` and `certs/NAME.key`, for this name alone.
pub fn certify(home: &Home, name: &str) {
    let folder = home.path("home/certs");
    std::fs::create_dir_all(&folder).unwrap();
    let (key, certificate) = (folder.join(format!("{name}.key.new")), folder.join(format!("{name}.pem.new")));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "90",
    ]);
    openssl.args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}")]);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let done = openssl.output().unwrap_or_else(|error| panic!("openssl (Debian package openssl): {error}"));
    assert!(done.status.success(), "{openssl:?}: {}", String::from_utf8_lossy(&done.stderr));
    // Each file is there whole from its first moment.
    std::fs::rename(key, folder.join(format!("{name}.key"))).unwrap();
    std::fs::rename(certificate, folder.join(format!("{name}.pem"))).unwrap();
}

fn s_client(at: SocketAddr, arguments: &[&str]) -> Child {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &at.to_string()]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What `openssl s_client` prints when it sends `input` and waits for the end.
pub fn transcript(at: SocketAddr, arguments: &[&str], input: &str) -> String {
    let mut client = s_client(at, arguments);
    // A client that has been turned away takes no more input.
    let _turned_away = client.stdin.take().unwrap().write_all(input.as_bytes());
    let output = client.wait_with_output().unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

/// Whose certificate was shown, or the number of the alert.
pub fn shown(at: SocketAddr, arguments: &[&str]) -> String {
    let text = transcript(at, arguments, "");
    let subject = text.lines().find_map(|line| line.strip_prefix("subject=CN = "));
    let alert = || text.lines().find_map(|line| Some(format!("alert {}", line.split("SSL alert number ").nth(1)?)));
    subject.map(str::to_owned).or_else(alert).unwrap_or(text)
}

/// A GET over TLS on a connection of its own.
fn get(at: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    transcript(at, &["-quiet", "-ign_eof"], &request)
}

/// The text of `http.config` with these entries.
pub fn http_config(entries: &str) -> String {
    format!("<httpService>\n  <sslCerts>{entries}\n  </sslCerts>\n</httpService>\n")
}

/// One entry: `certs/NAME.pem` at this place.
pub fn entry(place: &str, name: &str) -> String {
    format!("\n    <add {place} file=\"certs/{name}.pem\" key=\"certs/{name}.key\" />")
}

/// Sites one on .2 and two on .3, each with a certificate of its name.
fn two_addresses(net: Net) -> Home {
    let sites = site(1, "one", &["https/{NET}.2:{PORT}:"]) + &site(2, "two", &["https/{NET}.3:{PORT}:"]);
    let entries = entry("ipPort=\"{NET}.2:{PORT}\"", "one") + &entry("ipPort=\"{NET}.3:{PORT}\"", "two");
    let home = Home::on(net)
        .config(&document(&sites, ""))
        .http_config(&http_config(&entries))
        .file("one/index.html", "one")
        .file("two/index.html", "two")
        .sparse_file("two/big.bin", BIG_BYTES);
    for name in ["one", "two"] {
        certify(&home, name);
    }
    home
}

/// Golden transcripts of D14.
const CHOICES: &str = include_str!("cases/certificate_choice.txt");
/// Lines of a transcript that do not differ from run to run.
const ESSENTIAL: [&str; 5] = ["SSL alert number ", "no peer certificate", "subject=", "Server Temp Key: ", "New, "];

fn is_essential(line: &str) -> bool {
    ESSENTIAL.iter().any(|start| line.starts_with(start))
}

/// What a transcript says of the certificate and of how it was agreed on, in the order of [`ESSENTIAL`].
fn essence(transcript: &str) -> Vec<String> {
    let line_with = |what: &&str| transcript.lines().find_map(|line| line.find(what).map(|at| line[at..].to_owned()));
    ESSENTIAL.iter().filter_map(line_with).collect()
}

#[test]
fn certificates_are_chosen_as_http_sys_does() {
    let net = Net::of("certificates_are_chosen_as_http_sys_does");
    let sites: String = (2..6_u32)
        .map(|host| site(host, &format!("s{host}"), &[&format!("https/{{NET}}.{host}:{{PORT}}:")]))
        .collect::<String>()
        + &site(6, "bare", &["https/{NET}.6:{PORT2}:"]);
    let entries = entry("ipPort=\"{NET}.2:{PORT}\"", "address")
        + &entry("hostnamePort=\"exact.test:{PORT}\"", "exact.test")
        + &entry("hostnamePort=\"*.wild.test:{PORT}\"", "any.wild.test")
        + "\n    <add centralStore=\"{PORT}\" directory=\"certs/store\" />"
        + &entry("ipPort=\"0.0.0.0:{PORT}\"", "any");
    let home = Home::on(net).config(&document(&sites, "")).http_config(&http_config(&entries));
    for name in ["address", "exact.test", "any.wild.test", "any", "central.test", "star.central.test"] {
        certify(&home, name);
    }
    std::fs::create_dir(home.path("home/certs/store")).unwrap();
    for (name, stored) in [("central.test", "central.test"), ("star.central.test", "_.central.test")] {
        for extension in ["pem", "key"] {
            let from = home.path(&format!("home/certs/{name}.{extension}"));
            std::fs::rename(from, home.path(&format!("home/certs/store/{stored}.{extension}"))).unwrap();
        }
    }
    let front = home.start();
    let mut seen = Vec::new();
    for line in CHOICES.lines() {
        if let Some(case) = line.strip_prefix("$ .") {
            seen.push(line.to_owned());
            let (host, arguments) = case.split_once(' ').unwrap();
            let host: u8 = host.parse().unwrap();
            let at = if host == 6 { SocketAddr::new(net.ip(6), net.port2) } else { net.at(host) };
            seen.extend(essence(&transcript(at, &arguments.split(' ').collect::<Vec<_>>(), "")));
        } else if line.is_empty() || !is_essential(line) {
            seen.push(line.to_owned());
        }
    }
    assert_eq!(seen.join("\n") + "\n", CHOICES);
    // The two without a certificate, and the one that speaks TLS 1.1 alone.
    let mut told: Vec<_> = front.http_err(3).iter().map(|line| line.field("s-reason").to_owned()).collect();
    told.sort_unstable();
    assert_eq!(told, ["Tls_NoCertificate", "Tls_NoCertificate", "Tls_NothingInCommon"]);
    let checked = front.cli(&["check"]).all();
    let command = front.fill("doorward cert bind {NET}.6:{PORT2}");
    assert!(checked.contains(&command), "{checked}");
}

/// Seed 001: site one is stopped, and its address is silent; a download from site two does not notice.
#[test]
fn a_stopped_https_site_sends_no_byte() {
    let net = Net::of("a_stopped_https_site_sends_no_byte");
    let front = two_addresses(net).start();
    assert_eq!((shown(net.at(2), &[]), shown(net.at(3), &[])), ("one".to_owned(), "two".to_owned()));
    let mut download = s_client(net.at(3), &["-quiet", "-ign_eof"]);
    let request = "GET /big.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    download.stdin.as_mut().unwrap().write_all(request.as_bytes()).unwrap();
    let mut body = download.stdout.take().unwrap();
    let mut head = [0; 15];
    body.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    front.cli(&["site", "stop", "one"]).expect_ok();
    assert!(net.client(0).is_refused(net.at(2)));
    assert!(get(net.at(3), "/").contains("\r\n\r\ntwo"));
    let mut rest = Vec::new();
    body.read_to_end(&mut rest).unwrap();
    let length = rest.len() - rest.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() - 4;
    assert_eq!(length as u64, BIG_BYTES);
    assert!(download.wait().unwrap().success());
    front.cli(&["site", "start", "one"]).expect_ok();
    assert!(get(net.at(2), "/").contains("\r\n\r\none"));
    assert_eq!(front.w3c(2, 2)[1].verdict(), "200 0 0");
}

#[test]
fn both_versions_resume_and_a_switch_leaves_one() {
    let net = Net::of("both_versions_resume_and_a_switch_leaves_one");
    let home = two_addresses(net);
    let switched = "bindingInformation=\"{NET}.3:{PORT}:\" sslFlags=\"36\"";
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    home.write_config(&text.replace(&home.fill("bindingInformation=\"{NET}.3:{PORT}:\""), switched));
    let session = home.path("session").to_string_lossy().into_owned();
    let _front = home.start();
    for version in ["TLSv1.2", "TLSv1.3"] {
        let option = format!("-{}", version.to_lowercase().replace("tlsv1.", "tls1_"));
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let first = transcript(net.at(2), &[&option, "-ign_eof", "-sess_out", &session], request);
        assert!(first.contains(&format!("New, {version}")) && first.contains("HTTP/1.1 200 OK"), "{first}");
        let second = transcript(net.at(2), &[&option, "-ign_eof", "-sess_in", &session], request);
        assert!(second.contains(&format!("Reused, {version}")) && second.contains("HTTP/1.1 200 OK"), "{second}");
        // A ticket of one certificate opens nothing under another.
        if version == "TLSv1.2" {
            let elsewhere = transcript(net.at(3), &[&option, "-sess_in", &session], "");
            assert!(elsewhere.contains(&format!("New, {version}")), "{elsewhere}");
        }
    }
    assert!(transcript(net.at(3), &[], "").contains("New, TLSv1.2"));
    assert_eq!(shown(net.at(3), &["-tls1_3"]), "alert 70");
    assert!(transcript(net.at(2), &["-alpn", "http/1.1,h2"], "").contains("ALPN protocol: h2"));
    assert!(transcript(net.at(3), &["-alpn", "http/1.1,h2"], "").contains("ALPN protocol: http/1.1"));
    assert!(transcript(net.at(2), &[], "").contains("Server Temp Key: X25519"));
}

#[test]
fn what_fails_before_tls_is_told() {
    let net = Net::of("what_fails_before_tls_is_told");
    let front = two_addresses(net).start();
    let plain = net.client(0).get(net.at(2), "/");
    assert_eq!(plain.status, 400);
    assert!(plain.text().contains("This port speaks HTTPS"), "{}", plain.text());
    let mut garbage = net.client(0).connect(net.at(2)).unwrap();
    garbage.send("\u{16}\u{3}\u{1}\u{0}\u{5}nonsense").unwrap();
    assert_eq!(shown(net.at(2), &["-alpn", "imap"]), "alert 120");
    let lines = front.http_err(3);
    let mut told: Vec<_> = lines.iter().map(|line| [line.field("sc-status"), line.field("s-reason")]).collect();
    told.sort_unstable();
    assert_eq!(told, [["-", "Tls_BadHandshake"], ["-", "Tls_NothingInCommon"], ["400", "BadRequest"]]);
}

fn problem(front: &Doorward, name: &str) -> Option<String> {
    let status = front.status();
    let rows = status["certificates"].as_array().unwrap();
    let row = rows.iter().find(|row| row["source"].as_str().unwrap().ends_with(&format!("/{name}.pem")));
    row.and_then(|row| row["problem"].as_str()).map(str::to_owned)
}

#[test]
fn certificates_are_bound_and_renewed_while_serving() {
    let net = Net::of("certificates_are_bound_and_renewed_while_serving");
    let front = two_addresses(net).start();
    certify(&front, "new");
    let file = |name: &str| front.path(&format!("home/certs/{name}")).to_string_lossy().into_owned();
    let place = front.fill("{NET}.2:{PORT}");
    front.cli(&["cert", "bind", &place, "--file", &file("new.pem"), "--key", &file("new.key")]).expect_ok();
    assert_eq!(shown(net.at(2), &[]), "new");
    // A key that others can read, and one that is not the certificate's, change nothing.
    let wrong = front.cli(&["cert", "bind", &place, "--file", &file("one.pem"), "--key", &file("two.key")]);
    assert!(wrong.code == 1 && wrong.err.contains("does not belong"), "{wrong:?}");
    let imported = front.cli(&["cert", "import", &file("one.pem"), "--key", &file("one.key")]).expect_ok();
    let sha1 = imported.split_whitespace().find(|word| word.len() == 40).unwrap().to_owned();
    front.cli(&["cert", "bind", &place, "--hash", &sha1]).expect_ok();
    assert_eq!(shown(net.at(2), &[]), "one");
    assert_eq!(front.cli(&["cert", "remove", &sha1]).code, 1, "it is bound");
    let listed = front.cli(&["cert", "list"]).expect_ok();
    assert!(listed.contains(&place) && listed.contains(&sha1), "{listed}");
    // Another certificate in the same files, while a connection is open.
    let mut kept = s_client(net.at(3), &["-quiet", "-ign_eof"]);
    certify(&front, "three");
    std::fs::rename(file("three.key"), file("two.key")).unwrap();
    wait_until("the half-changed pair to be noticed", || problem(&front, "two"));
    assert_eq!(shown(net.at(3), &[]), "two", "what was read before stays in use");
    std::fs::rename(file("three.pem"), file("two.pem")).unwrap();
    wait_until("the renewed certificate", || (shown(net.at(3), &[]) == "three").then_some(()));
    assert_eq!(problem(&front, "two"), None);
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    kept.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    let answer = kept.wait_with_output().unwrap().stdout;
    assert!(answer.ends_with(b"two"), "the open connection goes on");
    front.cli(&["cert", "unbind", &place]).expect_ok();
    assert_eq!(shown(net.at(2), &["-noservername"]), "alert 40");
    front.cli(&["cert", "remove", &sha1]).expect_ok();
}

/// Bodies go through TLS, the proxy and back, whole.
#[test]
fn a_body_goes_through_tls_and_the_proxy() {
    let net = Net::of("a_body_goes_through_tls_and_the_proxy");
    let behind = SocketAddr::new(net.ip(100), net.port2);
    let _program = Peer::python(include_str!("programs/echo.py"), behind);
    let home = two_addresses(net);
    let sites = site(1, "one", &["https/{NET}.2:{PORT}:"]) + &site(2, "two", &["https/{NET}.3:{PORT}:"]);
    home.write_config(&document(&sites, &proxy("one", &format!("http://{behind}"))));
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(home.path("sent"), &sent).unwrap();
    let (upload, received) = (home.path("sent"), home.path("received"));
    let _front = home.start();
    let mut curl = Command::new("curl");
    curl.args(["-sSk", "--max-time", "50", "-H", "Expect:", "--data-binary"]).arg(format!("@{}", upload.display()));
    curl.arg("-o").arg(&received).arg(format!("https://{}/echo", net.at(2)));
    let done = curl.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(std::fs::read(received).unwrap() == sent, "the body came back changed");
}
