//! What did the operator write, and what does it mean at this path?
//!
//! [`load`] reads the two files of a [`Home`] into a [`Configuration`]; [`Configuration::settings_at`] answers what
//! applies at a path; [`edit`] changes a document in memory and [`save`] replaces the file. Only `store` opens files.

#![forbid(unsafe_code)]

mod along;
mod binding;
mod binding_checks;
mod builtin;
mod builtin_mime;
mod certificate;
mod certificate_switches;
mod configuration;
mod declarations;
mod diagnostic;
mod document;
mod edit;
mod effective;
mod hierarchy;
mod home;
mod http_parameters;
mod http_service;
mod http_timeouts;
mod inheritance;
mod list_file;
mod load;
mod location;
mod lock;
mod merge;
mod paths;
mod reader;
mod redirection;
mod schema;
mod schema_file;
mod settings;
mod settings_checks;
mod shared;
mod site;
mod site_checks;
mod site_log;
mod store;
mod url_reservation;
mod view;
mod walk;
mod web_config;

pub use along::ConfigFault;
pub use binding::{Binding, BindingAddress, Endpoint, EndpointError, HostRule, parse_binding_information};
pub use certificate::{CertificateBinding, CertificateKey, CertificatePlace, HandshakeRules, WrittenAttributes};
pub use configuration::{Configuration, EffectiveValue, ListenEntry};
pub use diagnostic::{Diagnostic, Ignored, LoadError, Origin, Severity};
pub use edit::{
    Action, AttributeChange, ConfigFile, Deed, Edit, EditError, EditedFile, NewSite, NewValue, Position, SectionChange,
    Step, edit, web_config_file,
};
pub use home::Home;
pub use http_parameters::HttpParameters;
pub use http_service::parse_listen_address;
pub use http_timeouts::HttpTimeouts;
pub use list_file::ListFile;
pub use load::{load, load_at_start, load_or_begin, load_text, load_text_at_start};
pub use lock::{LockDirective, SectionLock};
pub use paths::{PathMap, ResolvedPath};
pub use schema::{
    AllowDefinition, AttributeTable, Bounds, CollectionTable, ElementTable, Key, Kind, MergeOrder, OverrideMode,
    Schema, SectionTable, SectionUse, Value, Word,
};
pub use settings::{
    AccessSection, CacheControlMode, ClientCache, Compression, CompressionScheme, ConcurrentLimit, DefaultDocument,
    DenyAction, DirectoryBrowse, DynamicIpSecurity, ErrorEntry, ErrorMode, ErrorPath, ErrorResponse, FilesSection,
    FilterList, FilteringRule, Handler, Handlers, HttpErrors, HttpLogging, HttpProtocol, HttpRedirect, IpSecurity,
    IpSecurityEntry, LimitAction, LimiterSection, LogTarget, LogsSection, MatchLimit, MediaTypes, ProxySection,
    RateLimit, RedirectTarget, RequestFiltering, RequestLimits, ServerRuntime, Settings, StaticContent, UrlCompression,
};
pub use shared::Shared;
pub use site::{Application, Hsts, Site, SiteLimits, VirtualDirectory};
pub use site_log::{
    CentralLog, CentralLogFileMode, CustomField, CustomFieldSource, LogFile, LogFormat, LogPeriod, ServerLog, WebLimits,
};
pub use store::{
    BackupError, FileStates, FolderLook, FolderPlace, StoreError, add_backup, backups, delete_backup,
    keep_outside_change, restore_backup, save, save_kept, schema_files,
};
pub use url_reservation::{ReservationHolder, UrlPrefix, UrlReservation};
pub use view::{AttributeView, ElementView};
pub use web_config::{ReadSource, WebConfig};
