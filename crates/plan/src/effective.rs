//! Everything that holds at one path, as plain values.

use std::sync::Arc;

use doorward_config::HttpLogging;
use doorward_limiter::{Policy, Scope};

use crate::compression::Compression;
use crate::config_fault::ConfigFault;
use crate::content::StaticContent;
use crate::error_pages::ErrorPages;
use crate::handling::{HandlerMap, Runtime};
use crate::handshake::Access;
use crate::redirect::Redirect;
use crate::request_filter::RequestFilter;
use crate::response_fields::ResponseFields;

/// A server that requests are forwarded to (`<doorward><proxy to="…"/>`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Host name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path put before the request's own, without a slash at its end.
    pub base_path: String,
    /// How long a connect may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long the upstream may stay silent before its answer is given up, in milliseconds.
    pub response_timeout_ms: u64,
    /// Whether a client may ask it for another protocol on its connection (`webSocket`).
    pub upgrades: bool,
}

/// How a denial by the limiter looks beyond its status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Denial {
    /// Whether responses say what the rate limit is and how much of it is left.
    pub rate_limit_fields: bool,
    /// How long the answer is held back, in milliseconds.
    pub tarpit_ms: u64,
}

/// The settings in force at one path of one site.
#[derive(Debug)]
pub struct Effective {
    /// Who may proceed, and how often.
    pub policy: Policy,
    /// How its denials look.
    pub denial: Denial,
    /// How requests have to come.
    pub access: Access,
    /// What is refused for how it is asked for.
    pub filter: Arc<RequestFilter>,
    /// Where requests are sent instead of being answered.
    pub redirect: Option<Redirect>,
    /// Further fields of answers.
    pub fields: ResponseFields,
    /// How files are served.
    pub content: StaticContent,
    /// What may be done here, and how.
    pub handlers: Arc<HandlerMap>,
    /// How much of it at a time.
    pub runtime: Runtime,
    /// Which answers are compressed.
    pub compression: Compression,
    /// Which page an error gets.
    pub errors: Arc<ErrorPages>,
    /// Which answers are logged.
    pub logging: HttpLogging,
    /// Where requests are forwarded instead of being answered from files.
    pub upstream: Option<Upstream>,
    /// Why nothing can be served here: 500.19. Everything else is then what the server's own file says.
    pub fault: Option<Arc<ConfigFault>>,
}

impl Effective {
    /// Settings with no limits, no default documents and no media types, for tests and as a last resort.
    pub fn bare(scope: Scope) -> Self {
        Self {
            policy: Policy::open(scope),
            denial: Denial::default(),
            access: Access::default(),
            filter: Arc::new(RequestFilter::open()),
            redirect: None,
            fields: ResponseFields::default(),
            content: StaticContent::default(),
            handlers: Arc::default(),
            runtime: Runtime::default(),
            compression: Compression::default(),
            errors: Arc::default(),
            logging: HttpLogging::All,
            upstream: None,
            fault: None,
        }
    }
}
