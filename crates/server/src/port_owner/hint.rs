//! What to type when an address is taken.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use super::socket::State;
use super::taken::Viewer;
use super::{Clash, Found, cgroup};

/// For a listener that is in the way.
pub(super) fn for_listener(wanted: SocketAddr, kind: Clash, found: &Found, viewer: Viewer) -> String {
    if viewer.owns(found) {
        return for_ourselves(wanted, kind, found.socket.local.ip());
    }
    let hint = match free(found, viewer) {
        Some(way) if found.owner.pid.is_some() => way,
        Some(way) => format!("{way}; {}", show(wanted, viewer)),
        None => show(wanted, viewer),
    };
    match kind {
        Clash::Wildcard | Clash::DualStack => {
            format!("{hint}; or have it listen on an address of its own instead of {}", found.socket.local.ip())
        }
        Clash::WeAreWildcard => format!("{hint}; or let us listen on single addresses instead of {}", wanted.ip()),
        Clash::Exact | Clash::Mapped => hint,
    }
}

/// Two bindings of ours exclude each other: one port, once on a wildcard and once on an address.
fn for_ourselves(wanted: SocketAddr, kind: Clash, theirs: IpAddr) -> String {
    let single = match kind {
        Clash::Wildcard | Clash::DualStack => wanted.ip(),
        Clash::WeAreWildcard => theirs,
        Clash::Exact | Clash::Mapped => return "`doorward status` shows which site has the address".to_owned(),
    };
    format!(
        "a port is open either on all addresses or on single ones; let the `*` bindings use single ones: \
         `doorward netsh http add iplisten ipaddress={single}`"
    )
}

/// How to make this owner let go, by the best that is known of it.
fn free(found: &Found, viewer: Viewer) -> Option<String> {
    let path = found.cgroup.as_deref().unwrap_or_default();
    if let Some(cgroup::Container { engine, id }) = cgroup::container(path) {
        let rootless_ours = cgroup::user_manager(path) == Some(viewer.uid);
        let sudo = if rootless_ours { "" } else { viewer.sudo() };
        return Some(format!("`{sudo}{engine} stop {id}` stops the container"));
    }
    publisher(found, viewer).or_else(|| systemd(found, path, viewer)).or_else(|| kill(found, viewer))
}

/// Engines that hold a container's published port in a process of their own.
fn publisher(found: &Found, viewer: Viewer) -> Option<String> {
    let port = found.socket.local.port();
    let process = found.owner.process.as_deref().unwrap_or_default();
    if matches!(process, "docker-proxy" | "dockerd") || found.owner.unit.as_deref() == Some("docker.service") {
        let sudo = viewer.sudo();
        return Some(format!("`{sudo}docker ps --filter publish={port}` names the container that publishes this port"));
    }
    matches!(process, "rootlessport" | "conmon" | "pasta" | "slirp4netns")
        .then(|| "`podman ps` names the container that publishes this port".to_owned())
}

/// Stop the unit; a socket that systemd itself keeps belongs to a socket unit that only it can name.
fn systemd(found: &Found, path: &str, viewer: Viewer) -> Option<String> {
    let unit = found.owner.unit.as_deref()?;
    let systemctl = match cgroup::user_manager(path) {
        None => format!("{}systemctl", viewer.sudo()),
        Some(uid) if uid == viewer.uid => "systemctl --user".to_owned(),
        Some(uid) => format!("{}systemctl --user -M {uid}@", viewer.sudo()),
    };
    if unit == "init.scope" {
        return Some(format!(
            "`{systemctl} list-sockets` names the socket unit, `{systemctl} stop NAME.socket` frees it"
        ));
    }
    let is_service = unit.ends_with(".service") && !unit.starts_with("user@");
    is_service.then(|| format!("`{systemctl} stop {}` frees it", shell_quoted(unit)))
}

fn kill(found: &Found, viewer: Viewer) -> Option<String> {
    let sudo = if found.socket.uid == viewer.uid { "" } else { viewer.sudo() };
    found.owner.pid.map(|pid| format!("`{sudo}kill {pid}` frees it"))
}

/// The command that shows the process behind a listener.
fn show(wanted: SocketAddr, viewer: Viewer) -> String {
    format!("`{}ss -ltnp 'sport = :{}'` shows the process", viewer.sudo(), wanted.port())
}

/// For a socket that holds the address without listening.
pub(super) fn for_other(wanted: SocketAddr, found: &Found, viewer: Viewer) -> String {
    let port = wanted.port();
    let first = match found.socket.state {
        State::TimeWait => "wait one minute: it becomes free by itself".to_owned(),
        State::Closing => format!("it becomes free by itself; `ss -tano 'sport = :{port}'` shows how long that takes"),
        State::Listening | State::BoundOnly | State::Connected => {
            free(found, viewer).unwrap_or_else(|| for_nobody(wanted, viewer))
        }
    };
    let outgoing = found.socket.state != State::BoundOnly && outgoing_ports().contains(&port);
    if outgoing { format!("{first}; {}", keep_off(port, viewer)) } else { first }
}

/// Nothing that we can see holds the address.
pub(super) fn for_nobody(wanted: SocketAddr, viewer: Viewer) -> String {
    format!("try again; if it stays, `{}ss -tanp 'sport = :{}'` shows every socket", viewer.sudo(), wanted.port())
}

/// Ports that the kernel gives to outgoing connections (`ip_local_port_range`, ip(7)).
fn outgoing_ports() -> RangeInclusive<u16> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    parse_range(&text).unwrap_or(32768..=60999)
}

fn parse_range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    Some(numbers.next()?.ok()?..=numbers.next()?.ok()?)
}

/// The setting replaces the whole list, so the ports that are already on it are repeated.
fn keep_off(port: u16, viewer: Viewer) -> String {
    let reserved = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default();
    let separator = if reserved.trim().is_empty() { "" } else { "," };
    format!(
        "keep outgoing connections off this port: `{}sysctl -w net.ipv4.ip_local_reserved_ports={}{separator}{port}`",
        viewer.sudo(),
        reserved.trim()
    )
}

impl Viewer {
    /// What to put before a command that needs root.
    fn sudo(self) -> &'static str {
        if self.uid == 0 { "" } else { "sudo " }
    }
}

/// A word as a shell takes it literally. Names come from other programs, and hints are made to be pasted.
pub(super) fn shell_quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::taken::tests::{ALICE, found};
    use super::*;

    const ROOT: Viewer = Viewer { pid: 77, uid: 0 };
    const USER_MANAGER: &str = "/user.slice/user-1000.slice/user@1000.service";

    fn check(found: &Found, viewer: Viewer, expected: &str) {
        let hint = for_listener("127.0.0.2:8080".parse().unwrap(), Clash::Exact, found, viewer);
        assert_eq!(hint, expected);
    }

    fn check_path(path: &str, expected: &str) {
        check(&found("127.0.0.2:8080", Some(4711), Some(path)), ALICE, expected);
    }

    #[test]
    fn by_what_is_known() {
        let service = found("127.0.0.2:8080", Some(4711), Some("/system.slice/nginx.service"));
        check(&service, ALICE, "`sudo systemctl stop nginx.service` frees it");
        check(&service, ROOT, "`systemctl stop nginx.service` frees it");
        let bare = |pid| found("127.0.0.2:8080", pid, None);
        check(&bare(Some(4711)), ALICE, "`sudo kill 4711` frees it");
        check(&bare(Some(4711)), ROOT, "`kill 4711` frees it");
        check(&bare(None), ALICE, "`sudo ss -ltnp 'sport = :8080'` shows the process");
        let unseen = found("127.0.0.2:8080", None, Some("/system.slice/nginx.service"));
        let both = "`sudo systemctl stop nginx.service` frees it; `sudo ss -ltnp 'sport = :8080'` shows the process";
        check(&unseen, ALICE, both);
        let mut proxy = bare(Some(4711));
        proxy.owner.process = Some("docker-proxy".to_owned());
        check(&proxy, ROOT, "`docker ps --filter publish=8080` names the container that publishes this port");
        proxy.owner.process = Some("rootlessport".to_owned());
        check(&proxy, ROOT, "`podman ps` names the container that publishes this port");
    }

    #[test]
    fn by_the_kind_of_unit() {
        let id = "0123456789ab".repeat(6)[..64].to_owned();
        check_path(&format!("/system.slice/docker-{id}.scope"), "`sudo docker stop 0123456789ab` stops the container");
        let rootless = format!("{USER_MANAGER}/user.slice/libpod-{id}.scope/container");
        check_path(&rootless, "`podman stop 0123456789ab` stops the container");
        check_path(&format!("{USER_MANAGER}/app.slice/web.service"), "`systemctl --user stop web.service` frees it");
        check_path("/user@1001.service/web.service", "`sudo systemctl --user -M 1001@ stop web.service` frees it");
        check_path("/user.slice/user-1000.slice/session-3.scope", "`sudo kill 4711` frees it");
        check_path(USER_MANAGER, "`sudo kill 4711` frees it");
        check_path("/x; rm -rf ~.service", "`sudo systemctl stop 'x; rm -rf ~.service'` frees it");
        let sockets = "names the socket unit, `sudo systemctl stop NAME.socket` frees it";
        check_path("/init.scope", &format!("`sudo systemctl list-sockets` {sockets}"));
    }

    fn check_kind(kind: Clash, wanted: &str, local: &str, expected: &str) {
        for pid in [ALICE.pid, 4711] {
            let hint = for_listener(wanted.parse().unwrap(), kind, &found(local, Some(pid), None), ALICE);
            assert!(hint.ends_with(expected) == (pid == 4711), "{hint}");
            assert!(hint.contains("iplisten ipaddress=127.0.0.2") == (pid == ALICE.pid), "{hint}");
        }
    }

    #[test]
    fn by_the_kind_of_clash() {
        let own_address = "or have it listen on an address of its own instead of 0.0.0.0";
        check_kind(Clash::Wildcard, "127.0.0.2:80", "0.0.0.0:80", own_address);
        let single = "or let us listen on single addresses instead of 0.0.0.0";
        check_kind(Clash::WeAreWildcard, "0.0.0.0:80", "127.0.0.2:80", single);
    }

    #[test]
    fn without_a_listener() {
        let wanted = "127.0.0.1:80".parse().unwrap();
        let mut holder = found("127.0.0.1:80", Some(4711), None);
        let mut check = |state, expected: &str| {
            holder.socket.state = state;
            assert_eq!(for_other(wanted, &holder, ALICE), expected);
        };
        check(State::TimeWait, "wait one minute: it becomes free by itself");
        check(State::BoundOnly, "`sudo kill 4711` frees it");
        check(State::Closing, "it becomes free by itself; `ss -tano 'sport = :80'` shows how long that takes");
        assert_eq!(parse_range("32768\t60999\n"), Some(32768..=60999));
        assert_eq!(parse_range("x"), None);
        assert!(keep_off(40000, ROOT).ends_with("40000`"));
    }

    #[test]
    fn quotes_for_the_shell() {
        for (word, expected) in
            [("a.service", "a.service"), ("a\\x2db", "'a\\x2db'"), ("it's", "'it'\\''s'"), ("", "''")]
        {
            assert_eq!(shell_quoted(word), expected);
        }
    }
}
