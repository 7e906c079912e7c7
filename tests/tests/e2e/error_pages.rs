//! `httpErrors`: which page an error gets, for whom, and from where.

use crate::harness::client::Response;
use crate::harness::config::{document, location, proxy, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::verdicts;

/// What makes a client on loopback count as one from elsewhere (D24).
const ELSEWHERE: &str = "X-Forwarded-For: 203.0.113.9\r\n";

fn ask(front: &Doorward, path: &str, fields: &str, status: u16) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: pages\r\n{fields}\r\n");
    let answer = front.net.client(0).exchange(front.net.at(2), &request);
    assert_eq!(answer.status, status, "{request:?}: {}", answer.text());
    answer
}

fn home(test: &str, rest: &str) -> Home {
    Home::of(test).config(&document(&site(1, "pages", &["http/{NET}.2:{PORT}:"]), rest))
}

#[test]
fn pages_of_the_operators_own() {
    let settings = r#"<httpErrors defaultPath="errors\other.html"><clear />
        <error statusCode="404" path="errors/404.html" />
        <error statusCode="404" subStatusCode="8" prefixLanguageFilePath="{WWW}/custerr" path="hidden.htm" />
        <error statusCode="403" path="/errors/403.html" responseMode="ExecuteURL" />
        <error statusCode="405" path="https://help.test/405" responseMode="Redirect" />
        <error statusCode="412" path="errors/missing.html" />
        </httpErrors>"#;
    let front = home("pages_of_the_operators_own", &location("pages", settings))
        .file("pages/errors/404.html", "not here")
        .file("pages/errors/403.html", "no entry")
        .file("pages/errors/other.html", "something else")
        .file("pages/empty/x.txt", "x")
        .file("custerr/en-US/hidden.htm", "hidden")
        .file("custerr/de/hidden.htm", "versteckt")
        .start();
    for _ in 0..2 {
        let page = ask(&front, "/none.txt", ELSEWHERE, 404);
        assert_eq!((page.text().as_str(), page.header("content-type")), ("not here", Some("text/html")));
        assert_eq!(ask(&front, "/empty/", ELSEWHERE, 403).text(), "no entry");
        assert_eq!(ask(&front, "/.git/x", ELSEWHERE, 404).text(), "hidden");
        let german = format!("{ELSEWHERE}Accept-Language: de-AT, en;q=0.8\r\n");
        assert_eq!(ask(&front, "/.git/x", &german, 404).text(), "versteckt");
        let condition = format!("{ELSEWHERE}If-Match: \"other\"\r\n");
        let ours = ask(&front, "/errors/404.html", &condition, 412).text();
        assert!(ours.contains("HTTP Error 412"), "{ours}");
    }
    let request = format!("DELETE / HTTP/1.1\r\nHost: pages\r\n{ELSEWHERE}\r\n");
    let moved = front.net.client(0).exchange(front.net.at(2), &request);
    assert_eq!((moved.status, moved.header("location")), (302, Some("https://help.test/405")));
    let detailed = ask(&front, "/none.txt", "", 404);
    assert!(detailed.text().contains("Requested URL"), "{}", detailed.text());
    let told = verdicts(&front.w3c(1, 12));
    assert_eq!(told[..2], ["302 0 0", "403 14 0"]);
}

#[test]
fn who_sees_details() {
    let mode = |path: &str, mode: &str| location(path, &format!("<httpErrors errorMode=\"{mode}\" />"));
    let rest = mode("pages/all", "Detailed") + &mode("pages/none", "Custom");
    let front = home("who_sees_details", &rest).start();
    let has_details = |path: &str, fields: &str| ask(&front, path, fields, 404).text().contains("Requested URL");
    assert!(has_details("/x.txt", "") && !has_details("/x.txt", ELSEWHERE));
    assert!(has_details("/all/x.txt", "") && has_details("/all/x.txt", ELSEWHERE));
    assert!(!has_details("/none/x.txt", "") && !has_details("/none/x.txt", ELSEWHERE));
}

#[test]
fn an_upstreams_errors_are_replaced_on_request() {
    let sites = site(1, "pages", &["http/{NET}.2:{PORT}:"]) + &site(2, "back", &["http/{NET}.3:{PORT}:"]);
    let replace = r#"<httpErrors existingResponse="Replace" errorMode="Custom">
        <error statusCode="404" path="ours.html" /></httpErrors>"#;
    let rest = location("pages/replaced", replace) + &proxy("pages", "http://{NET}.3:{PORT}");
    let front = Home::of("an_upstreams_errors_are_replaced_on_request")
        .config(&document(&sites, &rest))
        .file("pages/ours.html", "ours")
        .file("back/replaced/a.txt", "theirs")
        .start();
    assert_eq!(ask(&front, "/replaced/a.txt", "", 200).text(), "theirs");
    assert_eq!(ask(&front, "/replaced/none.txt", "", 404).text(), "ours");
    assert!(ask(&front, "/none.txt", "", 404).text().contains("HTTP Error 404"));
}
