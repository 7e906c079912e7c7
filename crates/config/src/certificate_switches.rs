//! The switches of `netsh http add sslcert` that ask for what there is not here.

use crate::diagnostic::{Complaint, Findings};
use crate::effective::Effective;
use crate::schema::Value;

/// Says so of every switch that is set to something that does not happen. One that asks for what happens anyway
/// (`disableQuic="true"`) needs no word.
pub(crate) fn remark(entry: &Effective, findings: &mut Findings) {
    for (name, reason) in IDLE {
        let Some(setting) = entry.setting(name) else { continue };
        if !happens_anyway(name, &setting.value) {
            let message = format!("{name}=\"{}\" has no effect here: {reason}", setting.text);
            findings.note(&setting.origin, Complaint::new("unused", message));
        }
    }
}

const REVOCATION: &str = "whether a client's certificate was revoked is not looked up";
const AUTHORITIES: &str = "clientCa names the authorities of clients' certificates";

const SETTINGS_BUDGET: &str = "SETTINGS count against the budget of frames that each connection has";

/// Attribute, and why it is not acted on.
const IDLE: &[(&str, &str)] = &[
    ("certStoreName", "one folder holds every imported certificate"),
    ("verifyClientCertRevocation", REVOCATION),
    ("verifyRevocationWithCachedClientCertOnly", REVOCATION),
    ("usageCheck", "a client's certificate has to be made for clients in any case"),
    ("revocationFreshnessTime", REVOCATION),
    ("urlRetrievalTimeout", REVOCATION),
    ("ctlIdentifier", AUTHORITIES),
    ("ctlStoreName", AUTHORITIES),
    ("dsMapperUsage", "there is no directory service to look clients up in"),
    ("disableQuic", "QUIC is not spoken"),
    ("enableTokenBinding", "token binding is not spoken"),
    ("logExtendedEvents", "HTTPERR and the W3C log hold what there is to tell"),
    ("disableLegacyTls", "nothing before TLS 1.2 is spoken"),
    ("enableSessionTicket", "clients always get session tickets"),
    ("disableSessionId", "sessions go on by tickets alone, never by their number"),
    ("http2ReceiveWindow", "each stream and each connection have a window of their own"),
    ("http2MaxSettingsPerFrame", SETTINGS_BUDGET),
    ("http2MaxSettingsPerMinute", SETTINGS_BUDGET),
];

/// Whether what an attribute asks for is how things are.
fn happens_anyway(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("certStoreName", Value::Text(store)) => store.eq_ignore_ascii_case("MY"),
        ("usageCheck" | "disableQuic" | "disableLegacyTls" | "enableSessionTicket" | "disableSessionId", value) => {
            matches!(value, Value::Bool(true))
        }
        (_, Value::Bool(on)) => !on,
        (_, Value::Uint(number)) => *number == 0,
        (_, Value::Text(text)) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::http_service;

    fn check(attributes: &str, expected: &[&str]) {
        let text = format!(
            "<httpService><sslCerts><add ipPort=\"127.0.0.2:443\" file=\"a\" {attributes}/></sslCerts></httpService>"
        );
        let mut findings = Findings::default();
        http_service::read(&text, &Arc::from(Path::new("h")), &mut findings, &mut Vec::new());
        let found: Vec<String> =
            findings.all.iter().map(|finding| format!("{} {}", finding.severity, finding.message)).collect();
        let names: Vec<&str> = found
            .iter()
            .map(|text| text.strip_prefix("note ").and_then(|rest| rest.split('=').next()).unwrap_or(text))
            .collect();
        assert_eq!(names, expected, "{attributes}");
    }

    #[test]
    fn what_cannot_be_had_is_said() {
        check("", &[]);
        check(r#"appId="{x}" certStoreName="MY" usageCheck="true" disableQuic="true""#, &[]);
        check(r#"verifyClientCertRevocation="true" revocationFreshnessTime="0""#, &["verifyClientCertRevocation"]);
        check(r#"revocationFreshnessTime="5" ctlStoreName="x""#, &["revocationFreshnessTime", "ctlStoreName"]);
        check(r#"certStoreName="WebHosting" usageCheck="false""#, &["certStoreName", "usageCheck"]);
        check(r#"disableQuic="false" disableLegacyTls="false""#, &["disableQuic", "disableLegacyTls"]);
        check(r#"enableSessionTicket="false" disableSessionId="false""#, &["enableSessionTicket", "disableSessionId"]);
        check(
            r#"http2ReceiveWindow="65535" http2MaxSettingsPerMinute="9""#,
            &["http2ReceiveWindow", "http2MaxSettingsPerMinute"],
        );
        check(r#"dsMapperUsage="true" enableTokenBinding="true""#, &["dsMapperUsage", "enableTokenBinding"]);
    }
}
