//! A TCP socket as the kernel reports it, and where to ask: netlink first, `/proc` when netlink is refused.

use std::net::SocketAddr;

use super::{proc_net, sock_diag};

/// One TCP socket of this network namespace.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Socket {
    /// Its own address.
    pub(super) local: SocketAddr,
    /// The other end; unspecified for a listener.
    pub(super) remote: SocketAddr,
    /// Its TCP state.
    pub(super) state: State,
    /// The user that made it.
    pub(super) uid: u32,
    /// Its inode; 0 once no process holds it any more.
    pub(super) inode: u64,
    /// As in [`super::Listening`].
    pub(super) v6_only: Option<bool>,
    /// The number of the cgroup v2 that made it.
    pub(super) cgroup_id: Option<u64>,
}

/// A TCP state, as coarse as an explanation needs it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// LISTEN.
    Listening,
    /// Bound to an address, neither listening nor connected.
    BoundOnly,
    /// ESTABLISHED and the states on the way there.
    Connected,
    /// One of the closing states.
    Closing,
    /// TIME-WAIT (RFC 9293 section 3.3.2); on Linux it lasts 60 seconds.
    TimeWait,
}

impl State {
    /// From the kernel's number (`include/net/tcp_states.h`).
    pub(super) fn of(number: u8) -> Option<Self> {
        match number {
            1..=3 | 12 => Some(Self::Connected),
            4 | 5 | 8 | 9 | 11 => Some(Self::Closing),
            6 => Some(Self::TimeWait),
            7 | 13 => Some(Self::BoundOnly),
            10 => Some(Self::Listening),
            _ => None,
        }
    }
}

/// Which sockets to ask for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum States {
    /// Listeners alone.
    Listening,
    /// All but listeners.
    Others,
}

impl States {
    /// Whether a socket in this state is asked for.
    pub(super) fn holds(self, state: State) -> bool {
        (self == Self::Listening) == (state == State::Listening)
    }
}

/// The sockets in these states, of one port or of all. Netlink tells more (cgroup, IPv6-only, sockets that are only
/// bound) and filters in the kernel; a family that it refuses is read from `/proc/net`.
pub(super) fn query(states: States, port: Option<u16>) -> Vec<Socket> {
    [Family::V4, Family::V6]
        .into_iter()
        .flat_map(|family| sock_diag::dump(family, states, port).unwrap_or_else(|_| proc_net::read(family)))
        .filter(|socket| states.holds(socket.state) && port.is_none_or(|port| socket.local.port() == port))
        .collect()
}

/// The address family of a socket; an IPv6 socket may carry IPv4 connections.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: u8, expected: Option<State>) {
        assert_eq!(State::of(number), expected, "state {number}");
    }

    #[test]
    fn knows_the_kernels_states() {
        check(0, None);
        check(1, Some(State::Connected));
        check(6, Some(State::TimeWait));
        check(10, Some(State::Listening));
        check(13, Some(State::BoundOnly));
        check(14, None);
    }

    #[test]
    fn states_split_listeners_from_the_rest() {
        assert!(States::Listening.holds(State::Listening) && !States::Listening.holds(State::TimeWait));
        assert!(!States::Others.holds(State::Listening) && States::Others.holds(State::BoundOnly));
    }
}
