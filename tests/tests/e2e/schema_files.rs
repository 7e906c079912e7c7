//! The operator's own schema files while sites are served.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::config::{document, site};
use crate::harness::doorward::Doorward;
use crate::harness::guide::{blocks, steps, words};
use crate::harness::home::{Home, finish};
use crate::harness::net::Net;
use crate::harness::wait_until;

/// The home, network and port that the page tells of.
const TOLD: (&str, &str, &str) = ("/srv/doorward", "127.77.9.", ":8080");

const SCHEMA: &str = r#"<configSchema>
  <sectionSchema name="contoso/banner">
    <attribute name="lines" type="uint" />
  </sectionSchema>
</configSchema>
"#;

fn start(net: Net) -> Home {
    let sites = site(1, "shop", &["http/{NET}.2:{PORT}:"]);
    Home::on(net).config(&document(&sites, "")).file("shop/index.html", "shop")
}

fn put(home: &Home, name: &str, text: &str) {
    let folder = home.path("home/schema");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("new"), text).unwrap();
    fs::rename(folder.join("new"), folder.join(name)).unwrap();
}

/// As the page would tell it: its home, network and port, and no more than two spaces in a row, since columns are as wide
/// as paths are.
fn as_told(front: &Doorward, text: &str) -> String {
    let home = front.path("home").display().to_string();
    let text = text.replace(&home, TOLD.0).replace(&format!("{}.", front.net.prefix()), TOLD.1);
    let text = text.replace(&format!(":{}", front.net.port), TOLD.2);
    let mut told = String::new();
    for line in text.lines() {
        let begin = &line[..line.len() - line.trim_start().len()];
        let columns: Vec<&str> = line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
        told.extend([begin, &columns.join("  "), "\n"]);
    }
    told
}

/// Runs a command of the page; what it prints on both streams.
fn play(front: &Doorward, command: &str) -> String {
    if let Some(rest) = command.strip_prefix("doorward ") {
        return front.cli(&words(rest).iter().map(String::as_str).collect::<Vec<_>>()).all();
    }
    let command = command.replace(TOLD.0, &front.path("home").display().to_string());
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(front.path(""));
    finish(&shell).expect_ok()
}

#[test]
fn the_schema_guide_is_as_it_tells() {
    let net = Net::of("the_schema_guide_is_as_it_tells");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/schema-files.md");
    let page = fs::read_to_string(&path).unwrap();
    let home = start(net);
    put(&home, "contoso_schema.xml", &blocks(&page, "xml")[0]);
    let front = home.start();
    let (mut told, mut seen) = (String::new(), String::new());
    for (command, printed) in blocks(&page, "console").iter().flat_map(|block| steps(block)) {
        let played = play(&front, &command);
        told.extend(["$ ", &command, "\n", &as_told(&front, &printed)]);
        seen.extend(["$ ", &command, "\n", &as_told(&front, &played)]);
    }
    println!("{seen}");
    assert_eq!(told, seen, "the page tells it differently; what was printed stands above");
}

#[test]
fn schema_files_come_go_and_break_while_sites_are_served() {
    let net = Net::of("schema_files_come_go_and_break_while_sites_are_served");
    let front = start(net).start();
    let set = |lines: &str| front.cli(&["config", "set", "/", "contoso/banner", &format!("lines={lines}")]);
    let knows = || front.cli(&["appcmd", "list", "config", "/section:?"]).expect_ok().contains("contoso/banner\n");
    let serves = || assert_eq!(net.client(0).get(net.at(2), "/").text(), "shop");
    let unknown = set("3");
    assert!(unknown.code == 1 && unknown.err.contains("contoso/banner"), "{unknown:?}");
    // A folder that was not there, with a file in it.
    put(&front, "contoso.xml", SCHEMA);
    front.wait_printed("The configuration is in force.");
    assert!(knows());
    set("3").expect_ok();
    let told = front.cli(&["config", "get", "/", "contoso/banner", "lines"]).expect_ok();
    assert_eq!(told, "3\n");
    serves();
    // Broken: what was in force stays, and everybody says why.
    put(&front, "contoso.xml", &SCHEMA.replace("uint", "unit"));
    let place = format!("{}/contoso.xml:3:29: error[value]", front.path("home/schema").display());
    front.wait_printed(&place);
    let last_error = front.status()["configuration"]["last_error"].as_str().unwrap().to_owned();
    assert!(last_error.contains(&place) && last_error.contains("did you mean 'uint'?"), "{last_error}");
    let refused = set("4");
    assert!(refused.code == 1 && refused.all().contains("contoso.xml:3:29"), "{refused:?}");
    let check = front.cli(&["check"]);
    assert!(check.code == 1 && check.out.contains(&place), "{check:?}");
    serves();
    // Mended, with another range; then taken away.
    put(
        &front,
        "contoso.xml",
        &SCHEMA.replace("type=", "validationType=\"integerRange\" validationParameter=\"1,3\" type="),
    );
    wait_until("the mended file", || front.status()["configuration"]["last_error"].is_null().then_some(()));
    let refused = set("4");
    assert!(refused.code == 1 && refused.all().contains("between 1 and 3"), "{refused:?}");
    set("2").expect_ok();
    fs::remove_file(front.path("home/schema/contoso.xml")).unwrap();
    wait_until("the section to be unknown", || (!knows()).then_some(()));
    let kept = fs::read_to_string(front.config_file()).unwrap();
    assert!(kept.contains("<banner lines=\"2\" />"), "{kept}");
    serves();
}

#[test]
fn a_broken_schema_file_does_not_keep_a_start_waiting() {
    let net = Net::of("a_broken_schema_file_does_not_keep_a_start_waiting");
    let home = start(net);
    // Where a name that nobody knows would be an error of the whole file.
    let text = fs::read_to_string(home.config_file()).unwrap();
    let own = "<system.webServer><contoso lines=\"3\" /></system.webServer></configuration>";
    home.write_config(&text.replace("</configuration>", own));
    put(&home, "contoso.xml", &SCHEMA.replace("contoso/banner", "system.webServer/contoso").replace("uint", "unit"));
    let front = home.start();
    assert!(front.printed().contains("These schema files cannot be used and are left out:"), "{}", front.printed());
    assert_eq!(net.client(0).get(net.at(2), "/").text(), "shop");
    let findings = front.status()["configuration"]["findings"].to_string();
    assert!(findings.contains("contoso.xml:3:29"), "{findings}");
    put(&front, "contoso.xml", &SCHEMA.replace("contoso/banner", "system.webServer/contoso"));
    front.wait_printed("The configuration is in force.");
    let told = front.cli(&["config", "get", "/", "system.webServer/contoso", "lines"]).expect_ok();
    assert_eq!(told, "3\n");
}
