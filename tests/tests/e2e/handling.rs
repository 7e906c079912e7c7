//! Who makes an answer, and how much may be asked at a time: `handlers` and `serverRuntime`.

use crate::harness::config::{document, location, proxy, site};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::LogLine;
use crate::harness::net::Net;
use crate::harness::upstream::Upstream;
use crate::harness::wait_until;

/// Status and substatus of a GET, as logged.
fn check(front: &Doorward, path: &str, expected: (u16, &str)) {
    let status = front.net.client(0).status(front.net.at(2), path);
    assert_eq!((status, logged(front, path).field("sc-substatus")), expected, "{path}");
}

/// The line of the last request for a path. Once it is there, the request has left its place, too.
fn logged(front: &Doorward, path: &str) -> LogLine {
    wait_until("the request is logged", || {
        front.w3c_now(1).into_iter().rev().find(|line| line.field("cs-uri-stem") == path)
    })
}

fn runtime(path: &str, attributes: &str) -> String {
    location(path, &format!("<serverRuntime {attributes} />"))
}

#[test]
fn a_path_obeys_its_server_runtime() {
    let net = Net::of("a_path_obeys_its_server_runtime");
    let upstream = Upstream::start(net.ip(100));
    let rest = proxy("shop/up", &upstream.url())
        + &runtime("shop", "maxRequestEntityAllowed=\"10\" alternateHostName=\"www.shop.test\"")
        + &runtime("shop/up", "appConcurrentRequestLimit=\"1\" maxRequestEntityAllowed=\"20\"")
        // A request on a new connection, and so of another thread, may overtake the end of the one before.
        + &runtime("shop/up/x", "appConcurrentRequestLimit=\"100\"")
        + &runtime("shop/off", "enabled=\"false\"");
    let front = Home::on(net)
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest))
        .file("shop/a.txt", "a")
        .file("shop/folder/a.txt", "a")
        .file("shop/off/a.txt", "a")
        .start();
    check(&front, "/a.txt", (200, "0"));
    check(&front, "/off/a.txt", (503, "0"));
    let moved = front.net.client(0).get(front.net.at(2), "/folder?x");
    assert_eq!(moved.header("location"), Some("http://www.shop.test/folder/?x"));
    logged(&front, "/folder");
    let mut held = front.net.client(0).connect(front.net.at(2)).unwrap();
    held.send_get("x", "/up/held").unwrap();
    upstream.wait_held(1);
    check(&front, "/up/next", (503, "2"));
    upstream.release(1);
    assert_eq!(held.receive().unwrap().status, 200);
    wait_until("the held request leaves its place", || {
        (front.net.client(0).status(front.net.at(2), "/up/after") == 200).then_some(())
    });
    let post = |path: &str, framing: &str, body: &str| {
        let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n{body}");
        front.net.client(0).exchange(front.net.at(2), &request).status
    };
    assert_eq!(post("/a.txt", "Content-Length: 11", "12345678901"), 413);
    assert_eq!(post("/a.txt", "Content-Length: 10", "1234567890"), 405);
    assert_eq!(post("/up/x", "Content-Length: 20", "12345678901234567890"), 200);
    assert_eq!(post("/up/x", "Content-Length: 21", "123456789012345678901"), 413);
    let chunked = "15\r\n123456789012345678901\r\n0\r\n\r\n";
    assert_eq!(post("/up/x", "Transfer-Encoding: chunked", chunked), 413);
}

#[test]
fn the_first_handler_that_fits_answers() {
    let handlers = |path: &str, attributes: &str, inner: &str| {
        location(path, &format!("<handlers {attributes}>{inner}</handlers>"))
    };
    let rest = handlers("shop/none", "", "<clear />")
        + &handlers("shop/blind", "accessPolicy=\"Script\"", "")
        + &handlers(
            "shop/still",
            "accessPolicy=\"Read\"",
            "<add name=\"x\" path=\"*.txt\" verb=\"*\" modules=\"CgiModule\" />",
        )
        + &handlers(
            "shop/cgi",
            "",
            "<add name=\"x\" path=\"*.txt\" verb=\"*\" modules=\"CgiModule\" requireAccess=\"Script\" />",
        )
        + &handlers(
            "shop/post",
            "",
            "<clear /><add name=\"x\" path=\"*\" verb=\"POST\" modules=\"StaticFileModule\" requireAccess=\"Read\" />",
        );
    let config = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest);
    let mut home = Home::of("the_first_handler_that_fits_answers").config(&config);
    for name in ["a.txt", "none/a.txt", "blind/a.txt", "still/a.txt", "cgi/a.txt", "cgi/a.html", "post/a.txt"] {
        home = home.file(&format!("shop/{name}"), name);
    }
    let front = home.start();
    check(&front, "/a.txt", (200, "0"));
    check(&front, "/none/a.txt", (404, "4"));
    check(&front, "/blind/a.txt", (403, "2"));
    check(&front, "/still/a.txt", (403, "1"));
    check(&front, "/cgi/a.txt", (500, "21"));
    check(&front, "/cgi/a.html", (200, "0"));
    check(&front, "/post/a.txt", (405, "0"));
}

/// What `dotnet publish` leaves, with a section of a stranger's beside it.
const PUBLISHED: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <location path="." inheritInChildApplications="false">
    <system.webServer>
      <handlers>
        <add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />
      </handlers>
      <aspNetCore processPath="dotnet" arguments=".\Shop.dll" stdoutLogEnabled="false" stdoutLogFile=".\logs\stdout" hostingModel="inprocess">
        <environmentVariables>
          <environmentVariable name="ASPNETCORE_ENVIRONMENT" value="Production" />
        </environmentVariables>
      </aspNetCore>
      <security><requestFiltering removeServerHeader="true"><requestLimits maxAllowedContentLength="1000" /></requestFiltering></security>
      <rewrite><rules><rule name="https" stopProcessing="true"><match url="(.*)" /><conditions><add input="{HTTPS}" pattern="off" /></conditions><action type="Redirect" url="https://{HTTP_HOST}/{R:1}" /></rule></rules></rewrite>
    </system.webServer>
  </location>
  <acme.monitoring level="3"><!-- kept --><probe  url="/health"/></acme.monitoring>
  <appSettings><add key="a" value="b" /></appSettings>
</configuration>
"#;

#[test]
fn a_published_folder_of_asp_net_is_kept_and_not_given_away() {
    let net = Net::of("a_published_folder_of_asp_net_is_kept_and_not_given_away");
    let upstream = Upstream::start(net.ip(100));
    let sites = site(1, "shop", &["http/{NET}.2:{PORT}:"]) + &site(2, "front", &["http/{NET}.3:{PORT}:"]);
    let open = |site: &str| {
        format!(
            "\n  <location path=\"{site}\" overrideMode=\"Allow\"><system.webServer><handlers /><security><requestFiltering /></security></system.webServer></location>"
        )
    };
    let mut home =
        Home::on(net).config(&document(&sites, &(proxy("front", &upstream.url()) + &open("shop") + &open("front"))));
    for site in ["shop", "front"] {
        home = home
            .file(&format!("{site}/web.config"), PUBLISHED)
            .file(&format!("{site}/appsettings.json"), "{\"secret\":1}")
            .file(&format!("{site}/wwwroot.txt"), "text");
    }
    let front = home.start();
    front.cli(&["check"]).expect_ok();
    check(&front, "/wwwroot.txt", (500, "21"));
    check(&front, "/appsettings.json", (500, "21"));
    let forwarded = front.net.client(0).get(front.net.at(3), "/wwwroot.txt");
    assert!(forwarded.status == 200 && forwarded.text().starts_with("GET /wwwroot.txt "), "{forwarded:?}");
    assert_eq!(forwarded.header("server"), None, "removeServerHeader of the folder's own file");
    let long = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n{}", "x".repeat(1001));
    assert_eq!(front.net.client(0).exchange(front.net.at(3), &long).status, 413);
    assert_eq!(std::fs::read_to_string(front.path("www/shop/web.config")).unwrap(), PUBLISHED);
}
