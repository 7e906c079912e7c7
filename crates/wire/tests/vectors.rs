//! The shared vectors, as far as one machine and the path can decide them: a connection to a server that answers by
//! itself, without sockets. Skipped, and said so, where the vectors are not there.

#![cfg(test)]

use std::path::PathBuf;

use doorward_wire::path::{is_double_escaped, normalise};
use doorward_wire::{Event, HeadLimits, Request, ServerMachine};

#[allow(clippy::disallowed_methods, reason = "tests read the vectors")]
fn read_shared(name: &str) -> Option<String> {
    let shared = std::env::var_os("DOORWARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let text = std::fs::read_to_string(shared.join("vectors").join(name)).ok();
    if text.is_none() {
        println!("skipped: no {name} in {}", shared.join("vectors").display());
    }
    text
}

/// The columns of each row, after the line with their names.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).filter(|line| !line.is_empty()).map(|line| line.split('\t').collect())
}

/// The pieces that a row writes, as the README of the vectors explains the escapes.
fn unescape(raw: &str) -> Vec<Vec<u8>> {
    let text = repeat(&raw.replace("\\\\", "\\x5c"), '{', '}');
    let mut pieces = vec![Vec::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let byte = if character == '\\' {
            match characters.next() {
                Some('r') => b'\r',
                Some('n') => b'\n',
                Some('t') => b'\t',
                Some('x') => u8::from_str_radix(&characters.by_ref().take(2).collect::<String>(), 16).unwrap(),
                Some('|') => {
                    pieces.push(Vec::new());
                    continue;
                }
                other => panic!("unknown escape {other:?} in {raw}"),
            }
        } else {
            u8::try_from(u32::from(character)).unwrap()
        };
        pieces.last_mut().unwrap().push(byte);
    }
    pieces
}

/// Writes out each `\{TEXT*COUNT}`, with `\[…]` inside.
fn repeat(text: &str, open: char, close: char) -> String {
    let Some(start) = text.find(&format!("\\{open}")) else { return text.to_owned() };
    let end = start + text[start..].find(close).unwrap();
    let (body, count) = text[start + 2..end].rsplit_once('*').unwrap();
    let body = if open == '{' { repeat(body, '[', ']') } else { body.to_owned() };
    let written = body.repeat(count.parse().unwrap());
    format!("{}{written}{}", &text[..start], repeat(&text[end + 1..], open, close))
}

/// What a connection looks like from outside.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    statuses: Vec<u16>,
    closed: bool,
    /// Requests that went on to a route.
    routed: usize,
}

/// A server that looks at every path it can name. The body is read before the answer.
fn serve(pieces: &[Vec<u8>]) -> Seen {
    let (mut machine, mut request) = (ServerMachine::new(HeadLimits::default()), Request::new());
    let input = pieces.concat();
    let (mut seen, mut used, mut end) = (Seen::default(), 0, 0);
    for piece in pieces {
        end += piece.len();
        while !seen.closed {
            match machine.read(&input[used..end], &mut request) {
                Ok((bytes, Event::NeedMore)) => {
                    used += bytes;
                    break;
                }
                Ok((bytes, event)) => {
                    used += bytes;
                    seen.take(event, &request);
                }
                Err(fault) => {
                    seen.statuses.push(fault.status());
                    seen.closed = true;
                }
            }
        }
    }
    seen
}

impl Seen {
    fn take(&mut self, event: Event<'_>, request: &Request) {
        match event {
            Event::NeedMore | Event::Body(_) => {}
            Event::Head => {
                self.routed += usize::from(matches!(status_of(request), 200 | 404));
                if request.expects_continue() {
                    self.statuses.push(100);
                }
            }
            Event::BodyEnd => {
                self.statuses.push(status_of(request));
                self.closed = !request.keep_alive();
            }
        }
    }
}

/// The one page of that server is at `/`.
fn status_of(request: &Request) -> u16 {
    let mut path = String::new();
    match (request.path(), normalise(request.path(), &mut path)) {
        ("*", _) => 200,
        (_, Err(bad)) => bad.status(),
        (_, Ok(())) if path == "/" => 200,
        (_, Ok(())) => 404,
    }
}

fn matches(token: &str, seen: &Seen) -> bool {
    let last = seen.statuses.iter().find(|status| **status >= 200);
    match (token, last) {
        ("close", _) => seen.statuses.is_empty() && seen.closed,
        ("wait", _) => seen.statuses.is_empty() && !seen.closed,
        ("h2", _) => false,
        ("ok", last) => last.is_some_and(|status| *status < 400 || matches!(status, 401 | 403 | 404 | 405 | 416)),
        (class, Some(status)) if class.ends_with("xx") => class.starts_with(&(status / 100).to_string()),
        (class, None) if class.ends_with("xx") => false,
        (code, last) => {
            let code = code.parse().unwrap();
            last == Some(&code) || seen.statuses.first() == Some(&code)
        }
    }
}

/// Why a row is not met; columns as in the README of the vectors.
fn verdict(row: &[&str], seen: &Seen) -> Option<String> {
    let (expect, after, max_responses, forward) = (row[4], row[5], row[6], row[7]);
    let finals = seen.statuses.iter().filter(|status| **status >= 200).count();
    let faults = [
        (!expect.split('|').any(|token| matches(token, seen)), "status"),
        (after == "close" && !seen.closed, "not closed"),
        (after == "open" && seen.closed, "closed"),
        (finals > max_responses.parse().unwrap(), "too many answers"),
        (forward == "never" && seen.routed > 0, "forwarded"),
    ];
    let faults: Vec<&str> = faults.iter().filter(|fault| fault.0).map(|fault| fault.1).collect();
    (!faults.is_empty()).then(|| format!("{}: {}; want {expect}/{after}, got {seen:?}", row[0], faults.join(", ")))
}

/// Rows about what a route does: which methods it knows, ranges.
fn needs_a_route(id: &str) -> bool {
    id == "m-unknown" || id == "s-404-body" || id.starts_with("s-range-")
}

#[test]
fn every_bad_request_gets_its_answer() {
    let Some(text) = read_shared("bad_http1.tsv") else { return };
    let (mut decided, mut skipped, mut missed) = (0, 0, Vec::new());
    for row in rows(&text) {
        if needs_a_route(row[0]) {
            skipped += 1;
            continue;
        }
        let pieces = unescape(row[3]);
        let seen = serve(&pieces);
        missed.extend(verdict(&row, &seen));
        let bytes = pieces.concat();
        if bytes.len() < 3000 {
            let single: Vec<Vec<u8>> = bytes.iter().map(|byte| vec![*byte]).collect();
            assert_eq!(serve(&single), seen, "{} byte by byte", row[0]);
        }
        decided += 1;
    }
    println!("bad_http1.tsv: {decided} rows decided, {skipped} skipped (they need a route), {} missed", missed.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The files under the document root of the vectors' fixture that may be served.
const FILES: [&str; 16] = [
    "index.html",
    "a.txt",
    "dir/index.html",
    "dir/b.txt",
    "sp ace.txt",
    "plus+.txt",
    "semi;colon.txt",
    "per%cent.txt",
    "uni-é.txt",
    "a..b.txt",
    "..foo.txt",
    ".well-known/acme-challenge/tok",
    "a.txt.gz",
    "a.txt~",
    "growing.log",
    "src/x.unknownext",
];

/// What a server of plain files would answer: `200 FILE`, `301 LOCATION` or a status.
fn answer_to(target: &str) -> String {
    let head = [b"GET ", target.as_bytes(), b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
    let (mut machine, mut request) = (ServerMachine::new(HeadLimits::default()), Request::new());
    if let Err(fault) = machine.read(&head, &mut request) {
        return fault.status().to_string();
    }
    let mut path = String::new();
    if let Err(bad) = normalise(request.path(), &mut path) {
        return bad.status().to_string();
    }
    if is_double_escaped(&path) {
        return "404.11".to_owned();
    }
    let name = &path[1..];
    let index = format!("{name}index.html");
    if FILES.contains(&name) {
        return format!("200 {name}");
    }
    if (name.is_empty() || name.ends_with('/')) && FILES.contains(&index.as_str()) {
        return format!("200 {index}");
    }
    if FILES.iter().any(|file| file.starts_with(&format!("{name}/"))) && !name.ends_with('/') {
        return format!("301 /{name}/");
    }
    "404".to_owned()
}

fn is_among(answer: &str, expect: &str) -> bool {
    expect.split('|').any(|wanted| {
        let is_refusal = wanted.starts_with('4') && answer.starts_with('4');
        wanted == answer || (is_refusal && wanted.split('.').next() == answer.split('.').next())
    })
}

#[test]
fn every_path_leads_where_it_should() {
    let Some(text) = read_shared("paths.tsv") else { return };
    let (mut decided, mut skipped, mut missed) = (0, 0, Vec::new());
    for row in rows(&text) {
        let (id, group, target, expect) = (row[0], row[1], row[2], row[3]);
        if matches!(group, "links" | "hidden" | "route") {
            skipped += 1;
            continue;
        }
        let answer = answer_to(target);
        if !is_among(&answer, expect) {
            missed.push(format!("{id}: {target} gives {answer}, want {expect}"));
        }
        decided += 1;
    }
    println!(
        "paths.tsv: {decided} rows decided, {skipped} skipped (links, hidden files, routes), {} missed",
        missed.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Every spelling of the denied folder is refused, or becomes a path that a rule on `/dir` sees, or one that leads to
/// no file of that folder.
#[test]
fn no_spelling_slips_past_a_rule() {
    let Some(text) = read_shared("paths.tsv") else { return };
    let mut decided = 0;
    for row in rows(&text).filter(|row| row[1] == "route") {
        let answer = answer_to(row[2]);
        let canonical = answer.strip_prefix("200 ").or(answer.strip_prefix("301 /"));
        assert!(canonical.is_none_or(|name| name.starts_with("dir/")), "{}: {answer}", row[0]);
        decided += 1;
    }
    println!("paths.tsv: {decided} spellings of the denied folder decided");
}
