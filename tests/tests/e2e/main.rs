//! End-to-end tests: black box, through the `doorward` binary and real loopback sockets.
//!
//! Every test owns a network and ports of its own (see `harness::net`) and a home of its own (a temporary
//! folder), so all of them may run at once. Those that need root say `SKIP(root): name` without it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "in a test a panic is the report; tests own files, read the clock, and build only short texts"
)]

mod allocations;
mod appcmd;
mod broken_lines;
mod browsers;
mod cli;
mod client_certificates;
mod clients;
mod compression;
mod corpus;
mod error_pages;
mod exhaustion;
mod files;
mod first_run;
mod gate;
mod handling;
mod harness;
mod http2;
mod http2_leaks;
mod like_nginx;
mod limits;
mod limits_desk;
mod limits_flood;
mod limits_guide;
mod limits_patterns;
mod limits_proxied;
mod limits_transports;
mod listeners;
mod log_faults;
mod log_forms;
mod log_readers;
mod log_rollover;
mod logs;
mod messages;
mod native;
mod netsh;
mod paths;
mod proxy;
mod publish_folder;
mod redirects;
mod reload;
mod request_filtering;
mod save_faults;
mod schema_files;
mod shared_configuration;
mod site_limits;
mod static_files;
mod stop_start;
mod tls;
mod tls_files;
mod upgrades;
mod web_config;
