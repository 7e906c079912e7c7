//! Redirects and response fields: `httpRedirect`, `httpProtocol`, `hsts`, over HTTP/1.1, HTTP/2 and TLS.

use crate::harness::client::Response;
use crate::harness::config::{document, location, proxy, site, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::upstream::Upstream;
use crate::tls::{certify, entry, http_config, transcript};

fn get(front: &Doorward, path: &str) -> Response {
    front.net.client(0).get(front.net.at(2), path)
}

/// Status and location, `200` alone where the request is answered.
fn check(front: &Doorward, path: &str, expected: &str) {
    let seen = get(front, path);
    let told = [seen.status.to_string(), seen.header("location").unwrap_or_default().to_owned()].join(" ");
    assert_eq!(told.trim_end(), expected, "{path}");
}

#[test]
fn requests_are_redirected_below_the_path_that_says_so() {
    let net = Net::of("requests_are_redirected_below_the_path_that_says_so");
    let redirect = |path: &str, attributes: &str, inner: &str| {
        location(path, &format!("<httpRedirect enabled=\"true\" {attributes}>{inner}</httpRedirect>"))
    };
    let pages = "<add wildcard=\"*.php\" destination=\"/pages$V\" />";
    let rest = redirect("shop/old", "destination=\"http://new.test/base/\"", "")
        + &redirect("shop/old/moved", "destination=\"/elsewhere$Q\" httpResponseStatus=\"Permanent\"", "")
        + &location("shop/old/here", "<httpRedirect enabled=\"false\" />")
        + &redirect(
            "shop/exact",
            "destination=\"/exact/one.txt\" exactDestination=\"true\" httpResponseStatus=\"PermRedirect\"",
            "",
        )
        + &redirect("shop/wild", "httpResponseStatus=\"Temporary\"", pages)
        + &location(
            "shop/old",
            "<httpProtocol><redirectHeaders><add name=\"X-Moved\" value=\"yes\" /></redirectHeaders></httpProtocol>",
        );
    let text = document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest);
    let mut home = Home::on(net).config(&text);
    for name in ["old/here/a.txt", "exact/one.txt", "wild/a.txt"] {
        home = home.file(&format!("shop/{name}"), name);
    }
    let front = home.start();
    check(&front, "/old/a/b%20c.txt?x=1", "302 http://new.test/base/a/b%20c.txt?x=1");
    check(&front, "/OLD", "302 http://new.test/base");
    check(&front, "/older/a.txt", "404");
    check(&front, "/old/moved/x?y=z", "301 /elsewhere?y=z");
    check(&front, "/old/here/a.txt", "200");
    check(&front, "/exact/two.txt?x", "308 /exact/one.txt");
    check(&front, "/exact/one.txt", "200");
    check(&front, "/wild/x.php?y", "307 /pages/wild/x.php");
    check(&front, "/wild/a.txt", "200");
    assert_eq!(get(&front, "/old/a").header("x-moved"), Some("yes"));
    assert_eq!(get(&front, "/exact/two.txt").header("x-moved"), None);
    let told: Vec<_> = front.w3c(1, 11).iter().map(|line| line.field("sc-status").to_owned()).collect();
    assert_eq!(told.iter().filter(|status| *status == "302").count(), 3, "{told:?}");
}

#[test]
fn further_fields_go_on_every_answer() {
    let net = Net::of("further_fields_go_on_every_answer");
    let upstream = Upstream::start(net.ip(100));
    let stock = r#"<customHeaders><clear /><add name="X-Powered-By" value="ASP.NET" /></customHeaders>"#;
    let own = r#"<customHeaders><remove name="X-Powered-By" /><add name="X-Frame-Options" value="DENY" />
        <add name="X-Hop" value="ours" /><add name="Content-Length" value="1" /></customHeaders>"#;
    let rest = location("", &format!("<httpProtocol>{stock}</httpProtocol>"))
        + &location("shop/own", &format!("<httpProtocol allowKeepAlive=\"false\">{own}</httpProtocol>"))
        + &proxy("shop/own/up", &upstream.url());
    let front = Home::on(net)
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest))
        .file("shop/a.txt", "a")
        .file("shop/own/a.txt", "a")
        .start();
    let fields = |path: &str| {
        let seen = get(&front, path);
        let value = |name: &str| seen.header(name).unwrap_or("-").to_owned();
        [seen.status.to_string(), value("x-powered-by"), value("x-frame-options"), value("x-hop")].join(" ")
    };
    assert_eq!(fields("/a.txt"), "200 ASP.NET - -");
    assert_eq!(fields("/none"), "404 ASP.NET - -");
    assert_eq!(fields("/own/a.txt"), "200 - DENY ours");
    assert_eq!(fields("/own/none"), "404 - DENY ours");
    assert_eq!(fields("/own/up/x"), "200 - DENY ours");
    assert_eq!(get(&front, "/own/a.txt").content_length(), Some(1));
    // `allowKeepAlive="false"`: the first answer is the last.
    let mut connection = net.client(0).connect(net.at(2)).unwrap();
    connection.send_get("x", "/a.txt").unwrap();
    assert_ne!(connection.receive().unwrap().header("connection"), Some("close"));
    connection.send_get("x", "/own/a.txt").unwrap();
    assert_eq!(connection.receive().unwrap().header("connection"), Some("close"));
    let http2 = crate::harness::http2::Http2::connect(net, 0, net.at(2));
    assert_eq!(http2.get("/own/a.txt").unwrap().fields["x-frame-options"], "DENY");
}

#[test]
fn hsts_sends_http_to_https_and_says_so_there() {
    let net = Net::of("hsts_sends_http_to_https_and_says_so_there");
    let hsts = "<hsts enabled=\"true\" max-age=\"300\" includeSubDomains=\"true\" redirectHttpToHttps=\"true\" />";
    let bindings = ["http/{NET}.2:{PORT}:", "https/{NET}.2:{PORT2}:"];
    let home = Home::on(net)
        .config(&document(&site_with(1, "shop", &bindings, hsts), ""))
        .http_config(&http_config(&entry("ipPort=\"{NET}.2:{PORT2}\"", "shop")))
        .file("shop/a.txt", "a");
    certify(&home, "shop");
    let front = home.start();
    let answer = front.net.client(0).exchange(net.at(2), "GET /a.txt?x=%2F HTTP/1.1\r\nHost: shop.test:80\r\n\r\n");
    let to = format!("https://shop.test:{}/a.txt?x=%2F", net.port2);
    assert_eq!((answer.status, answer.header("location")), (301, Some(&*to)));
    assert_eq!(answer.header("strict-transport-security"), None);
    let posted = front.net.client(0).exchange(net.at(2), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(posted.status, 308);
    let secure = std::net::SocketAddr::new(net.ip(2), net.port2);
    let request = "GET /a.txt HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    let seen = transcript(secure, &["-quiet", "-ign_eof"], request);
    assert!(seen.contains("\r\nStrict-Transport-Security: max-age=300; includeSubDomains\r\n"), "{seen}");
    assert!(seen.contains("HTTP/1.1 200 OK"), "{seen}");
}
