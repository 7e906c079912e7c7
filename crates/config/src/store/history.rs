//! Copies of the files as they were before each save, and of what an editor wrote, as `configHistory` asks for (IIS
//! reference §1.9).

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{StoreError, io, read, save};
use crate::diagnostic::Findings;
use crate::edit::EditedFile;
use crate::hierarchy::Place;
use crate::home::{CONFIG_FILE, HTTP_CONFIG_FILE, Home};
use crate::load::load_text;

/// What the folders are called, as IIS does: this and ten digits.
const PREFIX: &str = "CFGHISTORY_";
const SECTION: &str = "system.applicationHost/configHistory";

/// What `configHistory` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    folder: PathBuf,
    kept_max: usize,
}

/// Saves a file of an installation; the files as they were are kept before. Returns why they could not be, which does
/// not keep the change from being made.
pub fn save_kept(home: &Home, file: &EditedFile) -> Result<Option<String>, StoreError> {
    let is_ours = file.path == home.config_file || file.path == home.http_config_file;
    let kept = if is_ours && file.previous.is_some() { keep(home) } else { Ok(()) };
    save(file)?;
    Ok(kept.err().map(|error| format!("the files as they were before are not in the history: {error}")))
}

/// Names of what is kept, the oldest first.
pub(super) fn names(home: &Home) -> Vec<String> {
    rule(home).map(|rule| numbers(&rule.folder)).unwrap_or_default().into_iter().map(name).collect()
}

/// The folder of one that is kept.
pub(super) fn existing(home: &Home, wanted: &str) -> Option<PathBuf> {
    let rule = rule(home)?;
    let number = number(wanted)?;
    numbers(&rule.folder).contains(&number).then(|| rule.folder.join(name(number)))
}

/// The files of an installation at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileStates {
    config: Option<String>,
    http_config: Option<String>,
}

impl FileStates {
    /// As they are now; one that cannot be read counts as none.
    pub fn now(home: &Home) -> Self {
        Self::read(&home.config_file, &home.http_config_file)
    }

    fn read(config: &Path, http_config: &Path) -> Self {
        let text = |file| read(file).unwrap_or_default();
        Self { config: text(config), http_config: text(http_config) }
    }
}

/// Keeps what came by another hand: the files as they were in force before, and as they are in force now. What the
/// history ends with is not kept twice.
pub fn keep_outside_change(home: &Home, before: &FileStates, now: &FileStates) -> Result<(), StoreError> {
    let Some(rule) = rule(home) else { return Ok(()) };
    for state in [before, now].into_iter().filter(|state| state.config.is_some()) {
        keep_state(&rule, state)?;
    }
    Ok(())
}

/// Keeps the files as they are now.
fn keep(home: &Home) -> Result<(), StoreError> {
    match rule(home) {
        Some(rule) => keep_state(&rule, &FileStates::now(home)),
        None => Ok(()),
    }
}

/// Keeps one state, and no more of them than the section says.
fn keep_state(rule: &Rule, state: &FileStates) -> Result<(), StoreError> {
    fs::create_dir_all(&rule.folder).map_err(io("make", &rule.folder))?;
    let present = numbers(&rule.folder);
    let newest = present.last().map(|number| rule.folder.join(name(*number)));
    if newest.is_some_and(|own| FileStates::read(&own.join(CONFIG_FILE), &own.join(HTTP_CONFIG_FILE)) == *state) {
        return Ok(());
    }
    let next = present.last().map_or(1, |last| last + 1);
    // Whole from its first moment: what an accident leaves of it has a name that nobody looks for.
    let temporary = rule.folder.join(format!(".{}.{}.new", name(next), std::process::id()));
    fs::create_dir(&temporary).map_err(io("make", &temporary))?;
    let own = rule.folder.join(name(next));
    let made = copies(state, &temporary).and_then(|()| fs::rename(&temporary, &own).map_err(io("make", &own)));
    if let Err(error) = made {
        // Ours to take away; that this may fail changes nothing.
        let _ = fs::remove_dir_all(&temporary);
        return Err(error);
    }
    File::open(&rule.folder).and_then(|folder| folder.sync_all()).map_err(io("sync", &rule.folder))?;
    let surplus = (present.len() + 1).saturating_sub(rule.kept_max);
    for old in present.into_iter().take(surplus) {
        let own = rule.folder.join(name(old));
        fs::remove_dir_all(&own).map_err(io("remove", &own))?;
    }
    Ok(())
}

fn copies(state: &FileStates, folder: &Path) -> Result<(), StoreError> {
    for (text, kept) in [(&state.config, CONFIG_FILE), (&state.http_config, HTTP_CONFIG_FILE)] {
        if let Some(text) = text {
            save(&EditedFile { path: folder.join(kept), text: text.clone(), previous: None })?;
        }
    }
    Ok(())
}

/// What the file in place says; `None` when nothing is to be kept, or when nobody can tell.
fn rule(home: &Home) -> Option<Rule> {
    let text = read(&home.config_file).ok()??;
    let configuration = load_text(&text, &home.config_file, None, home).ok()?;
    let table = configuration.schema().section(SECTION)?;
    let section = configuration.hierarchy.effective(table, Place::of("", ""), &mut Findings::default());
    let kept_max = usize::try_from(section.uint("maxHistories")).unwrap_or(usize::MAX).max(1);
    let folder = match section.setting("path") {
        Some(path) => configuration.paths.resolve(&path.text).path,
        None => home.state.join("history"),
    };
    section.bool("enabled").then_some(Rule { folder, kept_max })
}

/// The numbers of what is kept, in order.
fn numbers(folder: &Path) -> Vec<u32> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            debug_assert!(error.kind() != ErrorKind::InvalidInput, "{}", folder.display());
            return Vec::new();
        }
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut numbers: Vec<u32> = names.filter_map(|name| number(&name)).collect();
    numbers.sort_unstable();
    numbers
}

fn name(number: u32) -> String {
    format!("{PREFIX}{number:010}")
}

fn number(name: &str) -> Option<u32> {
    let digits = name.get(..PREFIX.len()).filter(|begin| begin.eq_ignore_ascii_case(PREFIX));
    digits
        .and_then(|_| name[PREFIX.len()..].parse().ok())
        .filter(|number| name.len() == PREFIX.len() + 10 && *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{backups, restore_backup};

    fn configuration(history: &str, mark: u32) -> String {
        format!(
            "<configuration><system.applicationHost>{history}</system.applicationHost><!-- {mark} --></configuration>"
        )
    }

    /// Saves `count` states of a configuration with this section; what the history then holds.
    fn kept(home: &Home, history: &str, count: u32) -> Vec<String> {
        for mark in 0..count {
            let previous = read(&home.config_file).unwrap();
            let file = EditedFile { path: home.config_file.clone(), text: configuration(history, mark), previous };
            assert_eq!(save_kept(home, &file).unwrap(), None);
        }
        names(home)
    }

    fn check(history: &str, count: u32, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        let found = kept(&home, history, count);
        assert_eq!(found.iter().map(|name| name.trim_start_matches(PREFIX)).collect::<Vec<_>>(), expected, "{history}");
    }

    #[test]
    fn each_save_is_kept_and_not_more_than_asked_for() {
        check("", 1, &[]);
        check("", 3, &["0000000001", "0000000002"]);
        check(
            "",
            12,
            &[
                "0000000002",
                "0000000003",
                "0000000004",
                "0000000005",
                "0000000006",
                "0000000007",
                "0000000008",
                "0000000009",
                "0000000010",
                "0000000011",
            ],
        );
        check(r#"<configHistory maxHistories="2" />"#, 6, &["0000000004", "0000000005"]);
        check(r#"<configHistory enabled="false" />"#, 3, &[]);
    }

    #[test]
    fn what_was_before_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        kept(&home, "", 3);
        assert_eq!(backups(&home).unwrap(), ["CFGHISTORY_0000000001", "CFGHISTORY_0000000002"]);
        restore_backup(&home, "CFGHISTORY_0000000001").unwrap();
        assert_eq!(read(&home.config_file).unwrap(), Some(configuration("", 0)));
        assert!(restore_backup(&home, "CFGHISTORY_0000000009").is_err());
    }

    #[test]
    fn another_folder() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        kept(&home, r#"<configHistory path="%SystemDrive%\history" />"#, 2);
        assert!(folder.path().join("drives/c/history/CFGHISTORY_0000000001/applicationHost.config").is_file());
    }

    #[test]
    fn what_another_hand_wrote_is_kept_once_and_so_is_what_it_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        fs::create_dir_all(home.config_file.parent().unwrap()).unwrap();
        let write = |mark| fs::write(&home.config_file, configuration("", mark)).unwrap();
        let marks = || {
            let kept = names(&home).into_iter().map(|name| home.state.join("history").join(name).join(CONFIG_FILE));
            let mark =
                |file: PathBuf| (0..9).find(|mark| read(&file).unwrap() == Some(configuration("", *mark))).unwrap();
            kept.map(mark).collect::<Vec<u32>>()
        };
        write(1);
        let before = FileStates::now(&home);
        write(2);
        let now = FileStates::now(&home);
        keep_outside_change(&home, &before, &now).unwrap();
        assert_eq!(marks(), [1, 2]);
        // A save of ours finds the last state there already.
        let file = EditedFile {
            path: home.config_file.clone(),
            text: configuration("", 3),
            previous: Some(configuration("", 2)),
        };
        save_kept(&home, &file).unwrap();
        assert_eq!(marks(), [1, 2]);
        let before = FileStates::now(&home);
        write(4);
        keep_outside_change(&home, &before, &FileStates::now(&home)).unwrap();
        assert_eq!(marks(), [1, 2, 3, 4]);
        keep_outside_change(&home, &FileStates::default(), &FileStates::now(&home)).unwrap();
        assert_eq!(marks(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_history_that_cannot_be_kept_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::under(folder.path());
        kept(&home, "", 1);
        fs::create_dir_all(&home.state).unwrap();
        fs::write(home.state.join("history"), "in the way").unwrap();
        let previous = read(&home.config_file).unwrap();
        let file = EditedFile { path: home.config_file.clone(), text: configuration("", 9), previous };
        let told = save_kept(&home, &file).unwrap();
        assert!(told.is_some_and(|text| text.contains("not in the history")));
        assert_eq!(read(&home.config_file).unwrap(), Some(configuration("", 9)));
    }
}
