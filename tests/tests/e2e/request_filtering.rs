//! `requestFiltering`: each refusal with its substatus, at the paths where it is written.

use crate::harness::config::{document, location, proxy, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::verdicts;
use crate::harness::net::Net;
use crate::harness::upstream::Upstream;

fn filtering(path: &str, attributes: &str, inner: &str) -> String {
    location(path, &format!("<security><requestFiltering {attributes}>{inner}</requestFiltering></security>"))
}

/// The status of a request, written as its line without version and its field lines.
fn status(front: &Doorward, host: u8, request: &str) -> u16 {
    let (line, fields) = request.split_once('\n').unwrap_or((request, ""));
    let body = if fields.starts_with("Content-Length") { "hello world" } else { "" };
    let fields: String = fields.lines().map(|field| format!("{field}\r\n")).collect();
    let text = format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}");
    front.net.client(0).exchange(front.net.at(host), &text).status
}

/// Asks, and compares status and substatus with the log's newest line.
fn check(front: &Doorward, seen: &mut Vec<String>, request: &str, expected: &str) {
    let told = status(front, 2, request);
    seen.push(format!("{expected} 0"));
    assert_eq!(told.to_string(), expected.split(' ').next().unwrap(), "{request}");
}

const LISTS: &str = r#"
    <requestLimits maxAllowedContentLength="10" maxUrl="40" maxQueryString="12">
      <headerLimits><add header="X-Long" sizeLimit="3" /></headerLimits>
    </requestLimits>
    <verbs><add verb="DELETE" allowed="false" /></verbs>
    <fileExtensions><add fileExtension=".bin" allowed="false" /></fileExtensions>
    <hiddenSegments><add segment="secret" /></hiddenSegments>
    <alwaysAllowedUrls><add url="/a/x..y.txt" /></alwaysAllowedUrls>
    <denyUrlSequences><add sequence=".." /></denyUrlSequences>
    <denyQueryStringSequences><add sequence="--" /></denyQueryStringSequences>
    <filteringRules>
      <filteringRule name="agents">
        <scanHeaders><add requestHeader="User-Agent" /></scanHeaders>
        <denyStrings><add string="evil" /></denyStrings>
      </filteringRule>
    </filteringRules>"#;

#[test]
fn request_filtering_holds_where_it_is_written() {
    let net = Net::of("request_filtering_holds_where_it_is_written");
    let sites = site(1, "files", &["http/{NET}.2:{PORT}:"]) + &site(2, "other", &["http/{NET}.3:{PORT}:"]);
    let rest = filtering("files/a", "allowHighBitCharacters=\"false\" removeServerHeader=\"true\"", LISTS)
        + &filtering("files/a/free", "allowDoubleEscaping=\"true\"", "<hiddenSegments><clear /></hiddenSegments>");
    let mut home = Home::on(net).config(&document(&sites, &rest));
    for name in ["a/b.txt", "a/x..y.txt", "a/free/bin/a+b.txt", "secret/a.txt", "a.bin"] {
        home = home.file(&format!("files/{name}"), name).file(&format!("other/{name}"), name);
    }
    let front = home.start();
    let mut seen = Vec::new();
    let mut check = |request: &str, expected: &str| check(&front, &mut seen, request, expected);
    check("GET /a/b.txt", "200 0");
    check("GET /secret/a.txt", "200 0");
    check("GET /a.bin", "200 0");
    check("GET /a/secret/a.txt", "404 8");
    check("GET /a/web.config", "404 8");
    check("GET /a/c.bin", "404 7");
    check("GET /a/c.cs", "404 7");
    check("GET /c.cs", "404 7");
    check("GET /a/c..d.txt", "404 5");
    check("GET /a/x..y.txt", "200 0");
    check("DELETE /a/b.txt", "404 6");
    check("GET /a/b.txt\nX-Long: 1234", "404 10");
    check("GET /a/b+c.txt", "404 11");
    check("GET /a/%C3%A9.txt", "404 12");
    check("GET /a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "404 14");
    check("GET /a/b.txt?aaaaaaaaaaaaa", "404 15");
    check("GET /a/b.txt?a=%2d-", "404 18");
    check("GET /a/b.txt\nUser-Agent: so EVIL", "404 19");
    check("POST /a/b.txt\nContent-Length: 11", "413 1");
    check("GET /a/free/bin/a+b.txt", "200 0");
    check("GET /a/free/secret/a.txt", "404 0");
    let told = verdicts(&front.w3c(1, seen.len()));
    seen.sort();
    // What no rule refuses is looked for, and the disk says that it is not there.
    let seen: Vec<_> = seen.iter().map(|line| line.replace("404 0 0", "404 0 2")).collect();
    assert_eq!(told, seen);
    assert_eq!(status(&front, 3, "GET /a/x..y.txt"), 200);
    let server = |path: &str| front.net.client(0).get(front.net.at(2), path).header("server").is_some();
    assert_eq!((server("/a.bin"), server("/a/b.txt"), server("/a/none.txt")), (true, false, false));
}

#[test]
fn encoded_slashes_reach_an_upstream_as_written() {
    let net = Net::of("encoded_slashes_reach_an_upstream_as_written");
    let upstream = Upstream::start(net.ip(100));
    let limits = "<requestLimits maxAllowedContentLength=\"10\" />";
    let rest = proxy("shop", &upstream.url())
        + &location("shop/admin", "<security><ipSecurity allowUnlisted=\"false\" /></security>")
        + &filtering("shop/small", "", limits);
    let front = Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest)).start();
    let ask = |path: &str| front.net.client(0).get(front.net.at(2), path);
    for target in ["/@scope%2fname", "/a%2Fb%5Cc?d=%2f", "/a+b/bin/x.cs"] {
        let seen = ask(target);
        assert_eq!(seen.status, 200, "{target}");
        assert!(seen.text().starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{target}: {}", seen.text());
    }
    // Where it decides about the rules whether the slash is one, nobody is let in.
    for target in
        ["/x%2f..%2fadmin", "/admin%2fx", "/%2e%2e%2fx", "/x%5c..%5cadmin/y", "/admin//../x", "/admin//%2E%2e"]
    {
        assert_eq!(ask(target).status, 400, "{target}");
    }
    assert_eq!(ask("/admin/x").status, 403);
    let stems: Vec<_> = front.w3c(1, 4).iter().map(|line| line.field("cs-uri-stem").to_owned()).collect();
    assert!(stems.contains(&"/@scope/name".to_owned()), "{stems:?}");
    // A body without a length is counted on its way.
    let chunks = |body: &str| {
        let head = "POST /small/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        front.net.client(0).exchange(front.net.at(2), &format!("{head}{body}")).status
    };
    assert_eq!(chunks("5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n"), 200);
    assert_eq!(chunks("5\r\nabcde\r\n6\r\nabcdef\r\n0\r\n\r\n"), 413);
    assert_eq!(status(&front, 2, "GET /small/a.cs"), 404);
}
