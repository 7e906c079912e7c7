//! The vocabulary: which sections exist, and which attributes, elements and collections each of them has.
//!
//! A section is a table. The same tables drive reading, checking and the effective values, and later the commands that
//! set values and the reference pages.

mod checks;
mod compression;
mod content;
mod doorward;
mod effects;
mod errors;
mod files;
mod handling;
mod http_service;
mod known;
mod log;
mod logs;
mod names;
mod redirect;
mod request_filtering;
mod schema_set;
mod sections;
mod security;
mod sites;
mod types;
mod value;

pub(crate) use checks::{parse_networks, pool_name, trimmed};
pub(crate) use effects::idle_attributes;
pub(crate) use http_service::{
    CACHE_PARAMETERS, CONFIGURATION_REDIRECTION, IP_LISTEN, SETTINGS, SSL_CERTS, TIMEOUTS, URL_RESERVATIONS,
    http_section,
};
pub(crate) use known::{is_group, is_known_section};
pub(crate) use names::near_name;
pub use schema_set::{Schema, SectionUse};
pub(crate) use security::entry_network;
pub(crate) use sites::{application_path, is_site_name, not_a_site_name, site_name, virtual_directory_path};
pub use types::{
    AllowDefinition, AttributeTable, Bounds, CollectionTable, ElementTable, Key, Kind, MergeOrder, OverrideMode,
    SectionTable, Word,
};
pub(crate) use types::{SPAN, TextRule};
pub(crate) use value::INFINITE;
pub use value::Value;

/// Every section this program acts on.
pub(crate) const SECTIONS: &[&SectionTable] = &[
    &sites::SITES,
    &log::LOG,
    &log::WEB_LIMITS,
    &log::LISTENER_ADAPTERS,
    &sections::config_history::CONFIG_HISTORY,
    &content::DEFAULT_DOCUMENT,
    &content::DIRECTORY_BROWSE,
    &content::STATIC_CONTENT,
    &compression::URL_COMPRESSION,
    &compression::HTTP_COMPRESSION,
    &handling::SERVER_RUNTIME,
    &handling::HANDLERS,
    &files::FILES,
    &errors::HTTP_ERRORS,
    &errors::HTTP_LOGGING,
    &logs::LOGS,
    &redirect::HTTP_REDIRECT,
    &redirect::HTTP_PROTOCOL,
    &request_filtering::REQUEST_FILTERING,
    &security::IP_SECURITY,
    &security::DYNAMIC_IP_SECURITY,
    &security::ACCESS,
    &doorward::LIMITER,
    &doorward::PROXY,
    &doorward::PROXY_PROTOCOL,
    &doorward::PATHS,
];

/// The table of a section of the built-in schema, by its full path.
pub(crate) fn section(path: &str) -> Option<&'static SectionTable> {
    Schema::built_in().section(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_element(path: &str, element: &ElementTable) {
        for attribute in element.attributes {
            if let Some(text) = attribute.default {
                let read = attribute.read(text);
                assert!(read.is_ok(), "{path}@{}: default {text:?} does not fit: {read:?}", attribute.name);
            }
        }
        for child in element.children {
            check_element(&format!("{path}/{}", child.name), child);
        }
        if let Some(collection) = element.collection {
            assert!(
                collection.duplicates || collection.entry.attributes.iter().any(|a| a.key != Key::None),
                "{path}: a collection without a key cannot tell its entries apart"
            );
            check_element(&format!("{path}/{}", collection.add), collection.entry);
        }
    }

    #[test]
    fn every_default_fits_its_type_and_every_collection_has_a_key() {
        for section in Schema::built_in().sections() {
            check_element(section.path, section.element);
            assert!(section.path.ends_with(section.element.name), "{}", section.path);
        }
    }
}
