//! `/proc/net/tcp` and `/proc/net/tcp6` (proc(5)): every socket with its user and inode, readable by everyone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::socket::{Family, Socket, State};

/// All sockets of a family; none when the file cannot be read.
pub(super) fn read(family: Family) -> Vec<Socket> {
    let (path, v6) = match family {
        Family::V4 => ("/proc/net/tcp", false),
        Family::V6 => ("/proc/net/tcp6", true),
    };
    std::fs::read_to_string(path).map(|text| parse_proc_net_tcp(&text, v6)).unwrap_or_default()
}

/// The sockets in such a file's text. Lines that do not have its form (the heading too) are passed over.
pub(super) fn parse_proc_net_tcp(text: &str, v6: bool) -> Vec<Socket> {
    text.lines().filter_map(|line| parse_line(line, v6)).collect()
}

/// Columns: number, local, remote, state, queues, timer, retransmits, uid, timeout, inode, …
fn parse_line(line: &str, v6: bool) -> Option<Socket> {
    let mut columns = line.split_ascii_whitespace().skip(1);
    let local = parse_address(columns.next()?, v6)?;
    let remote = parse_address(columns.next()?, v6)?;
    let state = State::of(u8::from_str_radix(columns.next()?, 16).ok()?)?;
    let uid = columns.nth(3)?.parse().ok()?;
    let inode = columns.nth(1)?.parse().ok()?;
    Some(Socket { local, remote, state, uid, inode, v6_only: None, cgroup_id: None })
}

/// `0200007F:1F90`: 32-bit words of the address in the machine's byte order, then the port as a plain number.
fn parse_address(text: &str, v6: bool) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |index: usize| {
        let digits = address.get(index * 8..index * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match (v6, address.len()) {
        (false, 8) => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        (true, 32) => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const HEADING: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    /// Samples are as a little-endian machine writes them.
    fn check(line: &str, v6: bool, expected: Option<(&str, State, u32, u64)>) {
        let read = parse_proc_net_tcp(&format!("{HEADING}{line}\n"), v6);
        let found = read.first().map(|socket| (socket.local.to_string(), socket.state, socket.uid, socket.inode));
        let expected = expected.map(|(local, state, uid, inode)| (local.to_owned(), state, uid, inode));
        assert_eq!(found, expected, "{line}");
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn reads_recorded_lines() {
        let tail = "00000000:00000000 00:00000000 00000000";
        check(
            &format!("   0: 0200007F:1F90 00000000:0000 0A {tail}    33        0 21057 1 0000000010 100 0 0 10 0"),
            false,
            Some(("127.0.0.2:8080", State::Listening, 33, 21057)),
        );
        check(
            &format!("  11: 00000000:0016 00000000:0000 0A {tail}     0        0 1587 1 0000000010 100 0 0 10 0"),
            false,
            Some(("0.0.0.0:22", State::Listening, 0, 1587)),
        );
        check(
            &format!("   2: 0100007F:9C40 0100007F:1538 06 {tail}     0        0 0 3 0000000010"),
            false,
            Some(("127.0.0.1:40000", State::TimeWait, 0, 0)),
        );
        let any = "0".repeat(32);
        check(
            &format!("   0: {any}:0050 {any}:0000 0A {tail}  1000        0 9 1 0000000010 100 0 0 10 0"),
            true,
            Some(("[::]:80", State::Listening, 1000, 9)),
        );
        check(
            &format!("   0: 0000000000000000FFFF00000200007F:0050 {any}:0000 0A {tail}  1000        0 9 1 0 100"),
            true,
            Some(("[::ffff:127.0.0.2]:80", State::Listening, 1000, 9)),
        );
        check(
            &format!("   0: B80D0120000000000000000001000000:01BB {any}:0000 0A {tail}  1000        0 9 1 0 100"),
            true,
            Some(("[2001:db8::1]:443", State::Listening, 1000, 9)),
        );
    }

    #[test]
    fn passes_over_other_text() {
        for line in
            ["", "x", "0: 0200007F:1F90", "0: 0200007F 0 0A 0 0 0 0 0 0", "0: zz00007F:1F90 0:0 0A", "é: é:é é:é"]
        {
            check(line, false, None);
            check(line, true, None);
        }
    }

    #[test]
    fn finds_a_live_listener() {
        let listener = TcpListener::bind("127.31.9.1:0").unwrap();
        let wanted = listener.local_addr().unwrap();
        let all = read(Family::V4);
        assert!(all.iter().any(|socket| socket.local == wanted && socket.state == State::Listening));
    }
}
