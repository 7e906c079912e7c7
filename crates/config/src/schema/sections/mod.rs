//! One file for each section that is read, checked and kept, and that this program does not act on (IIS reference §4).

mod application_dependencies;
mod application_initialization;
mod application_pools;
mod asp;
mod asp_net_core;
mod authentication_anonymous_authentication;
mod authentication_basic_authentication;
mod authentication_client_certificate_mapping_authentication;
mod authentication_digest_authentication;
mod authentication_iis_client_certificate_mapping_authentication;
mod authentication_windows_authentication;
mod authorization;
mod caching;
mod cgi;
pub(super) mod config_history;
mod cors;
mod custom_metadata;
mod disk_cache;
mod fast_cgi;
mod global_modules;
mod http_platform;
mod http_tracing;
mod isapi_cgi_restriction;
mod isapi_filters;
mod management_authentication;
mod management_authorization;
mod management_trusted_providers;
mod modules;
mod odbc_logging;
mod preload_providers;
mod proxy;
mod rewrite_allowed_server_variables;
mod rewrite_global_rules;
mod rewrite_outbound_rules;
mod rewrite_providers;
mod rewrite_rewrite_maps;
mod rewrite_rules;
mod server_side_include;
mod service_auto_start_providers;
mod tracing_trace_failed_requests;
mod tracing_trace_provider_definitions;
mod validation;
mod web_socket;

use crate::schema::types::SectionTable;

/// Every such section.
pub(super) const KEPT: &[&SectionTable] = &[
    &application_dependencies::APPLICATION_DEPENDENCIES,
    &application_initialization::APPLICATION_INITIALIZATION,
    &application_pools::APPLICATION_POOLS,
    &asp::ASP,
    &asp_net_core::ASP_NET_CORE,
    &authentication_anonymous_authentication::ANONYMOUS_AUTHENTICATION,
    &authentication_basic_authentication::BASIC_AUTHENTICATION,
    &authentication_client_certificate_mapping_authentication::CLIENT_CERTIFICATE_MAPPING_AUTHENTICATION,
    &authentication_digest_authentication::DIGEST_AUTHENTICATION,
    &authentication_iis_client_certificate_mapping_authentication::IIS_CLIENT_CERTIFICATE_MAPPING_AUTHENTICATION,
    &authentication_windows_authentication::WINDOWS_AUTHENTICATION,
    &authorization::AUTHORIZATION,
    &caching::CACHING,
    &cgi::CGI,
    &cors::CORS,
    &custom_metadata::CUSTOM_METADATA,
    &disk_cache::DISK_CACHE,
    &fast_cgi::FAST_CGI,
    &global_modules::GLOBAL_MODULES,
    &http_platform::HTTP_PLATFORM,
    &http_tracing::HTTP_TRACING,
    &isapi_cgi_restriction::ISAPI_CGI_RESTRICTION,
    &isapi_filters::ISAPI_FILTERS,
    &management_authentication::AUTHENTICATION,
    &management_authorization::AUTHORIZATION,
    &management_trusted_providers::TRUSTED_PROVIDERS,
    &modules::MODULES,
    &odbc_logging::ODBC_LOGGING,
    &preload_providers::PRELOAD_PROVIDERS,
    &proxy::PROXY,
    &rewrite_allowed_server_variables::ALLOWED_SERVER_VARIABLES,
    &rewrite_global_rules::GLOBAL_RULES,
    &rewrite_outbound_rules::OUTBOUND_RULES,
    &rewrite_providers::PROVIDERS,
    &rewrite_rewrite_maps::REWRITE_MAPS,
    &rewrite_rules::RULES,
    &server_side_include::SERVER_SIDE_INCLUDE,
    &service_auto_start_providers::SERVICE_AUTO_START_PROVIDERS,
    &tracing_trace_failed_requests::TRACE_FAILED_REQUESTS,
    &tracing_trace_provider_definitions::TRACE_PROVIDER_DEFINITIONS,
    &validation::VALIDATION,
    &web_socket::WEB_SOCKET,
];
