//! The words for a taken address: who holds it, where, and why that keeps us out.

use std::net::SocketAddr;

use super::socket::{self, State, States};
use super::{Clash, Found, cgroup, clash, hint, identify};

/// Culprits named in full; the rest is counted.
const NAMED_MAX: usize = 3;

/// Who reads the explanation: decides about `sudo` and about "this Doorward itself".
#[derive(Copy, Clone, Debug)]
pub(super) struct Viewer {
    /// Our process.
    pub(super) pid: u32,
    /// Our effective user.
    pub(super) uid: u32,
}

impl Viewer {
    /// The running process.
    pub(super) fn this_process() -> Self {
        Self { pid: std::process::id(), uid: rustix::process::geteuid().as_raw() }
    }

    /// Whether the socket is our own.
    pub(super) fn owns(self, found: &Found) -> bool {
        found.owner.pid == Some(self.pid)
    }
}

/// Sentence and hint for an address that listeners hold; there is at least one.
pub(super) fn by_listeners(wanted: SocketAddr, culprits: &[(Clash, Found)], viewer: Viewer) -> (String, String) {
    // Sockets that share an address by SO_REUSEPORT, one per worker, make one statement.
    let mut statements: Vec<String> = Vec::new();
    for (kind, found) in culprits {
        let statement = format!("{} {}", subject(found, viewer), listens(wanted, *kind, found));
        if !statements.contains(&statement) {
            statements.push(statement);
        }
    }
    let rest = statements.len().saturating_sub(NAMED_MAX);
    statements.truncate(NAMED_MAX);
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    let text = format!("{wanted} is taken: {}{more}", statements.join("; "));
    let hint = culprits.first().map(|(kind, found)| hint::for_listener(wanted, *kind, found, viewer));
    (text, hint.unwrap_or_default())
}

/// `nginx (pid 4711, nginx.service)`, or what is known without the process.
fn subject(found: &Found, viewer: Viewer) -> String {
    let owner = &found.owner;
    let place = place(found);
    if viewer.owns(found) {
        return format!("this Doorward itself (pid {})", viewer.pid);
    }
    match (owner.pid, place) {
        (Some(pid), place) => {
            let name = owner.process.as_deref().unwrap_or("a process");
            format!("{name} (pid {pid}, {})", place.unwrap_or_else(|| user(found)))
        }
        (None, Some(place)) => format!("a process of {} in {place}", user(found)),
        (None, None) => format!("a process of {}", user(found)),
    }
}

/// The unit or container, and whose it is when a user's own service manager runs it.
fn place(found: &Found) -> Option<String> {
    let unit = found.owner.unit.as_deref()?;
    let path = found.cgroup.as_deref().unwrap_or_default();
    if let Some(container) = cgroup::container(path) {
        return Some(format!("{} container {}", container.engine, container.id));
    }
    match cgroup::user_manager(path) {
        Some(uid) if uid == found.socket.uid => Some(format!("{unit} of {}", user(found))),
        Some(uid) => Some(format!("{unit} of uid {uid}")),
        None => Some(unit.to_owned()),
    }
}

fn user(found: &Found) -> String {
    found.owner.user.as_ref().map_or_else(|| format!("uid {}", found.socket.uid), |name| format!("user {name}"))
}

/// The second half of the statement: where it listens and why that matters for `wanted`.
fn listens(wanted: SocketAddr, kind: Clash, found: &Found) -> String {
    let local = found.socket.local;
    match kind {
        Clash::Exact => "listens on exactly this address".to_owned(),
        Clash::Mapped => format!("listens on {local}, the same IPv4 address written in its other form"),
        Clash::Wildcard => {
            let family = if local.ip().to_canonical().is_ipv4() { "IPv4" } else { "IPv6" };
            format!("listens on {local}, which covers every {family} address of this machine")
        }
        Clash::DualStack if found.socket.v6_only.is_none() => {
            format!("listens on {local}, which covers every IPv4 address of this machine too unless it is IPv6-only")
        }
        Clash::DualStack => format!("listens on {local}, which covers every IPv4 address of this machine too"),
        Clash::WeAreWildcard => format!("listens on {local}, which {wanted} would cover as well"),
    }
}

/// Sockets that do not listen and yet hold the address: only bound, connected, or closed a moment ago.
pub(super) fn other_holders(wanted: SocketAddr) -> Vec<Found> {
    let sockets = socket::query(States::Others, Some(wanted.port()));
    let clashing = clash::among(&sockets, |other| clash::between(wanted, true, other));
    let mut sockets: Vec<_> = clashing.into_iter().map(|(_, socket)| socket).collect();
    sockets.sort_by_key(|socket| socket.state);
    identify(sockets)
}

/// Sentence and hint for an address that no listener holds; `holders` begin with the ones that weigh most.
pub(super) fn by_others(wanted: SocketAddr, holders: &[Found], viewer: Viewer) -> (String, String) {
    let Some(first) = holders.first() else {
        let text = format!(
            "{wanted} was taken, and no socket that this system shows holds it: it became free this moment, \
             or a program has bound it without listening"
        );
        return (text, hint::for_nobody(wanted, viewer));
    };
    let state = first.socket.state;
    let count = holders.iter().filter(|found| found.socket.state == state).count();
    let (who, remote) = (subject(first, viewer), first.socket.remote);
    let statement = match state {
        State::Listening => format!("{who} listens on {}", first.socket.local),
        State::BoundOnly => format!("{who} has bound {} without listening", first.socket.local),
        State::Connected => format!("{who} uses it as its end of a connection to {remote}"),
        State::Closing => format!("a connection to {remote} is still being closed"),
        State::TimeWait => format!("a connection to {remote} was closed within the last minute (TIME_WAIT)"),
    };
    let more = if count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() };
    let text = format!("{wanted} is taken, though nobody listens there: {statement}{more}");
    (text, hint::for_other(wanted, first, viewer))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::port_owner::Owner;
    use crate::port_owner::socket::Socket;

    pub(in crate::port_owner) const ALICE: Viewer = Viewer { pid: 77, uid: 1000 };

    /// A root listener without a known process.
    pub(in crate::port_owner) fn found(local: &str, pid: Option<u32>, cgroup: Option<&str>) -> Found {
        let local: SocketAddr = local.parse().unwrap();
        let remote = "127.0.0.1:5432".parse().unwrap();
        let state = State::Listening;
        let socket = Socket { local, remote, state, uid: 0, inode: 9, v6_only: Some(false), cgroup_id: None };
        let owner = Owner {
            pid,
            process: pid.map(|_| "nginx".to_owned()),
            command: None,
            unit: cgroup.and_then(cgroup::unit),
            user: Some("root".to_owned()),
        };
        Found { socket, owner, cgroup: cgroup.map(str::to_owned) }
    }

    const NGINX: Option<&str> = Some("/system.slice/nginx.service");

    fn check(kind: Clash, found: Found, expected: &str) {
        let wanted = "127.0.0.2:8080".parse().unwrap();
        let (text, hint) = by_listeners(wanted, &[(kind, found)], ALICE);
        assert_eq!(text, format!("127.0.0.2:8080 is taken: {expected}"));
        assert!(hint.contains('`'), "{hint}");
    }

    #[test]
    fn names_the_process_and_what_it_covers() {
        let covers = "listens on 0.0.0.0:8080, which covers every IPv4 address of this machine";
        let wildcard = |pid, cgroup| found("0.0.0.0:8080", pid, cgroup);
        check(Clash::Wildcard, wildcard(Some(4711), NGINX), &format!("nginx (pid 4711, nginx.service) {covers}"));
        check(Clash::Wildcard, wildcard(Some(4711), None), &format!("nginx (pid 4711, user root) {covers}"));
        check(Clash::Wildcard, wildcard(Some(77), None), &format!("this Doorward itself (pid 77) {covers}"));
        check(Clash::Wildcard, wildcard(None, NGINX), &format!("a process of user root in nginx.service {covers}"));
        check(Clash::Wildcard, wildcard(None, None), &format!("a process of user root {covers}"));
        let id = "0123456789ab".repeat(6)[..64].to_owned();
        let docker = format!("/system.slice/docker-{id}.scope");
        let container = format!("a process of user root in docker container 0123456789ab {covers}");
        check(Clash::Wildcard, wildcard(None, Some(&docker)), &container);
        let app = Some("/user.slice/user@1000.service/app.slice/web.service");
        check(
            Clash::Wildcard,
            wildcard(None, app),
            &format!("a process of user root in web.service of uid 1000 {covers}"),
        );
        let mut nameless = wildcard(None, None);
        nameless.owner.user = None;
        check(Clash::Wildcard, nameless, &format!("a process of uid 0 {covers}"));
    }

    #[test]
    fn tells_the_clashes_apart() {
        let case = |kind, local: &str, expected: &str| {
            check(kind, found(local, Some(4711), NGINX), &format!("nginx (pid 4711, nginx.service) {expected}"));
        };
        case(Clash::Exact, "127.0.0.2:8080", "listens on exactly this address");
        let mapped = "listens on [::ffff:127.0.0.2]:8080, the same IPv4 address written in its other form";
        case(Clash::Mapped, "[::ffff:127.0.0.2]:8080", mapped);
        let dual = "listens on [::]:8080, which covers every IPv4 address of this machine too";
        case(Clash::DualStack, "[::]:8080", dual);
        let mut unknown = found("[::]:8080", None, None);
        unknown.socket.v6_only = None;
        check(Clash::DualStack, unknown, &format!("a process of user root {dual} unless it is IPv6-only"));
        case(
            Clash::WeAreWildcard,
            "127.0.0.9:8080",
            "listens on 127.0.0.9:8080, which 127.0.0.2:8080 would cover as well",
        );
    }

    #[test]
    fn workers_make_one_statement_and_many_are_counted() {
        let wanted = "0.0.0.0:8080".parse().unwrap();
        let mut culprits = vec![(Clash::WeAreWildcard, found("127.0.0.1:8080", None, None)); 4];
        let (text, _) = by_listeners(wanted, &culprits, ALICE);
        assert_eq!(text.matches("listens on").count(), 1, "{text}");
        culprits.extend((2..7).map(|n| (Clash::WeAreWildcard, found(&format!("127.0.0.{n}:8080"), None, None))));
        let (text, _) = by_listeners(wanted, &culprits, ALICE);
        assert!(text.ends_with("would cover as well; and 3 more"), "{text}");
    }

    fn check_other(state: State, count: usize, expected: &str) {
        let mut holder = found("127.0.0.1:40000", Some(4711), NGINX);
        holder.socket.state = state;
        let wanted = "127.0.0.1:40000".parse().unwrap();
        let (text, hint) = by_others(wanted, &vec![holder; count], ALICE);
        assert!(text.ends_with(expected), "{text}");
        assert!(!hint.is_empty());
    }

    #[test]
    fn sockets_that_do_not_listen() {
        check_other(State::BoundOnly, 1, "nginx (pid 4711, nginx.service) has bound 127.0.0.1:40000 without listening");
        check_other(State::Connected, 2, "as its end of a connection to 127.0.0.1:5432 (and 1 more like it)");
        check_other(State::Closing, 1, ": a connection to 127.0.0.1:5432 is still being closed");
        check_other(State::TimeWait, 1, "was closed within the last minute (TIME_WAIT)");
        check_other(State::TimeWait, 0, "or a program has bound it without listening");
    }

    #[test]
    fn finds_a_socket_that_is_only_bound_live() {
        let wanted: SocketAddr = "127.31.6.2:0".parse().unwrap();
        let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        bound.bind(&wanted.into()).unwrap();
        let wanted = bound.local_addr().unwrap().as_socket().unwrap();
        let holders = other_holders(wanted);
        let Some(holder) = holders.first() else {
            println!("skipped: this kernel does not show sockets that are only bound (Linux 6.8 does)");
            return;
        };
        assert_eq!((holder.socket.state, holder.socket.local), (State::BoundOnly, wanted));
        assert_eq!(holder.owner.pid, Some(std::process::id()));
    }

    #[test]
    fn finds_an_outgoing_connection_live() {
        let server = std::net::TcpListener::bind("127.31.6.1:0").unwrap();
        let client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let wanted = client.local_addr().unwrap();
        let refused = std::net::TcpListener::bind(wanted).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
        let holders = other_holders(wanted);
        assert_eq!(holders[0].socket.state, State::Connected);
        assert_eq!(holders[0].owner.pid, Some(std::process::id()));
    }
}
