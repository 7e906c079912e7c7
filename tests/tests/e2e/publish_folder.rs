//! A folder as a build publishes it, behind a running server: its web.config holds, and edits leave alone what is not ours.

use std::fs;

use crate::harness::config::{document, site};
use crate::harness::home::Home;
use crate::harness::net::Net;
use crate::harness::wait_until;

const WEB_CONFIG: &str = include_str!("../../../crates/config/tests/publish/web.config");
/// Its handlers and modules may be set by the site, as IIS's stock file has it.
const UNLOCKED: &str = "<location path=\"orders\" overrideMode=\"Allow\"><system.webServer><handlers /><security><requestFiltering /></security></system.webServer></location>";

#[test]
fn a_publish_folder_is_served_and_edited_around_what_is_not_ours() {
    let net = Net::of("a_publish_folder_is_served_and_edited_around_what_is_not_ours");
    let text = format!("\u{feff}{}", WEB_CONFIG.replace('\n', "\r\n"));
    let front = Home::on(net)
        .config(&document(&site(1, "orders", &["http/{NET}.2:{PORT}:"]), UNLOCKED))
        .file("orders/web.config", &text)
        .file("orders/private/a.txt", "a")
        .file("orders/drafts/b.txt", "b")
        .start();
    let file = front.path("www/orders/web.config");
    let now = || fs::read_to_string(&file).unwrap();
    let status = |path: &str| net.client(0).status(net.at(2), path);
    // A hidden segment; and everything else goes to a module that is not here.
    assert_eq!([status("/private/a.txt"), status("/drafts/b.txt")], [404, 500]);
    // An entry, by appcmd: one line more, before the end tag that follows the comment.
    let entry = ["set", "config", "orders", "/section:requestFiltering", "/+hiddenSegments.[segment='drafts']"];
    front.cli(&[&["appcmd"], &entry[..]].concat()).expect_ok();
    let own = "<add segment=\"private\" />   <!-- agreed with operations -->\r\n";
    let with_entry = text.replace(own, &format!("{own}            <add segment=\"drafts\" />\r\n"));
    assert_eq!(now(), with_entry);
    wait_until("the entry to hold", || (status("/drafts/b.txt") == 404).then_some(()));
    // A value, by the native command: within its line.
    let limit = "requestLimits.maxAllowedContentLength=1000";
    front.cli(&["config", "set", "orders", "requestFiltering", limit, "--in-folder"]).expect_ok();
    let with_limit = with_entry.replace("\"52428800\"", "\"1000\"");
    assert_eq!(now(), with_limit);
    assert_eq!(front.cli(&["check"]).code, 0);
    // Back by appcmd, to the byte.
    let back = ["/-hiddenSegments.[segment='drafts']", "/requestLimits.maxAllowedContentLength:52428800"];
    front.cli(&[&["appcmd"], &entry[..4], &back[..]].concat()).expect_ok();
    assert_eq!(now(), text);
    // What is refused leaves it alone.
    let refused = front.cli(&["appcmd", "set", "config", "orders", "/section:requestFiltering", "/maxUrl:1"]);
    assert!(refused.code != 0 && now() == text, "{refused:?}");
}
