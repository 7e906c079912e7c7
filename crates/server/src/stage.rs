//! The stages of the pipeline, one file each.

pub(crate) mod access;
pub(crate) mod client;
pub(crate) mod config_fault;
pub(crate) mod error_file;
pub(crate) mod error_page;
pub(crate) mod filter;
pub(crate) mod handler;
pub(crate) mod limit;
pub(crate) mod redirect;
pub(crate) mod runtime;
pub(crate) mod site;
