//! `httpRedirect` and `httpProtocol` (IIS reference §4.1).

use crate::effective::Effective;

/// `system.webServer/httpRedirect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRedirect {
    /// Whether anything is redirected.
    pub enabled: bool,
    /// Where to, with `$` variables; empty when wildcards alone decide.
    pub destination: RedirectTarget,
    /// Whether the rest of the path and the query string are left out.
    pub exact: bool,
    /// Whether sub-folders stay.
    pub child_only: bool,
    /// 301, 302, 307 or 308.
    pub status: u16,
    /// Pattern and target of each `add`, in effective order.
    pub wildcards: Vec<(String, RedirectTarget)>,
}

/// A destination and the level that it was written at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectTarget {
    /// The destination as written.
    pub text: String,
    /// The URL path of the level that names it, without a slash at its end; what lies below it is `$S`.
    pub level: String,
}

/// `system.webServer/httpProtocol`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProtocol {
    /// Names and values of fields that every answer has.
    pub custom_headers: Vec<(String, String)>,
    /// Names and values of fields that redirects have.
    pub redirect_headers: Vec<(String, String)>,
    /// Whether a connection may carry more than one request.
    pub allow_keep_alive: bool,
}

impl HttpRedirect {
    pub(crate) fn read(section: &Effective) -> Self {
        let wildcards = section.entries().filter(|entry| !entry.text("wildcard").is_empty());
        Self {
            enabled: section.bool("enabled"),
            destination: RedirectTarget::read(section),
            exact: section.bool("exactDestination"),
            child_only: section.bool("childOnly"),
            status: u16::try_from(section.uint("httpResponseStatus")).unwrap_or(302),
            wildcards: wildcards.map(|entry| (entry.text("wildcard"), RedirectTarget::read(entry))).collect(),
        }
    }
}

impl RedirectTarget {
    fn read(element: &Effective) -> Self {
        let level = element.setting("destination").map(|setting| setting.level.trim_end_matches('/').to_owned());
        Self { text: element.text("destination"), level: level.unwrap_or_default() }
    }
}

impl HttpProtocol {
    pub(crate) fn read(section: &Effective) -> Self {
        Self {
            custom_headers: headers(section.child("customHeaders")),
            redirect_headers: headers(section.child("redirectHeaders")),
            allow_keep_alive: section.bool("allowKeepAlive"),
        }
    }
}

fn headers(element: &Effective) -> Vec<(String, String)> {
    let headers = element.entries().map(|entry| (entry.text("name"), entry.text("value")));
    headers.filter(|(name, _)| !name.is_empty()).collect()
}
