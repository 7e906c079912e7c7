//! Changes to any section: only the bytes that must change do, and what comes out means what was asked for.

#![allow(clippy::disallowed_methods, reason = "tests lay out the files that are read")]
#![allow(clippy::unwrap_used, reason = "an installation that cannot be laid out is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use doorward_config::{
    Action, ConfigFile, Deed, Edit, EditError, Home, Position, SectionChange, Step, edit, load, load_text,
};
use proptest::prelude::*;

const IP: &str = "system.webServer/security/ipSecurity";
const DYNAMIC: &str = "system.webServer/security/dynamicIpSecurity";
const SITES: &str = "system.applicationHost/sites";
const BROWSE: &str = "system.webServer/directoryBrowse";

struct Place {
    home: Home,
    folder: tempfile::TempDir,
}

fn place(text: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::under(folder.path());
    std::fs::create_dir_all(home.config_file.parent().unwrap()).unwrap();
    std::fs::write(&home.config_file, text).unwrap();
    Place { home, folder }
}

fn pairs(list: &str) -> Vec<(String, String)> {
    let pair = |one: &str| one.split_once('=').map(|(name, text)| (name.to_owned(), text.to_owned())).unwrap();
    list.split(';').filter(|one| !one.is_empty()).map(pair).collect()
}

/// `limits/[name=a]/bindings`: elements and entries.
fn steps(way: &str) -> Vec<Step> {
    let step = |one: &str| match one.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(keys) => keys.parse().map_or_else(|_| Step::Entry(pairs(keys)), Step::Index),
        None => Step::Element(one.to_owned()),
    };
    way.split('|').filter(|one| !one.is_empty()).map(step).collect()
}

/// `set WAY NAME=TEXT`, `unset WAY NAME`, `add WAY PAIRS`, `first WAY PAIRS`, `at1 WAY PAIRS`, `remove WAY PAIRS`,
/// `clear WAY`, `drop WAY`, `lock`, `unlock`; a `-` is the section itself.
fn action(text: &str) -> Action {
    let mut words = text.splitn(3, ' ');
    let (verb, way, rest) = (words.next().unwrap(), words.next().unwrap_or("-"), words.next().unwrap_or(""));
    let add = |position| Deed::Add { attributes: pairs(rest), position };
    let deed = match verb {
        "set" => {
            let (attribute, text) = rest.split_once('=').unwrap();
            Deed::Set { attribute: attribute.to_owned(), text: text.to_owned() }
        }
        "unset" => Deed::Unset { attribute: rest.to_owned() },
        "add" => add(Position::End),
        "first" => add(Position::Start),
        "at1" => add(Position::At(1)),
        "remove" => Deed::Remove { keys: pairs(rest) },
        "clear" => Deed::Clear,
        "drop" => Deed::Drop,
        "lock" => Deed::Lock,
        "unlock" => Deed::Unlock,
        other => panic!("no action {other}"),
    };
    Action { at: steps(way.trim_start_matches('-')), deed }
}

fn change(location: &str, section: &str, actions: &[&str]) -> Edit {
    Edit::Change(SectionChange {
        file: ConfigFile::ApplicationHost,
        location: location.to_owned(),
        section: section.to_owned(),
        actions: actions.iter().map(|text| action(text)).collect(),
    })
}

const SHOP: &str = "  <system.applicationHost>\n    <sites>\n      <site name=\"Shop\" id=\"1\">\n        \
    <bindings>\n          <binding protocol=\"http\" bindingInformation=\"127.0.0.2:80:\" />\n        </bindings>\n      \
    </site>\n    </sites>\n  </system.applicationHost>\n";

fn framed(inner: &str) -> String {
    format!("<configuration>\n{SHOP}{inner}</configuration>\n")
}

fn changed(text: &str, location: &str, section: &str, actions: &[&str]) -> String {
    match edit(&place(text).home, &change(location, section, actions)) {
        Ok(made) => made.text,
        Err(error) => format!("refused: {error}"),
    }
}

/// One change, and the document it makes.
fn check(before: &str, (location, section): (&str, &str), actions: &[&str], after: &str) {
    assert_eq!(changed(&framed(before), location, section, actions), framed(after), "{actions:?}");
}

fn refused(before: &str, (location, section): (&str, &str), actions: &[&str], part: &str) {
    let shown = changed(&framed(before), location, section, actions);
    assert!(shown.starts_with("refused: ") && shown.contains(part), "{actions:?}: {shown}");
}

const LIST: &str = "  <system.webServer>\n    <security>\n      <ipSecurity>\n        <add ipAddress='10.0.0.1' />\n\
    \x20       <!-- two --> <add ipAddress='10.0.0.2' allowed='true' />\n      </ipSecurity>\n    </security>\n  </system.webServer>\n";

#[test]
fn entries() {
    let list = |inner: &str| LIST.replace("        <add ipAddress='10.0.0.1' />\n", inner);
    let own = "        <add ipAddress='10.0.0.1' />\n";
    check(LIST, ("", IP), &["remove - IPADDRESS=10.0.0.1"], &list(""));
    check(LIST, ("", IP), &["remove - ipAddress=10.0.0.1;subnetMask=255.255.255.255"], &list(""));
    check(
        LIST,
        ("", IP),
        &["first - ipAddress=::1;allowed=TRUE"],
        &list(&format!("        <add ipAddress=\"::1\" allowed=\"true\" />\n{own}")),
    );
    check(
        LIST,
        ("", IP),
        &["set [ipAddress=10.0.0.1] allowed=True"],
        &list("        <add ipAddress='10.0.0.1' allowed=\"true\" />\n"),
    );
    check(LIST, ("", IP), &["set [0] ipAddress=10.0.0.9"], &list("        <add ipAddress='10.0.0.9' />\n"));
    check(
        LIST,
        ("", IP),
        &["add - ipAddress=10.0.0.3"],
        &LIST.replace("'true' />\n", "'true' />\n        <add ipAddress=\"10.0.0.3\" />\n"),
    );
    refused(LIST, ("", IP), &["add - ipAddress=10.0.0.1;subnetMask=255.255.255.255"], "Cannot add duplicate");
    refused(LIST, ("", IP), &["remove - ipAddress=10.0.0.7"], "no entry with ipAddress='10.0.0.7'");
    refused(LIST, ("", IP), &["set [5] allowed=true"], "no entry with number 5");
    refused(LIST, ("", IP), &["add - ipAddres=10.0.0.7"], "has no attribute 'ipAddres'");
    refused(LIST, ("", SITES), &["add - name=x"], "missing required attributes id");
    refused(LIST, ("", SITES), &["add - name=x;id=1"], "key 'id' set to '1'");
    refused(LIST, ("", SITES), &["add - name=a/b;id=7"], "Invalid site name");
    refused(LIST, ("Shop", SITES), &["add - name=x;id=7"], "locked");
    refused(LIST, ("", DYNAMIC), &["add - a=b"], "holds no entries");
}

#[test]
fn inherited_entries() {
    let shop = |inner: &str| {
        format!(
            "{LIST}  <location path=\"Shop\">\n    <system.webServer>\n      <security>\n        <ipSecurity>\n{inner}        </ipSecurity>\n      </security>\n    </system.webServer>\n  </location>\n"
        )
    };
    let removed = "          <remove ipAddress=\"10.0.0.2\" />\n";
    check(LIST, ("shop", IP), &["remove - ipAddress=10.0.0.2"], &shop(removed));
    check(
        LIST,
        ("Shop", IP),
        &["set [ipAddress=10.0.0.2] allowed=false"],
        &shop(&format!("{removed}          <add ipAddress=\"10.0.0.2\" allowed=\"false\" />\n")),
    );
    check(
        LIST,
        ("Shop", IP),
        &["clear -", "add - ipAddress=10.0.0.2"],
        &shop("          <clear />\n          <add ipAddress=\"10.0.0.2\" />\n"),
    );
    refused(LIST, ("Shop", IP), &["add - ipAddress=10.0.0.2"], "Cannot add duplicate");
    refused(&shop(removed), ("Shop", IP), &["remove - ipAddress=10.0.0.2"], "no entry");
}

#[test]
fn deep_ways() {
    let before = framed("");
    let actions = [
        "set [name=SHOP]|limits maxBandwidth=0xFFFF",
        "add [id=1] path=/",
        "add [id=1]|[path=/] path=/;physicalPath=C:\\x",
        "add [name=Shop]|bindings protocol=https;bindingInformation=*:443:",
        "set siteDefaults|limits connectionTimeout=00:03:00",
    ];
    let block = "        </bindings>\n        <limits maxBandwidth=\"65535\" />\n        <application path=\"/\">\n          \
        <virtualDirectory path=\"/\" physicalPath=\"C:\\x\" />\n        </application>\n      </site>\n      \
        <siteDefaults>\n        <limits connectionTimeout=\"00:03:00\" />\n      </siteDefaults>\n";
    let binding = "<binding protocol=\"http\" bindingInformation=\"127.0.0.2:80:\" />\n";
    let after = before.replace("        </bindings>\n      </site>\n", block).replace(
        binding,
        &format!("{binding}          <binding protocol=\"https\" bindingInformation=\"*:443:\" />\n"),
    );
    assert_eq!(changed(&before, "", SITES, &actions), after);
}

#[test]
fn locks_move_what_they_bind() {
    let tag =
        |mode: &str, inner: &str| format!("  <location path=\"\" overrideMode=\"{mode}\">\n{inner}  </location>\n");
    let inner = format!("  {}\n", LIST.trim_end().replace('\n', "\n  "));
    check(LIST, ("", IP), &["unlock"], &tag("Allow", &inner));
    check(&tag("Allow", &inner), ("", IP), &["unlock"], &tag("Allow", &inner));
    check(&tag("Allow", &inner), ("", IP), &["lock"], &tag("Deny", &inner));
    let empty = "  <location path=\"Shop\" overrideMode=\"Allow\">\n    <system.webServer>\n      <directoryBrowse />\n    </system.webServer>\n  </location>\n";
    check("", ("Shop", BROWSE), &["unlock"], empty);
    let two = "  <location path=\"Shop\" overrideMode=\"Allow\">\n    <system.webServer>\n      <directoryBrowse />\n      <defaultDocument enabled=\"false\" />\n    </system.webServer>\n  </location>\n";
    check(
        &two.replace(" overrideMode=\"Allow\"", ""),
        ("Shop", BROWSE),
        &["drop"],
        &two.replace(" overrideMode=\"Allow\"", "").replace("      <directoryBrowse />\n", ""),
    );
    check(empty, ("Shop", BROWSE), &["drop"], "");
    check("", ("Shop", BROWSE), &["set - enabled=true", "drop"], "");
}

#[test]
fn values_are_checked_before_anything_is_written() {
    for (name, text, part) in [
        ("denyAction", "Drop", "Enum must be one of AbortRequest, Unauthorized, Forbidden, NotFound"),
        ("enableProxyMode", "yes", "Not a valid boolean"),
        ("denyByRequestRate|maxRequests", "0", "Integer value must be between 1 and 4294967295 inclusive"),
        ("denyByRequestRate|maxRequest", "5", "has no attribute 'maxRequest'"),
        ("denyByRequestsRate|maxRequests", "5", "Unrecognized element 'denyByRequestsRate.maxRequests'"),
    ] {
        let (way, name) = name.split_once('|').unwrap_or(("-", name));
        refused("", ("", DYNAMIC), &[&format!("set {way} {name}={text}")], part);
    }
    refused("", ("", "system.webServer/nothing"), &["drop"], "no section");
}

fn web(place: &Place, section: &str, actions: &[&str]) -> Result<doorward_config::EditedFile, EditError> {
    let Edit::Change(change) = change("", section, actions) else { unreachable!() };
    let file = ConfigFile::WebConfig { site: "Shop".to_owned(), path: "/".to_owned() };
    edit(&place.home, &Edit::Change(SectionChange { file, ..change }))
}

#[test]
fn a_web_config_is_made_where_the_content_is_unless_the_section_is_locked() {
    let place = place("");
    let text = framed("").replace(
        "        <bindings>",
        &format!("        <application path=\"/\"><virtualDirectory path=\"/\" physicalPath=\"{}\" /></application>\n        <bindings>", place.folder.path().display()),
    );
    std::fs::write(&place.home.config_file, &text).unwrap();
    let made = web(&place, BROWSE, &["set - enabled=True", "set - showFlags=date, size"]).unwrap();
    assert_eq!(made.path, place.folder.path().join("web.config"));
    assert_eq!(
        made.text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n  <system.webServer>\n    <directoryBrowse enabled=\"true\" showFlags=\"Date, Size\" />\n  </system.webServer>\n</configuration>\n"
    );
    let locked = web(&place, DYNAMIC, &["set - denyAction=Forbidden"]).unwrap_err();
    assert!(matches!(&locked, EditError::Locked { file, .. } if *file == place.home.config_file), "{locked}");
    std::fs::write(
        &place.home.config_file,
        text.replace(
            "</configuration>",
            "<system.webServer><directoryBrowse lockAttributes=\"enabled\"/></system.webServer></configuration>",
        ),
    )
    .unwrap();
    let locked = web(&place, BROWSE, &["set - enabled=true"]).unwrap_err();
    assert!(matches!(&locked, EditError::LockedName { origin, .. } if origin.line > 1), "{locked}");
    assert!(web(&place, BROWSE, &["set - showFlags=Date"]).is_ok());
    assert!(matches!(web(&place, SITES, &["drop"]), Err(EditError::Locked { .. })));
}

fn shared(name: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("DOORWARD_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    Some(folder.join(name)).filter(|path| path.exists())
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Lines of `after` that are not in `before` at the place where the two differ, and the other way round.
fn difference(before: &str, after: &str) -> (usize, usize) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    (old.len() - head - tail, new.len() - head - tail)
}

/// The words of elements that the random actions may write or change.
const MEANT: [&str; 10] = [
    "location",
    "system.webServer",
    "security",
    "dynamicIpSecurity",
    "denyByRequestRate",
    "denyByConcurrentRequests",
    "ipSecurity",
    "directoryBrowse",
    "add",
    "configSections",
];

/// Every line that differs is one of an element that the action is about: others are there as they were, in their order.
fn only_what_was_meant(before: &str, after: &str, what: &str) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(one, other)| one == other).count();
    for line in old[head..old.len() - tail].iter().chain(&new[head..new.len() - tail]) {
        let name = line.trim().trim_start_matches(['<', '/']);
        let name = name.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap();
        assert!(MEANT.contains(&name), "{what}: the line {line:?} differs");
    }
    // The bytes around them are the very same.
    let kept: usize = old[..head].iter().chain(&old[old.len() - tail..]).map(|line| line.len()).sum();
    let same: usize = new[..head].iter().chain(&new[new.len() - tail..]).map(|line| line.len()).sum();
    assert_eq!(kept, same, "{what}");
}

fn random_action(dice: &mut Dice) -> (&'static str, String) {
    let number = dice.roll(90) + 1;
    match dice.roll(5) {
        0 => (DYNAMIC, format!("set denyByRequestRate maxRequests={number}")),
        1 => (DYNAMIC, "set - denyAction=NotFound".to_owned()),
        2 => (IP, format!("add - ipAddress=10.9.9.{number};allowed=true")),
        3 => (BROWSE, format!("set - enabled={}", number.is_multiple_of(2))),
        _ => (DYNAMIC, format!("set denyByConcurrentRequests maxConcurrentRequests={number}")),
    }
}

#[test]
fn two_hundred_random_edits_of_real_files_change_only_the_intended_lines() {
    let Some(index) = shared("corpus/index.tsv") else {
        println!("SKIP(shared): two_hundred_random_edits_of_real_files_change_only_the_intended_lines");
        return;
    };
    let table = std::fs::read_to_string(&index).unwrap();
    let rows = table.lines().skip(1).map(|row| row.split('\t').collect::<Vec<&str>>());
    let files: Vec<PathBuf> = rows
        .filter(|columns| columns[2].to_lowercase().ends_with("applicationhost.config"))
        .map(|columns| index.parent().unwrap().join(columns[0]))
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    // Each edit reads a large file twice: together they make two hundred.
    let edits = 200 / files.len() + 1;
    std::thread::scope(|scope| files.iter().for_each(|file| drop(scope.spawn(move || edit_at_random(file, edits)))));
}

fn edit_at_random(file: &Path, edits: usize) {
    let text = std::fs::read_to_string(file).unwrap();
    let place = place(&text);
    let mut levels = vec![String::new()];
    levels.extend(load(&place.home).unwrap().sites.iter().map(|site| site.name.clone()));
    let mut dice = Dice(7);
    for _ in 0..edits {
        let level = levels[dice.roll(levels.len())].clone();
        let (section, action) = random_action(&mut dice);
        let made = match edit(&place.home, &change(&level, section, &[&action])) {
            Ok(made) => made.text,
            Err(EditError::Duplicate { .. }) => continue,
            Err(error) => panic!("{}: {level} {action}: {error}", file.display()),
        };
        let (gone, new) = difference(&text, &made);
        assert!(gone <= 1 && new <= 11, "{}: {level} {action}: {gone} lines gone, {new} new", file.display());
        only_what_was_meant(&text, &made, &format!("{}: {level} {action}", file.display()));
        let returns = made.matches('\r').count() - text.matches('\r').count();
        let lines = made.lines().count() - text.lines().count();
        assert_eq!(returns, if text.contains('\r') { lines } else { 0 }, "{}: {level} {action}", file.display());
    }
}

/// What a level says, as plain data.
#[derive(Default, Clone, PartialEq, Debug)]
struct Model {
    /// Level and attribute → text.
    values: BTreeMap<(usize, &'static str), String>,
    /// Level → addresses.
    entries: BTreeMap<usize, Vec<String>>,
}

const LEVELS: [&str; 3] = ["", "Shop", "Shop/a/b"];
const NAMES: [(&str, &str, &str); 3] = [
    ("-", "denyAction", ""),
    ("denyByRequestRate", "maxRequests", "denyByRequestRate."),
    ("denyByConcurrentRequests", "enabled", "denyByConcurrentRequests."),
];

fn text_for(name: usize, roll: u8) -> String {
    match name {
        0 => ["AbortRequest", "Unauthorized", "Forbidden", "NotFound"][usize::from(roll) % 4].to_owned(),
        1 => (u32::from(roll) + 1).to_string(),
        _ => roll.is_multiple_of(2).to_string(),
    }
}

/// Carries one step out on the model and says it as an action; `None` when it means nothing there.
fn step(model: &mut Model, (kind, level, name, roll): (u8, usize, usize, u8)) -> Option<(&'static str, String)> {
    let (way, attribute, _) = NAMES[name];
    let address = format!("10.{level}.0.{}", roll % 8);
    let own = model.entries.entry(level).or_default();
    match kind {
        0 => {
            let text = text_for(name, roll);
            model.values.insert((level, attribute), text.clone());
            Some((DYNAMIC, format!("set {way} {attribute}={text}")))
        }
        1 => {
            model.values.remove(&(level, attribute));
            Some((DYNAMIC, format!("unset {way} {attribute}")))
        }
        2 if !own.contains(&address) => {
            own.push(address.clone());
            Some((IP, format!("add - ipAddress={address}")))
        }
        3 if !own.contains(&address) => {
            own.insert(0, address.clone());
            Some((IP, format!("first - ipAddress={address}")))
        }
        4 if own.contains(&address) => {
            own.retain(|other| *other != address);
            Some((IP, format!("remove - ipAddress={address}")))
        }
        5 => {
            model.values.retain(|(at, _), _| *at != level);
            Some((DYNAMIC, "drop".to_owned()))
        }
        _ => None,
    }
}

fn compare(model: &Model, text: &str) {
    let read = load_text(text, Path::new("f"), None, &Home::under(Path::new("/h"))).unwrap();
    for (index, level) in LEVELS.iter().enumerate() {
        let (site, path) = level.split_once('/').unwrap_or((level, ""));
        let mut expected = BTreeMap::new();
        let mut addresses = Vec::new();
        for above in 0..=index {
            for (_, attribute, prefix) in NAMES {
                if let Some(text) = model.values.get(&(above, attribute)) {
                    expected.insert(format!("{prefix}{attribute}"), text.clone());
                }
            }
            addresses.extend(model.entries.get(&above).cloned().unwrap_or_default());
        }
        let found: BTreeMap<String, String> =
            read.values_at(site, path, DYNAMIC).into_iter().map(|value| (value.name, value.text)).collect();
        assert_eq!(found, expected, "{level}\n{text}");
        let entries = read.settings_at(site, path).ip_security.entries.clone();
        assert_eq!(entries.len(), addresses.len(), "{level}\n{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_sequence_of_edits_means_what_a_model_means(
        steps in proptest::collection::vec((0..6_u8, 0..3_usize, 0..3_usize, any::<u8>()), 1..14),
        crlf in any::<bool>(),
    ) {
        let start = if crlf { framed(LIST).replace('\n', "\r\n") } else { framed("") };
        let place = place(&start);
        let mut model = Model::default();
        if crlf {
            model.entries.insert(0, vec!["10.0.0.1".to_owned(), "10.0.0.2".to_owned()]);
        }
        for one in steps {
            let Some((section, action)) = step(&mut model, one) else { continue };
            let made = edit(&place.home, &change(LEVELS[one.1], section, &[&action])).unwrap();
            prop_assert_eq!(made.text.matches('\r').count() > 0, crlf);
            std::fs::write(&place.home.config_file, &made.text).unwrap();
            compare(&model, &made.text);
        }
    }

    #[test]
    fn an_edit_and_its_inverse_restore_the_bytes(level in 0..3_usize, roll in any::<u8>(), kind in 0..3_u8, list in any::<bool>()) {
        let start = framed(if list { LIST } else { "" });
        let place = place(&start);
        let address = format!("10.7.0.{roll}");
        let (section, there, back) = match kind {
            0 => (IP, format!("add - ipAddress={address}"), format!("remove - ipAddress={address}")),
            1 => (DYNAMIC, "set denyByRequestRate enabled=true".to_owned(), "drop".to_owned()),
            _ => (BROWSE, "set - enabled=true".to_owned(), "drop".to_owned()),
        };
        let made = edit(&place.home, &change(LEVELS[level], section, &[&there])).unwrap();
        std::fs::write(&place.home.config_file, &made.text).unwrap();
        let back = edit(&place.home, &change(LEVELS[level], section, &[&back])).unwrap();
        let created = kind == 0 && !(list && level == 0);
        if !created {
            prop_assert_eq!(back.text, start);
        }
    }
}
