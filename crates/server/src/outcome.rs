//! What a stage decides. One place (`render`) turns it into bytes.

use std::borrow::Cow;
use std::fs::File;
use std::rc::Rc;
use std::sync::Arc;

use doorward_limiter::Reason;
use doorward_plan::{ConfigFault, Effective};
use doorward_wire::Malformed;

use crate::static_file::{FileJob, MultiPart};

/// A stage's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Refused before a site was chosen: HTTP.sys's page, an HTTPERR line, and the connection ends.
    Service(ServiceRefusal),
    /// Refused by the site: an error page, and a line in its log.
    Site(SiteRefusal),
    /// Reset without an answer (D11).
    Abort(Reason),
}

/// Why no site got to see a request (IIS reference §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceRefusal {
    /// It is not HTTP as we take it.
    Malformed(Malformed),
    /// No binding of any configured site matches: 400.
    UnknownHost,
    /// Only stopped sites match: 404 (D13).
    Stopped,
    /// Its site has as many connections as it takes: 503 (IIS reference §9).
    ConnectionLimit,
    /// It came in the clear to a TLS port: 400.
    PlainHttp,
}

/// Status, substatus and win32 status of a site's refusal (IIS reference §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteRefusal {
    pub(crate) status: u16,
    pub(crate) substatus: u16,
    pub(crate) win32_status: u32,
    /// What the limiter held against the client, if it was the limiter.
    pub(crate) reason: Option<Reason>,
    /// How long the client had better wait, in seconds, for 429.
    pub(crate) retry_after_s: Option<u64>,
    /// Methods that would have been taken, for 405.
    pub(crate) allow: Option<&'static str>,
    /// What is wrong with the configuration, for 500.19.
    pub(crate) fault: Option<Arc<ConfigFault>>,
}

impl SiteRefusal {
    /// A refusal with this status, substatus and win32 status.
    pub(crate) const fn new(status: u16, substatus: u16, win32_status: u32) -> Self {
        Self { status, substatus, win32_status, reason: None, retry_after_s: None, allow: None, fault: None }
    }
}

impl From<SiteRefusal> for Refusal {
    fn from(refusal: SiteRefusal) -> Self {
        Self::Site(refusal)
    }
}

/// The word in the HTTPERR log for a request that is not answered at all (D11).
pub(crate) fn abort_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Concurrency => "AbortRequest_501",
        Reason::Rate => "AbortRequest_502",
        Reason::Address | Reason::Block => "AbortRequest_503",
        Reason::HostName => "AbortRequest_504",
    }
}

/// How a request that no stage refused is answered.
#[derive(Debug)]
pub(crate) enum Handling {
    /// The answer is known already.
    Respond(Response),
    /// A file has to be opened, which may block.
    Open(FileJob),
    /// Folders have to be looked at before it is known what holds at the path.
    Look,
    /// The client's name has to be looked up before it is known whether the client may proceed (D26).
    Name,
    /// Refused with a page of the operator's own, which has to be read.
    Refuse(SiteRefusal),
    /// Denied by the limiter, but the answer is held back for a while.
    Delay(SiteRefusal),
    /// Forwarded to this upstream.
    Forward(Arc<Effective>),
}

/// A final answer of our own making.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) substatus: u16,
    pub(crate) win32_status: u32,
    /// Rendered field lines, each ending in CRLF; without `Date`, `Server`, framing and `Connection`.
    pub(crate) fields: FieldLines,
    pub(crate) body: Body,
}

impl Response {
    /// An answer with this status and body.
    pub(crate) fn new(status: u16, fields: FieldLines, body: Body) -> Self {
        Self { status, substatus: 0, win32_status: 0, fields, body }
    }
}

/// Rendered field lines: shared where the same file is sent again and again.
#[derive(Clone, Debug)]
pub(crate) enum FieldLines {
    Shared(Rc<[u8]>),
    Own(Vec<u8>),
}

impl FieldLines {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Shared(lines) => lines,
            Self::Own(lines) => lines,
        }
    }
}

/// The content of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    /// None, and none is described (304).
    None,
    /// These bytes.
    Bytes(Cow<'static, [u8]>),
    /// These bytes of a cached file.
    Shared(Rc<[u8]>),
    /// A part of an open file.
    File { file: Rc<File>, start: u64, length: u64 },
    /// Several parts of an open file.
    Parts(MultiPart),
}

impl Body {
    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Shared(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
            Self::Parts(parts) => parts.length(),
        }
    }

    /// Its bytes, where they are in memory.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::None => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Shared(bytes) => Some(bytes),
            Self::File { .. } | Self::Parts(_) => None,
        }
    }
}

/// Appends one field line, with nothing in it that could end the line early.
pub(crate) fn field_line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend(value.iter().map(|byte| if byte.is_ascii_control() && *byte != b'\t' { b' ' } else { *byte }));
    out.extend_from_slice(b"\r\n");
}
