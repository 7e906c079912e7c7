//! A web server behind Doorward that answers when the test says so: the way to hold a request in flight.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::wait_until;

/// How many requests wait, and how many of them may go.
#[derive(Default)]
struct Gate {
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Gate {
    fn hold(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        while state.1 == 0 {
            state = self.changed.wait(state).unwrap();
        }
        state.0 -= 1;
        state.1 -= 1;
    }
}

/// What `/with/…` answers consist of.
pub const LINE: &str = "a line that is worth compressing, since it comes again and again\n";
/// How many of them.
pub const LINES: usize = 400;

/// A server on a loopback address. `/held…` answers only after a release, `/half…` sends `first-` and the rest after
/// a release, `/dead` closes without an answer, `/events` sends two events, the second after a release,
/// `/with/NAME/VALUE` a long text and that field; anything else answers at once with the head of the request it saw as body.
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    gate: Arc<Gate>,
}

impl Upstream {
    /// Starts on a free port of `ip`. Its threads end with the test's process.
    pub fn start(ip: IpAddr) -> Upstream {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Arc::new(Gate::default());
        let for_all = Arc::clone(&gate);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let gate = Arc::clone(&for_all);
                thread::spawn(move || while answer(&stream, &gate).is_some() {});
            }
        });
        Upstream { address, gate }
    }

    /// Waits until `count` requests are held.
    pub fn wait_held(&self, count: usize) {
        wait_until(&format!("{count} requests held by the upstream"), || {
            (self.gate.state.lock().unwrap().0 == count).then_some(())
        });
    }

    /// Lets `count` held requests go.
    pub fn release(&self, count: usize) {
        self.gate.state.lock().unwrap().1 += count;
        self.gate.changed.notify_all();
    }

    /// Takes back releases that nobody needed.
    pub fn take_back(&self) {
        self.gate.state.lock().unwrap().1 = 0;
    }

    /// Its URL, as a proxy's target.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Answers one request; `None` ends the connection.
fn answer(mut stream: &TcpStream, gate: &Gate) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_ascii_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    std::io::copy(&mut reader.take(length.unwrap_or(0)), &mut std::io::sink()).ok()?;
    let path = head.split(' ').nth(1)?;
    if path.contains("/dead") {
        return None;
    }
    if path.contains("/held") {
        gate.hold();
    }
    if path.contains("/half") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nfirst-").ok()?;
        gate.hold();
        return stream.write_all(b"second").ok();
    }
    if path.contains("/events") {
        return events(stream, gate);
    }
    if let Some(line) = path.split("/with/").nth(1) {
        let (name, value) = line.split_once('/')?;
        let body = LINE.repeat(LINES);
        let length = body.len();
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"v1\"\r\n{name}: {value}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(response.as_bytes()).ok()?;
        return if head.starts_with("HEAD ") { Some(()) } else { stream.write_all(body.as_bytes()).ok() };
    }
    let length = head.len();
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: {length}\r\n\r\n{head}"
    );
    stream.write_all(response.as_bytes()).ok()
}

/// Two events, the second after a release.
fn events(mut stream: &TcpStream, gate: &Gate) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(b"D\r\ndata: first\n\n\r\n").ok()?;
    gate.hold();
    stream.write_all(b"E\r\ndata: second\n\n\r\n0\r\n\r\n").ok()
}

#[test]
fn it_holds_and_releases() {
    let ip = IpAddr::from([127, 63, 0, 1]);
    let upstream = Upstream::start(ip);
    let client = super::client::Client::from(ip);
    let mut held = client.connect(upstream.address).unwrap();
    held.send_get("x", "/held").unwrap();
    upstream.wait_held(1);
    assert!(client.get(upstream.address, "/free").text().starts_with("GET /free HTTP/1.1\r\n"));
    upstream.release(1);
    assert_eq!(held.receive().unwrap().status, 200);
    assert!(client.try_get(upstream.address, "/dead").is_err());
}
