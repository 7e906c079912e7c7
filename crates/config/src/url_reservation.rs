//! `urlReservations` of `http.config`: who may register a URL (IIS reference §7.2, §7.4).

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::Arc;

use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::Element;
use crate::effective::Effective;
use crate::merge::overlay;
use crate::reader::Reader;
use crate::schema::URL_RESERVATIONS;

/// A URL as HTTP.sys registers it: `scheme://host:port/path/`. Case does not tell two of them apart.
#[derive(Debug, Clone, Eq)]
pub struct UrlPrefix {
    /// Whether it is https.
    pub secure: bool,
    /// `+`, `*`, a name or an address, as written.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Begins and ends with `/`, as written.
    pub path: String,
}

/// One reserved URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlReservation {
    /// The URL.
    pub url: UrlPrefix,
    /// The same as it stands in the file, by which an edit finds it.
    pub written_url: String,
    /// For whom.
    pub holder: ReservationHolder,
    /// Where the entry stands.
    pub origin: Origin,
}

/// For whom a URL is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationHolder {
    /// For one account.
    User {
        /// Its name as written.
        name: String,
        /// It may register the URL.
        listen: bool,
        /// It may reserve URLs below it for others.
        delegate: bool,
    },
    /// For whom a security descriptor names.
    Sddl(String),
}

impl UrlPrefix {
    /// The text by which two of them are compared.
    fn key(&self) -> String {
        self.to_string().to_lowercase()
    }
}

impl PartialEq for UrlPrefix {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.path)
    }
}

impl FromStr for UrlPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |what: &str| format!("'{text}' is no URL to reserve: {what}");
        let (scheme, rest) = text.split_once("://").ok_or_else(|| refuse("write http://+:80/path/"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(refuse("it begins with http:// or https://")),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority.rsplit_once(':').ok_or_else(|| refuse("its port is missing"))?;
        if !is_host(host) {
            return Err(refuse("its host is +, *, a name or an address"));
        }
        if path.contains(['?', '#', '\\', ' ', '*']) || path.contains("//") {
            return Err(refuse("its path holds what no path holds"));
        }
        let port = port_number(port).ok_or_else(|| refuse("its port is a number from 1 to 65535"))?;
        let path = format!("{}/", path.trim_end_matches('/'));
        Ok(Self { secure, host: host.to_owned(), port, path })
    }
}

/// Without a leading zero or a sign (IIS reference §7.4).
fn port_number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || byte >= 0x80;
    matches!(text, "+" | "*") || (!text.is_empty() && text.bytes().all(legal))
}

/// Reads the element. Nothing here is acted on, so that faults are warnings.
pub(crate) fn read(element: &Element, findings: &mut Findings) -> Vec<UrlReservation> {
    findings.mildly(true, |findings| {
        let declared = Reader { findings, level: Arc::from("") }.section(element, &URL_RESERVATIONS);
        let mut effective = Effective::new(&URL_RESERVATIONS);
        overlay(&mut effective, &declared, findings);
        let mut reservations: Vec<UrlReservation> = Vec::new();
        for entry in &effective.entries {
            let Some(origin) = entry.origin.clone() else { continue };
            match reservation(entry, origin.clone()) {
                Ok(new) if reservations.iter().any(|other| other.url == new.url) => {
                    let complaint = Complaint::new("duplicate", format!("{} is reserved already", new.url));
                    findings.error(&origin, complaint.hint("delete one of the two"));
                }
                Ok(new) => reservations.push(new),
                Err(complaint) => findings.error(&origin, complaint),
            }
        }
        reservations
    })
}

fn reservation(entry: &Effective, origin: Origin) -> Result<UrlReservation, Complaint> {
    let written_url = entry.text("url");
    let url = written_url.parse().map_err(|reason: String| Complaint::new("value", reason))?;
    let written = |name: &str| entry.setting(name).map(|setting| setting.text.clone());
    let holder = match (written("user"), written("sddl")) {
        (Some(name), None) => {
            ReservationHolder::User { name, listen: entry.bool("listen"), delegate: entry.bool("delegate") }
        }
        (None, Some(sddl)) => ReservationHolder::Sddl(sddl),
        _ => {
            let complaint =
                Complaint::new("missing", format!("the entry for {written_url} must have one of 'user' and 'sddl'"));
            return Err(complaint.hint("user=\"Everyone\""));
        }
    };
    Ok(UrlReservation { url, written_url, holder, origin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_service;
    use std::path::Path;

    fn check_url(text: &str, expected: Option<&str>) {
        let read = text.parse::<UrlPrefix>().ok().map(|url| url.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn urls() {
        check_url("http://+:80/MyUri", Some("http://+:80/MyUri/"));
        check_url("HTTPS://*:443/", Some("https://*:443/"));
        check_url("http://shop.test:8080/a/b/", Some("http://shop.test:8080/a/b/"));
        check_url("http://[::1]:80", Some("http://[::1]:80/"));
        check_url("http://+/MyUri", None);
        check_url("http://+:0/", None);
        check_url("http://+:080/", None);
        check_url("http://+:65536/", None);
        check_url("ftp://+:21/", None);
        check_url("+:80/", None);
        check_url("http://:80/", None);
        check_url("http://a*:80/", None);
        check_url("http://[::g]:80/", None);
        check_url("http://+:80/a?b", None);
        check_url("http://+:80//a", None);
    }

    #[test]
    fn case_does_not_tell_urls_apart() {
        let url = |text: &str| text.parse::<UrlPrefix>().unwrap();
        assert_eq!(url("http://SHOP.test:80/A"), url("http://shop.TEST:80/a/"));
        assert_ne!(url("http://+:80/"), url("https://+:80/"));
    }

    fn check(entry: &str, expected: &str) {
        let text = format!("<httpService><urlReservations>{entry}</urlReservations></httpService>");
        let mut findings = Findings::default();
        let read = http_service::read(&text, &Arc::from(Path::new("h")), &mut findings, &mut Vec::new());
        let reserved = read.url_reservations.iter().map(|own| format!("{} {:?}", own.url, own.holder));
        let complaints = findings.all.iter().map(|finding| format!("{}:{}", finding.severity, finding.kind));
        assert_eq!(reserved.chain(complaints).collect::<Vec<_>>().join(", "), expected, "{entry}");
    }

    #[test]
    fn entries() {
        let user = r#"http://+:80/a/ User { name: "Everyone", listen: true, delegate: false }"#;
        check(r#"<add url="http://+:80/a" user="Everyone"/>"#, user);
        check(r#"<add url="http://+:80/a/" sddl="D:(A;;GX;;;WD)"/>"#, r#"http://+:80/a/ Sddl("D:(A;;GX;;;WD)")"#);
        check(r#"<add url="http://+:80/a/"/>"#, "warning:missing");
        check(r#"<add url="http://+:80/a/" sddl="x" user="y"/>"#, "warning:missing");
        check(r#"<add url="http://+/a/" user="y"/>"#, "warning:value");
        let twice = r#"<add url="http://+:80/a" user="Everyone"/><add url="http://+:80/A/" user="x"/>"#;
        check(twice, &format!("{user}, warning:duplicate"));
    }
}
