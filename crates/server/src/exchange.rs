//! One request and its response, from the first byte received to the last byte sent.

use std::net::IpAddr;
use std::sync::Arc;

use doorward_limiter::{Admission, Client, Counts, Decision, Limits};
use doorward_logs::{ErrorRecord, Record};
use doorward_plan::{Effective, SitePlan};
use doorward_wire::{Request, Version};

use crate::clock::unix_ms;
use crate::custom_fields;
use crate::long_lived::LongLived;
use crate::names::Named;
use crate::site_use::RequestPlace;
use crate::stream::Ends;
use crate::worker::Worker;

/// What is known of the answer when it is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) substatus: u16,
    pub(crate) win32_status: u32,
}

/// `ERROR_NETNAME_DELETED`: the client went away while the answer was sent (IIS reference §5.2).
pub(crate) const WIN32_CLIENT_GONE: u32 = 64;

/// A limit on the requests of an application that a round of connections might reach.
const FEW_REQUESTS: u32 = 64;

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
    /// Its place in its application, where it has to wait.
    pub(crate) place: Option<RequestPlace>,
    /// Set once it is known that the answer goes on for as long as both sides like.
    pub(crate) long_lived: Option<LongLived>,
    pub(crate) answered: Answered,
    pub(crate) keep_alive: bool,
    /// Bytes of the response that were handed to the kernel, head included.
    pub(crate) sent_bytes: u64,
    /// Bytes of the request, head and body framing included.
    pub(crate) received_bytes: u64,
    /// The response's head as it was sent, kept only where the site's log asks for a field of it.
    pub(crate) response_head: Vec<u8>,
    /// The HTTP/2 stream that carries it; `None` in HTTP/1.
    pub(crate) stream: Option<u32>,
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
            place: None,
            long_lived: None,
            answered: Answered::default(),
            keep_alive: false,
            sent_bytes: 0,
            received_bytes: 0,
            response_head: Vec::new(),
            stream: None,
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
        self.place = None;
        self.long_lived = None;
        self.answered = Answered::default();
        self.keep_alive = false;
        self.sent_bytes = 0;
        self.received_bytes = 0;
        self.response_head.clear();
        self.stream = None;
        self.unrecorded = false;
    }

    /// From here on it is an upgraded connection or an event stream. Whether it still counts as in progress is the policy's.
    pub(crate) fn live_long(&mut self, worker: &Worker) {
        self.long_lived = Some(LongLived::begin(&worker.shared));
        if let (Some(admission), Some(effective)) = (&mut self.admission, &self.effective) {
            admission.live_long(&effective.policy);
        }
    }

    /// Takes note of a head that is sent, where the site's log asks for a field of it.
    pub(crate) fn keep_head(&mut self, head: &[u8]) {
        let asked = self.site.as_ref().is_some_and(|site| custom_fields::need_response(&site.log));
        if asked {
            self.response_head.clear();
            self.response_head.extend_from_slice(head);
        }
    }

    /// Whether it belongs into its site's log (`httpLogging`).
    pub(crate) fn is_recorded(&self) -> bool {
        let takes = self.effective.as_ref().is_none_or(|effective| effective.logging.takes(self.answered.status));
        !self.unrecorded && takes
    }

    /// The version as it is logged.
    pub(crate) fn version_text(&self) -> &'static str {
        match self.stream {
            Some(_) => "HTTP/2",
            None => self.request.version().as_str(),
        }
    }

    /// Whether the answer has no body because of the method.
    /// Whether the client wants a WebSocket on its stream of HTTP/2: any 2xx would open it (RFC 8441).
    pub(crate) fn is_websocket_stream(&self) -> bool {
        self.stream.is_some() && self.request.upgrade().is_some()
    }

    pub(crate) fn is_head(&self) -> bool {
        self.request.method() == "HEAD"
    }

    /// What the limiter counted for this client, this request included.
    pub(crate) fn counts(&self) -> Counts {
        self.admission.as_ref().map(|admission| admission.counts).unwrap_or_default()
    }

    /// The limits that those counts belong to, and their name where they have a pattern.
    pub(crate) fn limits(&self) -> (Limits, Option<&str>) {
        let Some(policy) = self.effective.as_ref().map(|effective| &effective.policy) else {
            return (Limits::NONE, None);
        };
        let Some(admission) = &self.admission else { return (policy.limits, None) };
        (*admission.limits(policy), admission.limit(policy).map(|limit| &*limit.name))
    }

    /// The last byte of the answer has been handed to the kernel.
    pub(crate) fn end_progress(&mut self) {
        if let Some(admission) = &mut self.admission {
            admission.give_back();
        }
        self.place = None;
    }

    /// Whether one more request, while this one counts as in progress, might be denied for it.
    pub(crate) fn fills_a_limit(&self) -> bool {
        let Some(effective) = &self.effective else { return false };
        let by_client = self.admission.as_ref().is_some_and(|admission| admission.takes_last_place(&effective.policy));
        by_client || (self.place.is_some() && effective.runtime.app_requests_max <= FEW_REQUESTS)
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
    pub(crate) fn record<'e>(&'e self, custom: &'e [Option<&'e [u8]>], now_ms: u64, time_unix_ms: u64) -> Record<'e> {
        let counts = self.counts();
        Record {
            time_unix_ms,
            server: self.ends.local,
            method: self.request.method().as_bytes(),
            stem: if self.path.is_empty() { self.request.path().as_bytes() } else { self.path.as_bytes() },
            query: self.request.query().map(str::as_bytes),
            user_name: None,
            peer: doorward_limiter::canonical(self.ends.peer.ip()),
            version: self.version_text(),
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
            version: known.then(|| self.version_text()),
            method: known.then(|| self.request.method().as_bytes()),
            uri: known.then(|| self.request.target().as_bytes()),
            stream_id: self.stream,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{exchange, request};
    use doorward_logs::{
        CustomField, CustomSource, FieldSet, Format, LogTarget, Period, Retention, Sink, SinkSettings, SiteLog,
        SiteLogSettings, w3c,
    };
    use proptest::prelude::*;
    use std::path::Path;
    use std::time::Duration;

    fn settings(directory: &Path) -> SiteLogSettings {
        let custom = |source| CustomField { name: "x".into(), source_name: "X-Any".into(), source, bytes_max: 4096 };
        SiteLogSettings {
            enabled: true,
            site_id: 1,
            site_name: "any".into(),
            directory: directory.into(),
            format: Format::W3c,
            fields: FieldSet::from_bits(u32::MAX),
            custom_fields: vec![custom(CustomSource::RequestHeader), custom(CustomSource::ResponseHeader)],
            period: Period::Daily,
            truncate_bytes: 0,
            local_time_rollover: false,
            log_site_id: true,
            line_bytes_max: 65_536,
            flush_lines: 0,
            is_central: false,
            is_utf8: true,
            target: LogTarget::File,
            retention: Retention::default(),
        }
    }

    /// Logs one exchange and reads the line back: as many values as the header has names.
    fn fields_fit(exchange: &Exchange) {
        let home = tempfile::tempdir().unwrap();
        let site = SiteLog::new(settings(home.path()));
        let sink = Sink::start(SinkSettings {
            error_directory: home.path().join("HTTPERR"),
            error_truncate_bytes: 1 << 20,
            queue_chunks_max: 4,
            computer_name: "here".into(),
        })
        .unwrap();
        let values = custom_fields::values(&site, exchange);
        let custom: Vec<_> = values.iter().map(Option::as_deref).collect();
        let mut log = sink.thread_log();
        log.write(&site, &exchange.record(&custom, 5, unix_ms()));
        log.flush();
        assert!(sink.flush(Duration::from_secs(20)));
        let text = std::fs::read(site.current_path(unix_ms())).unwrap();
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 6, "four header lines, one record, and the end: {}", String::from_utf8_lossy(&text));
        let count = |line: &[u8]| line.trim_ascii_end().split(|byte| *byte == b' ').count();
        assert_eq!(count(lines[3]), count(lines[4]) + 1, "{}", String::from_utf8_lossy(&text));
        let parsed: Vec<_> = w3c::parse(&text).collect();
        assert!(parsed.len() == 1 && parsed[0].is_ok(), "{parsed:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_client_bytes_make_one_line(
            path in "[^\\x00-\\x20\\x7f#?]{0,80}",
            decoded in "\\PC{0,80}|[\\x00-\\x40]{0,80}",
            query in "[!-~]{0,80}",
            value in "[\\t -~\u{80}-\u{2fff}]{0,80}",
            head in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let ascii: String = path.chars().filter(char::is_ascii).collect();
            let text = format!(
                "GET /{ascii}?{} HTTP/1.1\r\nHost: a\r\nUser-Agent: x{value}\r\nReferer: x{value}\r\nX-Any: x{value}\r\n\r\n",
                query.replace('#', "")
            );
            let mut request = Request::new();
            let mut machine = doorward_wire::ServerMachine::new(doorward_wire::HeadLimits::default());
            prop_assume!(matches!(machine.read(text.as_bytes(), &mut request), Ok((_, doorward_wire::Event::Head))));
            let mut exchange = exchange(request);
            exchange.path.push_str(&decoded);
            exchange.response_head = [b"HTTP/1.1 200 OK\r\nX-Any: ", &*head].concat();
            fields_fit(&exchange);
        }
    }

    #[test]
    fn a_plain_exchange_is_one_line() {
        fields_fit(&exchange(request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
    }
}
