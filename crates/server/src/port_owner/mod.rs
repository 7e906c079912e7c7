//! Who holds a TCP port of this machine, and what that blocks.
//!
//! The kernel tells everyone which sockets exist, who owns them and, since Linux 5.8, which cgroup made them; only the
//! process behind a socket needs its owner's or root's rights. So an unprivileged Doorward still names the service unit.
//! Every function here reads `/proc`, netlink and cgroup folders and so blocks: call it off the I/O loops.

mod cgroup;
mod clash;
mod denied;
mod explain;
mod hint;
mod proc_net;
mod process;
mod sock_diag;
mod socket;
mod taken;

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

pub use clash::{Clash, clash, clash_dual_stack};
pub use explain::{Explanation, explain};

use socket::{Socket, States};

/// One listening TCP socket of this machine (of this network namespace, to be exact).
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Listening {
    /// The address it is bound to; `0.0.0.0` and `::` cover all addresses of their family.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
    /// Whether an IPv6 socket leaves IPv4 alone (`IPV6_V6ONLY`, ipv6(7)). `None`: not known, or an IPv4 socket.
    pub v6_only: Option<bool>,
    /// The user that made the socket.
    pub uid: u32,
    /// The socket's inode number, as in `/proc/PID/fd`.
    pub inode: u64,
    /// The process and service behind it, as far as the system tells.
    pub owner: Owner,
}

/// The process and service behind a socket. Text that other programs chose has its control characters replaced.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Owner {
    /// The process that holds the socket; of several (workers), the one that started first. `None`: the system does not
    /// tell, which is so for other users' processes unless we are root.
    pub pid: Option<u32>,
    /// Its short name (`/proc/PID/comm`, at most 15 bytes).
    pub process: Option<String>,
    /// Its command line, shortened to 256 characters. It may hold secrets: not for everyone's eyes.
    pub command: Option<String>,
    /// The systemd unit or container: `nginx.service`, `docker-….scope`, `docker/ID`. Known without root on cgroup v2.
    pub unit: Option<String>,
    /// The name of the user that made the socket, from `/etc/passwd`.
    pub user: Option<String>,
}

/// All listening TCP sockets, or those of one port. Empty when the system tells nothing; never fails.
pub fn listening(port: Option<u16>) -> Vec<Listening> {
    identify(socket::query(States::Listening, port)).into_iter().map(Listening::from).collect()
}

/// The listeners that keep us from opening `wanted`, the exact clash first. Our own IPv6 listeners are IPv6-only.
pub fn culprits(wanted: SocketAddr) -> Vec<(Clash, Listening)> {
    found_culprits(wanted).into_iter().map(|(kind, found)| (kind, found.into())).collect()
}

/// A socket with all that could be learned about its owner.
#[derive(Clone, Debug)]
struct Found {
    /// What the kernel says.
    socket: Socket,
    /// Who holds it.
    owner: Owner,
    /// The cgroup's path, which says more than the unit's name: user or system manager, container.
    cgroup: Option<String>,
}

impl From<Found> for Listening {
    fn from(found: Found) -> Self {
        let Socket { local, v6_only, uid, inode, .. } = found.socket;
        Self { address: local.ip(), port: local.port(), v6_only, uid, inode, owner: found.owner }
    }
}

/// As [`culprits`], with the cgroup kept. A dual-stack reading of our own wish is tried only when the IPv6-only one
/// explains nothing, since the caller may have opened its socket that way.
fn found_culprits(wanted: SocketAddr) -> Vec<(Clash, Found)> {
    let sockets = socket::query(States::Listening, Some(wanted.port()));
    let mut clashing = clash::among(&sockets, |other| clash::between(wanted, true, other));
    if clashing.is_empty() {
        clashing = clash::among(&sockets, |other| clash::between(wanted, false, other));
    }
    let (kinds, sockets): (Vec<Clash>, Vec<Socket>) = clashing.into_iter().unzip();
    kinds.into_iter().zip(identify(sockets)).collect()
}

/// Learn the owner of each socket; order and number stay.
fn identify(sockets: Vec<Socket>) -> Vec<Found> {
    let inodes: HashSet<u64> = sockets.iter().map(|socket| socket.inode).filter(|&inode| inode != 0).collect();
    let processes = process::holders(&inodes);
    // A socket made by systemd for a service carries systemd's cgroup, so the process's own cgroup is the better one.
    let unheld = sockets.iter().filter(|socket| !processes.contains_key(&socket.inode));
    let cgroups = cgroup::paths(&unheld.filter_map(|socket| socket.cgroup_id).collect());
    let users = process::users();
    let identify_one = |socket: Socket| {
        let process = processes.get(&socket.inode);
        let by_id = || cgroups.get(&socket.cgroup_id?).cloned();
        let cgroup = process.and_then(|process| process.cgroup.clone()).or_else(by_id);
        let owner = Owner {
            pid: process.map(|process| process.pid),
            process: process.and_then(|process| process.name.clone()),
            command: process.and_then(|process| process.command.clone()),
            unit: cgroup.as_deref().and_then(cgroup::unit),
            user: users.get(&socket.uid).cloned(),
        };
        Found { socket, owner, cgroup }
    };
    sockets.into_iter().map(identify_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn finds_this_process_as_the_exact_culprit() {
        let listener = TcpListener::bind("127.31.7.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let found = culprits(address);
        assert_eq!(found.len(), 1, "{found:?}");
        let (kind, listening) = &found[0];
        assert_eq!(*kind, Clash::Exact);
        assert_eq!((listening.address, listening.port), (address.ip(), address.port()));
        assert_eq!(listening.owner.pid, Some(std::process::id()));
        assert!(listening.owner.process.is_some() && listening.owner.command.is_some());
        assert_eq!(listening.uid, rustix::process::geteuid().as_raw());
    }

    #[test]
    fn wildcard_comes_after_exact_and_closed_sockets_vanish() {
        let wildcard = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = wildcard.local_addr().unwrap().port();
        let wanted = SocketAddr::from(([127, 31, 7, 2], port));
        assert_eq!(culprits(wanted)[0].0, Clash::Wildcard);
        drop(wildcard);
        assert_eq!(culprits(wanted), []);
    }

    #[test]
    fn listening_without_a_port_lists_all() {
        let first = TcpListener::bind("127.31.7.3:0").unwrap();
        let second = TcpListener::bind("127.31.7.4:0").unwrap();
        let all = listening(None);
        for listener in [first, second] {
            let wanted = listener.local_addr().unwrap();
            assert!(all.iter().any(|one| (one.address, one.port) == (wanted.ip(), wanted.port())), "{wanted}");
        }
    }
}
