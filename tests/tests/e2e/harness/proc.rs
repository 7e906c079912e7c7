//! What the kernel says about sockets and processes, read from `/proc`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The state number of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Every listening TCP socket of this network namespace.
pub fn listening() -> Vec<SocketAddr> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|table| fs::read_to_string(table).unwrap_or_default().lines().filter_map(parse).collect::<Vec<_>>())
        .collect()
}

/// The addresses that somebody listens on at `port`, sorted.
pub fn listening_at(port: u16) -> Vec<IpAddr> {
    let mut found: Vec<_> = listening().iter().filter(|at| at.port() == port).map(SocketAddr::ip).collect();
    found.sort_unstable();
    found
}

fn parse(line: &str) -> Option<SocketAddr> {
    let mut columns = line.split_whitespace().skip(1);
    let (address, port) = columns.next()?.split_once(':')?;
    let _remote = columns.next()?;
    (columns.next()? == LISTEN).then_some(())?;
    Some(SocketAddr::new(parse_address(address)?, u16::from_str_radix(port, 16).ok()?))
}

/// The kernel prints each 32-bit word of the address as a number in the machine's own byte order.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    if hex.len() == 8 {
        return word(0).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    }
    let mut bytes = [0; 16];
    for (index, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(index * 8)?);
    }
    Some(IpAddr::V6(Ipv6Addr::from(bytes)))
}

/// How many descriptors a process has open.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// How many threads a process has.
pub fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// The threads of a process that have this name.
pub fn threads_named(pid: u32, name: &str) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let numbers = tasks.filter_map(|task| task.unwrap().file_name().to_str()?.parse().ok());
    let is_called = |thread: &u32| {
        fs::read_to_string(format!("/proc/{pid}/task/{thread}/comm")).is_ok_and(|text| text.trim_end() == name)
    };
    numbers.filter(is_called).collect()
}

/// Who traces a thread now; 0 when nobody does.
pub fn tracer(thread: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{thread}/status")).unwrap();
    text.lines().find_map(|line| line.strip_prefix("TracerPid:")).unwrap().trim().parse().unwrap()
}

/// Processor time a process has used, in ticks of the kernel's clock (a hundred a second).
pub fn cpu_ticks(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name of the program, in brackets, may hold spaces; user and system time are the 12th and 13th field after it.
    let (_, fields) = text.rsplit_once(')').unwrap();
    fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Memory a process has in RAM now, in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    status_kib(pid, "VmRSS:")
}

/// The most memory a process ever had in RAM, in KiB.
pub fn resident_peak_kib(pid: u32) -> u64 {
    status_kib(pid, "VmHWM:")
}

fn status_kib(pid: u32, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_socket_of_our_own_is_found() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(socket) = std::net::TcpListener::bind(address) else { continue };
        let address = socket.local_addr().unwrap();
        assert!(listening().contains(&address), "{address}");
        assert_eq!(listening_at(address.port()), [address.ip()]);
    }
    let own = std::process::id();
    assert!(descriptors(own) > 2 && threads(own) > 0 && resident_kib(own) <= resident_peak_kib(own));
}
