//! W3C logs as IIS people's tools read them.

use std::fs;

use crate::harness::config::{document, site, site_with};
use crate::harness::home::Home;
use crate::harness::log_file;

/// What a stock IIS writes, in its order.
const DEFAULT_FIELDS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
                              cs(Referer) sc-status sc-substatus sc-win32-status time-taken";

/// One site on .2 with a page.
fn home(test: &str) -> Home {
    let configuration = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), "");
    Home::of(test).config(&configuration).file("shop/index.html", "shop")
}

#[test]
fn w3c_lines_have_the_default_fields() {
    let front = home("w3c_lines_have_the_default_fields").start();
    let net = front.net;
    net.client(0).exchange(
        net.at(2),
        "GET /?a=b+c HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\nReferer: http://a.test/b\r\n\r\n",
    );
    let line = &front.w3c(1, 1)[0];
    let text = line.text();
    let tail = format!(
        " {} GET / a=b+c {} - {} Mozilla/5.0+(X11;+Linux) http://a.test/b 200 0 0 {}",
        net.ip(2),
        net.port,
        net.ip(200),
        line.field("time-taken")
    );
    assert!(text.ends_with(&tail), "{text:?} does not end with {tail:?}");
    assert!(line.field("date").len() == 10 && line.field("time").len() == 8, "{text}");
    line.field("time-taken").parse::<u32>().unwrap();

    let file = &log_file::files(&front.log_folder(1))[0];
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let day = name.strip_prefix("u_ex").and_then(|rest| rest.strip_suffix(".log")).unwrap_or_default();
    assert!(day.len() == 6 && day.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
    let whole = fs::read_to_string(file).unwrap();
    let head: Vec<_> = whole.split("\r\n").take(4).collect();
    assert_eq!(head[..2], ["#Software: Microsoft Internet Information Services 10.0", "#Version: 1.0"]);
    assert!(head[2].starts_with("#Date: ") && head[3] == format!("#Fields: {DEFAULT_FIELDS}"), "{head:?}");
    assert!(whole.ends_with("\r\n") && whole.matches("\r\n").count() == whole.matches('\n').count());
}

#[test]
fn client_text_cannot_add_a_field() {
    let front = home("client_text_cannot_add_a_field").start();
    let net = front.net;
    let attempts = [
        "GET /a%20b%0d%0a2024-01-01%20x HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /c HTTP/1.1\r\nHost: x\r\nUser-Agent: one two\tthree\r\n\r\n",
        "GET /d?%0d%0a%20 HTTP/1.1\r\nHost: x\r\nReferer: a b\r\n\r\n",
        "GET /e%e2%80%a8f%c3%a9 HTTP/1.1\r\nHost: x\r\nUser-Agent: caf\u{e9}\u{2028}x\r\n\r\n",
    ];
    for request in attempts {
        net.client(0).exchange(net.at(2), request);
    }
    // Reading checks the number of fields of every line.
    let lines = crate::harness::wait_until("every attempt in one of the logs", || {
        let lines = [front.w3c_now(1), front.http_err_now()].concat();
        (lines.len() == attempts.len()).then_some(lines)
    });
    assert!(lines.iter().all(|line| line.text().is_ascii() || !line.text().contains('\u{2028}')), "{lines:?}");
}

#[test]
fn log_file_settings_are_obeyed() {
    let some =
        "<logFile logExtFileFlags=\"Date, Time, HttpStatus, ClientIP\" period=\"Hourly\" directory=\"{WWW}/own\" />";
    let sites = site_with(4, "some", &["http/{NET}.2:{PORT}:"], some)
        + &site_with(5, "none", &["http/{NET}.3:{PORT}:"], "<logFile enabled=\"false\" />");
    let front = Home::of("log_file_settings_are_obeyed")
        .config(&document(&sites, ""))
        .file("some/a.txt", "a")
        .file("none/a.txt", "a")
        .start();
    let net = front.net;
    assert_eq!((net.client(0).status(net.at(3), "/"), net.client(0).status(net.at(2), "/")), (403, 403));
    let folder = front.path("www/own/W3SVC4");
    let lines = crate::harness::wait_until("a line in the folder that the site names", || {
        Some(log_file::read_folder(&folder)).filter(|lines| !lines.is_empty())
    });
    let values = lines[0].text().split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(values[2..], [net.ip(200).to_string(), "403".to_owned()]);
    let name = log_file::files(&folder)[0].file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(name.len(), "u_exyymmddhh.log".len(), "{name}");
    assert!(front.w3c_now(5).is_empty());
}
