//! `sslCerts` of `http.config`: which certificate answers where (IIS reference §7.5).

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::binding::{HostRule, parse_host};
use crate::certificate_switches;
use crate::diagnostic::{Complaint, Findings, Origin};
use crate::document::Element;
use crate::effective::Effective;
use crate::merge::overlay;
use crate::reader::Reader;
use crate::schema::SSL_CERTS;

/// `minTls="1.3"`, as the schema numbers it.
const TLS13: u32 = 3;

/// Where a certificate answers. Its text is that of `netsh http add sslcert`: `127.0.0.2:443`, `[::]:443`,
/// `shop.test:443`, `*.shop.test:443`; a central store is its port alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertificateKey {
    /// At this address and port; `0.0.0.0` and `[::]` stand for every address that has no entry of its own.
    Address(SocketAddr),
    /// For this server name at this port.
    Name(HostRule, u16),
    /// At this port, from a folder in which files are named after their hosts.
    CentralStore(u16),
}

/// Where a certificate lies, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificatePlace {
    /// A file of certificates, and one of the key where that is apart.
    Files {
        /// PEM with the chain, the server's own certificate first; or with the key too.
        file: String,
        /// PEM with the key.
        key: Option<String>,
        /// The first line of this file opens a PFX.
        password_file: Option<String>,
    },
    /// Imported under this SHA-1, in hexadecimal digits.
    Hash(String),
    /// A central store's folder: of a port, or for one name at a port.
    Directory {
        /// The folder.
        directory: String,
        /// The first line of this file opens the PFX files in it.
        password_file: Option<String>,
    },
}

/// What a handshake at a place is about beyond the certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeRules {
    /// PEM with the authorities that certificates of clients have to come from.
    pub client_ca: Option<String>,
    /// Whether every client is asked for a certificate.
    pub client_cert_negotiation: bool,
    /// Whether nothing before TLS 1.3 is spoken.
    pub tls13_only: bool,
}

/// One entry of `sslCerts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateBinding {
    /// Where it answers.
    pub key: CertificateKey,
    /// Where it lies.
    pub place: CertificatePlace,
    /// What handshakes there are about beyond it.
    pub rules: HandshakeRules,
    /// Every attribute as it stands in the file.
    pub written: WrittenAttributes,
    /// Where the entry stands.
    pub origin: Origin,
}

/// Attributes of an entry with their texts, in no order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenAttributes(Vec<(&'static str, String)>);

impl WrittenAttributes {
    fn of(entry: &Effective) -> Self {
        Self(entry.settings.iter().map(|(name, setting)| (*name, setting.text.clone())).collect())
    }

    /// The text of one of them; `None` where nobody wrote it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, text)| text.as_str())
    }

    /// Whether a switch is written and on.
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

impl fmt::Display for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(HostRule::Any, port) => write!(f, "*:{port}"),
            Self::Name(HostRule::Exact(name), port) => write!(f, "{name}:{port}"),
            Self::Name(HostRule::Wildcard(suffix), port) => write!(f, "*.{suffix}:{port}"),
            Self::CentralStore(port) => port.fmt(f),
        }
    }
}

impl FromStr for CertificateKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<SocketAddr>()
            && address.port() != 0
        {
            return Ok(Self::Address(address));
        }
        if let Some(port) = parse_port(text) {
            return Ok(Self::CentralStore(port));
        }
        name_and_port(text).ok_or_else(|| {
            format!("'{text}' names no place for a certificate: write 127.0.0.2:443, [::1]:443 or shop.test:443")
        })
    }
}

impl CertificateKey {
    /// The attribute that holds it.
    pub fn attribute(&self) -> &'static str {
        match self {
            Self::Address(_) => "ipPort",
            Self::Name(..) => "hostnamePort",
            Self::CentralStore(_) => "centralStore",
        }
    }
}

impl CertificatePlace {
    /// The files of certificates and of the key; relative ones lie beside the folder of imported certificates.
    /// `None` for a central store.
    pub fn files(&self, certificates: &Path) -> Option<(PathBuf, PathBuf)> {
        match self {
            Self::Files { file, key, .. } => {
                let from = beside(certificates);
                let key = key.as_ref().map_or_else(|| from.join(file), |key| from.join(key));
                Some((from.join(file), key))
            }
            Self::Hash(hash) => {
                let named = |extension: &str| certificates.join(format!("{hash}.{extension}"));
                Some((named("pem"), named("key")))
            }
            Self::Directory { .. } => None,
        }
    }

    /// The folder of a central store.
    pub fn directory(&self, certificates: &Path) -> Option<PathBuf> {
        match self {
            Self::Directory { directory, .. } => Some(beside(certificates).join(directory)),
            Self::Files { .. } | Self::Hash(_) => None,
        }
    }

    /// The file whose first line opens what is a PFX there.
    pub fn password_file(&self, certificates: &Path) -> Option<PathBuf> {
        match self {
            Self::Files { password_file, .. } | Self::Directory { password_file, .. } => {
                password_file.as_ref().map(|file| beside(certificates).join(file))
            }
            Self::Hash(_) => None,
        }
    }
}

impl HandshakeRules {
    /// The file of the authorities of clients' certificates; a relative one lies beside the folder of imported
    /// certificates.
    pub fn client_ca(&self, certificates: &Path) -> Option<PathBuf> {
        self.client_ca.as_ref().map(|file| beside(certificates).join(file))
    }
}

fn beside(certificates: &Path) -> &Path {
    certificates.parent().unwrap_or(Path::new("/"))
}

fn parse_port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten().filter(|port| *port != 0)
}

fn name_and_port(text: &str) -> Option<CertificateKey> {
    let (name, port) = text.rsplit_once(':')?;
    let host = parse_host(name).ok().filter(|host| *host != HostRule::Any)?;
    // `127.0.0.2:https` and the like are mistyped addresses rather than names.
    Some(CertificateKey::Name(host, parse_port(port)?))
}

/// Reads the element.
pub(crate) fn read(element: &Element, findings: &mut Findings) -> Vec<CertificateBinding> {
    let declared = Reader { findings, level: Arc::from("") }.section(element, &SSL_CERTS);
    let mut effective = Effective::new(&SSL_CERTS);
    overlay(&mut effective, &declared, findings);
    let mut bindings: Vec<CertificateBinding> = Vec::new();
    for entry in &effective.entries {
        let Some(origin) = entry.origin.clone() else { continue };
        match binding(entry, origin.clone()) {
            Ok(new) if bindings.iter().any(|other| other.key == new.key) => {
                let message = format!("a certificate is bound to {} already", new.key);
                findings.error(&origin, Complaint::new("duplicate", message).hint("delete one of the two"));
            }
            Ok(new) => {
                certificate_switches::remark(entry, findings);
                bindings.push(new);
            }
            Err(complaint) => findings.error(&origin, complaint),
        }
    }
    bindings
}

fn binding(entry: &Effective, origin: Origin) -> Result<CertificateBinding, Complaint> {
    let key = key(entry)?;
    let written = |name: &str| entry.setting(name).map(|setting| setting.text.clone());
    let password_file = written("passwordFile");
    let place = match (written("file"), written("hash"), written("directory")) {
        (Some(file), None, None) => CertificatePlace::Files { file, key: written("key"), password_file },
        (None, Some(hash), None) => CertificatePlace::Hash(sha1(&hash)?),
        (None, None, Some(directory)) => CertificatePlace::Directory { directory, password_file },
        _ => {
            let complaint = Complaint::new(
                "missing",
                format!("the entry for {key} must have one of 'file', 'hash' and 'directory'"),
            );
            return Err(complaint.hint("file=\"certs/shop.pem\" key=\"certs/shop.key\""));
        }
    };
    let wrong = match (&key, matches!(place, CertificatePlace::Directory { .. })) {
        (CertificateKey::CentralStore(_), false) => Some("a 'centralStore' is a 'directory'"),
        (CertificateKey::Address(_), true) => Some("'directory' belongs to a 'centralStore' or to a 'hostnamePort'"),
        _ => None,
    };
    if let Some(message) = wrong {
        return Err(Complaint::new("value", message));
    }
    let idle = match &place {
        CertificatePlace::Hash(_) => Some("a certificate that was imported is PEM already"),
        CertificatePlace::Files { key: Some(_), .. } => Some("a PFX holds its key, so there is no 'key' beside it"),
        CertificatePlace::Files { key: None, .. } | CertificatePlace::Directory { .. } => None,
    };
    if let Some(reason) = idle.filter(|_| written("passwordFile").is_some()) {
        return Err(Complaint::new("value", format!("'passwordFile' opens nothing here: {reason}")));
    }
    if rules(entry).tls13_only && entry.bool("disableTls13") {
        let complaint = Complaint::new("value", format!("the entry for {key} leaves no version of TLS"));
        return Err(complaint.hint("write reject=\"true\" where nobody is to connect"));
    }
    Ok(CertificateBinding { key, place, rules: rules(entry), written: WrittenAttributes::of(entry), origin })
}

fn rules(entry: &Effective) -> HandshakeRules {
    HandshakeRules {
        client_ca: entry.setting("clientCa").map(|setting| setting.text.clone()),
        client_cert_negotiation: entry.bool("clientCertNegotiation"),
        tls13_only: entry.uint("minTls") == TLS13 || entry.bool("disableTls12"),
    }
}

fn key(entry: &Effective) -> Result<CertificateKey, Complaint> {
    let names = ["ipPort", "hostnamePort", "centralStore"];
    let mut written = names.iter().filter_map(|name| Some((*name, entry.setting(name)?)));
    let (Some((name, setting)), None) = (written.next(), written.next()) else {
        let message = "an entry must have exactly one of 'ipPort', 'hostnamePort' and 'centralStore'";
        return Err(Complaint::new("missing", message));
    };
    let key: CertificateKey = setting.text.parse().map_err(|reason: String| Complaint::new("value", reason))?;
    if key.attribute() != name {
        return Err(Complaint::new("value", format!("'{}' is no '{name}'", setting.text))
            .hint(format!("write {}=\"{key}\"", key.attribute())));
    }
    Ok(key)
}

fn sha1(text: &str) -> Result<String, Complaint> {
    let hash = text.to_ascii_lowercase();
    if hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hash);
    }
    let complaint = Complaint::new("value", format!("'{text}' is no SHA-1: 40 hexadecimal digits"));
    Err(complaint.hint("`doorward cert list` shows them"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_service;

    fn check_key(text: &str, expected: Option<&str>) {
        let read = text.parse::<CertificateKey>().ok();
        let shown = read.map(|key| format!("{} {key}", key.attribute()));
        assert_eq!(shown.as_deref(), expected, "{text}");
    }

    #[test]
    fn keys() {
        check_key("127.0.0.2:443", Some("ipPort 127.0.0.2:443"));
        check_key("[::]:443", Some("ipPort [::]:443"));
        check_key("Shop.test:443", Some("hostnamePort shop.test:443"));
        check_key("*.shop.test:443", Some("hostnamePort *.shop.test:443"));
        check_key("443", Some("centralStore 443"));
        check_key("shop.test", None);
        check_key("shop.test:0", None);
        check_key("127.0.0.2:0", None);
        check_key(":443", None);
        check_key("+443", None);
    }

    fn check(entry: &str, expected: &str) {
        let text = format!("<httpService><sslCerts>{entry}</sslCerts></httpService>");
        let mut findings = Findings::default();
        let read = http_service::read(&text, &Arc::from(Path::new("h")), &mut findings, &mut Vec::new());
        let bound = read.certificates.iter().map(|binding| match binding.place.files(Path::new("/d/certs")) {
            Some((file, key)) => format!("{} {} {}", binding.key, file.display(), key.display()),
            None => format!("{} {:?}", binding.key, binding.place.directory(Path::new("/d/certs"))),
        });
        let complaints = findings.all.iter().map(|finding| format!("{}:{}", finding.severity, finding.kind));
        assert_eq!(bound.chain(complaints).collect::<Vec<_>>().join(", "), expected, "{entry}");
    }

    #[test]
    fn entries() {
        check(
            r#"<add ipPort="127.0.0.2:443" file="certs/a.pem" key="/k/a.key"/>"#,
            "127.0.0.2:443 /d/certs/a.pem /k/a.key",
        );
        check(r#"<add hostnamePort="a.test:443" file="a.pem"/>"#, "a.test:443 /d/a.pem /d/a.pem");
        let hash = "0102030405060708090A0b0c0d0e0f1011121314";
        let lower = hash.to_lowercase();
        let files = format!("[::1]:443 /d/certs/{lower}.pem /d/certs/{lower}.key");
        check(&format!(r#"<add ipPort="[::1]:443" hash="{hash}" appId="{{x}}" certStoreName="MY"/>"#), &files);
        check(r#"<add centralStore="443" directory="store"/>"#, r#"443 Some("/d/store")"#);
        check(r#"<add hostnamePort="a.test:443" directory="store"/>"#, r#"a.test:443 Some("/d/store")"#);
    }

    #[test]
    fn faults() {
        check(r#"<add file="a.pem"/>"#, "error:missing");
        check(r#"<add ipPort="127.0.0.2:443"/>"#, "error:missing");
        check(r#"<add ipPort="127.0.0.2:443" hostnamePort="a:1" file="a"/>"#, "error:missing");
        check(r#"<add ipPort="a.test:443" file="a"/>"#, "error:value");
        check(r#"<add ipPort="127.0.0.2:443" directory="a"/>"#, "error:value");
        check(r#"<add ipPort="127.0.0.2:443" hash="zz"/>"#, "error:value");
        check(r#"<add ipPort="127.0.0.2:443" file="a" key="b" passwordFile="c"/>"#, "error:value");
        check(r#"<add ipPort="127.0.0.2:443" file="a" minTls="1.1"/>"#, "127.0.0.2:443 /d/a /d/a, error:value");
        let twice = r#"<add ipPort="127.0.0.2:443" file="a"/><add ipPort="127.0.0.2:443" file="b"/>"#;
        check(twice, "127.0.0.2:443 /d/a /d/a, error:duplicate");
    }

    #[test]
    fn what_is_asked_of_clients() {
        let entry = r#"<add ipPort="127.0.0.2:443" file="a.pfx" passwordFile="certs/word" clientCa="certs/ca.pem"
            clientCertNegotiation="true" minTls="1.3"/>"#;
        let text = format!("<httpService><sslCerts>{entry}</sslCerts></httpService>");
        let mut findings = Findings::default();
        let read = http_service::read(&text, &Arc::from(Path::new("h")), &mut findings, &mut Vec::new());
        let (binding, folder) = (&read.certificates[0], Path::new("/d/certs"));
        assert_eq!(binding.place.password_file(folder), Some("/d/certs/word".into()));
        assert_eq!(binding.rules.client_ca(folder), Some("/d/certs/ca.pem".into()));
        assert!(binding.rules.client_cert_negotiation && binding.rules.tls13_only && findings.all.is_empty());
    }
}
