//! HTTP/1.1 on the wire: pipelining, keep-alive, bodies and requests that are none.

use crate::harness::client::{Connection, Ending};
use crate::harness::config::{document, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;

/// One site on .2 with a page and a numbered file each.
fn start(test: &str) -> Doorward {
    let home = Home::of(test).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), ""));
    (0..5)
        .fold(home.file("shop/index.html", "shop"), |home, n| home.file(&format!("shop/{n}.txt"), n.to_string()))
        .start()
}

fn connect(front: &Doorward) -> Connection {
    front.net.client(0).connect(front.net.at(2)).unwrap()
}

#[test]
fn pipelined_requests_answer_in_order() {
    let front = start("pipelined_requests_answer_in_order");
    let mut connection = connect(&front);
    let all: String = (0..5).map(|n| format!("GET /{n}.txt HTTP/1.1\r\nHost: x\r\n\r\n")).collect();
    connection.send(&all).unwrap();
    let texts: Vec<_> = (0..5).map(|_| connection.receive().unwrap().text()).collect();
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);
    assert_eq!(front.w3c(1, 5)[4].field("cs-uri-stem"), "/4.txt");
}

#[test]
fn keep_alive_and_close() {
    let front = start("keep_alive_and_close");
    // (request, whether the connection stays open after it)
    let cases = [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
        ("GET /none HTTP/1.1\r\nHost: x\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ];
    for (request, stays) in cases {
        let mut connection = connect(&front);
        connection.send(request).unwrap();
        let answer = connection.receive().unwrap();
        if stays {
            connection.send_get("x", "/1.txt").unwrap();
            assert_eq!(connection.receive().unwrap().text(), "1", "{request:?}");
        } else {
            assert_eq!(answer.status, 200, "{request:?}");
            assert_eq!(connection.ending(), Ending::Closed, "{request:?}");
        }
    }
    // Bytes that come one by one are as good.
    let mut connection = connect(&front);
    for letter in "GET /2.txt HTTP/1.1\r\nHost: x\r\n\r\n".chars() {
        connection.send(&letter.to_string()).unwrap();
    }
    assert_eq!(connection.receive().unwrap().text(), "2");
}

#[test]
fn bad_requests_get_the_400_page() {
    let front = start("bad_requests_get_the_400_page");
    let bad = [
        "GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    for request in bad {
        let mut connection = connect(&front);
        connection.send(request).unwrap();
        let answer = connection.receive().unwrap_or_else(|error| panic!("{request:?}: {error}"));
        assert_eq!(answer.status, 400, "{request:?}: {answer:?}");
        assert!(answer.text().contains("HTTP Error 400."), "{request:?}: {}", answer.text());
        assert_eq!(answer.header("connection"), Some("close"), "{request:?}");
        connection.ending();
    }
    let lines = front.http_err(bad.len());
    assert!(lines.iter().all(|line| line.field("sc-status") == "400"), "{lines:?}");
    assert!(front.w3c_now(1).is_empty(), "requests without a site are not in its log");
}

#[test]
fn request_bodies_are_read_or_refused() {
    let front = start("request_bodies_are_read_or_refused");
    // A static site refuses the method; what follows on the connection is no part of the body.
    let bodies = [
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n",
    ];
    for request in bodies {
        let mut connection = connect(&front);
        connection.send(request).unwrap();
        let answer = connection.receive().unwrap();
        assert_eq!(answer.status, 405, "{request:?}");
        if answer.header("connection") == Some("close") {
            continue;
        }
        connection.send_get("x", "/3.txt").unwrap();
        assert_eq!(connection.receive().unwrap().text(), "3", "{request:?}");
    }
}
