//! One site as the server sees it.

use std::fmt;
use std::sync::Arc;

use doorward_limiter::IpNet;
use doorward_logs::SiteLog;

use crate::directory::Directories;
use crate::path_settings::PathSettings;

/// The `id` attribute of a site; also its log folder's number (`W3SVC<id>`).
pub type SiteId = u32;

/// Whether a site answers (`reference`: runtime attribute `state` of `rscaext.xml`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteState {
    /// Its bindings are listened on and its requests answered.
    Started,
    /// Configured, but asked not to run: its addresses are free unless another site needs them.
    Stopped,
    /// It should run but cannot; the text says why and where.
    Failed(String),
}

impl SiteState {
    /// IIS's word for the state, as `appcmd list site` prints it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Stopped | Self::Failed(_) => "Stopped",
        }
    }

    /// Whether requests may be routed to the site.
    pub fn is_started(&self) -> bool {
        matches!(self, Self::Started)
    }
}

/// One site: who it is, where its content lies and what holds at each of its paths.
pub struct SitePlan {
    /// `id` attribute.
    pub id: SiteId,
    /// `name` attribute.
    pub name: String,
    /// Whether it answers.
    pub state: SiteState,
    /// Its bindings as written, `protocol/bindingInformation`, in the order of the file.
    pub bindings: Vec<String>,
    /// URL prefixes to folders.
    pub directories: Directories,
    /// The settings in force at each URL path.
    pub settings: Arc<dyn PathSettings>,
    /// Where its requests are recorded.
    pub log: Arc<SiteLog>,
    /// `limits/connectionTimeout`: how long a connection may idle after a request, in milliseconds.
    pub connection_timeout_ms: u64,
    /// Peers whose connections begin with a PROXY protocol header; none when empty.
    pub proxy_protocol: Vec<IpNet>,
    /// `limits/maxConnections`: connections at a time; `None` for any number.
    pub connections_max: Option<u32>,
    /// `limits/maxBandwidth`: bytes that all its answers together may have in a second; `None` for any number.
    pub bytes_per_second_max: Option<u32>,
    /// `limits/maxUrlSegments`: a longer path gets 404.20.
    pub url_segments_max: u32,
    /// Whether a path is known to want a certificate of the client's, so that handshakes ask for one.
    pub asks_certificate: bool,
    /// Where requests over http are sent over https (`hsts redirectHttpToHttps`): the port.
    pub https_port: Option<u16>,
}

impl fmt::Debug for SitePlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SitePlan")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;
    use crate::effective::Effective;
    use crate::path_settings::LocationSettings;
    use doorward_limiter::Scope;

    /// A site with nothing in it but a name and a state.
    pub(crate) fn site(id: SiteId, name: &str, state: SiteState) -> Arc<SitePlan> {
        let settings = LocationSettings::new(Arc::new(Effective::bare(Scope(id))), []);
        Arc::new(SitePlan {
            id,
            name: name.to_owned(),
            state,
            bindings: Vec::new(),
            directories: Directories::default(),
            settings: Arc::new(settings),
            log: SiteLog::new(crate::log_settings::tests_support::settings(id)),
            connection_timeout_ms: 120_000,
            proxy_protocol: Vec::new(),
            connections_max: None,
            bytes_per_second_max: None,
            url_segments_max: 32,
            asks_certificate: false,
            https_port: None,
        })
    }
}
