//! The HTTP service's own store, `http.config` (IIS reference §7.1; on Windows this is in the registry).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{AttributeTable, CollectionTable, ElementTable, Kind, SPAN, UINT};

/// `ipListen`. Not combined with anything: the whole text is the key, and the address is checked by its reader.
pub(crate) const IP_LISTEN: ElementTable = ElementTable::new("ipListen", &[]).collection(&CollectionTable::new(
    "add",
    &ElementTable::new("add", &[AttributeTable::new("address", FilledText).required().unique()]),
));

/// `sslCerts`: which certificate answers where. An entry is named by exactly one of its first three attributes; its
/// reader checks that, and that it says where the certificate lies.
pub(crate) const SSL_CERTS: ElementTable = ElementTable::new("sslCerts", &[]).collection(&CollectionTable::new(
    "add",
    &ElementTable::new(
        "add",
        &[
            AttributeTable::new("ipPort", FilledText),
            AttributeTable::new("hostnamePort", FilledText),
            AttributeTable::new("centralStore", FilledText),
            AttributeTable::new("file", FilledText),
            AttributeTable::new("key", FilledText),
            AttributeTable::new("hash", FilledText),
            AttributeTable::new("directory", FilledText),
            AttributeTable::new("passwordFile", FilledText),
            AttributeTable::new("clientCa", FilledText),
            AttributeTable::new("clientCertNegotiation", Bool).default("false"),
            AttributeTable::new("minTls", Enum(&[("1.2", 2), ("1.3", 3)])).default("1.2"),
            // What `netsh http add sslcert` also takes (IIS reference §7.2). Those that are not written are what
            // netsh shows as `Not Set` or as its default.
            AttributeTable::new("appId", Text),
            AttributeTable::new("certStoreName", Text),
            AttributeTable::new("verifyClientCertRevocation", Bool),
            AttributeTable::new("verifyRevocationWithCachedClientCertOnly", Bool),
            AttributeTable::new("usageCheck", Bool),
            AttributeTable::new("revocationFreshnessTime", UINT),
            AttributeTable::new("urlRetrievalTimeout", UINT),
            AttributeTable::new("ctlIdentifier", Text),
            AttributeTable::new("ctlStoreName", Text),
            AttributeTable::new("dsMapperUsage", Bool),
            AttributeTable::new("reject", Bool),
            AttributeTable::new("disableHttp2", Bool),
            AttributeTable::new("disableQuic", Bool),
            AttributeTable::new("disableTls12", Bool),
            AttributeTable::new("disableTls13", Bool),
            AttributeTable::new("disableOcspStapling", Bool),
            AttributeTable::new("enableTokenBinding", Bool),
            AttributeTable::new("logExtendedEvents", Bool),
            AttributeTable::new("disableLegacyTls", Bool),
            AttributeTable::new("enableSessionTicket", Bool),
            AttributeTable::new("disableSessionId", Bool),
            // What `netsh http update sslpropertyex` sets.
            AttributeTable::new("http2ReceiveWindow", UINT),
            AttributeTable::new("http2MaxSettingsPerFrame", UINT),
            AttributeTable::new("http2MaxSettingsPerMinute", UINT),
        ],
    ),
));

/// `urlReservations`: who may register a URL. Either `sddl` says so, or `user` with the two that follow.
pub(crate) const URL_RESERVATIONS: ElementTable =
    ElementTable::new("urlReservations", &[]).collection(&CollectionTable::new(
        "add",
        &ElementTable::new(
            "add",
            &[
                AttributeTable::new("url", FilledText).required().unique(),
                AttributeTable::new("user", FilledText),
                AttributeTable::new("listen", Bool).default("true"),
                AttributeTable::new("delegate", Bool).default("false"),
                AttributeTable::new("sddl", FilledText),
            ],
        ),
    ));

/// `timeouts`: what `netsh http add timeout` sets, in seconds.
pub(crate) const TIMEOUTS: ElementTable = ElementTable::new(
    "timeouts",
    &[AttributeTable::new("idleConnectionTimeout", SECONDS), AttributeTable::new("headerWaitTimeout", SECONDS)],
);

const SECONDS: Kind = Kind::uint(1, u16::MAX as i64);

/// `cacheParameters`: what `netsh http add cacheparam` sets, in bytes.
pub(crate) const CACHE_PARAMETERS: ElementTable = ElementTable::new(
    "cacheParameters",
    &[AttributeTable::new("maxCacheResponseSize", UINT), AttributeTable::new("cacheRangeChunkSize", UINT)],
);

/// `settings`: what `netsh http add setting` sets.
pub(crate) const SETTINGS: ElementTable = ElementTable::new("settings", &[AttributeTable::new("sslThrottle", UINT)]);

/// The table of an element of the HTTP service's store.
pub(crate) fn http_section(name: &str) -> Option<&'static ElementTable> {
    const SECTIONS: &[&ElementTable] =
        &[&IP_LISTEN, &SSL_CERTS, &URL_RESERVATIONS, &TIMEOUTS, &CACHE_PARAMETERS, &SETTINGS];
    SECTIONS.iter().copied().find(|table| table.name.eq_ignore_ascii_case(name))
}

/// `configurationRedirection` of `redirection.config` (IIS reference §3.1).
pub(crate) const CONFIGURATION_REDIRECTION: ElementTable = ElementTable::new(
    "configurationRedirection",
    &[
        AttributeTable::new("enabled", Bool).default("false"),
        AttributeTable::new("path", Text),
        AttributeTable::new("userName", Text),
        AttributeTable::new("password", Text).encrypted(),
        AttributeTable::new("enableUncPolling", Bool).default("false"),
        AttributeTable::new("pollingPeriod", SPAN).default("00:03:00"),
    ],
);
