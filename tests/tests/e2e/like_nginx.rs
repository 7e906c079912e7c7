//! Static files as nginx serves them, from the same folder: the same answer to each request, or a reason why not.

use std::os::unix::fs::symlink;

use crate::harness::client::Response;
use crate::harness::config::{document, site};
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::peer::Peer;

const SAME: &str = "";

/// Request line and header lines; then [`SAME`], or why ours differs. `{etag}` and `{date}` are those the server itself gave to
/// the file.
const REQUESTS: &[(&str, &str)] = &[
    // Names.
    ("GET /a.txt", SAME),
    ("GET /a.txt?x=1", SAME),
    ("GET /empty.txt", SAME),
    ("GET /", SAME),
    ("GET /index.html", SAME),
    ("GET /folder", SAME),
    ("GET /folder?x=1", SAME),
    ("GET /folder/", SAME),
    ("GET /bare", SAME),
    ("GET /bare/", SAME),
    ("GET /none", SAME),
    ("GET /none/", SAME),
    ("GET /a.txt/", SAME),
    ("GET /a.txt/more", SAME),
    ("GET /A.TXT", SAME),
    ("GET /%61.txt", SAME),
    ("GET /./a.txt", SAME),
    ("GET /folder/../a.txt", SAME),
    ("GET /folder/%2e%2e/a.txt", SAME),
    ("GET /../a.txt", SAME),
    ("GET /%2e%2e/a.txt", SAME),
    ("GET //a.txt", SAME),
    ("GET /folder//index.html", SAME),
    ("GET /caf%C3%A9.txt", SAME),
    ("GET /a%20b.txt", SAME),
    ("GET /a+b.txt", "404.11: a path that holds + is decoded twice by some readers, as IIS has it"),
    ("GET /a.txt%00", SAME),
    ("GET /inside.txt", SAME),
    ("GET /outside.txt", "404: a link leads out of the folder"),
    ("GET /.dot.txt", "404.8: names with a dot are hidden unless the operator shows them"),
    // Methods.
    ("HEAD /a.txt", SAME),
    ("HEAD /", SAME),
    ("HEAD /folder", SAME),
    ("HEAD /none", SAME),
    ("HEAD /a.txt\nRange: bytes=1-3", "RFC 9110 14.2: ranges are for GET, with other methods they MUST be ignored"),
    ("POST /a.txt\nContent-Length: 0", SAME),
    ("PUT /a.txt\nContent-Length: 0", SAME),
    ("DELETE /a.txt", SAME),
    ("OPTIONS /a.txt", "200 with Allow, as IIS has it"),
    ("BREW /a.txt", SAME),
    // Ranges.
    ("GET /a.txt\nRange: bytes=0-", SAME),
    ("GET /a.txt\nRange: bytes=2-4", SAME),
    ("GET /a.txt\nRange: bytes=0-0", SAME),
    ("GET /a.txt\nRange: bytes=9-9", SAME),
    ("GET /a.txt\nRange: bytes=5-100", SAME),
    ("GET /a.txt\nRange: bytes=-3", SAME),
    ("GET /a.txt\nRange: bytes=-100", SAME),
    ("GET /a.txt\nRange: bytes=-0", SAME),
    ("GET /a.txt\nRange: bytes=10-", SAME),
    ("GET /a.txt\nRange: bytes=4-2", "RFC 9110 14.1.1, 14.2: an invalid range is ignored"),
    ("GET /a.txt\nRange: bytes=x", "RFC 9110 14.2: an invalid range is ignored"),
    ("GET /a.txt\nRange: bytes=", SAME),
    ("GET /a.txt\nRange: items=0-1", SAME),
    ("GET /a.txt\nRange: BYTES=1-3", SAME),
    ("GET /a.txt\nRange: bytes=1-3, 5-6", SAME),
    ("GET /a.txt\nRange: bytes=0-1,4-5", SAME),
    ("GET /a.txt\nRange: bytes=0-0,-1", SAME),
    ("GET /a.txt\nRange: bytes=7-8,0-1", SAME),
    ("GET /a.txt\nRange: bytes=0-1,20-", SAME),
    ("GET /a.txt\nRange: bytes=20-,30-", SAME),
    ("GET /a.txt\nRange: bytes=0-3,2-5", "RFC 9110 15.3.7.2: parts that overlap are joined"),
    ("GET /empty.txt\nRange: bytes=0-", SAME),
    ("GET /folder/\nRange: bytes=0-1", SAME),
    ("GET /none\nRange: bytes=0-1", SAME),
    // Conditions.
    ("GET /a.txt\nIf-None-Match: {etag}", SAME),
    ("GET /a.txt\nIf-None-Match: W/{etag}", SAME),
    ("GET /a.txt\nIf-None-Match: \"other\", {etag}", SAME),
    ("GET /a.txt\nIf-None-Match: \"other\"", SAME),
    ("GET /a.txt\nIf-None-Match: *", SAME),
    ("HEAD /a.txt\nIf-None-Match: {etag}", SAME),
    ("GET /a.txt\nIf-Modified-Since: {date}", SAME),
    ("GET /a.txt\nIf-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT", SAME),
    (
        "GET /a.txt\nIf-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT",
        "RFC 9110 13.1.3: not modified since; nginx wants the very date",
    ),
    ("GET /a.txt\nIf-Modified-Since: yesterday", SAME),
    ("GET /a.txt\nIf-None-Match: \"other\"\nIf-Modified-Since: {date}", SAME),
    (
        "GET /a.txt\nIf-None-Match: {etag}\nIf-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT",
        "RFC 9110 13.1.3: If-None-Match decides alone",
    ),
    ("GET /a.txt\nIf-Match: {etag}", SAME),
    ("GET /a.txt\nIf-Match: W/{etag}", SAME),
    ("GET /a.txt\nIf-Match: \"other\"", SAME),
    ("GET /a.txt\nIf-Match: *", SAME),
    ("GET /a.txt\nIf-Match: \"other\"\nIf-None-Match: {etag}", SAME),
    ("GET /a.txt\nIf-Unmodified-Since: {date}", SAME),
    ("GET /a.txt\nIf-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT", SAME),
    ("GET /a.txt\nRange: bytes=1-3\nIf-Range: {etag}", SAME),
    ("GET /a.txt\nRange: bytes=1-3\nIf-Range: W/{etag}", SAME),
    ("GET /a.txt\nRange: bytes=1-3\nIf-Range: \"other\"", SAME),
    ("GET /a.txt\nRange: bytes=1-3\nIf-Range: {date}", SAME),
    ("GET /a.txt\nRange: bytes=1-3\nIf-Range: Sat, 01 Jan 2000 00:00:00 GMT", SAME),
    ("GET /a.txt\nRange: bytes=1-3\nIf-None-Match: {etag}", SAME),
    ("GET /a.txt\nRange: bytes=20-\nIf-Match: \"other\"", SAME),
    // Codings, where a.js.gz lies beside a.js.
    ("GET /a.js", SAME),
    ("GET /a.js\nAccept-Encoding: gzip", SAME),
    ("GET /a.js\nAccept-Encoding: br, gzip;q=0.5", SAME),
    ("GET /a.js\nAccept-Encoding: gzip;q=0", SAME),
    ("GET /a.js\nAccept-Encoding: br", SAME),
    ("GET /a.js\nAccept-Encoding: identity", SAME),
    ("GET /a.js\nAccept-Encoding: *", "RFC 9110 12.5.3: * is every coding"),
    ("GET /a.txt\nAccept-Encoding: gzip", SAME),
    ("HEAD /a.js\nAccept-Encoding: gzip", SAME),
    (
        "GET /a.js\nAccept-Encoding: gzip\nRange: bytes=0-1",
        "RFC 9110 14.2: a range of what is sent, which has an ETag of its own",
    ),
];

/// One answer in a line. Pages of errors and redirects are each server's own, and so are boundaries.
fn told(answer: &Response) -> String {
    let field = |name: &str| answer.header(name).map(|value| format!(" {name}={value}")).unwrap_or_default();
    let mut text = answer.status.to_string();
    for name in ["content-range", "content-encoding", "location"] {
        text += &field(name);
    }
    if answer.status >= 300 {
        return text;
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let Some(boundary) = kind.strip_prefix("multipart/byteranges; boundary=") else {
        return format!("{text} {kind} {} {:?}", field("content-length"), answer.text());
    };
    let body = answer.text().replace(boundary, "B");
    let mut parts: Vec<_> = body.split("\r\n--B\r\n").skip(1).map(str::to_lowercase).collect();
    for part in &mut parts {
        let (head, bytes) = part.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<_> = head.lines().collect();
        lines.sort_unstable();
        *part = format!("{} {bytes}", lines.join(", "));
    }
    format!("{text} parts {parts:?}")
}

/// What one server answers.
fn ask(net: Net, host: u8, request: &str) -> Response {
    let to = net.at(host);
    let own = net.client(0).get(to, "/a.txt");
    let request = request.replace("{etag}", own.header("etag").unwrap());
    let request = request.replace("{date}", own.header("last-modified").unwrap());
    let (line, fields) = request.split_once('\n').unwrap_or((&request, ""));
    let fields: String = fields.lines().map(|field| format!("{field}\r\n")).collect();
    let mut connection = net.client(0).connect(to).unwrap();
    connection.send(&format!("{line} HTTP/1.1\r\nHost: files\r\nConnection: close\r\n{fields}\r\n")).unwrap();
    let answer = if line.starts_with("HEAD") { connection.receive_head() } else { connection.receive() };
    answer.unwrap_or_else(|error| panic!("{request:?} at {to}: {error}"))
}

#[test]
fn files_are_served_as_nginx_serves_them() {
    let mut home = Home::of("files_are_served_as_nginx_serves_them")
        .config(&document(&site(1, "files", &["http/{NET}.2:{PORT}:"]), ""));
    for name in ["a.txt", "caf\u{e9}.txt", "a b.txt", "a+b.txt", ".dot.txt", "bare/a.txt"] {
        home = home.file(&format!("files/{name}"), "0123456789");
    }
    for name in ["index.html", "folder/index.html"] {
        home = home.file(&format!("files/{name}"), format!("<p>{name}</p>"));
    }
    home = home.file("files/empty.txt", "").file("files/a.js", "plain plain plain").file("files/a.js.gz", "packed");
    home = home.file("outside.txt", "outside");
    let root = home.path("www/files");
    symlink("a.txt", root.join("inside.txt")).unwrap();
    symlink("../outside.txt", root.join("outside.txt")).unwrap();
    let front = home.start();
    let _nginx = Peer::nginx_files(front.net.at(100), &root);
    let differ = |(request, why): &(&str, &str)| {
        let [ours, theirs] = [2, 100].map(|host| told(&ask(front.net, host, request)));
        let is_right = (ours == theirs) == why.is_empty();
        (!is_right).then(|| format!("{request:?}\n   ours  {ours}\n   nginx {theirs}\n   {why}\n"))
    };
    let wrong: Vec<_> = REQUESTS.iter().filter_map(differ).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.concat());
}
