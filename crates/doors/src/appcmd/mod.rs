//! `appcmd`: IIS's own command for sites, applications and every configuration section (IIS reference §8).

mod failure;
mod found;
mod given;
mod help;
mod item;
mod kept;
mod level;
mod objects;
mod print;
mod property;
mod search;
mod section;
mod words;

use doorward_config::Configuration;

use crate::files::Files;
use crate::installation::Installation;
use crate::outcome::Outcome;
pub(crate) use failure::Failure;
use item::{Item, Kind};
pub(crate) use level::Level;
use print::Form;
pub(crate) use property::action;
pub(crate) use section::{files_along, section_named};
use words::Line;
pub(crate) use words::{Operator, Parameter};

/// What commands are about: the word, its plural, the kind, and its verbs.
const OBJECTS: &[(&str, &str, What, &[&str])] = &[
    ("SITE", "SITES", What::Item(Kind::Site), &["list", "set", "add", "delete", "start", "stop"]),
    ("APP", "APPS", What::Item(Kind::App), &["list", "set", "add", "delete"]),
    ("VDIR", "VDIRS", What::Item(Kind::Vdir), &["list", "set", "add", "delete"]),
    ("APPPOOL", "APPPOOLS", What::Item(Kind::Pool), &["list", "set", "add", "delete", "start", "stop", "recycle"]),
    ("CONFIG", "CONFIGS", What::Config, &["list", "set", "search", "lock", "unlock", "clear", "reset", "migrate"]),
    ("WP", "WPS", What::Item(Kind::Worker), &["list"]),
    ("REQUEST", "REQUESTS", What::Item(Kind::Request), &["list"]),
    ("MODULE", "MODULES", What::Item(Kind::Module), &["list", "set", "add", "delete", "install", "uninstall"]),
    ("BACKUP", "BACKUPS", What::Item(Kind::Backup), &["list", "add", "delete", "restore"]),
    ("TRACE", "TRACES", What::Item(Kind::Trace), &["configure", "list", "inspect"]),
];

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Item(Kind),
    Config,
}

/// One command at work.
struct Session<'p> {
    place: &'p mut dyn Installation,
    line: Line,
    form: Form,
}

/// Runs one command line: the words behind `appcmd`. `input` reads standard input, and is called by commands alone that
/// take objects from there.
pub fn appcmd(words: &[String], input: &mut dyn FnMut() -> String, place: &mut dyn Installation) -> Outcome {
    if words.is_empty() {
        return Outcome { output: help::general(), exit_code: 87, ..Outcome::default() };
    }
    let outcome = Line::read(words).and_then(|mut line| {
        if line.wants_help {
            return help::of(&line, place);
        }
        let _nothing_to_debug = line.take("debug");
        match line.take("apphostconfig") {
            None => run(line, input, place),
            Some(file) => {
                let file = file.value.ok_or_else(|| Failure::NoValue("apphostconfig".to_owned()))?;
                let home = place.home().clone().with_config_file(host_file(&file));
                run(line, input, &mut Files::of(home))
            }
        }
    });
    outcome.unwrap_or_else(|failure| failure.outcome())
}

/// The file of `/apphostconfig`, which may name its folder.
fn host_file(text: &str) -> String {
    const NAME: &str = "applicationHost.config";
    if text.to_ascii_lowercase().ends_with(".config") {
        text.to_owned()
    } else {
        format!("{}/{NAME}", text.trim_end_matches('/'))
    }
}

fn run(mut line: Line, input: &mut dyn FnMut() -> String, place: &mut dyn Installation) -> Result<Outcome, Failure> {
    let object = line.object.to_uppercase();
    let known = OBJECTS.iter().find(|(word, plural, ..)| [word, plural].contains(&&&*object));
    let Some((word, _, what, verbs)) = known else { return Err(Failure::Object(line.object)) };
    if !verbs.contains(&line.verb.as_str()) {
        return Err(Failure::Verb(line.verb, word));
    }
    let form = Form::take(&mut line)?;
    let lines = if line.takes_input { given::lines(&line, word, &input())? } else { vec![line] };
    let mut whole = Outcome::default();
    let mut items = Vec::new();
    let is_list = lines.first().is_none_or(|line| line.verb == "list");
    for line in lines {
        let mut session = Session { place: &mut *place, line, form: form.clone() };
        match what {
            What::Item(kind) if is_list => {
                let (found, exit_code) = session.list(*kind)?;
                items.extend(found);
                whole.exit_code = exit_code;
            }
            What::Item(kind) => whole.append(&session.carry_out(*kind)?),
            What::Config => whole.append(&session.config()?),
        }
    }
    if is_list && *what != What::Config {
        whole.output = print::items(&items, &form).output;
    }
    Ok(whole)
}

impl Session<'_> {
    /// The objects that the line chooses, and the exit code: 1 when a name was given and none has it.
    fn list(&mut self, kind: Kind) -> Result<(Vec<Item>, u32), Failure> {
        let configuration = self.place.configuration()?;
        let all = found::all(kind, &configuration, self.place)?;
        let found = item::chosen(&all, (self.line.identifier.as_deref(), &self.line.parameters), &configuration)?;
        let exit_code = u32::from(found.is_empty() && self.line.identifier.is_some());
        Ok((found, exit_code))
    }

    fn carry_out(&mut self, kind: Kind) -> Result<Outcome, Failure> {
        let verb = std::mem::take(&mut self.line.verb);
        match (kind, verb.as_str()) {
            (Kind::Backup, verb) => self.backup(verb),
            (Kind::Module, verb) => self.module(verb),
            (Kind::Trace, verb) => self.trace(verb),
            (_, "add") => self.add(kind),
            (_, "set") => self.set(kind),
            (_, "delete") => self.delete(kind),
            (Kind::Pool, verb) => self.run_pool(verb),
            (_, verb) => self.run_site(verb == "start"),
        }
    }

    /// The one object that the identifier, or a parameter such as `/site.name:`, names.
    fn one(&mut self, kind: Kind, configuration: &Configuration) -> Result<Item, Failure> {
        let name = self.name_of(kind)?.ok_or(Failure::NoIdentifier(kind.word()))?;
        let all = found::all(kind, configuration, self.place)?;
        let mut found = item::chosen(&all, (Some(&name), &[]), configuration)?;
        if found.is_empty() {
            return Err(Failure::NotFound(kind.word(), name));
        }
        Ok(found.swap_remove(0))
    }

    fn name_of(&mut self, kind: Kind) -> Result<Option<String>, Failure> {
        match self.line.identifier.take() {
            Some(name) => Ok(Some(name)),
            None => self.value(&format!("{}.name", kind.word().to_ascii_lowercase())),
        }
    }

    /// Takes the value of a parameter.
    fn value(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.line.take(name) {
            None => Ok(None),
            Some(own) => own.value.map(Some).ok_or_else(|| Failure::NoValue(name.to_owned())),
        }
    }

    /// Takes the value of a parameter that has to be there; a name may stand as the identifier.
    fn required(&mut self, name: &'static str) -> Result<String, Failure> {
        if let Some(value) = self.value(name)? {
            return Ok(value);
        }
        let identifier = if name == "name" { self.line.identifier.take() } else { None };
        identifier.ok_or(Failure::Lacking(name))
    }

    /// Refuses parameters that the verb has no use for.
    fn no_more(&mut self) -> Result<(), Failure> {
        let _waits_are_not_needed = (self.line.take("wait"), self.line.take("timeout"));
        match self.line.parameters.first() {
            None => Ok(()),
            Some(parameter) => Err(Failure::UnknownAttribute(parameter.name.clone(), None)),
        }
    }
}
