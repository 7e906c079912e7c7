//! `dump`: the commands that would make the HTTP service what it is.

use doorward_config::{CertificateBinding, Configuration, HttpParameters, ReservationHolder, UrlReservation};

use crate::netsh::failure::Failure;
use crate::netsh::http_service::HttpService;
use crate::netsh::ssl_options::{EXTENDED, NO_APPLICATION, OPTIONS, tag_of};
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
        .chain(parameters(configuration.http_parameters))
        .chain(
            configuration
                .certificates
                .iter()
                .flat_map(|binding| std::iter::once(certificate(binding, place)).chain(properties(binding))),
        )
        .chain(configuration.url_reservations.iter().map(reservation))
        .collect()
}

fn parameters(parameters: HttpParameters) -> impl Iterator<Item = String> {
    let HttpParameters { max_cache_response_size, cache_range_chunk_size, ssl_throttle } = parameters;
    let line = |tags: &str, number: Option<u32>| number.map(|number| format!("add {tags} value={number}"));
    let lines = [
        line("cacheparam type=maxcacheresponsesize", max_cache_response_size),
        line("cacheparam type=cacherangechunksize", cache_range_chunk_size),
        line("setting settingtype=sslthrottle", ssl_throttle),
    ];
    lines.into_iter().flatten()
}

fn properties(binding: &CertificateBinding) -> Vec<String> {
    let place = format!("update sslpropertyex {}={}", tag_of(binding), binding.key);
    let written = EXTENDED.iter().filter_map(|own| Some((own, binding.written.text(own.attribute)?)));
    written.map(|(own, text)| format!("{place} propertyid={} {}={text}", own.id, own.tag)).collect()
}

fn certificate(binding: &CertificateBinding, place: &dyn HttpService) -> String {
    let tag = tag_of(binding);
    let mut words = vec![format!("add sslcert {tag}={}", binding.key)];
    let mut add = |tag: &str, value: &str| words.push(format!("{tag}={value}"));
    add("appid", binding.written.text("appId").unwrap_or(NO_APPLICATION));
    if let Some(hash) = place.thumbprint(&binding.place) {
        add("certhash", &hash);
    }
    let is_name = tag == "hostnameport";
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
