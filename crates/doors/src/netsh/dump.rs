//! `dump`: the commands that would make the HTTP service what it is.

use doorward_config::{CertificateBinding, CertificateKey, Configuration, ReservationHolder, UrlReservation};

use crate::netsh::failure::Failure;
use crate::netsh::http_service::HttpService;
use crate::netsh::ssl_options::{NO_APPLICATION, OPTIONS};
use crate::netsh::tags::{Kind, Tags};
use crate::outcome::Outcome;

const LINE: &str = "# -----------------------------------------";

pub(super) fn dump(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let configuration = place.configuration().map_err(|trouble| Failure::of("", &trouble))?;
    let mut outcome = Outcome::done(["", LINE, "# HTTP Configuration", LINE, "pushd http", ""]);
    for line in commands(&configuration, place) {
        outcome.say(line);
    }
    for line in ["", "popd", "# End of HTTP configuration", ""] {
        outcome.say(line);
    }
    Ok(outcome)
}

fn commands(configuration: &Configuration, place: &dyn HttpService) -> Vec<String> {
    let listen = configuration.ip_listen.iter().map(|entry| format!("add iplisten ipaddress={}", entry.address));
    let timeouts = configuration.http_timeouts;
    let timeout = |name: &str, seconds: Option<u32>| {
        seconds.map(|seconds| format!("add timeout timeouttype={name} value={seconds}"))
    };
    listen
        .chain(timeout("idleconnectiontimeout", timeouts.idle_connection_s))
        .chain(timeout("headerwaittimeout", timeouts.header_wait_s))
        .chain(configuration.certificates.iter().map(|binding| certificate(binding, place)))
        .chain(configuration.url_reservations.iter().map(reservation))
        .collect()
}

fn certificate(binding: &CertificateBinding, place: &dyn HttpService) -> String {
    let tag = match binding.key {
        CertificateKey::Address(_) => "ipport",
        CertificateKey::Name(..) => "hostnameport",
        CertificateKey::CentralStore(_) => "ccs",
    };
    let mut words = vec![format!("add sslcert {tag}={}", binding.key)];
    let mut add = |tag: &str, value: &str| words.push(format!("{tag}={value}"));
    add("appid", binding.written.text("appId").unwrap_or(NO_APPLICATION));
    if let Some(hash) = place.thumbprint(&binding.place) {
        add("certhash", &hash);
    }
    let is_name = matches!(binding.key, CertificateKey::Name(..));
    for option in OPTIONS {
        match binding.written.text(option.attribute) {
            Some(text) if option.kind == Kind::Switch => {
                add(option.tag, if text.eq_ignore_ascii_case("true") { "enable" } else { "disable" });
            }
            Some(text) => add(option.tag, text),
            None if option.tag == "certstorename" && is_name => add(option.tag, "MY"),
            None => {}
        }
    }
    words.join(" ")
}

fn reservation(reservation: &UrlReservation) -> String {
    let url = &reservation.url;
    let word = |yes: bool| if yes { "yes" } else { "no" };
    match &reservation.holder {
        ReservationHolder::Sddl(text) => format!("add urlacl url={url} sddl={text}"),
        ReservationHolder::User { name, listen, delegate } => {
            format!("add urlacl url={url} user=\"{name}\" listen={} delegate={}", word(*listen), word(*delegate))
        }
    }
}
