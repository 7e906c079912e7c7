//! One request and its response, from the first byte received to the last byte sent.

use std::net::IpAddr;
use std::sync::Arc;

use doorward_limiter::{Admission, Client, Counts, Decision};
use doorward_logs::{ErrorRecord, Record};
use doorward_plan::{Effective, SitePlan};
use doorward_wire::{Request, Version};

use crate::clock::unix_ms;
use crate::names::Named;
use crate::stream::Ends;

/// What is known of the answer when it is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) substatus: u16,
    pub(crate) win32_status: u32,
}

/// `ERROR_NETNAME_DELETED`: the client went away while the answer was sent (IIS reference §5.2).
pub(crate) const WIN32_CLIENT_GONE: u32 = 64;

/// One request and its response. Reused from request to request, so that the steady state allocates nothing.
pub(crate) struct Exchange {
    pub(crate) request: Request,
    /// The normalised path: decoded once, without dot segments.
    pub(crate) path: String,
    pub(crate) ends: Ends,
    /// When its first byte came, on the server's clock, in milliseconds.
    pub(crate) started_ms: u64,
    /// The site that answers and the settings at the path, once a stage has chosen them.
    pub(crate) site: Option<Arc<SitePlan>>,
    pub(crate) effective: Option<Arc<Effective>>,
    pub(crate) client: Client,
    /// What the client is called, once somebody had to know.
    pub(crate) host_name: Option<Arc<Named>>,
    /// The limiter's word; its permit is held until this exchange is finished.
    pub(crate) admission: Option<Admission>,
    pub(crate) answered: Answered,
    pub(crate) keep_alive: bool,
    /// Bytes of the response that were handed to the kernel, head included.
    pub(crate) sent_bytes: u64,
    /// Bytes of the request, head and body framing included.
    pub(crate) received_bytes: u64,
    /// Set where the request is not recorded in the site's log (abort, refused before a site).
    pub(crate) unrecorded: bool,
}

impl Exchange {
    pub(crate) fn new(ends: Ends) -> Self {
        Self {
            request: Request::new(),
            path: String::new(),
            ends,
            started_ms: 0,
            site: None,
            effective: None,
            client: Client::direct(ends.peer.ip()),
            host_name: None,
            admission: None,
            answered: Answered::default(),
            keep_alive: false,
            sent_bytes: 0,
            received_bytes: 0,
            unrecorded: false,
        }
    }

    /// Makes it fit for the next request; buffers keep their room, the permit is given back.
    pub(crate) fn reset(&mut self, ends: Ends) {
        self.request.clear();
        self.path.clear();
        self.ends = ends;
        self.site = None;
        self.effective = None;
        self.client = Client::direct(ends.peer.ip());
        self.host_name = None;
        self.admission = None;
        self.answered = Answered::default();
        self.keep_alive = false;
        self.sent_bytes = 0;
        self.received_bytes = 0;
        self.unrecorded = false;
    }

    /// Whether the answer has no body because of the method.
    pub(crate) fn is_head(&self) -> bool {
        self.request.method() == "HEAD"
    }

    /// What the limiter counted for this client, this request included.
    pub(crate) fn counts(&self) -> Counts {
        self.admission.as_ref().map(|admission| admission.counts).unwrap_or_default()
    }

    /// Whether the limiter said no, and the no is enforced.
    pub(crate) fn is_denied(&self) -> bool {
        let decision = self.admission.as_ref().map(|admission| admission.decision);
        matches!(decision, Some(Decision::Deny { enforced: true, .. }))
    }

    /// The substatus as logged: a limit that was met but not enforced shows even on a success (D18).
    fn logged_substatus(&self) -> u16 {
        match self.admission.as_ref().map(|admission| admission.decision) {
            Some(Decision::Deny { reason, enforced: false, .. }) => reason.substatus(),
            Some(Decision::Deny { .. } | Decision::Allow) | None => self.answered.substatus,
        }
    }

    fn decision_word(&self) -> Option<&'static str> {
        use doorward_limiter::Reason;
        match self.admission.as_ref()?.decision {
            Decision::Allow => Some("allow"),
            Decision::Deny { reason, .. } => Some(match reason {
                Reason::Concurrency => "deny-concurrency",
                Reason::Rate => "deny-rate",
                Reason::Address => "deny-address",
                Reason::HostName => "deny-host-name",
                Reason::Block => "deny-block",
            }),
        }
    }

    /// The line for the site's log. `custom` are the values of its custom fields.
    pub(crate) fn record<'e>(&'e self, custom: &'e [Option<&'e [u8]>], now_ms: u64) -> Record<'e> {
        let counts = self.counts();
        Record {
            time_unix_ms: unix_ms(),
            server: self.ends.local,
            method: self.request.method().as_bytes(),
            stem: if self.path.is_empty() { self.request.path().as_bytes() } else { self.path.as_bytes() },
            query: self.request.query().map(str::as_bytes),
            user_name: None,
            peer: doorward_limiter::canonical(self.ends.peer.ip()),
            version: self.request.version().as_str(),
            user_agent: self.request.field("User-Agent"),
            cookie: self.request.field("Cookie"),
            referer: self.request.field("Referer"),
            host: self.request.field("Host"),
            status: self.answered.status,
            substatus: self.logged_substatus(),
            win32_status: self.answered.win32_status,
            bytes_sent: self.sent_bytes,
            bytes_received: self.received_bytes,
            time_taken_ms: now_ms.saturating_sub(self.started_ms),
            custom,
            client: self.client.address,
            decision: self.decision_word(),
            in_progress: counts.in_progress,
            in_window: counts.in_window,
        }
    }

    /// The HTTPERR line for a request that no site's log shows.
    pub(crate) fn error_record<'e>(&'e self, reason: &'e str, status: Option<u16>) -> ErrorRecord<'e> {
        let known = !self.request.method().is_empty();
        ErrorRecord {
            time_unix_ms: unix_ms(),
            peer: Some(self.ends.peer),
            server: Some(self.ends.local),
            version: known.then(|| self.request.version().as_str()),
            method: known.then(|| self.request.method().as_bytes()),
            uri: known.then(|| self.request.target().as_bytes()),
            status,
            site_id: self.site.as_ref().map(|site| site.id),
            reason,
            queue: None,
        }
    }

    /// Whether the response may be sent in chunks: HTTP/1.0 clients do not know them.
    pub(crate) fn takes_chunks(&self) -> bool {
        match self.request.version() {
            Version::Http11 => true,
            Version::Http10 => false,
        }
    }

    /// The address of the TCP counterpart.
    pub(crate) fn peer(&self) -> IpAddr {
        self.ends.peer.ip()
    }
}
