//! Fields that answers have beside their own (`httpProtocol`, a site's `hsts`), rendered once.

use doorward_config::{Hsts, HttpProtocol};

use crate::request_filter::Names;

/// Fields that frame a message: only the server itself can say them.
const FRAMING: [&str; 7] =
    ["Connection", "Content-Length", "Date", "Keep-Alive", "Trailer", "Transfer-Encoding", "Upgrade"];

/// Further fields of answers at a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseFields {
    /// Every answer's lines, each ending in CRLF.
    custom: Vec<u8>,
    /// The same and what is said over https alone.
    secure: Vec<u8>,
    /// Those that redirects have beside.
    pub redirect: Vec<u8>,
    /// Names that are ours: an upstream's fields of these names are left out.
    names: Names,
    secure_names: Names,
    /// Whether answers leave out which server made them.
    pub without_server: bool,
    /// Whether a connection ends with the answer.
    pub ends_connection: bool,
}

impl ResponseFields {
    /// Takes the section and the site's `hsts`.
    pub fn new(section: &HttpProtocol, hsts: Hsts, remove_server_header: bool) -> Self {
        let mut custom = usable(&section.custom_headers);
        let names = |fields: &[(&str, String)]| Names::new(fields.iter().map(|(name, _)| *name));
        let own = names(&custom);
        let plain = lines(&custom);
        custom.retain(|(name, _)| !hsts.enabled || !name.eq_ignore_ascii_case("Strict-Transport-Security"));
        if hsts.enabled {
            custom.push(("Strict-Transport-Security", strict_transport_security(hsts)));
        }
        Self {
            without_server: remove_server_header || own.contains("Server"),
            custom: plain,
            secure: lines(&custom),
            redirect: lines(&usable(&section.redirect_headers)),
            secure_names: names(&custom),
            names: own,
            ends_connection: !section.allow_keep_alive,
        }
    }

    /// The lines of an answer over http or https.
    pub fn lines(&self, secure: bool) -> &[u8] {
        if secure { &self.secure } else { &self.custom }
    }

    /// Whether an upstream's field of this name gives way to ours.
    pub fn replaces(&self, name: &str, secure: bool) -> bool {
        let names = if secure { &self.secure_names } else { &self.names };
        names.contains(name) || (self.without_server && name.eq_ignore_ascii_case("Server"))
    }
}

/// The value of RFC 6797 6.1.
fn strict_transport_security(hsts: Hsts) -> String {
    let sub_domains = if hsts.include_sub_domains { "; includeSubDomains" } else { "" };
    let preload = if hsts.preload { "; preload" } else { "" };
    format!("max-age={}{sub_domains}{preload}", hsts.max_age_seconds)
}

fn usable(fields: &[(String, String)]) -> Vec<(&str, String)> {
    let framing = |name: &str| FRAMING.iter().any(|own| own.eq_ignore_ascii_case(name));
    let usable = fields.iter().filter(|(name, _)| !framing(name));
    usable.map(|(name, value)| (name.as_str(), value.trim().to_owned())).collect()
}

/// Names and values were checked by `config`: nothing in them ends a line.
fn lines(fields: &[(&str, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HSTS: Hsts = Hsts {
        enabled: true,
        max_age_seconds: 60,
        include_sub_domains: true,
        preload: false,
        redirect_http_to_https: false,
    };

    fn fields(custom: &[(&str, &str)], hsts: bool) -> ResponseFields {
        let custom_headers = custom.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let section = HttpProtocol { custom_headers, redirect_headers: Vec::new(), allow_keep_alive: true };
        ResponseFields::new(&section, Hsts { enabled: hsts, ..HSTS }, false)
    }

    fn check(custom: &[(&str, &str)], hsts: bool, plain: &str, secure: &str) {
        let fields = fields(custom, hsts);
        assert_eq!(String::from_utf8_lossy(fields.lines(false)), plain);
        assert_eq!(String::from_utf8_lossy(fields.lines(true)), secure);
    }

    #[test]
    fn lines_over_http_and_https() {
        let sts = "Strict-Transport-Security: max-age=60; includeSubDomains\r\n";
        check(&[], false, "", "");
        check(&[], true, "", sts);
        check(&[("X-A", " 1 "), ("Content-Length", "7")], true, "X-A: 1\r\n", &format!("X-A: 1\r\n{sts}"));
        let own = ("strict-transport-security", "max-age=1");
        check(&[own], true, "strict-transport-security: max-age=1\r\n", sts);
        check(&[own], false, "strict-transport-security: max-age=1\r\n", "strict-transport-security: max-age=1\r\n");
    }

    #[test]
    fn names_of_ours_take_the_place_of_an_upstreams() {
        let own = fields(&[("X-Frame-Options", "DENY")], true);
        assert!(own.replaces("x-frame-options", false) && own.replaces("X-Frame-Options", true));
        assert!(own.replaces("Strict-Transport-Security", true) && !own.replaces("Strict-Transport-Security", false));
        assert!(!own.replaces("Server", false));
        assert!(fields(&[("Server", "x")], false).replaces("server", false));
    }
}
