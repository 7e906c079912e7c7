//! The HTTP service's own store, `http.config` (IIS reference §7.1; on Windows this is in the registry).

use crate::schema::types::Kind::{Bool, Enum, FilledText, Text};
use crate::schema::types::{AttributeTable, CollectionTable, ElementTable};

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
            // What `netsh http add sslcert` also takes; kept, and of no effect here.
            AttributeTable::new("appId", Text),
            AttributeTable::new("storeName", Text),
        ],
    ),
));

/// The table of an element of the HTTP service's store.
pub(crate) fn http_section(name: &str) -> Option<&'static ElementTable> {
    const SECTIONS: &[&ElementTable] = &[&IP_LISTEN, &SSL_CERTS];
    SECTIONS.iter().copied().find(|table| table.name.eq_ignore_ascii_case(name))
}
