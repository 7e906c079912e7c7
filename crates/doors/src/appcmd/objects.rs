//! The verbs of SITE, APP, VDIR and APPPOOL.

use doorward_config::{Action, ConfigFile, Configuration, Deed, Edit, ElementTable, Position, SectionChange, Step};

use crate::appcmd::Session;
use crate::appcmd::failure::Failure;
use crate::appcmd::found;
use crate::appcmd::item::{Item, Kind};
use crate::appcmd::property;
use crate::appcmd::words::{Operator, Parameter};
use crate::outcome::Outcome;

const SITES: &str = "system.applicationHost/sites";
const POOLS: &str = "system.applicationHost/applicationPools";

/// Attributes and their texts.
type Pairs = Vec<(String, String)>;

impl Session<'_> {
    /// Adds one of the four.
    pub(super) fn add(&mut self, kind: Kind) -> Result<Outcome, Failure> {
        let (section, actions, names) = match kind {
            Kind::Site => self.new_site()?,
            Kind::App => self.new_app()?,
            Kind::Vdir => self.new_vdir()?,
            Kind::Pool | Kind::Worker | Kind::Request | Kind::Module | Kind::Backup | Kind::Trace => self.new_pool()?,
        };
        let notes = self.change(section, actions)?;
        let lines = names.into_iter().map(|(kind, name)| format!("{} object \"{name}\" added", kind.word()));
        Ok(Outcome::done(lines).noting(&notes))
    }

    /// Changes the object that the identifier names.
    pub(super) fn set(&mut self, kind: Kind) -> Result<Outcome, Failure> {
        let configuration = self.place.configuration()?;
        let item = self.one(kind, &configuration)?;
        let outer = way_to(&item, &configuration);
        let (mut actions, mut renames) = (Vec::new(), Vec::new());
        for parameter in std::mem::take(&mut self.line.parameters) {
            let is = |name: &str| parameter.operator == Operator::Set && parameter.name.eq_ignore_ascii_case(name);
            if kind == Kind::Site && is("bindings") {
                actions.extend(replaced_bindings(&outer, parameter.value.as_deref().unwrap_or_default())?);
            } else if is("name") || is("path") {
                renames.push(property::action(&parameter, &outer)?);
            } else {
                actions.push(property::action(&parameter, &outer)?);
            }
        }
        actions.extend(renames);
        if actions.is_empty() {
            return Err(Failure::Nothing);
        }
        let notes = self.change(if kind == Kind::Pool { POOLS } else { SITES }, actions)?;
        Ok(Outcome::done([format!("{} object \"{}\" changed", kind.word(), item.name)]).noting(&notes))
    }

    /// Takes the object away.
    pub(super) fn delete(&mut self, kind: Kind) -> Result<Outcome, Failure> {
        let configuration = self.place.configuration()?;
        let item = self.one(kind, &configuration)?;
        self.no_more()?;
        let notes = if kind == Kind::Site {
            let edit = Edit::RemoveSite { name: item.name.clone() };
            let file = self.place.home().config_file.clone();
            self.place.apply(&edit).map_err(|trouble| Failure::of_edit(trouble, &file))?
        } else {
            let mut outer = way_to(&item, &configuration);
            let keys = match outer.pop() {
                Some(Step::Entry(keys)) => keys,
                _ => Vec::new(),
            };
            let action = Action { at: outer, deed: Deed::Remove { keys } };
            self.change(if kind == Kind::Pool { POOLS } else { SITES }, vec![action])?
        };
        Ok(Outcome::done([format!("{} object \"{}\" deleted", kind.word(), item.name)]).noting(&notes))
    }

    /// Starts or stops a site.
    pub(super) fn run_site(&mut self, start: bool) -> Result<Outcome, Failure> {
        let configuration = self.place.configuration()?;
        let name = self.one(Kind::Site, &configuration)?.name;
        self.no_more()?;
        let notes = if start { self.place.start_site(&name)? } else { self.place.stop_site(&name)? };
        let line = if start {
            format!("\"{name}\" successfully started.")
        } else {
            format!("\"{name}\" successfully stopped")
        };
        Ok(Outcome::done([line]).noting(&notes))
    }

    /// Pools have no processes of their own here: one that is there has started.
    pub(super) fn run_pool(&mut self, verb: &str) -> Result<Outcome, Failure> {
        let configuration = self.place.configuration()?;
        let name = self.one(Kind::Pool, &configuration)?.name;
        if self.place.server_pid().is_none() {
            return Err(crate::installation::Trouble::NotRunning.into());
        }
        let why = "application pools have no processes of their own here";
        match verb {
            "stop" => Err(Failure::NotSupported(format!("{why}: stop the sites that use it"))),
            "start" => Ok(Outcome::done([format!("\"{name}\" successfully started.")])),
            _ => Ok(Outcome::done([format!("\"{name}\" successfully recycled")])
                .noting(&[format!("{why}: nothing had to be done")])),
        }
    }

    fn new_site(&mut self) -> Result<New, Failure> {
        let name = self.required("name")?;
        let configuration = self.place.configuration()?;
        if configuration.site(&name).is_some() {
            return Err(Failure::Duplicate(name));
        }
        let id = match self.value("id")? {
            Some(id) => id,
            None => free_id(&configuration).to_string(),
        };
        let (bindings, folder) = (self.value("bindings")?, self.value("physicalPath")?);
        let table = entry_table(&configuration, SITES, 1);
        let outer = vec![entry("name", &name)];
        let own = vec![("name".to_owned(), name.clone()), ("id".to_owned(), id)];
        let (mut actions, rest) = self.new_entry(Vec::new(), own, (table, &outer))?;
        let mut names = vec![(Kind::Site, name.clone())];
        if let Some(folder) = folder {
            actions.push(added(&outer, vec![("path".to_owned(), "/".to_owned())]));
            actions.push(root_directory(&outer, "/", folder));
            names.extend([(Kind::App, format!("{name}/")), (Kind::Vdir, format!("{name}/"))]);
        }
        if let Some(bindings) = bindings {
            let at = [outer.as_slice(), &[Step::Element("bindings".to_owned())]].concat();
            actions.extend(read_bindings(&bindings)?.into_iter().map(|binding| added(&at, binding)));
        }
        actions.extend(rest);
        Ok((SITES, actions, names))
    }

    fn new_app(&mut self) -> Result<New, Failure> {
        let (site, path) = (self.required("site.name")?, self.required("path")?);
        let configuration = self.place.configuration()?;
        let found = configuration.site(&site).ok_or_else(|| Failure::NotFound("SITE", site.clone()))?;
        let name = format!("{}{path}", found.name);
        if found.applications.iter().any(|application| application.path.eq_ignore_ascii_case(&path)) {
            return Err(Failure::Duplicate(path));
        }
        let folder = self.value("physicalPath")?;
        let table = entry_table(&configuration, SITES, 2);
        let site = vec![entry("name", &found.name)];
        let outer = [site.as_slice(), &[entry("path", &path)]].concat();
        let (mut actions, rest) =
            self.new_entry(site.clone(), vec![("path".to_owned(), path.clone())], (table, &outer))?;
        let mut names = vec![(Kind::App, name.clone())];
        if let Some(folder) = folder {
            actions.push(root_directory(&site, &path, folder));
            names.push((Kind::Vdir, format!("{}/", name.trim_end_matches('/'))));
        }
        actions.extend(rest);
        Ok((SITES, actions, names))
    }

    fn new_vdir(&mut self) -> Result<New, Failure> {
        let (app, path) = (self.required("app.name")?, self.required("path")?);
        let configuration = self.place.configuration()?;
        let items = found::all(Kind::App, &configuration, self.place)?;
        let found = crate::appcmd::item::chosen(&items, (Some(&app), &[]), &configuration)?;
        let found = found.into_iter().next().ok_or_else(|| Failure::NotFound("APP", app.clone()))?;
        let name = format!("{}{path}", found.name.trim_end_matches('/'));
        let vdirs = found::all(Kind::Vdir, &configuration, self.place)?;
        let is_there = |vdir: &Item| {
            vdir.text("APP.NAME").as_deref() == Some(&*found.name)
                && vdir.text("path").is_some_and(|own| own.eq_ignore_ascii_case(&path))
        };
        if vdirs.iter().any(is_there) {
            return Err(Failure::Duplicate(path));
        }
        let table = entry_table(&configuration, SITES, 3);
        let app = way_to(&found, &configuration);
        let outer = [app.as_slice(), &[entry("path", &path)]].concat();
        let (mut actions, rest) = self.new_entry(app, vec![("path".to_owned(), path)], (table, &outer))?;
        actions.extend(rest);
        Ok((SITES, actions, vec![(Kind::Vdir, name)]))
    }

    fn new_pool(&mut self) -> Result<New, Failure> {
        let name = self.required("name")?;
        let configuration = self.place.configuration()?;
        let pools = found::all(Kind::Pool, &configuration, self.place)?;
        if pools.iter().any(|pool| pool.name.eq_ignore_ascii_case(&name)) {
            return Err(Failure::Duplicate(name));
        }
        let table = entry_table(&configuration, POOLS, 1);
        let outer = [entry("name", &name)];
        let (mut actions, rest) =
            self.new_entry(Vec::new(), vec![("name".to_owned(), name.clone())], (table, &outer))?;
        actions.extend(rest);
        Ok((POOLS, actions, vec![(Kind::Pool, name)]))
    }

    /// The entry with those parameters that are attributes of it, and what the others do inside it.
    fn new_entry(
        &mut self,
        at: Vec<Step>,
        mut own: Pairs,
        (table, outer): (Option<&ElementTable>, &[Step]),
    ) -> Result<(Vec<Action>, Vec<Action>), Failure> {
        let mut rest = Vec::new();
        for parameter in std::mem::take(&mut self.line.parameters) {
            let attributes = table.into_iter().flat_map(|table| table.attributes);
            let known = attributes.clone().find(|own| own.name.eq_ignore_ascii_case(&parameter.name));
            match (known, parameter.operator) {
                (Some(known), Operator::Set) => own.push((known.name.to_owned(), valued(&parameter)?)),
                _ => rest.push(property::action(&parameter, outer)?),
            }
        }
        Ok((vec![Action { at, deed: Deed::Add { attributes: own, position: Position::End } }], rest))
    }

    /// Makes a change to a section of the server's own level.
    pub(super) fn change(&mut self, section: &str, actions: Vec<Action>) -> Result<Vec<String>, Failure> {
        let file = self.place.home().config_file.clone();
        let change = SectionChange {
            file: ConfigFile::ApplicationHost,
            location: String::new(),
            section: section.to_owned(),
            actions,
        };
        self.place.apply(&Edit::Change(change)).map_err(|trouble| Failure::of_edit(trouble, &file))
    }
}

/// A section, what happens to it, and the objects that are there afterwards.
type New = (&'static str, Vec<Action>, Vec<(Kind, String)>);

fn valued(parameter: &Parameter) -> Result<String, Failure> {
    parameter.value.clone().ok_or_else(|| Failure::NoValue(parameter.name.clone()))
}

fn entry(key: &str, text: &str) -> Step {
    Step::Entry(vec![(key.to_owned(), text.to_owned())])
}

fn added(at: &[Step], attributes: Pairs) -> Action {
    Action { at: at.to_vec(), deed: Deed::Add { attributes, position: Position::End } }
}

fn root_directory(site: &[Step], application: &str, folder: String) -> Action {
    let at = [site, &[entry("path", application)]].concat();
    added(&at, vec![("path".to_owned(), "/".to_owned()), ("physicalPath".to_owned(), folder)])
}

/// The way from the section to an object's own element.
fn way_to(item: &Item, configuration: &Configuration) -> Vec<Step> {
    let text = |name: &str| item.text(name).unwrap_or_default();
    let of_app = |name: &str| {
        let apps = configuration.sites.iter().flat_map(|site| site.applications.iter().map(move |app| (site, app)));
        apps.filter(|(site, app)| found::app_name(site, app) == name)
            .map(|(_, app)| app.path.clone())
            .next()
            .unwrap_or_default()
    };
    match item.kind {
        Kind::App => vec![entry("name", &text("SITE.NAME")), entry("path", &text("path"))],
        Kind::Vdir => vec![
            entry("name", &text("SITE.NAME")),
            entry("path", &of_app(&text("APP.NAME"))),
            entry("path", &text("path")),
        ],
        Kind::Site | Kind::Pool | Kind::Worker | Kind::Request | Kind::Module | Kind::Backup | Kind::Trace => {
            vec![entry("name", &item.name)]
        }
    }
}

/// The table of the entries `depth` collections below a section.
fn entry_table(configuration: &Configuration, section: &str, depth: usize) -> Option<&'static ElementTable> {
    let section = configuration.schema().section(section)?;
    (0..depth).try_fold(section.element, |table, _| table.collection.map(|collection| collection.entry))
}

fn free_id(configuration: &Configuration) -> u32 {
    let taken: Vec<u32> = configuration.sites.iter().map(|site| site.id).collect();
    (1..=u32::MAX).find(|id| !taken.contains(id)).unwrap_or(u32::MAX)
}

/// `protocol/information`, separated by commas.
fn read_bindings(text: &str) -> Result<Vec<Pairs>, Failure> {
    let one = |text: &str| {
        let (protocol, information) = text.trim().split_once('/').ok_or_else(|| Failure::Binding(text.to_owned()))?;
        // `http://host:port` is understood too.
        let (protocol, information) = match information.strip_prefix('/') {
            Some(authority) => {
                let (host, port) = authority.trim_end_matches('/').rsplit_once(':').unwrap_or((authority, "80"));
                (protocol.trim_end_matches(':'), format!("*:{port}:{host}"))
            }
            None => (protocol, information.to_owned()),
        };
        Ok(vec![("protocol".to_owned(), protocol.to_owned()), ("bindingInformation".to_owned(), information)])
    };
    text.split(',').filter(|one| !one.trim().is_empty()).map(one).collect()
}

fn replaced_bindings(site: &[Step], text: &str) -> Result<Vec<Action>, Failure> {
    let at = [site, &[Step::Element("bindings".to_owned())]].concat();
    let clear = Action { at: at.clone(), deed: Deed::Clear };
    Ok(std::iter::once(clear).chain(read_bindings(text)?.into_iter().map(|binding| added(&at, binding))).collect())
}
