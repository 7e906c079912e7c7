//! Every row of the shared table of bad configurations, through the commands: a file that cannot be used stops each of them with
//! file, line and column and is left alone; and what may not stand in a file cannot be written by a command either.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(clippy::unwrap_used, reason = "a table that cannot be read is a failed test")]

#[path = "../../config/tests/shared_table/mod.rs"]
mod shared_table;

use doorward_config::{ElementTable, Home, SectionTable, load, load_or_begin};
use doorward_doors::{Files, Outcome, SettingsOrder, appcmd, settings, settings_edit};
use roxmltree::{Document, Node};
use shared_table::{shared, unescape};

/// Rows that a command answers otherwise than the table says of files, and why.
const APART: &[(&str, &str)] = &[
    ("bind-https-nocert", "a certificate is bound by a command of its own, before or after"),
    ("bind-proto", "a protocol that nobody serves is kept, as IIS keeps it; the site says so"),
    ("bind-star-and-exact", "both are served: the exact address by itself, `*` where the listen list says"),
    ("vdir-none", "IIS's own documents build a site piece by piece"),
    ("vdir-env", "the stock path is kept as it is and resolved where it is used"),
    ("log-dir-tr", "a folder is judged where it is used"),
    ("hdr-framing", "fields that frame a message are kept with a warning, and left out when served"),
    ("redir-loop", "a warning of the file, which a command may write: the path it leads to may be switched off next"),
    ("s-attr-case", "names compare without case on a command line"),
    ("dip-twice", "an element is not there twice on a command line"),
    ("s-text", "there is no text between elements on a command line"),
    ("rw-backref", "URL Rewrite is kept and not acted on"),
    ("rw-big", "URL Rewrite is kept and not acted on"),
    ("px-url", "URL Rewrite is kept and not acted on"),
];

fn wrapped(context: &str, xml: &str) -> Vec<u8> {
    let (open, close) = match context {
        "site" => ("<system.applicationHost><sites>", "</sites></system.applicationHost>"),
        "security" => ("<system.webServer><security>", "</security></system.webServer>"),
        "webServer" => ("<system.webServer>", "</system.webServer>"),
        _ => return unescape(xml),
    };
    [format!("<configuration>{open}").as_bytes(), &unescape(xml), format!("{close}</configuration>").as_bytes()]
        .concat()
}

struct Row {
    id: String,
    context: String,
    text: Vec<u8>,
    expected: String,
    part: String,
}

fn rows() -> Option<Vec<Row>> {
    let Some(path) = shared("vectors/bad_config.tsv") else {
        println!("skipped: the shared vectors are not here");
        return None;
    };
    let table = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let text = wrapped(columns[1], columns[2]);
        let own = |at: usize| columns[at].to_owned();
        Row { id: own(0), context: own(1), text, expected: own(3), part: own(4) }
    };
    Some(table.lines().skip(1).map(row).collect())
}

fn home(text: Option<&[u8]>) -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(folder.path());
    std::fs::create_dir_all(home.config_file.parent().unwrap()).unwrap();
    if let Some(text) = text {
        std::fs::write(&home.config_file, text).unwrap();
    }
    (folder, home)
}

fn run(home: &Home, words: &[String]) -> Outcome {
    appcmd(words, &mut String::new, &mut Files::of(home.clone()))
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_file_that_cannot_be_used_stops_every_command() {
    let Some(rows) = rows() else { return };
    let mut stopped = 0;
    for row in rows.iter().filter(|row| row.context != "web.config") {
        let (_folder, home) = home(Some(&row.text));
        let is_usable = load(&home).is_ok();
        for line in [
            "list sites",
            "list config /section:webLimits",
            "set config /section:webLimits /connectionTimeout:00:03:00",
        ] {
            let outcome = run(&home, &words(line));
            if is_usable {
                continue;
            }
            stopped += 1;
            let head =
                format!("ERROR ( message:Configuration error\nFilename: {}\nLine Number: ", home.config_file.display());
            assert!(outcome.output.starts_with(&head) && outcome.exit_code > 1, "{} {line}: {outcome:?}", row.id);
            let place = format!("{}:", home.config_file.display());
            assert!(outcome.errors.lines().any(|note| note.starts_with(&place)), "{} {line}: {outcome:?}", row.id);
            assert_eq!(std::fs::read(&home.config_file).unwrap(), row.text, "{}: the file was touched", row.id);
        }
        let told = settings(&Files::of(home.clone()), ("/", "webLimits"), true);
        assert_eq!(told.is_ok(), is_usable, "{}: {told:?}", row.id);
        if let Err(denied) = told {
            assert!(denied.notes.iter().any(|note| note.contains(".config:")), "{}: {denied:?}", row.id);
        }
    }
    assert!(stopped > 100, "only {stopped} commands were stopped");
}

/// What an element says, as parameters of `set config`.
fn parameters(element: Node<'_, '_>, table: &'static ElementTable, (prefix, all): (&str, &mut Vec<String>)) {
    for attribute in element.attributes() {
        all.push(format!("/{prefix}{}:{}", attribute.name(), attribute.value()));
    }
    inner(element, table, (prefix, all));
}

fn inner(element: Node<'_, '_>, table: &'static ElementTable, (prefix, all): (&str, &mut Vec<String>)) {
    for child in element.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        match table.collection.filter(|own| own.adds(name)) {
            Some(collection) => {
                let keys: Vec<String> =
                    child.attributes().map(|own| format!("{}='{}'", own.name(), own.value())).collect();
                let entry = format!("{prefix}[{}]", keys.join(","));
                all.push(format!("/+{entry}"));
                inner(child, collection.entry, (&format!("{entry}."), all));
            }
            None if table.collection.is_some_and(|own| own.remove == Some(name)) => {
                let keys: Vec<String> =
                    child.attributes().map(|own| format!("{}='{}'", own.name(), own.value())).collect();
                all.push(format!("/-{prefix}[{}]", keys.join(",")));
            }
            None if table.collection.is_some_and(|own| own.clear == Some(name)) => {}
            None => match table.child(name) {
                Some(table) => parameters(child, table, (&format!("{prefix}{name}."), all)),
                None => {
                    all.extend(child.attributes().map(|own| format!("/{prefix}{name}.{}:{}", own.name(), own.value())));
                }
            },
        }
    }
}

/// The sections that a row writes, each with its parameters.
fn sections(row: &Row) -> Vec<(&'static SectionTable, Vec<String>)> {
    let text = String::from_utf8_lossy(&row.text).into_owned();
    let Ok(document) = Document::parse(&text) else { return Vec::new() };
    let (_folder, home) = home(None);
    let schema = load_or_begin(&home).unwrap().schema();
    let mut found = Vec::new();
    for element in document.root_element().descendants().filter(Node::is_element) {
        let names: Vec<&str> = element.ancestors().filter(Node::is_element).map(|own| own.tag_name().name()).collect();
        let path: Vec<&str> = names.iter().rev().skip(1).copied().collect();
        if let Some(table) = schema.section(&path.join("/")) {
            let mut all = Vec::new();
            parameters(element, table.element, ("", &mut all));
            found.push((table, all));
        }
    }
    found
}

#[test]
fn what_may_not_stand_in_a_file_cannot_be_written() {
    let Some(rows) = rows() else { return };
    let (mut commands, mut failures) = (0, Vec::new());
    for row in rows.iter().filter(|row| !APART.iter().any(|(id, _)| *id == row.id)) {
        let sections = sections(row);
        // Twice the same, or text between elements, cannot be said in a command.
        let [(table, parameters)] = sections.as_slice() else { continue };
        if parameters.is_empty() {
            continue;
        }
        commands += 1;
        let (_folder, home) = home(None);
        let line = ["set", "config"].map(str::to_owned).into_iter();
        let line: Vec<String> =
            line.chain([format!("/section:{}", table.path)]).chain(parameters.iter().cloned()).collect();
        let outcome = run(&home, &line);
        let must_refuse = row.expected.contains("error") && !row.expected.split('|').any(|one| one == "ok");
        let may_refuse = row.expected.contains("error");
        let said = format!("{}{}", outcome.output, outcome.errors);
        if (outcome.exit_code == 0 && must_refuse) || (outcome.exit_code != 0 && !may_refuse) {
            failures.push(format!("{}: wanted {}: {line:?}\n{said}", row.id, row.expected));
        } else if outcome.exit_code != 0 {
            assert!(!home.config_file.exists(), "{}: a refused command wrote", row.id);
            let told = format!("{said}{}", parameters.join(" ")).to_lowercase();
            if !row.part.to_lowercase().split(' ').all(|word| told.contains(word)) {
                failures.push(format!("{}: wanted {:?} in\n{said}", row.id, row.part));
            }
        }
        // The native command says the same.
        let order = SettingsOrder { section: table.path.to_owned(), ..native(parameters) };
        let files = Files::of(self::home(None).1);
        let made = settings_edit(&files, &order)
            .ok()
            .map(|(edit, _)| doorward_config::edit(doorward_doors::Installation::home(&files), &edit).is_ok());
        assert_eq!(made.unwrap_or(false), outcome.exit_code == 0, "{}: {order:?} {said}", row.id);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(commands > 80, "only {commands} rows are commands");
}

/// The same parameters as `doorward config set` takes them. Order matters only within each kind here.
fn native(parameters: &[String]) -> SettingsOrder {
    let mut order = SettingsOrder::default();
    for parameter in parameters {
        if let Some(entry) = parameter.strip_prefix("/+") {
            order.add.push(entry.to_owned());
        } else if let Some(entry) = parameter.strip_prefix("/-") {
            order.remove.push(entry.to_owned());
        } else {
            let (name, value) = named(&parameter[1..]);
            order.set.push(format!("{name}={value}"));
        }
    }
    order
}

/// Name and value of a parameter: the colon behind the brackets.
fn named(parameter: &str) -> (&str, &str) {
    let behind = parameter.rfind("'].").unwrap_or(0);
    let at = behind + parameter[behind..].find(':').unwrap();
    (&parameter[..at], &parameter[at + 1..])
}
