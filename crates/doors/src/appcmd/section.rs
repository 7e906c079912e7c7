//! The object CONFIG: any section at any level.

use std::sync::Arc;

use doorward_config::{
    Action, Configuration, Deed, Edit, ElementView, FolderPlace, SectionChange, SectionTable, WebConfig,
};
use doorward_plan::Directories;

use crate::appcmd::Session;
use crate::appcmd::failure::Failure;
use crate::appcmd::level::{Level, Target};
use crate::appcmd::print::{self, Extent};
use crate::appcmd::property;
use crate::outcome::Outcome;

impl Session<'_> {
    /// Carries out one command about sections.
    pub(super) fn config(&mut self) -> Result<Outcome, Failure> {
        let configuration = self.place.configuration()?;
        // What cannot be read at all is told first.
        for parameter in self.line.parameters.iter().filter(|own| own.name.contains('[')) {
            property::action(parameter, &[])?;
        }
        let level = Level::read(self.line.identifier.as_deref(), &configuration)?;
        let section = self.section(&configuration)?;
        if let Some(Asked::List) = section {
            return Ok(Outcome::done(configuration.schema().sections().map(|section| section.path)));
        }
        let section = section.and_then(Asked::table);
        match (self.line.verb.as_str(), section) {
            ("list", section) => self.list_config(&configuration, (&level, section)),
            ("search", section) => Ok(super::search::run(self, &configuration, (&level, section))),
            ("migrate", _) => Err(Failure::NotSupported(
                "sections of .NET have no effect here; write them below system.webServer".to_owned(),
            )),
            (_, None) => Err(Failure::Lacking("section")),
            ("set", Some(section)) => self.set_config(&configuration, (&level, section)),
            ("lock", Some(section)) => self.lock_config(&configuration, (&level, section), "Locked"),
            ("unlock", Some(section)) => self.lock_config(&configuration, (&level, section), "Unlocked"),
            (_, Some(section)) => self.drop_config(&configuration, (&level, section)),
        }
    }

    fn section(&mut self, configuration: &Configuration) -> Result<Option<Asked>, Failure> {
        let name = match self.value("section")? {
            None => return Ok(None),
            Some(name) if name == "?" => return Ok(Some(Asked::List)),
            Some(name) => name,
        };
        section_named(configuration, &name).map(|table| Some(Asked::Table(table)))
    }

    fn set_config(
        &mut self,
        configuration: &Configuration,
        (level, section): (&Level, &'static SectionTable),
    ) -> Result<Outcome, Failure> {
        let target = self.target(configuration, level)?;
        let parameters = std::mem::take(&mut self.line.parameters);
        let actions =
            parameters.iter().map(|parameter| property::action(parameter, &[])).collect::<Result<Vec<_>, _>>()?;
        if actions.is_empty() {
            return Err(Failure::Nothing);
        }
        self.applied(target, (level, section), actions)
    }

    /// Takes away what the level says; for `reset`, what the server says.
    fn drop_config(
        &mut self,
        configuration: &Configuration,
        (level, section): (&Level, &'static SectionTable),
    ) -> Result<Outcome, Failure> {
        let target = self.target(configuration, level)?;
        self.no_more()?;
        self.applied(target, (level, section), vec![Action { at: Vec::new(), deed: Deed::Drop }])
    }

    fn applied(
        &mut self,
        target: Target,
        (level, section): (&Level, &SectionTable),
        actions: Vec<Action>,
    ) -> Result<Outcome, Failure> {
        let commit = target.commit.clone();
        let notes = self.change_at(target, section.path, actions)?;
        let line = format!(
            "Applied configuration changes to section \"{}\" for \"{}\" at configuration commit path \"{commit}\"",
            section.path,
            level.shown()
        );
        Ok(Outcome::done([line]).noting(&notes))
    }

    /// Locks are written where the server's own file speaks about the level, unless told otherwise.
    fn lock_config(
        &mut self,
        configuration: &Configuration,
        (level, section): (&Level, &'static SectionTable),
        word: &str,
    ) -> Result<Outcome, Failure> {
        let commit = self.value("commit")?.unwrap_or_else(|| "apphost".to_owned());
        let target = level.target(Some(&commit), (self.place.home(), configuration))?;
        self.no_more()?;
        let deed = if word == "Locked" { Deed::Lock } else { Deed::Unlock };
        let notes = self.change_at(target, section.path, vec![Action { at: Vec::new(), deed }])?;
        let line = format!("{word} section \"{}\" at configuration path \"{}\".", section.path, level.shown());
        Ok(Outcome::done([line]).noting(&notes))
    }

    fn target(&mut self, configuration: &Configuration, level: &Level) -> Result<Target, Failure> {
        let commit = self.value("commit")?;
        level.target(commit.as_deref(), (self.place.home(), configuration))
    }

    /// Makes a change to a section where a target says.
    pub(super) fn change_at(
        &mut self,
        target: Target,
        section: &str,
        actions: Vec<Action>,
    ) -> Result<Vec<String>, Failure> {
        let Target { file, location, disk, .. } = target;
        let change = SectionChange { file, location, section: section.to_owned(), actions };
        self.place.apply(&Edit::Change(change)).map_err(|trouble| Failure::of_edit(trouble, &disk))
    }

    fn list_config(
        &mut self,
        configuration: &Configuration,
        (level, section): (&Level, Option<&'static SectionTable>),
    ) -> Result<Outcome, Failure> {
        self.no_more()?;
        let files = files_along(configuration, level);
        if let Some(fault) = configuration.fault_along(&level.site, &level.path, &files) {
            return Err(Failure::of_file(&fault));
        }
        let extent = self.form.config.unwrap_or(Extent::Written);
        let view = |table: &'static SectionTable| configuration.view_along((&level.site, &level.path), &files, table);
        let shown: Vec<(&'static SectionTable, ElementView)> = match section {
            Some(table) => vec![(table, view(table))],
            None => configuration
                .schema()
                .sections()
                .map(|table| (table, view(table)))
                .filter(|(_, view)| view.is_written())
                .collect(),
        };
        let mut text = String::new();
        if self.form.xml {
            text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<appcmd>\n");
        }
        for (table, element) in &shown {
            if self.form.xml {
                let locked = configuration.lock_at(&level.site, &level.path, table.path);
                print::section_item(&mut text, (table.path, &level.shown()), locked.as_ref(), (element, extent));
            } else {
                print::section_xml(&mut text, table.path, element, (extent, self.form.metadata));
            }
        }
        if self.form.xml {
            text.push_str("</appcmd>\n");
        }
        Ok(Outcome { output: text, ..Outcome::default() })
    }
}

/// The section of this full path or last name.
pub(crate) fn section_named(configuration: &Configuration, name: &str) -> Result<&'static SectionTable, Failure> {
    match configuration.schema().named(name.trim_matches('/')).as_slice() {
        [table] => Ok(table),
        several => Err(Failure::UnknownSection(name.to_owned(), several.iter().map(|table| table.path).collect())),
    }
}

/// What `/section:` asks for.
enum Asked {
    /// The names of all.
    List,
    Table(&'static SectionTable),
}

impl Asked {
    fn table(self) -> Option<&'static SectionTable> {
        match self {
            Asked::Table(table) => Some(table),
            Asked::List => None,
        }
    }
}

/// The folders' own files from the site's root down to a level, outermost first.
pub(crate) fn files_along(configuration: &Configuration, level: &Level) -> Vec<Arc<WebConfig>> {
    let Some(site) = configuration.site(&level.site) else { return Vec::new() };
    let directories = Directories::of(configuration, site);
    let mut url = String::new();
    let mut files = Vec::new();
    for segment in std::iter::once("").chain(level.path.split('/').filter(|segment| !segment.is_empty())) {
        if !segment.is_empty() {
            url = format!("{url}/{segment}");
        }
        let shown = if url.is_empty() { "/" } else { &*url };
        let look = directories
            .configured(shown)
            .and_then(|(root, below)| configuration.look_at_folder(FolderPlace { root, below, url: shown }, None));
        files.extend(look.and_then(|look| look.web_config));
    }
    files
}
