//! `iplisten`: the addresses that `*` bindings may use.

use std::net::IpAddr;

use doorward_config::{Configuration, Edit, parse_listen_address};

use crate::netsh::failure::{ALREADY_EXISTS, FILE_NOT_FOUND, Failure, INVALID_PARAMETER};
use crate::netsh::http_service::HttpService;
use crate::netsh::tags::Tags;
use crate::netsh::{heading, said};
use crate::outcome::Outcome;

const ADDING: &str = "Adding the IP address failed";
const DELETING: &str = "Deleting the IP address failed";

pub(super) fn add(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let (address, port) = address(ADDING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(ADDING, &trouble))?;
    if is_listed(&configuration, address) {
        return Err(Failure::win32(ADDING, ALREADY_EXISTS));
    }
    let mut notes = place.apply(&Edit::AddListen(address)).map_err(|trouble| Failure::of(ADDING, &trouble))?;
    notes.extend(port.map(|port| format!("the port {port} is ignored: the list holds addresses")));
    Ok(said("IP address successfully added", &notes))
}

pub(super) fn delete(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let (address, _) = address(DELETING, tags)?;
    let configuration = place.configuration().map_err(|trouble| Failure::of(DELETING, &trouble))?;
    if !is_listed(&configuration, address) {
        return Err(Failure::win32(DELETING, FILE_NOT_FOUND));
    }
    let mut notes = place.apply(&Edit::RemoveListen(address)).map_err(|trouble| Failure::of(DELETING, &trouble))?;
    // A running server says so itself.
    if configuration.ip_listen.len() == 1 && notes.is_empty() {
        notes.push("the list is empty now: `*` bindings listen on every address".to_owned());
    }
    Ok(said("IP address successfully deleted", &notes))
}

pub(super) fn show(_: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    let mut lines = heading("IP addresses present in the IP listen list:");
    let configuration = place.configuration().map_err(|trouble| Failure::of("", &trouble))?;
    lines.push(String::new());
    lines.extend(configuration.ip_listen.iter().map(|entry| format!("    {}", entry.address)));
    Ok(Outcome::done(lines))
}

/// The address, and a port that people write behind it (D12).
fn address(what: &'static str, tags: &Tags) -> Result<(IpAddr, Option<u16>), Failure> {
    let text = tags.text("ipaddress").unwrap_or_default();
    parse_listen_address(text).ok_or_else(|| {
        Failure::hinted(
            what,
            INVALID_PARAMETER,
            format!("'{text}' is no IP address: write 127.0.0.2, ::1, 0.0.0.0 or ::"),
        )
    })
}

fn is_listed(configuration: &Configuration, address: IpAddr) -> bool {
    configuration.ip_listen.iter().any(|entry| entry.address == address)
}
