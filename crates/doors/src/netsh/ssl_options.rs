//! What belongs to a certificate's binding beyond its place: tags, attributes and lines of `show sslcert`.

use doorward_config::{CertificateBinding, CertificateKey, CertificatePlace};

use crate::netsh::http_service::HttpService;
use crate::netsh::labelled;
use crate::netsh::tags::Kind;

/// One tag of `add sslcert`.
pub(super) struct SslOption {
    pub(super) tag: &'static str,
    /// The attribute of `http.config` that keeps it.
    pub(super) attribute: &'static str,
    pub(super) kind: Kind,
    label: &'static str,
    shown: Shown,
}

/// How a value is shown.
#[derive(Clone, Copy)]
enum Shown {
    /// `Enabled` or `Disabled`, and which of them where nobody wrote it.
    Enabled(bool),
    /// `Set` or `Not Set`.
    Set,
    /// The text, and what stands for it where nobody wrote it.
    Text(&'static str),
    /// Not in the list.
    Never,
}

/// In the order in which netsh shows them (IIS reference §7.3).
pub(super) const OPTIONS: &[SslOption] = &[
    option(("certstorename", "certStoreName"), Kind::Text, "Certificate Store Name", Shown::Text("MY")),
    switch(
        "verifyclientcertrevocation",
        "verifyClientCertRevocation",
        "Verify Client Certificate Revocation",
        Shown::Enabled(true),
    ),
    switch(
        "verifyrevocationwithcachedclientcertonly",
        "verifyRevocationWithCachedClientCertOnly",
        "Verify Revocation Using Cached Client Certificate Only",
        Shown::Enabled(false),
    ),
    switch("usagecheck", "usageCheck", "Usage Check", Shown::Enabled(true)),
    option(
        ("revocationfreshnesstime", "revocationFreshnessTime"),
        Kind::Number(u32::MAX),
        "Revocation Freshness Time",
        Shown::Text("0"),
    ),
    option(
        ("urlretrievaltimeout", "urlRetrievalTimeout"),
        Kind::Number(u32::MAX),
        "URL Retrieval Timeout",
        Shown::Text("0"),
    ),
    option(("sslctlidentifier", "ctlIdentifier"), Kind::Text, "Ctl Identifier", Shown::Text(NULL)),
    option(("sslctlstorename", "ctlStoreName"), Kind::Text, "Ctl Store Name", Shown::Text(NULL)),
    switch("dsmapperusage", "dsMapperUsage", "DS Mapper Usage", Shown::Enabled(false)),
    switch("clientcertnegotiation", "clientCertNegotiation", "Negotiate Client Certificate", Shown::Enabled(false)),
    switch("reject", "reject", "Reject Connections", Shown::Enabled(false)),
    switch("disablehttp2", "disableHttp2", "Disable HTTP2", Shown::Set),
    switch("disablequic", "disableQuic", "Disable QUIC", Shown::Set),
    switch("disabletls12", "disableTls12", "Disable TLS1.2", Shown::Set),
    switch("disabletls13", "disableTls13", "Disable TLS1.3", Shown::Set),
    switch("disableocspstapling", "disableOcspStapling", "Disable OCSP Stapling", Shown::Set),
    switch("enabletokenbinding", "enableTokenBinding", "Enable Token Binding", Shown::Set),
    switch("logextendedevents", "logExtendedEvents", "Log Extended Events", Shown::Set),
    switch("disablelegacytls", "disableLegacyTls", "Disable Legacy TLS Versions", Shown::Set),
    switch("enablesessionticket", "enableSessionTicket", "Enable Session Ticket", Shown::Set),
    switch("disablesessionid", "disableSessionId", "Disable Session ID", Shown::Never),
];

const NULL: &str = "(null)";
/// What stands for the owner that nobody named.
pub(super) const NO_APPLICATION: &str = "{00000000-0000-0000-0000-000000000000}";
/// Characters of a label's column.
const LABEL: usize = 29;

/// One value of an extended property: HTTP.sys's own settings of HTTP/2, printed below every binding. Scripts that read
/// the list look for the last of these lines.
pub(super) struct Extended {
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) attribute: &'static str,
    label: &'static str,
    /// Where nobody set it.
    default: &'static str,
}

/// Those of one property stand together.
pub(super) const EXTENDED: &[Extended] = &[
    extended(("0", "receivewindow"), "http2ReceiveWindow", "Receive Window", "1048576"),
    extended(("1", "maxsettingsperframe"), "http2MaxSettingsPerFrame", "Max Settings Per Frame", "2796202"),
    extended(("1", "maxsettingsperminute"), "http2MaxSettingsPerMinute", "Max Settings Per Minute", "4294967295"),
];

const fn extended(
    (id, tag): (&'static str, &'static str),
    attribute: &'static str,
    label: &'static str,
    default: &'static str,
) -> Extended {
    Extended { id, tag, attribute, label, default }
}

const fn option(
    (tag, attribute): (&'static str, &'static str),
    kind: Kind,
    label: &'static str,
    shown: Shown,
) -> SslOption {
    SslOption { tag, attribute, kind, label, shown }
}

const fn switch(tag: &'static str, attribute: &'static str, label: &'static str, shown: Shown) -> SslOption {
    SslOption { tag, attribute, kind: Kind::Switch, label, shown }
}

/// Whether a binding is a central store of one name, which netsh calls scoped.
pub(super) fn is_scoped(binding: &CertificateBinding) -> bool {
    let is_store = matches!(binding.place, CertificatePlace::Directory { .. });
    is_store && matches!(binding.key, CertificateKey::Name(..))
}

/// The tag that names a binding's place.
pub(super) fn tag_of(binding: &CertificateBinding) -> &'static str {
    match binding.key {
        CertificateKey::Address(_) => "ipport",
        CertificateKey::Name(..) if is_scoped(binding) => "scopedccs",
        CertificateKey::Name(..) => "hostnameport",
        CertificateKey::CentralStore(_) => "ccs",
    }
}

/// The lines of one binding.
pub(super) fn lines(binding: &CertificateBinding, place: &dyn HttpService) -> Vec<String> {
    let line = |label: &str, value: &str| labelled("    ", (label, LABEL), value);
    let is_store = matches!(binding.place, CertificatePlace::Directory { .. });
    let label = match binding.key {
        CertificateKey::Address(_) => "IP:port",
        CertificateKey::Name(..) if is_store => "Scoped CCS",
        CertificateKey::Name(..) => "Hostname:port",
        CertificateKey::CentralStore(_) => "Central Certificate Store",
    };
    let hash = place.thumbprint(&binding.place).filter(|_| !is_store);
    let application = binding.written.text("appId").unwrap_or(NO_APPLICATION);
    let mut lines = vec![
        line(label, &binding.key.to_string()),
        line("Certificate Hash", hash.as_deref().unwrap_or(NULL)),
        line("Application ID", application),
    ];
    for option in OPTIONS {
        let written = binding.written.text(option.attribute);
        let on = written.map(|text| text.eq_ignore_ascii_case("true"));
        let value = match option.shown {
            Shown::Enabled(default) if on.unwrap_or(default) => "Enabled",
            Shown::Enabled(_) => "Disabled",
            Shown::Set if on == Some(true) => "Set",
            Shown::Set => "Not Set",
            Shown::Text("MY") if is_store => NULL,
            Shown::Text(default) => written.filter(|text| !text.is_empty()).unwrap_or(default),
            Shown::Never => continue,
        };
        lines.push(line(option.label, value));
    }
    let mut property = "";
    for extended in EXTENDED {
        if extended.id != property {
            property = extended.id;
            lines.push(" Extended Properties:".to_owned());
            lines.push(line("PropertyId", property));
        }
        lines.push(line(extended.label, binding.written.text(extended.attribute).unwrap_or(extended.default)));
    }
    lines
}
