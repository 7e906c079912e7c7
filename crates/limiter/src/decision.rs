//! What was decided, and the words and numbers IIS has for it.

use std::fmt;

/// What a denied client gets (IIS `denyAction`, iis.md §2.1).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum DenyAction {
    /// The connection is reset without an answer (D11).
    Abort,
    /// 401.
    Unauthorized,
    /// 403, the default of IIS.
    Forbidden,
    /// 404.
    NotFound,
    /// 429 (RFC 6585 §4), which IIS does not have.
    TooManyRequests,
}

impl DenyAction {
    /// The HTTP status sent; `None` when the connection is reset instead.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Abort => None,
            Self::Unauthorized => Some(401),
            Self::Forbidden => Some(403),
            Self::NotFound => Some(404),
            Self::TooManyRequests => Some(429),
        }
    }
}

/// Writes the name IIS uses in its configuration.
impl fmt::Display for DenyAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Abort => "AbortRequest",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::TooManyRequests => "TooManyRequests",
        })
    }
}

/// Why a request is denied, or would be (iis.md §2.3, substatus table).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Too many requests in progress.
    Concurrency,
    /// Too many requests in the interval.
    Rate,
    /// The static address list.
    Address,
    /// The static list, by reverse host name. Found outside this crate, which resolves no names.
    HostName,
    /// An operator's temporary block.
    Block,
}

impl Reason {
    /// The substatus IIS logs, 501 to 504; a block is an address denied.
    pub fn substatus(self) -> u16 {
        match self {
            Self::Concurrency => 501,
            Self::Rate => 502,
            Self::Address | Self::Block => 503,
            Self::HostName => 504,
        }
    }
}

/// Writes the reason in plain words.
impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Concurrency => "concurrent requests",
            Self::Rate => "request rate",
            Self::Address => "address",
            Self::HostName => "host name",
            Self::Block => "operator's block",
        })
    }
}

/// The verdict on one request.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request proceeds.
    Allow,
    /// The request is denied, or would be.
    Deny {
        /// Which rule it broke.
        reason: Reason,
        /// What the client gets when the verdict is enforced.
        action: DenyAction,
        /// False in logging-only mode: the request proceeds and only the log knows (D18).
        enforced: bool,
    },
}

/// The evidence of the moment. Both numbers include the request asked about.
///
/// Zero when nothing was counted: no limits, an exempt client or a static denial (D3). Far over a limit the
/// numbers stop growing: they then mean "at least".
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests in progress.
    pub in_progress: u32,
    /// Requests in the last interval; zero where no rate is limited.
    pub in_window: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_action(action: DenyAction, name: &str, status: Option<u16>) {
        assert_eq!((action.to_string().as_str(), action.status()), (name, status));
    }

    fn check_reason(reason: Reason, words: &str, substatus: u16) {
        assert_eq!((reason.to_string().as_str(), reason.substatus()), (words, substatus));
    }

    #[test]
    fn actions_have_the_names_and_statuses_of_iis() {
        check_action(DenyAction::Abort, "AbortRequest", None);
        check_action(DenyAction::Unauthorized, "Unauthorized", Some(401));
        check_action(DenyAction::Forbidden, "Forbidden", Some(403));
        check_action(DenyAction::NotFound, "NotFound", Some(404));
    }

    #[test]
    fn reasons_have_the_substatus_of_iis() {
        check_reason(Reason::Concurrency, "concurrent requests", 501);
        check_reason(Reason::Rate, "request rate", 502);
        check_reason(Reason::Address, "address", 503);
        check_reason(Reason::HostName, "host name", 504);
    }
}
