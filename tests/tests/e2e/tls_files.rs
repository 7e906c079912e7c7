//! What else lies beside certificates: an authority's word that they hold (OCSP), and PFX files with their password.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::client_certificates::{authority, openssl};
use crate::harness::config::{document, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::wait_until;
use crate::tls::{certify, http_config, shown, transcript};

/// Writes `certs/NAME.pem.ocsp`: its authority says that the certificate holds, for seven days from `time` on.
fn staple(home: &Home, (ca, name): (&str, &str), time: Option<&str>) {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-serial", "-in"]).arg(home.path(&format!("home/certs/{name}.pem")));
    let serial = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let serial = serial.trim().trim_start_matches("serial=");
    let index = format!("V\t491231000000Z\t\t{serial}\tunknown\t/CN={name}\n");
    std::fs::write(home.path("home/certs/index"), index).unwrap();
    let made = format!(
        "ocsp -index index -CA {ca}.pem -rsigner {ca}.pem -rkey {ca}.key -issuer {ca}.pem -cert {name}.pem -ndays 7 -noverify -respout new"
    );
    openssl(home, time, &made);
    std::fs::rename(home.path("home/certs/new"), home.path(&format!("home/certs/{name}.pem.ocsp"))).unwrap();
}

/// `certs/NAME.pem` and its key as the PFX `certs/TO`.
fn pfx(home: &Home, name: &str, to: &str) {
    openssl(home, None, &format!("pkcs12 -export -in {name}.pem -inkey {name}.key -out {to} -passout pass:secret"));
    std::fs::set_permissions(home.path(&format!("home/certs/{to}")), Permissions::from_mode(0o600)).unwrap();
}

fn problems(front: &Doorward) -> String {
    let status = front.status();
    let rows = status["certificates"].as_array().unwrap();
    rows.iter().filter_map(|row| row["problem"].as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_an_authority_says_is_shown_and_pfx_files_are_opened() {
    let net = Net::of("what_an_authority_says_is_shown_and_pfx_files_are_opened");
    let sites = site(1, "one", &["https/{NET}.2:{PORT}:"])
        + &site(2, "two", &["https/{NET}.3:{PORT}:"]).replace("{PORT}:\"", "{PORT}:\" sslFlags=\"8\"")
        + &site(3, "three", &["https/{NET}.4:{PORT}:"]);
    let stapled = |host: u8| {
        format!("\n    <add ipPort=\"{{NET}}.{host}:{{PORT}}\" file=\"certs/server.pem\" key=\"certs/server.key\" />")
    };
    let entries = stapled(2)
        + &stapled(3)
        + "\n    <add hostnamePort=\"named.test:{PORT}\" file=\"certs/named.pfx\" passwordFile=\"certs/word\" />"
        + "\n    <add centralStore=\"{PORT}\" directory=\"certs/store\" passwordFile=\"certs/word\" />";
    let home = Home::on(net).config(&document(&sites, "")).http_config(&http_config(&entries));
    authority(&home, "ours", &[("server", None)]);
    staple(&home, ("ours", "server"), None);
    std::fs::create_dir(home.path("home/certs/store")).unwrap();
    certify(&home, "named");
    certify(&home, "central");
    pfx(&home, "named", "named.pfx");
    pfx(&home, "central", "store/central.test.pfx");
    std::fs::write(home.path("home/certs/word"), "secret\n").unwrap();
    std::fs::set_permissions(home.path("home/certs/word"), Permissions::from_mode(0o600)).unwrap();
    let front = home.start();
    let is_stapled = |at: SocketAddr| transcript(at, &["-status"], "").contains("Cert Status: good");
    assert!(is_stapled(net.at(2)) && !is_stapled(net.at(3)), "sslFlags 8 leaves it out");
    assert_eq!(shown(net.at(4), &["-servername", "named.test"]), "named");
    assert_eq!(shown(net.at(4), &["-servername", "central.test"]), "central");
    assert_eq!(problems(&front), "");
    staple(&front, ("ours", "server"), Some("2020-02-02"));
    wait_until("the old response to be noticed", || problems(&front).contains("is not shown to clients").then_some(()));
    assert!(!is_stapled(net.at(2)));
    staple(&front, ("ours", "server"), None);
    wait_until("the new response", || is_stapled(net.at(2)).then_some(()));
    std::fs::write(front.path("home/certs/word"), "wrong\n").unwrap();
    wait_until("the wrong password to be noticed", || problems(&front).contains("is the password right").then_some(()));
    assert_eq!(shown(net.at(4), &["-servername", "named.test"]), "named", "what was read before stays in use");
}
