//! The system lets us not open a port: below the unprivileged ports, or against a policy.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rustix::io::Errno;

use super::hint::shell_quoted;

/// What decides about the right to open a port.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The first port that everyone may open (`ip_unprivileged_port_start`, ip(7)); it holds for IPv6 as well.
    pub(super) open_from_port: u16,
    /// Path of the running program.
    pub(super) executable: String,
    /// Whether `SELinux` is loaded.
    pub(super) selinux: bool,
}

impl Facts {
    /// As they are now.
    pub(super) fn of_this_process() -> Self {
        let port_start = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        let executable = std::env::current_exe().unwrap_or_else(|_| Path::new("doorward").to_path_buf());
        let executable = executable.to_string_lossy();
        Self {
            open_from_port: port_start.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024),
            // The kernel adds the mark when an upgrade has replaced the file.
            executable: executable.strip_suffix(" (deleted)").unwrap_or(&executable).to_owned(),
            selinux: Path::new("/sys/fs/selinux/enforce").exists(),
        }
    }
}

/// Sentence and hint.
pub(super) fn explain(wanted: SocketAddr, error: &io::Error, facts: &Facts) -> (String, String) {
    if wanted.port() < facts.open_from_port && Errno::from_io_error(error) != Some(Errno::PERM) {
        low_port(wanted, facts)
    } else {
        policy(wanted, error, facts)
    }
}

fn low_port(wanted: SocketAddr, facts: &Facts) -> (String, String) {
    let (port, from) = (wanted.port(), facts.open_from_port);
    let text = format!("{wanted}: ports below {from} need a privilege that this process lacks");
    let other_port = if port == 443 { "--https-port 8443" } else { "--http-port 8080" };
    let hint = format!(
        "give the program the privilege (again after each upgrade): `sudo setcap cap_net_bind_service=+ep {}`; \
         or open the ports from {port} on to every user: `sudo sysctl -w net.ipv4.ip_unprivileged_port_start={port}`; \
         or take another port: `doorward run {other_port}`",
        shell_quoted(&facts.executable)
    );
    (text, hint)
}

/// `EPERM` comes from a filter (seccomp, BPF), `EACCES` above the privileged ports from a security module.
fn policy(wanted: SocketAddr, error: &io::Error, facts: &Facts) -> (String, String) {
    let text = format!("{wanted}: a security policy of this system refuses it ({error})");
    let hint = if Errno::from_io_error(error) == Some(Errno::PERM) {
        "look at the service unit's `SocketBindDeny=` and `SystemCallFilter=`: `systemctl cat doorward.service`"
            .to_owned()
    } else if facts.selinux {
        let port = wanted.port();
        format!("allow the port in SELinux: `sudo semanage port -a -t http_port_t -p tcp {port}`")
    } else {
        "the kernel's log names the policy: `sudo journalctl -k --grep 'denied|DENIED'`".to_owned()
    };
    (text, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str, errno: Errno, selinux: bool, expected: &[&str]) {
        let facts = Facts { open_from_port: 1024, executable: "/opt/my tools/doorward".to_owned(), selinux };
        let (text, hint) = explain(wanted.parse().unwrap(), &errno.into(), &facts);
        for part in expected {
            assert!(text.contains(part) || hint.contains(part), "{part} is not in: {text}: {hint}");
        }
    }

    #[test]
    fn names_the_commands() {
        let setcap = "`sudo setcap cap_net_bind_service=+ep '/opt/my tools/doorward'`";
        let sysctl = "`sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80`";
        check("127.0.0.2:80", Errno::ACCESS, false, &["ports below 1024", setcap, sysctl, "--http-port 8080"]);
        check("[::1]:443", Errno::ACCESS, true, &["port_start=443`", "`doorward run --https-port 8443`"]);
        check("127.0.0.2:80", Errno::PERM, true, &["security policy", "SocketBindDeny="]);
        check("127.0.0.2:8080", Errno::ACCESS, true, &["semanage port -a -t http_port_t -p tcp 8080`"]);
        check("127.0.0.2:8080", Errno::ACCESS, false, &["journalctl -k"]);
    }

    #[test]
    fn reads_the_facts() {
        let facts = Facts::of_this_process();
        assert!(facts.executable.starts_with('/') && !facts.executable.ends_with("(deleted)"));
    }
}
