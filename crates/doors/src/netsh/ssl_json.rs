//! `json=`: bindings of certificates as one text. Its names are those of the HTTP Server API's structures, which is
//! what Windows's own text has (`SslCertificateBindings`, `IpPort`, `ConfigType`, `GuidString`, `SslHash` …).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use doorward_config::CertificateBinding;
use serde::{Deserialize, Serialize};

use crate::netsh::failure::{Code, text};
use crate::netsh::http_service::HttpService;
use crate::netsh::ssl_options::{NO_APPLICATION, tag_of};
use crate::netsh::tags::Tags;

/// The whole text.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    #[serde(rename = "SslCertificateBindings")]
    bindings: Vec<Entry>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: u32,
}

/// One binding: `HTTP_SERVICE_CONFIG_SSL_SET` and its kin, flattened.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_port: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname_port: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ccs: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scoped_ccs: Option<String>,
    config_type: u32,
    /// Without its braces.
    app_id: String,
    /// With its braces.
    guid_string: String,
    /// In base64.
    ssl_hash: Option<String>,
    ssl_cert_store_name: Option<String>,
    default_cert_check_mode: u32,
    default_revocation_freshness_time: u32,
    default_revocation_url_retrieval_timeout: u32,
    default_ssl_ctl_identifier: Option<String>,
    default_ssl_ctl_store_name: Option<String>,
    default_flags: u32,
    #[serde(flatten, skip_serializing)]
    unknown: BTreeMap<String, serde_json::Value>,
}

/// Bits of `DefaultCertCheckMode`: tag, and which of its values the bit stands for.
const CHECKS: &[(u32, &str, bool)] = &[
    (1, "verifyclientcertrevocation", false),
    (2, "verifyrevocationwithcachedclientcertonly", true),
    (0x1_0000, "usagecheck", false),
];

/// Bits of `DefaultFlags`, each a switch that is on.
const FLAGS: &[(u32, &str)] = &[
    (0x1, "dsmapperusage"),
    (0x2, "clientcertnegotiation"),
    (0x8, "reject"),
    (0x10, "disablehttp2"),
    (0x20, "disablequic"),
    (0x40, "disabletls13"),
    (0x80, "disableocspstapling"),
    (0x100, "enabletokenbinding"),
    (0x200, "logextendedevents"),
    (0x400, "disablelegacytls"),
    (0x800, "enablesessionticket"),
    (0x1000, "disabletls12"),
    (0x4000, "disablesessionid"),
];

/// Tag of a place, and the number of its kind of record (`HTTP_SERVICE_CONFIG_ID`).
const PLACES: &[(&str, u32)] = &[("ipport", 1), ("hostnameport", 5), ("ccs", 6), ("scopedccs", 11)];

/// The text of these bindings, and how the command went.
pub(super) fn write<'b>(
    bindings: impl Iterator<Item = &'b CertificateBinding>,
    code: Code,
    place: &dyn HttpService,
) -> String {
    let message = if code == 0 { String::new() } else { text(code).to_owned() };
    let document = Document { bindings: bindings.map(|own| entry(own, place)).collect(), message, status: code };
    // Nothing in it could fail to be written.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn entry(binding: &CertificateBinding, place: &dyn HttpService) -> Entry {
    let written = |tag: &str| binding.written.text(attribute(tag)).filter(|text| !text.is_empty()).map(str::to_owned);
    let number = |tag: &str| written(tag).and_then(|text| text.parse().ok()).unwrap_or(0);
    let is = |tag: &str, on: bool| written(tag).is_some_and(|text| text.eq_ignore_ascii_case("true") == on);
    let checks = CHECKS.iter().filter(|(_, tag, on)| is(tag, *on)).map(|(bit, ..)| bit).sum();
    let flags = FLAGS.iter().filter(|(_, tag)| is(tag, true)).map(|(bit, _)| bit).sum();
    let guid_string = binding.written.text("appId").unwrap_or(NO_APPLICATION).to_owned();
    let tag = tag_of(binding);
    let hash = place.thumbprint(&binding.place).and_then(|digits| bytes(&digits)).map(|hash| BASE64.encode(hash));
    let mut entry = Entry {
        config_type: PLACES.iter().find(|(own, _)| *own == tag).map_or(0, |(_, number)| *number),
        app_id: guid_string.trim_matches(['{', '}']).to_owned(),
        guid_string,
        ssl_cert_store_name: written("certstorename").or_else(|| hash.as_ref().map(|_| "MY".to_owned())),
        ssl_hash: hash,
        default_cert_check_mode: checks,
        default_revocation_freshness_time: number("revocationfreshnesstime"),
        default_revocation_url_retrieval_timeout: number("urlretrievaltimeout"),
        default_ssl_ctl_identifier: written("sslctlidentifier"),
        default_ssl_ctl_store_name: written("sslctlstorename"),
        default_flags: flags,
        ..Entry::default()
    };
    if let Some(own) = entry.places().into_iter().find_map(|(own, value)| (own == tag).then_some(value)) {
        *own = Some(binding.key.to_string());
    }
    entry
}

/// The tags that say the same as each binding of a text, and what in it says nothing to us.
pub(super) fn read(json: &str) -> Result<(Vec<Tags>, Vec<String>), String> {
    let document: Document = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut notes = Vec::new();
    let mut all = Vec::new();
    for (index, entry) in document.bindings.into_iter().enumerate() {
        let strange = entry.unknown.keys().map(|name| format!("binding {}: '{name}' is left out", index + 1));
        notes.extend(strange);
        all.push(tags(entry).map_err(|reason| format!("binding {}: {reason}", index + 1))?);
    }
    Ok((all, notes))
}

fn tags(mut entry: Entry) -> Result<Tags, String> {
    let known = FLAGS.iter().map(|(bit, _)| bit).sum::<u32>() | 4;
    if entry.default_flags & !known != 0 {
        return Err(format!("DefaultFlags {} holds bits that mean nothing", entry.default_flags));
    }
    let mut all: Vec<(&'static str, String)> = Vec::new();
    for (tag, value) in entry.places() {
        all.extend(value.take().map(|value| (tag, value)));
    }
    let appid = if entry.guid_string.is_empty() { format!("{{{}}}", entry.app_id) } else { entry.guid_string };
    all.push(("appid", appid));
    if let Some(hash) = entry.ssl_hash.filter(|hash| !hash.is_empty()) {
        all.push(("certhash", hash_digits(&hash)?));
    }
    let mut some =
        |tag, value: Option<String>| all.extend(value.filter(|text| !text.is_empty()).map(|text| (tag, text)));
    let nonzero = |number: u32| (number != 0).then(|| number.to_string());
    some("certstorename", entry.ssl_cert_store_name);
    some("revocationfreshnesstime", nonzero(entry.default_revocation_freshness_time));
    some("urlretrievaltimeout", nonzero(entry.default_revocation_url_retrieval_timeout));
    some("sslctlidentifier", entry.default_ssl_ctl_identifier);
    some("sslctlstorename", entry.default_ssl_ctl_store_name);
    let word = |on: bool| if on { "enable" } else { "disable" }.to_owned();
    let checks = CHECKS.iter().filter(|(bit, ..)| entry.default_cert_check_mode & bit != 0);
    all.extend(checks.map(|(_, tag, on)| (*tag, word(*on))));
    let flags = FLAGS.iter().filter(|(bit, _)| entry.default_flags & bit != 0);
    all.extend(flags.map(|(_, tag)| (*tag, word(true))));
    Ok(Tags::of(all))
}

impl Entry {
    /// Tag and value of each way to name a place.
    fn places(&mut self) -> [(&'static str, &mut Option<String>); 4] {
        [
            ("ipport", &mut self.ip_port),
            ("hostnameport", &mut self.hostname_port),
            ("ccs", &mut self.ccs),
            ("scopedccs", &mut self.scoped_ccs),
        ]
    }
}

fn attribute(tag: &str) -> &'static str {
    let options = crate::netsh::ssl_options::OPTIONS.iter();
    options.filter(|option| option.tag == tag).map(|option| option.attribute).next().unwrap_or_default()
}

/// A hash as hexadecimal digits, from base64 or from such digits.
fn hash_digits(hash: &str) -> Result<String, String> {
    if hash.len() == 40 {
        return Ok(hash.to_owned());
    }
    let bytes = BASE64.decode(hash).map_err(|_| format!("SslHash '{hash}' is neither base64 nor hexadecimal"))?;
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hash: &str, expected: Result<&str, &str>) {
        assert_eq!(hash_digits(hash), expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn hashes_come_in_two_forms() {
        let digits = "5ae08ee2e4b3d2b06f51bbd5f4b1c8ba1c8b8f00";
        check(digits, Ok(digits));
        check("Zm9vYmFy", Ok("666f6f626172"));
        check("Zg==", Ok("66"));
        check("//79/A==", Ok("fffefdfc"));
        check("a*", Err("SslHash 'a*' is neither base64 nor hexadecimal"));
    }

    #[test]
    fn every_flag_is_a_switch() {
        let all = FLAGS.iter().map(|(_, tag)| *tag).chain(CHECKS.iter().map(|(_, tag, _)| *tag));
        let strange: Vec<&str> = all.filter(|tag| attribute(tag).is_empty()).collect();
        assert_eq!(strange, [""; 0]);
    }
}
