//! Certificates of clients: asked for in the handshake, judged by the path, told in the log.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::config::{document, location, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::{LogLine, verdict_of};
use crate::harness::net::Net;
use crate::harness::{wait_until, wall_clock};
use crate::tls::{certify, http_config, transcript};

/// Runs openssl, on another day where `day` says so.
pub fn openssl(home: &Home, day: Option<&str>, arguments: &str) {
    let mut command = Command::new("openssl");
    if let Some(day) = day {
        // Not the `faketime` command: it fails where an earlier process of the same number, killed, left its semaphore.
        command.env("LD_PRELOAD", wall_clock::library()).env("FAKETIME", format!("@{day} 00:00:00"));
    }
    command.args(arguments.split(' ')).current_dir(home.path("home/certs"));
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Makes `certs/CA.pem`, and `certs/NAME.pem` with its key for each client of that authority; one of them is old.
pub fn authority(home: &Home, ca: &str, clients: &[(&str, Option<&str>)]) {
    std::fs::create_dir_all(home.path("home/certs")).unwrap();
    // Without an extension it would be of X.509's first version, which rustls does not take.
    std::fs::write(home.path("home/certs/extensions"), "basicConstraints=CA:FALSE\n").unwrap();
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        home,
        Some("2020-01-01"),
        &format!("{new} -x509 -days 36500 -subj /CN={ca} -keyout {ca}.key -out {ca}.pem"),
    );
    for (name, day) in clients {
        openssl(home, None, &format!("{new} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        let sign = format!(
            "x509 -req -days 90 -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -extfile extensions -out {name}.pem"
        );
        openssl(home, *day, &sign);
    }
}

/// One client's certificate, or none.
struct Asker<'h> {
    home: &'h Doorward,
    at: SocketAddr,
    certificate: &'h str,
}

impl Asker<'_> {
    /// The status of a GET.
    fn get(&self, path: &str, more: &[&str]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-sSk", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}"]).args(more);
        if !self.certificate.is_empty() {
            let file = |extension: &str| self.home.path(&format!("home/certs/{}.{extension}", self.certificate));
            curl.arg("--cert").arg(file("pem")).arg("--key").arg(file("key"));
        }
        let done = curl.arg(format!("https://{}{path}", self.at)).output().unwrap();
        print!("{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

const WANTED: &str = "<security><access sslFlags=\"Ssl, SslNegotiateCert, SslRequireCert\" /></security>";
const ACCEPTED: &str = "<security><access sslFlags=\"SslNegotiateCert\" /></security>";

/// Site one asks for certificates below two of its paths, site two nowhere; both have the same authority.
fn front(net: Net) -> Doorward {
    let sites = site(1, "one", &["https/{NET}.2:{PORT}:", "http/{NET}.2:{PORT2}:"])
        + &site(2, "two", &["https/{NET}.3:{PORT}:"]);
    let encrypted = |flags: &str| format!("<security><access sslFlags=\"{flags}\" /></security>");
    let rest = location("one/secret", WANTED)
        + &location("one/maybe", ACCEPTED)
        + &location("one/https", &encrypted("Ssl"))
        + &location("one/strong", &encrypted("Ssl128"));
    let entry = |host: u8, more: &str| {
        format!(
            "\n    <add ipPort=\"{{NET}}.{host}:{{PORT}}\" file=\"certs/server.pem\" key=\"certs/server.key\" {more}/>"
        )
    };
    let entries = entry(2, "clientCa=\"certs/clients.pem\" ") + &entry(3, "");
    let mut home = Home::on(net).config(&document(&sites, &rest)).http_config(&http_config(&entries));
    for path in ["one", "one/secret", "one/maybe", "one/https", "one/strong", "two"] {
        home = home.file(&format!("{path}/index.html"), path);
    }
    certify(&home, "server");
    authority(&home, "ours", &[("good", None), ("old", Some("2020-02-02"))]);
    authority(&home, "theirs", &[("stranger", None)]);
    std::fs::copy(home.path("home/certs/ours.pem"), home.path("home/certs/clients.pem")).unwrap();
    home.start()
}

#[test]
fn a_path_gets_the_certificate_it_wants() {
    let net = Net::of("a_path_gets_the_certificate_it_wants");
    let front = front(net);
    let asker = |certificate| Asker { home: &front, at: net.at(2), certificate };
    let versions: [&[&str]; 3] = [&["--http2"], &["--http1.1"], &["--http1.1", "--tls-max", "1.2"]];
    for (number, more) in versions.into_iter().enumerate() {
        let check = |certificate, path: &str, expected: &str| {
            let path = format!("{path}?{number}{certificate}");
            assert_eq!(asker(certificate).get(&path, more), expected, "{certificate} {path}");
        };
        check("good", "/secret/", "200");
        check("", "/secret/", "403");
        check("stranger", "/secret/", "403");
        check("old", "/secret/", "403");
        check("", "/maybe/", "200");
        check("good", "/maybe/", "200");
        check("stranger", "/maybe/", "403");
        check("stranger", "/", "200");
        check("", "/", "200");
    }
    let plain = |path: &str| net.client(0).get(SocketAddr::new(net.ip(2), net.port2), path).status;
    assert_eq!((plain("/https/"), plain("/strong/"), plain("/")), (403, 403, 200));
    let lines = front.w3c(1, 30);
    let told = |certificate: &str, path: &str| {
        let of = |line: &&LogLine| {
            line.field("cs-uri-stem") == path
                && line.field("cs-uri-query").trim_start_matches(['0', '1', '2']) == certificate
        };
        let verdicts: Vec<_> = lines.iter().filter(of).map(LogLine::verdict).collect();
        assert!(verdicts.len() == 3 && verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
        verdicts[0].clone()
    };
    assert_eq!(told("", "/secret/"), "403 7 5");
    assert_eq!(told("stranger", "/secret/"), "403 16 2148204809");
    assert_eq!(told("old", "/secret/"), "403 17 2148204801");
    assert_eq!(told("stranger", "/maybe/"), "403 16 2148204809");
    assert_eq!(verdict_of(&lines, "/https/"), "403 4 5");
    assert_eq!(verdict_of(&lines, "/strong/"), "403 5 5");
}

/// Whether a handshake asks for a certificate, as TLS 1.2 shows it in the clear.
fn is_asked(at: SocketAddr) -> bool {
    transcript(at, &["-tls1_2"], "").contains("Client Certificate Types")
}

#[test]
fn certificates_are_asked_for_where_they_are_wanted_and_kept_over_resumption() {
    let net = Net::of("certificates_are_asked_for_where_they_are_wanted_and_kept_over_resumption");
    let front = front(net);
    assert!(is_asked(net.at(2)) && !is_asked(net.at(3)));
    let file = |name: &str| front.path(&format!("home/certs/{name}")).to_string_lossy().into_owned();
    let session = front.path("session").to_string_lossy().into_owned();
    let request = "GET /secret/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for version in ["-tls1_2", "-tls1_3"] {
        let (cert, key) = (file("good.pem"), file("good.key"));
        let shown = [version, "-ign_eof", "-sess_out", &session, "-cert", &cert, "-key", &key];
        assert!(transcript(net.at(2), &shown, request).contains("HTTP/1.1 200 OK"));
        let resumed = transcript(net.at(2), &[version, "-ign_eof", "-sess_in", &session], request);
        assert!(resumed.contains("Reused") && resumed.contains("HTTP/1.1 200 OK"), "{resumed}");
        let fresh = transcript(net.at(2), &[version, "-ign_eof"], request);
        assert!(fresh.contains("HTTP/1.1 403 Forbidden"), "{fresh}");
    }
    // The other site's binding asks everybody, and its paths do not care.
    let place = front.fill("{NET}.3:{PORT}");
    let (server, key) = (file("server.pem"), file("server.key"));
    let bind = ["cert", "bind", &place, "--file", &server, "--key", &key, "--client-cert-negotiation"];
    front.cli(&bind).expect_ok();
    assert!(is_asked(net.at(3)));
    let asker = |certificate| Asker { home: &front, at: net.at(3), certificate };
    assert_eq!((asker("").get("/", &[]), asker("stranger").get("/", &[])), ("200".to_owned(), "200".to_owned()));
    let checked = front.cli(&["check"]).all();
    assert!(checked.contains("no clientCa says whose are trusted"), "{checked}");
}

#[test]
fn authorities_are_renewed_while_serving() {
    let net = Net::of("authorities_are_renewed_while_serving");
    let front = front(net);
    let file = |name: &str| front.path(&format!("home/certs/{name}"));
    let asker = |certificate| Asker { home: &front, at: net.at(2), certificate };
    let statuses = || (asker("good").get("/secret/", &[]), asker("stranger").get("/secret/", &[]));
    let pair = |good: &str, stranger: &str| (good.to_owned(), stranger.to_owned());
    assert_eq!(statuses(), pair("200", "403"));
    std::fs::copy(file("theirs.pem"), file("next")).unwrap();
    std::fs::rename(file("next"), file("clients.pem")).unwrap();
    wait_until("the other authority", || (statuses() == pair("403", "200")).then_some(()));
    std::fs::write(file("next"), "nonsense").unwrap();
    std::fs::rename(file("next"), file("clients.pem")).unwrap();
    let problem = || {
        let status = front.status();
        let rows = status["certificates"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["source"].as_str().unwrap().contains("clients.pem"))?;
        row["problem"].as_str().map(str::to_owned)
    };
    let problem = wait_until("the fault to be noticed", problem);
    assert!(problem.contains("holds no certificate") && problem.contains("stay in use"), "{problem}");
    assert_eq!(statuses(), pair("403", "200"));
    let place = front.fill("{NET}.2:{PORT}");
    let named = |name: &str| file(name).to_string_lossy().into_owned();
    let (server, key, ca) = (named("server.pem"), named("server.key"), named("clients.pem"));
    let bind = ["cert", "bind", &place, "--file", &server, "--key", &key, "--client-ca"];
    let refused = front.cli(&[&bind[..], &[&ca]].concat());
    assert!(refused.code == 1 && refused.err.contains("holds no certificate"), "{refused:?}");
    front.cli(&[&bind[..], &[&named("ours.pem"), "--min-tls", "1.3"]].concat()).expect_ok();
    assert_eq!(statuses(), pair("200", "403"));
    assert_eq!(asker("good").get("/", &["--tls-max", "1.2"]), "000");
    let listed = front.cli(&["cert", "list"]).expect_ok();
    assert!(listed.contains("clients' certificates from") && listed.contains("TLS 1.3 alone"), "{listed}");
}
