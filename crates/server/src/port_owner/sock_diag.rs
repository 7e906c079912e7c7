//! Ask the kernel for sockets by netlink (`sock_diag(7)`). Beyond `/proc/net` it tells which cgroup made a socket (attribute
//! 21, Linux 5.8) and whether an IPv6 socket is IPv6-only (attribute 11), both to unprivileged callers, it filters by
//! port inside the kernel, and it shows sockets that are only bound (Linux 6.8).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

use super::socket::{Family, Socket, State, States};

/// `SOCK_DIAG_BY_FAMILY` of `linux/sock_diag.h`.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR` and `NLMSG_DONE` of `linux/netlink.h`.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP_REQUEST: u16 = 0x301;
/// `INET_DIAG_REQ_BYTECODE`, `INET_DIAG_SKV6ONLY`, `INET_DIAG_CGROUP_ID` of `linux/inet_diag.h`.
const FILTER: u16 = 1;
const V6_ONLY: u16 = 11;
const CGROUP_ID: u16 = 21;
/// One bit per TCP state (`include/net/tcp_states.h`): ESTABLISHED is bit 1, LISTEN 10, BOUND-INACTIVE 13.
const LISTEN_BIT: u32 = 1 << 10;
const ALL_BITS: u32 = 0x3ffe;
/// Sizes of `struct nlmsghdr` and `struct inet_diag_msg`.
const HEADER_BYTES: usize = 16;
const MESSAGE_BYTES: usize = 72;
/// The kernel fills at most 32 KiB at a time.
const BUFFER_BYTES: usize = 64 * 1024;
/// The kernel answers at once; this only bounds a surprise.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The sockets of a family in these states, of one port or of all. An error means "ask `/proc` instead": netlink may be
/// refused (`RestrictAddressFamilies=`, seccomp) or the kernel built without it.
pub(super) fn dump(family: Family, states: States, port: Option<u16>) -> io::Result<Vec<Socket>> {
    let netlink = open()?;
    sendto(&netlink, &request(family, states, port), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut sockets = Vec::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let (filled, sent_bytes) = retry_on_intr(|| recv(&netlink, &mut buffer[..], RecvFlags::TRUNC))?;
        // TRUNC makes the kernel tell the true size: part of an answer is no answer.
        if sent_bytes > filled || sent_bytes == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if parse_answer(&buffer[..filled], &mut sockets)? == Progress::Complete {
            return Ok(sockets);
        }
    }
}

fn open() -> io::Result<OwnedFd> {
    let kind = SocketType::DGRAM;
    let netlink = socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
    set_socket_timeout(&netlink, Timeout::Recv, Some(ANSWER_TIMEOUT))?;
    Ok(netlink)
}

/// `nlmsghdr`, `inet_diag_req_v2` and, for one port, a filter program.
fn request(family: Family, states: States, port: Option<u16>) -> Vec<u8> {
    let family = match family {
        Family::V4 => AddressFamily::INET,
        Family::V6 => AddressFamily::INET6,
    };
    let states: u32 = match states {
        States::Listening => LISTEN_BIT,
        States::Others => ALL_BITS & !LISTEN_BIT,
    };
    let mut bytes = vec![0; 4]; // The length, known at the end.
    bytes.extend_from_slice(&BY_FAMILY.to_ne_bytes());
    bytes.extend_from_slice(&DUMP_REQUEST.to_ne_bytes());
    bytes.extend_from_slice(&[0; 8]); // Sequence and port id: one question per socket needs neither.
    bytes.extend_from_slice(&[family.as_raw() as u8, 6, 0, 0]); // IPPROTO_TCP; no extension is needed.
    bytes.extend_from_slice(&states.to_ne_bytes());
    bytes.extend_from_slice(&[0; 48]); // The socket's identity does not matter in a dump.
    if let Some(port) = port {
        bytes.extend_from_slice(&port_filter(port));
    }
    let length = bytes.len() as u32; // At most 92.
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}

/// The attribute with a program that accepts one local port: "at least this port", then "at most this port". Each
/// instruction is code, bytes to go on when true, bytes to go on when false (four past the end means refusal), and
/// carries its operand in the `no` field of a second word.
fn port_filter(port: u16) -> Vec<u8> {
    const AT_LEAST: u8 = 2;
    const AT_MOST: u8 = 3;
    let mut bytes = Vec::with_capacity(20);
    bytes.extend_from_slice(&20_u16.to_ne_bytes());
    bytes.extend_from_slice(&FILTER.to_ne_bytes());
    for (code, to_refusal) in [(AT_LEAST, 20_u16), (AT_MOST, 12)] {
        bytes.extend_from_slice(&[code, 8]);
        bytes.extend_from_slice(&to_refusal.to_ne_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&port.to_ne_bytes());
    }
    bytes
}

/// Whether more of the answer is to come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// Read on.
    More,
    /// The kernel said that this was all.
    Complete,
}

/// Take the sockets out of one datagram.
fn parse_answer(mut bytes: &[u8], sockets: &mut Vec<Socket>) -> io::Result<Progress> {
    while let (Some(length), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let length = length as usize;
        let body = bytes.get(HEADER_BYTES..length).ok_or(io::ErrorKind::InvalidData)?;
        match kind {
            BY_FAMILY => sockets.extend(parse_socket(body)),
            // Both carry a negative error number; a dump that failed midway ends with DONE and its error.
            ERROR | DONE => {
                return match u32_at(body, 0).map_or(0, u32::cast_signed) {
                    error if error < 0 => Err(io::Error::from_raw_os_error(error.wrapping_neg())),
                    _ => Ok(Progress::Complete),
                };
            }
            _ => {}
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Progress::More)
}

/// `struct inet_diag_msg` and its attributes. A family or state that we do not know is passed over.
fn parse_socket(body: &[u8]) -> Option<Socket> {
    let (&family, &state) = (body.first()?, body.get(1)?);
    let mut socket = Socket {
        local: SocketAddr::new(address_at(body, 8, family)?, u16::from_be_bytes(array_at(body, 4)?)),
        remote: SocketAddr::new(address_at(body, 24, family)?, u16::from_be_bytes(array_at(body, 6)?)),
        state: State::of(state)?,
        uid: u32_at(body, 64)?,
        inode: u64::from(u32_at(body, 68)?),
        v6_only: None,
        cgroup_id: None,
    };
    let mut attributes = body.get(MESSAGE_BYTES..)?;
    while let (Some(length), Some(kind)) = (u16_at(attributes, 0), u16_at(attributes, 2)) {
        let length = usize::from(length);
        let Some(value) = attributes.get(4..length) else { break };
        match kind {
            V6_ONLY => socket.v6_only = value.first().map(|&flag| flag != 0),
            CGROUP_ID => socket.cgroup_id = array_at(value, 0).map(u64::from_ne_bytes),
            _ => {}
        }
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(socket)
}

/// A 16-byte address field, of which IPv4 uses the first four bytes.
fn address_at(bytes: &[u8], offset: usize, family: u8) -> Option<IpAddr> {
    match AddressFamily::from_raw(u16::from(family)) {
        AddressFamily::INET => Some(Ipv4Addr::from(array_at::<4>(bytes, offset)?).into()),
        AddressFamily::INET6 => Some(Ipv6Addr::from(array_at::<16>(bytes, offset)?).into()),
        _ => None,
    }
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset + N)?.try_into().ok()
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    array_at(bytes, offset).map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array_at(bytes, offset).map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port_owner::{cgroup, proc_net};
    use socket2::{Domain, Socket as RawSocket, Type};
    use std::collections::HashSet;
    use std::net::TcpListener;

    /// A dump's answer for `[::]:8080`, uid 33, inode 21057, IPv6-only, cgroup 4242, as a little-endian kernel writes it.
    fn recorded() -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES + MESSAGE_BYTES];
        bytes[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        let body = &mut bytes[HEADER_BYTES..];
        body[..2].copy_from_slice(&[10, 10]);
        body[4..6].copy_from_slice(&8080_u16.to_be_bytes());
        body[64..68].copy_from_slice(&33_u32.to_ne_bytes());
        body[68..72].copy_from_slice(&21057_u32.to_ne_bytes());
        push_attribute(&mut bytes, V6_ONLY, &[1]);
        push_attribute(&mut bytes, 8, &[3]);
        push_attribute(&mut bytes, CGROUP_ID, &4242_u64.to_ne_bytes());
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes.extend_from_slice(&end(DONE, 0));
        bytes
    }

    fn push_attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
        bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }

    fn end(kind: u16, error: i32) -> Vec<u8> {
        let mut bytes = 20_u32.to_ne_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.resize(HEADER_BYTES, 0);
        bytes.extend_from_slice(&error.to_ne_bytes());
        bytes
    }

    #[test]
    fn reads_a_recorded_answer() {
        let mut sockets = Vec::new();
        assert_eq!(parse_answer(&recorded(), &mut sockets).unwrap(), Progress::Complete);
        let expected = Socket {
            local: "[::]:8080".parse().unwrap(),
            remote: "[::]:0".parse().unwrap(),
            state: State::Listening,
            uid: 33,
            inode: 21057,
            v6_only: Some(true),
            cgroup_id: Some(4242),
        };
        assert_eq!(sockets, [expected]);
    }

    #[test]
    fn errors_are_told_and_damage_never_panics() {
        let refused = parse_answer(&end(ERROR, -2), &mut Vec::new()).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(2));
        assert!(parse_answer(&end(DONE, -4), &mut Vec::new()).is_err());
        let whole = recorded();
        for cut in 0..whole.len() {
            let _ = parse_answer(&whole[..cut], &mut Vec::new());
            for value in [0, 1, 3, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[cut] = value;
                let _ = parse_answer(&damaged, &mut Vec::new());
            }
        }
    }

    #[test]
    fn asks_with_the_sizes_the_kernel_expects() {
        assert_eq!(request(Family::V4, States::Listening, None).len(), 72);
        let filtered = request(Family::V6, States::Others, Some(8080));
        assert_eq!((filtered.len(), u32_at(&filtered, 0)), (92, Some(92)));
    }

    #[test]
    fn agrees_with_proc_about_our_listeners() {
        let listener = TcpListener::bind("127.31.9.2:0").unwrap();
        let wanted = listener.local_addr().unwrap();
        let Ok(all) = dump(Family::V4, States::Listening, None) else {
            println!("skipped: netlink is refused here");
            return;
        };
        let one = dump(Family::V4, States::Listening, Some(wanted.port())).unwrap();
        assert!(one.iter().all(|socket| socket.local.port() == wanted.port()), "{one:?}");
        let by_netlink = one.iter().find(|socket| socket.local == wanted).unwrap();
        assert!(all.contains(by_netlink));
        let by_proc = proc_net::read(Family::V4).into_iter().find(|socket| socket.local == wanted).unwrap();
        assert_eq!((by_proc.uid, by_proc.inode), (by_netlink.uid, by_netlink.inode));
        let others = dump(Family::V4, States::Others, Some(wanted.port())).unwrap();
        assert!(others.iter().all(|socket| socket.local != wanted), "{others:?}");
    }

    /// A socket of ours carries our own cgroup; `/proc` gives its path too, unless a container hides where it lies.
    #[test]
    fn tells_the_cgroup() {
        let listener = TcpListener::bind("127.31.9.3:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sockets = dump(Family::V4, States::Listening, Some(port)).unwrap_or_default();
        let id = sockets.first().and_then(|socket| socket.cgroup_id);
        let path = id.and_then(|id| cgroup::paths(&HashSet::from([id])).remove(&id));
        let Some(path) = path else {
            println!("skipped: no cgroup v2 here (id {id:?})");
            return;
        };
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
        assert!(own.lines().any(|line| line == format!("0::{path}")), "{path} is not in {own}");
    }

    #[test]
    fn tells_whether_a_socket_is_ipv6_only() {
        for v6_only in [true, false] {
            let socket = RawSocket::new(Domain::IPV6, Type::STREAM, None).unwrap();
            socket.set_only_v6(v6_only).unwrap();
            let Ok(()) = socket.bind(&"[::]:0".parse::<SocketAddr>().unwrap().into()) else {
                println!("skipped: no IPv6 here");
                return;
            };
            socket.listen(1).unwrap();
            let port = socket.local_addr().unwrap().as_socket().unwrap().port();
            let found = dump(Family::V6, States::Listening, Some(port)).unwrap();
            assert_eq!(found.first().and_then(|socket| socket.v6_only), Some(v6_only));
        }
    }
}
