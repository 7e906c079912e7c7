//! What should be running, and what changes from what is?
//!
//! The only crate that meets all four roots' vocabularies: it takes what the operator wrote
//! (`config`), and turns it into plain values the server can act on: exact addresses to listen on,
//! routes by host name, folders, limiter policies, log settings. It opens nothing and reads no
//! clock; the same input gives the same [`Plan`].
//!
//! A plan is immutable. A change is a new plan and the [`Change`] from the old one.

#![forbid(unsafe_code)]

mod build;
mod certificates;
mod change;
mod compression;
mod config_fault;
mod content;
mod directory;
mod effective;
mod error_pages;
mod gate;
mod handling;
mod handshake;
mod https_problems;
mod listen;
mod log_settings;
mod path_settings;
mod policy;
mod redirect;
mod request_filter;
mod response_fields;
mod route;
mod scopes;
mod site;
mod waits;

pub use build::{Inputs, build};
pub use certificates::{Candidate, CentralStore, CertificateSource, Certificates, Place};
pub use change::Change;
pub use compression::{CodingKind, Compression, Effort, HitFrequency, MediaTypes};
pub use config_fault::ConfigFault;
pub use content::{Browse, CacheControl, MimeMap, StaticContent};
pub use directory::{Content, Directories, Directory};
pub use effective::{Denial, Effective, Upstream};
pub use error_pages::{ErrorMode, ErrorPage, ErrorPages};
pub use gate::{ConnectionLimits, EarlyAbort};
pub use handling::{HandlerMap, Runtime};
pub use handshake::{Access, HandshakeTerms, TlsSwitches};
pub use listen::{ListenerPlan, Problem};
pub use log_settings::server_log_directory;
pub use path_settings::{FolderSettings, LocationSettings, PathSettings};
pub use redirect::{Asked, Redirect};
pub use request_filter::{AllowList, FilterRule, Names, RequestFilter};
pub use response_fields::ResponseFields;
pub use route::{Route, Routes};
pub use scopes::Scopes;
pub use site::{SiteId, SitePlan, SiteState};
pub use waits::Waits;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Everything that should be running at one moment.
#[derive(Debug, Default)]
pub struct Plan {
    /// Number of this plan; connections compare it to notice a new one. Grows by one per build.
    pub generation: u64,
    /// The exact addresses to hold open, each with the routes of the requests that arrive there.
    pub listeners: BTreeMap<SocketAddr, ListenerPlan>,
    /// Every configured site, also those that are stopped, in the order of the file.
    pub sites: Vec<Arc<SitePlan>>,
    /// Limits of an address that hold before any request.
    pub connection_limits: ConnectionLimits,
    /// How long connections may keep us waiting.
    pub waits: Waits,
    /// What kept a part of the configuration from being planned.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// The problems that no site's state tells already.
    pub fn remarks(&self) -> impl Iterator<Item = &Problem> {
        let told = |problem: &Problem| {
            self.sites.iter().any(|site| matches!(&site.state, SiteState::Failed(text) if *text == problem.message))
        };
        self.problems.iter().filter(move |problem| !told(problem))
    }

    /// The site of that name, compared without regard to case as IIS does.
    pub fn site(&self, name: &str) -> Option<&Arc<SitePlan>> {
        self.sites.iter().find(|site| site.name.eq_ignore_ascii_case(name))
    }
}
