//! From a socket's inode to the process that holds it, by `/proc/PID/fd` (proc(5)); other users' processes show theirs to
//! root alone.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::cgroup;

/// Longest command line kept, in characters.
const COMMAND_CHARS_MAX: usize = 256;

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its number.
    pub(super) pid: u32,
    /// `/proc/PID/comm`.
    pub(super) name: Option<String>,
    /// `/proc/PID/cmdline`.
    pub(super) command: Option<String>,
    /// Its cgroup's path.
    pub(super) cgroup: Option<String>,
}

/// For each inode the process that holds it, where the system lets us see one.
pub(super) fn holders(inodes: &HashSet<u64>) -> HashMap<u64, Process> {
    if inodes.is_empty() {
        return HashMap::new();
    }
    let mut candidates: HashMap<u64, Vec<Candidate>> = HashMap::new();
    for pid in pids() {
        let held = held_inodes(pid, inodes);
        let started = if held.is_empty() { 0 } else { start_time(pid) };
        for inode in held {
            candidates.entry(inode).or_default().push(Candidate { pid, started });
        }
    }
    let describe_chosen = |(inode, all): (u64, Vec<Candidate>)| Some((inode, describe(choose(&all)?)));
    candidates.into_iter().filter_map(describe_chosen).collect()
}

/// One of the processes that share a socket.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Candidate {
    pid: u32,
    /// In clock ticks since the machine started.
    started: u64,
}

/// The first started of them: the master, not its workers. Process 1 keeps the sockets that it hands to services, so it
/// is named only when nobody else has the socket.
fn choose(candidates: &[Candidate]) -> Option<u32> {
    candidates.iter().min_by_key(|one| (one.pid == 1, one.started, one.pid)).map(|one| one.pid)
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn held_inodes(pid: u32, wanted: &HashSet<u64>) -> HashSet<u64> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter_map(|link| socket_inode(&link)).filter(|inode| wanted.contains(inode)).collect()
}

/// `socket:[21057]` gives 21057.
fn socket_inode(link: &Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn start_time(pid: u32) -> u64 {
    let stat = read_proc(pid, "stat");
    stat.as_deref().and_then(parse_start_time).unwrap_or(u64::MAX)
}

/// Field 22 of `/proc/PID/stat`; the second field, the name in brackets, may itself hold spaces and brackets.
fn parse_start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn describe(pid: u32) -> Process {
    let name = read_proc(pid, "comm").map(|text| printable(text.trim_end(), COMMAND_CHARS_MAX));
    let command = read_proc(pid, "cmdline").map(|text| command_line(&text)).filter(|text| !text.is_empty());
    let cgroup = read_proc(pid, "cgroup").and_then(|text| cgroup::path_of_process(&text).map(str::to_owned));
    Process { pid, name, command, cgroup }
}

fn read_proc(pid: u32, file: &str) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Arguments end with a NUL each; programs that rewrite their title leave a run of them.
fn command_line(text: &str) -> String {
    printable(&text.trim_end_matches('\0').replace('\0', " "), COMMAND_CHARS_MAX)
}

/// Text that others chose, made safe for a terminal: controls and marks that turn the writing direction become `?`.
pub(super) fn printable(text: &str, chars_max: usize) -> String {
    let is_unsafe = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut safe: String = text.chars().take(chars_max).map(|c| if is_unsafe(c) { '?' } else { c }).collect();
    if text.chars().nth(chars_max).is_some() {
        safe.push('…');
    }
    safe
}

/// User names by number, from `/etc/passwd` alone: a directory service could keep us waiting.
pub(super) fn users() -> HashMap<u32, String> {
    std::fs::read_to_string("/etc/passwd").map(|text| parse_users(&text)).unwrap_or_default()
}

/// The first name of each number, as getpwuid(3) has it.
fn parse_users(passwd: &str) -> HashMap<u32, String> {
    let mut users = HashMap::new();
    for line in passwd.lines() {
        let mut columns = line.split(':');
        if let (Some(name), Some(Ok(uid))) = (columns.next(), columns.nth(1).map(str::parse)) {
            users.entry(uid).or_insert_with(|| printable(name, 64));
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_socket_links() {
        assert_eq!(socket_inode(Path::new("socket:[21057]")), Some(21057));
        for other in ["/dev/null", "pipe:[3]", "socket:[x]", "socket:[3", ""] {
            assert_eq!(socket_inode(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn reads_start_times_behind_any_name() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(parse_start_time(&format!("12 (nginx) {fields}")), Some(4711));
        assert_eq!(parse_start_time(&format!("12 (a) b (c)) {fields}")), Some(4711));
        assert_eq!(parse_start_time("12 (nginx) S 1"), None);
        assert_eq!(parse_start_time(""), None);
    }

    fn check_choice(candidates: &[(u32, u64)], expected: Option<u32>) {
        let candidates: Vec<Candidate> = candidates.iter().map(|&(pid, started)| Candidate { pid, started }).collect();
        assert_eq!(choose(&candidates), expected, "{candidates:?}");
    }

    #[test]
    fn prefers_the_master_over_workers_and_init() {
        check_choice(&[], None);
        check_choice(&[(1, 0)], Some(1));
        check_choice(&[(1, 0), (900, 50)], Some(900));
        check_choice(&[(40, 60), (900, 50)], Some(900));
        check_choice(&[(41, 50), (40, 50)], Some(40));
    }

    #[test]
    fn text_of_others_is_made_safe() {
        assert_eq!(command_line("nginx: master\0-g\0daemon off;\0\0\0"), "nginx: master -g daemon off;");
        assert_eq!(printable("a\u{1b}[31m\u{7f}\u{9b}\u{202e}b\n", 99), "a?[31m???b?");
        assert_eq!(printable("äöü", 2), "äö…");
        assert_eq!(printable("äö", 2), "äö");
    }

    #[test]
    fn reads_user_names() {
        let users = parse_users("root:x:0:0::/root:/bin/sh\ntoor:x:0:0\nwww-data:x:33:33\nbroken\n:x:y\n");
        assert_eq!(users.get(&0).map(String::as_str), Some("root"));
        assert_eq!(users.get(&33).map(String::as_str), Some("www-data"));
        assert_eq!(users.len(), 2);
    }

    #[test]
    fn describes_this_process() {
        let this = describe(std::process::id());
        assert!(this.name.is_some_and(|name| !name.is_empty()));
        assert!(this.command.is_some());
        assert_eq!(holders(&HashSet::new()), HashMap::new());
    }
}
