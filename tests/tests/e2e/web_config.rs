//! `web.config` files: what they change, where, how soon, and what a faulty one costs.

use std::fs;

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::harness::config::{document, location, site, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file::verdict_of;
use crate::harness::net::Net;
use crate::harness::wait_until;

fn web(section: &str) -> String {
    format!("<configuration><system.webServer>{section}</system.webServer></configuration>")
}

const BROWSE: &str = "<directoryBrowse enabled=\"true\" />";

/// Writes a file of the running server's content.
fn put(front: &Doorward, name: &str, text: &str) {
    let path = front.path(&format!("www/{name}"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn wait_status(front: &Doorward, path: &str, expected: u16) {
    let client = front.net.client(0);
    wait_until(&format!("{expected} for {path}"), || (client.status(front.net.at(2), path) == expected).then_some(()));
}

#[test]
fn a_folders_own_file_holds_below_it_and_changes_take_effect() {
    let net = Net::of("a_folders_own_file_holds_below_it_and_changes_take_effect");
    let home = Home::on(net)
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), ""))
        .file("shop/a/b/x.txt", "x")
        .file("shop/a/Web.config", web(BROWSE))
        .file("shop/c/y.txt", "y");
    let front = home.start();
    let status = |path: &str| net.client(0).status(net.at(2), path);
    assert_eq!([status("/"), status("/a/"), status("/a/b/"), status("/c/")], [403, 200, 200, 403]);
    assert_eq!([status("/a/none/"), status("/A/"), status("/a/Web.config")], [404, 404, 404]);
    put(&front, "shop/c/web.config", &web(BROWSE));
    wait_status(&front, "/c/", 200);
    put(&front, "shop/a/b/web.config", &web("<directoryBrowse enabled=\"false\" />"));
    wait_status(&front, "/a/b/", 403);
    assert_eq!(status("/a/"), 200);
    fs::remove_file(front.path("www/shop/a/Web.config")).unwrap();
    wait_status(&front, "/a/", 403);
    put(&front, "shop/web.config", &web("<defaultDocument><files><add value=\"y.txt\" /></files></defaultDocument>"));
    fs::remove_file(front.path("www/shop/c/web.config")).unwrap();
    wait_status(&front, "/c/", 200);
    assert_eq!(net.client(0).get(net.at(2), "/c/").text(), "y");
    // A folder that was not there when the server started.
    put(&front, "shop/late/web.config", &web(BROWSE));
    wait_status(&front, "/late/", 200);
}

#[test]
fn a_faulty_file_costs_its_own_folder_only() {
    let net = Net::of("a_faulty_file_costs_its_own_folder_only");
    let mut home =
        Home::on(net).config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), "")).file("shop/x.txt", "x");
    let locked = "<security><dynamicIpSecurity denyAction=\"NotFound\" /></security>";
    let twice = "<staticContent><mimeMap fileExtension=\".q\" mimeType=\"a/b\" /><mimeMap fileExtension=\".q\" mimeType=\"a/b\" /></staticContent>";
    for (folder, text) in [
        ("broken", "<configuration>\n  <system.webServer>\n".to_owned()),
        ("unknown", web("\n<directoryBrowse enabled=\"<script>\" />").replace("<script>", "&lt;script>")),
        ("locked", web(locked)),
        ("twice", web(twice)),
        ("large", format!("<configuration><!--{}--></configuration>", "x".repeat(300_000))),
    ] {
        home = home.file(&format!("shop/{folder}/web.config"), text).file(&format!("shop/{folder}/x.txt"), "x");
    }
    for folder in ["pipe", "outside"] {
        home = home.file(&format!("shop/{folder}/x.txt"), "x");
    }
    home = home.file("secret.config", web(BROWSE));
    mkfifoat(CWD, home.path("www/shop/pipe/web.config"), Mode::from_raw_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(home.path("www/secret.config"), home.path("www/shop/outside/web.config")).unwrap();
    let front = home.start();
    let client = net.client(0);
    let faults =
        [("broken", 13), ("unknown", 13), ("locked", 33), ("twice", 183), ("large", 13), ("pipe", 3), ("outside", 3)];
    for (folder, _) in faults {
        assert_eq!(client.status(net.at(2), &format!("/{folder}/x.txt")), 500, "{folder}");
    }
    assert_eq!(client.status(net.at(2), "/x.txt"), 200);
    let lines = front.w3c(1, faults.len() + 1);
    for (folder, win32) in faults {
        assert_eq!(verdict_of(&lines, &format!("/{folder}/x.txt")), format!("500 19 {win32}"), "{folder}");
    }
    let page = client.get(net.at(2), "/unknown/").text();
    for part in ["500.19", "0x8007000d", "The &#39;enabled&#39; attribute is invalid", "/unknown/web.config line 2"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(
        page.contains("     2: &lt;directoryBrowse enabled=&quot;&amp;lt;script&gt;&quot;")
            && !page.contains("<script>"),
        "{page}"
    );
    let far = "GET /unknown/ HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    let page = client.exchange(net.at(2), far).text();
    assert!(!page.contains("web.config") && !page.contains("0x8007"), "no details for others: {page}");
    wait_until("the faults in status", || {
        let told = front.status()["configuration"].to_string();
        (told.contains("locked/web.config") && told.contains("500.19")).then_some(())
    });
    front.wait_printed("broken/web.config:3");
    let checked = front.cli(&["check"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    for part in ["broken/web.config:3:", "locked/web.config:1:", "This configuration section cannot be used"] {
        assert!(checked.all().contains(part), "{part} in {checked:?}");
    }
    put(&front, "shop/broken/web.config", &web(""));
    wait_status(&front, "/broken/x.txt", 200);
}

#[test]
fn virtual_directories_have_files_of_their_own() {
    let net = Net::of("virtual_directories_have_files_of_their_own");
    let more = |config: &str| {
        format!(
            "<application path=\"/app\"><virtualDirectory path=\"/\" physicalPath=\"{{WWW}}/app\" {config} /></application>"
        )
    };
    let sites = site_with(1, "shop", &["http/{NET}.2:{PORT}:"], &more("allowSubDirConfig=\"false\""))
        + &site_with(2, "open", &["http/{NET}.3:{PORT}:"], &more(""));
    let unlocked = location("", BROWSE).replace("location path=\"\"", "location path=\"\" overrideMode=\"Deny\"");
    // In place of the frame's own: a section stands once per file and path.
    let frame = document(&sites, "").replace("<directoryBrowse enabled=\"false\" />", "");
    let locked = frame.replace("</configuration>", &(unlocked.replace("true", "false") + "</configuration>"));
    assert_eq!(locked.matches("<directoryBrowse").count(), 1);
    let front = Home::on(net)
        .config(&document(&sites, ""))
        .file("app/web.config", web(BROWSE))
        .file("app/sub/web.config", web("<directoryBrowse enabled=\"false\" />"))
        .file("shop/x.txt", "x")
        .file("open/x.txt", "x")
        .start();
    let status = |site: u8, path: &str| net.client(0).status(net.at(site), path);
    assert_eq!(
        [status(2, "/"), status(2, "/app/"), status(2, "/app/sub/")],
        [403, 200, 200],
        "sub-folders have no say"
    );
    assert_eq!([status(3, "/"), status(3, "/app/"), status(3, "/app/sub/")], [403, 200, 403]);
    front.write_config(&locked);
    front.cli(&["reload"]).expect_ok();
    assert_eq!([status(2, "/"), status(2, "/app/")], [403, 500], "locked by the operator now");
}
