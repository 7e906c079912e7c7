//! The forms a log can have: formats, names, one file for all sites, chosen answers, further columns; and the commands
//! that look at it.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::harness::config::{document, location, site, site_with};
use crate::harness::doorward::Doorward;
use crate::harness::home::Home;
use crate::harness::log_file;
use crate::harness::wait_until;

/// The one file in a folder, once it has `lines` lines that are no header.
fn lines_of(folder: &Path, lines: usize) -> (String, Vec<String>) {
    wait_until(&format!("{lines} lines in {}", folder.display()), || {
        let files = log_file::files(folder);
        let file = files.first()?;
        let bytes = fs::read(file).unwrap();
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let found: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        (found.len() >= lines).then_some((name, found))
    })
}

fn get(front: &Doorward, host: u8, path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: caf\u{e9} \u{4e2d}\r\nX-Own: me too\r\n\r\n");
    front.net.client(0).exchange(front.net.at(host), &request).status
}

/// The frame with another `log` section.
fn central(sites: &str, attributes: &str, inner: &str) -> String {
    document(sites, "").replace("<log logInUTF8=\"true\" />", &format!("<log {attributes}>{inner}</log>"))
}

#[test]
fn one_file_for_all_sites() {
    let sites = site(1, "one", &["http/{NET}.2:{PORT}:"]) + &site(2, "two", &["http/{NET}.3:{PORT}:"]);
    let inner = "<centralW3CLogFile logExtFileFlags=\"SiteName, HttpStatus, UriStem\" />";
    let front = Home::of("one_file_for_all_sites")
        .config(&central(&sites, "centralLogFileMode=\"CentralW3C\"", inner))
        .file("one/a.txt", "a")
        .file("two/a.txt", "a")
        .start();
    assert_eq!((get(&front, 2, "/a.txt"), get(&front, 3, "/a.txt"), get(&front, 3, "/b.txt")), (200, 200, 404));
    let (name, mut lines) = lines_of(&front.path("home/logs/W3SVC"), 3);
    lines.sort();
    assert!(name.starts_with("u_ex"), "{name}");
    assert_eq!(lines, ["W3SVC1 /a.txt 200", "W3SVC2 /a.txt 200", "W3SVC2 /b.txt 404"]);
    let text = fs::read_to_string(&log_file::files(&front.path("home/logs/W3SVC"))[0]).unwrap();
    assert_eq!(text.matches("#Fields: s-sitename cs-uri-stem sc-status\r\n").count(), 1, "{text}");
}

#[test]
fn other_formats_and_code_pages() {
    let sites = site_with(1, "ncsa", &["http/{NET}.2:{PORT}:"], "<logFile logFormat=\"NCSA\" />")
        + &site_with(2, "iis", &["http/{NET}.3:{PORT}:"], "<logFile logFormat=\"IIS\" period=\"MaxSize\" />")
        + &site_with(3, "w3c", &["http/{NET}.4:{PORT}:"], "<logFile logExtFileFlags=\"UserAgent\" />");
    let front = Home::of("other_formats_and_code_pages").config(&central(&sites, "logInUTF8=\"false\"", "")).start();
    assert_eq!((get(&front, 2, "/a?b"), get(&front, 3, "/a?b"), get(&front, 4, "/a?b")), (404, 404, 404));
    let (name, lines) = lines_of(&front.log_folder(1), 1);
    assert!(name.starts_with("nc") && lines[0].contains("] \"GET /a?b HTTP/1.1\" 404 "), "{name}: {lines:?}");
    let (name, lines) = lines_of(&front.log_folder(2), 1);
    assert!(name == "inetsv1.log" && lines[0].ends_with(", GET, /a, b,"), "{name}: {lines:?}");
    let (name, lines) = lines_of(&front.log_folder(3), 1);
    assert!(name.starts_with("ex"), "{name}");
    assert_eq!(lines, ["caf\u{e9}+?"], "Windows-1252, with ? for what it does not have");
}

#[test]
fn json_lines_tell_all() {
    let rest = "<location path=\"shop\"><doorward><logs format=\"JSON\" /></doorward></location>\
                <location path=\"piped\"><doorward><logs format=\"JSON\" target=\"Stdout\" /></doorward></location>";
    let sites = site(1, "shop", &["http/{NET}.2:{PORT}:"]) + &site(2, "piped", &["http/{NET}.3:{PORT}:"]);
    let front = Home::of("json_lines_tell_all").config(&document(&sites, rest)).start();
    assert_eq!((get(&front, 2, "/a%20b?c=d"), get(&front, 3, "/piped")), (404, 404));
    let (name, lines) = lines_of(&front.log_folder(1), 1);
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert!(name.starts_with("u_js"), "{name}");
    assert_eq!((line["path"].as_str(), line["query"].as_str()), (Some("/a b"), Some("c=d")));
    assert!(line["status"] == 404 && line["decision"].is_null(), "no limit, no decision: {line}");
    assert_eq!(line["client"].as_str(), Some(&*front.net.ip(200).to_string()));
    let piped = wait_until("a line on standard output", || {
        front.printed().lines().find(|line| line.contains("\"path\":\"/piped\"")).map(str::to_owned)
    });
    assert_eq!(serde_json::from_str::<Value>(&piped).unwrap()["site"], "piped");
    assert!(!front.log_folder(2).exists());
}

#[test]
fn only_chosen_answers_are_logged() {
    let rest = location("shop/quiet", "<httpLogging dontLog=\"true\" />")
        + &location("shop/errors", "<httpLogging selectiveLogging=\"LogError\" />")
        + &location("shop/fine", "<httpLogging selectiveLogging=\"LogSuccessful\" />");
    let front = Home::of("only_chosen_answers_are_logged")
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), &rest))
        .file("shop/quiet/a.txt", "a")
        .file("shop/errors/a.txt", "a")
        .file("shop/fine/a.txt", "a")
        .start();
    for path in ["/quiet/a.txt", "/quiet/b.txt", "/errors/a.txt", "/errors/b.txt", "/fine/a.txt", "/fine/b.txt"] {
        get(&front, 2, path);
    }
    let mut stems: Vec<_> = front.w3c(1, 2).iter().map(|line| line.field("cs-uri-stem").to_owned()).collect();
    stems.sort();
    assert_eq!(stems, ["/errors/b.txt", "/fine/a.txt"]);
}

#[test]
fn further_columns() {
    let fields = r#"<logFile logExtFileFlags="HttpStatus"><customFields>
        <add logFieldName="own" sourceName="X-OWN" sourceType="RequestHeader" />
        <add logFieldName="kind" sourceName="Content-Type" sourceType="ResponseHeader" />
        <add logFieldName="where" sourceName="SERVER_PORT" sourceType="ServerVariable" />
        <add logFieldName="none" sourceName="X-None" sourceType="ResponseHeader" />
        </customFields></logFile>"#;
    let front = Home::of("further_columns")
        .config(&document(&site_with(1, "shop", &["http/{NET}.2:{PORT}:"], fields), ""))
        .file("shop/a.txt", "a")
        .start();
    assert_eq!(get(&front, 2, "/a.txt"), 200);
    let (name, lines) = lines_of(&front.log_folder(1), 1);
    assert!(name.ends_with("_x.log"), "{name}");
    assert_eq!(lines, [format!("200 me+too text/plain {} -", front.net.port)]);
}

#[test]
fn logs_are_found_followed_and_rotated() {
    let front = Home::of("logs_are_found_followed_and_rotated")
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), ""))
        .start();
    get(&front, 2, "/first");
    front.w3c(1, 1);
    let paths: Value = serde_json::from_str(&front.cli(&["logs", "paths", "--json"]).expect_ok()).unwrap();
    let path = paths[0]["path"].as_str().unwrap().to_owned();
    assert_eq!((paths[0]["site"].as_str(), paths[1]["format"].as_str()), (Some("shop"), Some("HTTPERR")));
    let tail = front.cli(&["logs", "tail", "SHOP", "-n", "1"]).expect_ok();
    assert!(tail.contains("GET /first ") && tail.lines().count() == 1, "{tail}");
    assert_eq!(front.cli(&["logs", "tail", "none"]).code, 1);
    fs::rename(&path, format!("{path}.1")).unwrap();
    front.cli(&["logs", "reopen"]).expect_ok();
    get(&front, 2, "/second");
    wait_until("the new file", || fs::read_to_string(&path).ok().filter(|text| text.contains("GET /second ")));
    assert!(!fs::read_to_string(format!("{path}.1")).unwrap().contains("/second"));
}

#[test]
fn old_files_are_compressed_and_removed() {
    let rest = "<location path=\"shop\"><doorward><logs keepDays=\"30\" compress=\"true\" /></doorward></location>";
    let home = Home::of("old_files_are_compressed_and_removed")
        .config(&document(&site(1, "shop", &["http/{NET}.2:{PORT}:"]), rest));
    let folder = home.log_folder(1);
    fs::create_dir_all(&folder).unwrap();
    for (name, days) in [("u_ex240101.log", 40), ("u_ex240102.log", 5), ("notes.txt", 99)] {
        fs::write(folder.join(name), "old\r\n").unwrap();
        let file = fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(24 * days)).unwrap();
    }
    let front = home.start();
    get(&front, 2, "/");
    let names = || {
        let files = log_file::files(&folder);
        files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    wait_until("old files to be put away", || {
        let names = names();
        (names.len() == 3 && names[..2] == ["notes.txt", "u_ex240102.log.gz"]).then_some(())
    });
}
