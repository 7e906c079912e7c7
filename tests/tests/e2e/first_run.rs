//! What a new user meets (scenario 15): the embedded default, without root and without configuration.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::client::Client;
use crate::harness::home::{Home, finish};
use crate::harness::peer::Peer;
use crate::harness::root_or_skip;

/// Where the embedded default serves.
const FIRST: ([u8; 4], u16) = ([127, 0, 0, 2], 8080);
const SECOND: ([u8; 4], u16) = ([127, 0, 0, 3], 8080);

/// `doorward run`, as the README has it: nothing but a user's own folder.
fn first_command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.bare_command();
    command.arg("run").args(arguments);
    command
}

/// The one test on the default ports: they are the machine's, so its parts follow one another here.
#[test]
fn the_embedded_default_serves_limits_and_explains() {
    let home = Home::of("the_embedded_default_serves_limits_and_explains").unprivileged();
    let client = home.net.client(0);
    explain_a_taken_port(&home);
    let command = first_command(&home, &[]);
    let mut front = home.start_as(command);
    let printed = front.printed();
    for part in ["http://127.0.0.2:8080", "http://127.0.0.3:8080", "https://127.0.0.2:8443", "logs", "Ctrl"] {
        assert!(printed.contains(part), "{part:?} is missing in {printed}");
    }
    look_at_the_page(client);
    let again = finish(&first_command(&front, &[]));
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains(&format!("pid {}", front.pid())), "{again:?}");
    assert_eq!(client.get(SocketAddr::from(SECOND), "/").status, 200, "the first one is not disturbed");
    front.signal(rustix::process::Signal::INT);
    assert_eq!(front.wait_exit(), Some(0));
}

/// While nginx has 0.0.0.0:8080 nothing can open: exit 1, the culprit, and what to type.
fn explain_a_taken_port(home: &Home) {
    let nginx = Peer::nginx(&[SocketAddr::from(([0, 0, 0, 0], FIRST.1))]);
    let done = finish(&first_command(home, &[]));
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("0.0.0.0:8080") && done.err.contains("doorward run --http-port"), "{done:?}");
    if !crate::harness::is_root() {
        // Only the owner of a process and root may learn its name.
        assert!(done.err.contains("nginx") && done.err.contains(&nginx.pid().to_string()), "{done:?}");
    }
    nginx.stop();
}

/// The page tells about itself and the client, has its picture, and trips its limit of 10 per 5 seconds.
fn look_at_the_page(client: Client) {
    let at = SocketAddr::from(FIRST);
    let page = client.get(at, "/");
    assert!(page.status == 200 && page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    assert!(page.text().contains("Doorward"), "{}", page.text());
    let picture = client.get(at, "/welcome.png");
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert!(picture.body.starts_with(b"\x89PNG"));
    let [.., last] = [(); 12].map(|()| client.get(at, "/"));
    assert_eq!(last.status, 403);
    let told = last.text();
    assert!(told.contains("10") && told.contains('5'), "the page says which limit: {told}");
}

#[test]
fn a_low_port_without_root_says_what_to_do() {
    // Port 80 is for root: the message has the reason and a command, the exit code is 1.
    let test = "a_low_port_without_root_says_what_to_do";
    if !root_or_skip(test) {
        return;
    }
    let home = Home::of("exact_addresses_on_port_80").unprivileged();
    let done = finish(&first_command(&home, &["--http-port", "80"]));
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains(":80") && done.err.contains("doorward run --http-port"), "{done:?}");
}
