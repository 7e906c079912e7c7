//! `http.config`: the IP listen list (IIS reference §7.1), the certificates (§7.5), the timeouts (§7.6), and
//! what is kept and shown: the reserved URLs and HTTP.sys's own parameters.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use crate::certificate::{self, CertificateBinding};
use crate::configuration::ListenEntry;
use crate::diagnostic::{Complaint, Findings, Ignored};
use crate::document::{Document, Element};
use crate::effective::Effective;
use crate::http_parameters::HttpParameters;
use crate::http_timeouts::HttpTimeouts;
use crate::merge::overlay;
use crate::reader::{Reader, unknown};
use crate::schema::IP_LISTEN;
use crate::url_reservation::{self, UrlReservation};

/// Name of the root element.
const ROOT: &str = "httpService";
/// Elements that are kept and not acted on.
const KEPT: [&str; 2] = ["urlReservations", "parameters"];
/// Elements that are read here.
const OWN: [&str; 6] = ["ipListen", "sslCerts", "urlReservations", "timeouts", "cacheParameters", "settings"];

/// What the file says.
#[derive(Debug, Default)]
pub(crate) struct HttpService {
    pub(crate) ip_listen: Vec<ListenEntry>,
    pub(crate) certificates: Vec<CertificateBinding>,
    pub(crate) url_reservations: Vec<UrlReservation>,
    pub(crate) timeouts: HttpTimeouts,
    pub(crate) parameters: HttpParameters,
}

/// Reads the whole file; a fault is an error of the whole configuration.
pub(crate) fn read(text: &str, file: &Arc<Path>, findings: &mut Findings, ignored: &mut Vec<Ignored>) -> HttpService {
    let Some(document) = Document::parse(text, file, findings) else { return HttpService::default() };
    let root = &document.root;
    if root.name != ROOT {
        let message = format!("the root element is <{}>, not <{ROOT}>", root.name);
        findings.error(&root.origin, Complaint::new("schema", message));
        return HttpService::default();
    }
    let mut found: [Option<&Element>; OWN.len()] = [None; OWN.len()];
    for element in &root.children {
        let name = element.name.as_str();
        match OWN.iter().position(|own| *own == name) {
            Some(place) if found[place].is_some() => {
                let message = format!("Element '{name}' may stand here only once");
                findings.error(&element.origin, Complaint::new("duplicate", message));
            }
            Some(place) => found[place] = Some(element),
            None if KEPT.contains(&name) => {}
            None => findings.error(&element.origin, unknown("element", name, KEPT.into_iter().chain(OWN))),
        }
        if KEPT.contains(&name) && !(element.children.is_empty() && element.attributes.is_empty()) {
            let section = format!("{ROOT}/{name}");
            ignored.push(Ignored { section, file: Arc::clone(file), line: element.origin.line });
        }
    }
    let [listen, certificates, reservations, timeouts, cache, settings] = found;
    HttpService {
        ip_listen: listen.map(|element| ip_listen(element, findings)).unwrap_or_default(),
        certificates: certificates.map(|element| certificate::read(element, findings)).unwrap_or_default(),
        url_reservations: reservations.map(|element| url_reservation::read(element, findings)).unwrap_or_default(),
        timeouts: timeouts.map(|element| HttpTimeouts::read(element, findings)).unwrap_or_default(),
        parameters: HttpParameters::read(cache, settings, findings),
    }
}

fn ip_listen(element: &Element, findings: &mut Findings) -> Vec<ListenEntry> {
    let declared = Reader { findings, level: Arc::from("") }.section(element, &IP_LISTEN);
    let mut effective = Effective::new(&IP_LISTEN);
    overlay(&mut effective, &declared, findings);
    let mut list: Vec<ListenEntry> = Vec::new();
    for entry in &effective.entries {
        let (Some(written), Some(origin)) = (entry.setting("address"), entry.origin.clone()) else { continue };
        let text = &written.text;
        let Some((address, ignored_port)) = parse_listen_address(text) else {
            let message = format!("The 'address' attribute is invalid.  '{text}' is not an IP address");
            findings.error(&origin, Complaint::new("value", message).hint("write 127.0.0.2 or ::1"));
            continue;
        };
        if let Some(port) = ignored_port {
            let message = format!("the IP listen list has addresses only; port {port} of '{text}' is ignored");
            findings.warning(&origin, Complaint::new("value", message).hint(format!("write {address}")));
        }
        if list.iter().any(|other| other.address == address) {
            let complaint = Complaint::new("duplicate", format!("{address} is in the IP listen list already"));
            findings.warning(&origin, complaint.hint("delete one of the two"));
            continue;
        }
        list.push(ListenEntry { address, ignored_port, origin });
    }
    list
}

/// An address, or an address with a port that is ignored (decision D12).
pub fn parse_listen_address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some((address, None));
    }
    let socket: SocketAddr = text.parse().ok()?;
    Some((socket.ip(), Some(socket.port())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Option<u16>)>) {
        let read = parse_listen_address(text).map(|(address, port)| (address.to_string(), port));
        assert_eq!(read, expected.map(|(address, port)| (address.to_owned(), port)), "{text}");
    }

    #[test]
    fn addresses() {
        check("127.0.0.2", Some(("127.0.0.2", None)));
        check("127.0.0.2:443", Some(("127.0.0.2", Some(443))));
        check("::1", Some(("::1", None)));
        check("[::1]", Some(("::1", None)));
        check("[::1]:443", Some(("::1", Some(443))));
        check("0.0.0.0", Some(("0.0.0.0", None)));
        check("localhost", None);
        check("127.0.0.2:99999", None);
        check("[127.0.0.2", None);
    }

    fn findings(text: &str) -> (Vec<IpAddr>, String) {
        let (mut findings, mut ignored) = (Findings::default(), Vec::new());
        let list = read(text, &Arc::from(Path::new("h")), &mut findings, &mut ignored);
        let kinds: Vec<String> = findings.all.iter().map(|d| format!("{}:{}", d.severity, d.kind)).collect();
        (list.ip_listen.iter().map(|entry| entry.address).collect(), kinds.join(" "))
    }

    #[test]
    fn files() {
        let list =
            |inner: &str| findings(&format!("<httpService><ipListen>{inner}</ipListen><sslCerts/></httpService>"));
        assert_eq!(list(r#"<add address="127.0.0.2"/>"#), (vec![[127, 0, 0, 2].into()], String::new()));
        assert_eq!(list(r#"<add address="127.0.0.2:443"/>"#).1, "warning:value");
        assert_eq!(list(r#"<add address="x"/>"#).1, "error:value");
        assert_eq!(list(r#"<add address="::1"/><add address="::1"/>"#).1, "error:duplicate");
        assert_eq!(list(r#"<add adress="::1"/>"#).1, "error:schema error:missing");
        assert_eq!(findings("<configuration/>").1, "error:schema");
        assert_eq!(findings("<httpService><ipListn/></httpService>").1, "error:schema");
        assert_eq!(findings("<httpService").1, "error:xml");
    }
}
