//! `cacheParameters` and `settings` of `http.config`: what `netsh http` also sets of HTTP.sys, kept and shown.

use std::sync::Arc;

use crate::diagnostic::{Complaint, Findings};
use crate::document::Element;
use crate::effective::Effective;
use crate::merge::overlay;
use crate::reader::Reader;
use crate::schema::{CACHE_PARAMETERS, ElementTable, SETTINGS};

/// What `netsh http add cacheparam` and `add setting` have set; `None` is HTTP.sys's own value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HttpParameters {
    /// Bytes of the largest response that HTTP.sys keeps.
    pub max_cache_response_size: Option<u32>,
    /// Bytes of a piece of a range that HTTP.sys keeps.
    pub cache_range_chunk_size: Option<u32>,
    /// Handshakes that HTTP.sys has going on at once.
    pub ssl_throttle: Option<u32>,
}

impl HttpParameters {
    pub(crate) fn read(cache: Option<&Element>, settings: Option<&Element>, findings: &mut Findings) -> Self {
        let cache = cache.map(|element| section(element, &CACHE_PARAMETERS, findings));
        let settings = settings.map(|element| section(element, &SETTINGS, findings));
        let written = |section: &Option<Effective>, name: &str| {
            section.as_ref().and_then(|section| section.setting(name).map(|_| section.uint(name)))
        };
        Self {
            max_cache_response_size: written(&cache, "maxCacheResponseSize"),
            cache_range_chunk_size: written(&cache, "cacheRangeChunkSize"),
            ssl_throttle: written(&settings, "sslThrottle"),
        }
    }
}

fn section(element: &Element, table: &'static ElementTable, findings: &mut Findings) -> Effective {
    let declared = Reader { findings, level: Arc::from("") }.section(element, table);
    let mut effective = Effective::new(table);
    overlay(&mut effective, &declared, findings);
    for (name, reason) in IDLE {
        if let Some(setting) = effective.setting(name) {
            let message = format!("{name}=\"{}\" has no effect here: {reason}", setting.text);
            findings.note(&setting.origin, Complaint::new("unused", message));
        }
    }
    effective
}

/// Attribute, and why it is not acted on.
const IDLE: &[(&str, &str)] = &[
    ("maxCacheResponseSize", "files up to 16 KiB are kept in memory for a second or two, larger ones are kept open"),
    ("cacheRangeChunkSize", "ranges are sent from the file itself"),
    ("sslThrottle", "handshakes are limited for each address, by <doorward><limiter handshakesPerSecond>"),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::http_service;

    #[test]
    fn they_are_read_and_said_to_have_no_effect() {
        let text =
            "<httpService><cacheParameters maxCacheResponseSize=\"0\"/><settings sslThrottle=\"7\"/></httpService>";
        let mut findings = Findings::default();
        let read = http_service::read(text, &Arc::from(Path::new("h")), &mut findings, &mut Vec::new());
        let expected = HttpParameters { max_cache_response_size: Some(0), ssl_throttle: Some(7), ..Default::default() };
        assert_eq!(read.parameters, expected);
        let said: Vec<&str> = findings.all.iter().map(|finding| finding.message.as_str()).collect();
        assert!(
            matches!(said[..], [one, two] if one.contains("16 KiB") && two.contains("handshakesPerSecond")),
            "{said:?}"
        );
    }
}
