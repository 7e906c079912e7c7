//! The objects BACKUP, MODULE and TRACE.

use doorward_config::{Action, BackupError, Deed, Position, Step};

use crate::appcmd::Session;
use crate::appcmd::failure::Failure;
use crate::appcmd::item::Kind;
use crate::appcmd::level::Level;
use crate::appcmd::property;
use crate::outcome::Outcome;
use crate::time;

const MODULES: &str = "system.webServer/modules";
const GLOBAL_MODULES: &str = "system.webServer/globalModules";

impl Session<'_> {
    /// Keeps the configuration under a name, or brings it back.
    pub(super) fn backup(&mut self, verb: &str) -> Result<Outcome, Failure> {
        let given = self.line.identifier.take().or(self.value("name")?);
        self.no_more()?;
        let name = match (given, verb) {
            (Some(name), _) => name,
            (None, "add") => time::compact(self.place.unix_seconds()),
            (None, _) => return Err(Failure::NoIdentifier(Kind::Backup.word())),
        };
        let refused = |error: BackupError| match error {
            BackupError::Exists(name) => Failure::Duplicate(name),
            BackupError::NoSuch(name) => Failure::NotFound(Kind::Backup.word(), name),
            BackupError::Name(name) => Failure::Syntax(name, "is no name for a backup"),
            BackupError::Load(error) => crate::installation::Trouble::Load(error).into(),
            BackupError::Store(error) => crate::installation::Trouble::Edit(error.into()).into(),
        };
        let home = self.place.home().clone();
        let (line, notes) = match verb {
            "add" => {
                doorward_config::add_backup(&home, &name).map_err(refused)?;
                (format!("BACKUP object \"{name}\" added"), Vec::new())
            }
            "delete" => {
                doorward_config::delete_backup(&home, &name).map_err(refused)?;
                (format!("BACKUP object \"{name}\" deleted"), Vec::new())
            }
            _ => {
                doorward_config::restore_backup(&home, &name).map_err(refused)?;
                (format!("Restored configuration from backup \"{name}\""), self.place.refresh()?)
            }
        };
        Ok(Outcome::done([line]).noting(&notes))
    }

    /// Modules are entries of two sections. They have no effect here: their code is Windows's.
    pub(super) fn module(&mut self, verb: &str) -> Result<Outcome, Failure> {
        let given = self.line.identifier.take();
        let name = given.or(self.value("name")?).or(self.value("module.name")?);
        let name = name.ok_or(Failure::NoIdentifier(Kind::Module.word()))?;
        let entry = |text: &str| vec![("name".to_owned(), text.to_owned())];
        let add = |attributes| Action { at: Vec::new(), deed: Deed::Add { attributes, position: Position::End } };
        let remove = |name: &str| Action { at: Vec::new(), deed: Deed::Remove { keys: entry(name) } };
        let app = self.value("app.name")?;
        let word = match verb {
            "add" => {
                let mut own = entry(&name);
                for key in ["type", "preCondition"] {
                    own.extend(self.value(key)?.map(|text| (key.to_owned(), text)));
                }
                self.no_more()?;
                self.at_app(app.as_deref(), MODULES, vec![add(own)])?;
                "added"
            }
            "delete" => {
                self.no_more()?;
                self.at_app(app.as_deref(), MODULES, vec![remove(&name)])?;
                "deleted"
            }
            "install" => {
                let mut own = entry(&name);
                own.push(("image".to_owned(), self.required("image")?));
                own.extend(self.value("preCondition")?.map(|text| ("preCondition".to_owned(), text)));
                let also = self.value("add")?.is_none_or(|text| !text.eq_ignore_ascii_case("false"));
                self.no_more()?;
                self.change(GLOBAL_MODULES, vec![add(own)])?;
                if also {
                    self.at_app(None, MODULES, vec![add(entry(&name))])?;
                }
                "installed"
            }
            "uninstall" => {
                self.no_more()?;
                self.change(GLOBAL_MODULES, vec![remove(&name)])?;
                "uninstalled"
            }
            _ => {
                let outer = [Step::Entry(entry(&name))];
                let parameters = std::mem::take(&mut self.line.parameters);
                let actions = parameters.iter().map(|parameter| property::action(parameter, &outer)).collect::<Result<
                    Vec<_>,
                    _,
                >>(
                )?;
                if actions.is_empty() {
                    return Err(Failure::Nothing);
                }
                self.at_app(app.as_deref(), MODULES, actions)?;
                "changed"
            }
        };
        Ok(Outcome::done([format!("MODULE object \"{name}\" {word}")]))
    }

    fn at_app(&mut self, app: Option<&str>, section: &str, actions: Vec<Action>) -> Result<Vec<String>, Failure> {
        let configuration = self.place.configuration()?;
        let level = Level::read(app, &configuration)?;
        let commit = self.value("commit")?;
        let target = level.target(commit.as_deref(), (self.place.home(), &configuration))?;
        self.change_at(target, section, actions)
    }

    /// Failed request traces are configured, and none are written here.
    pub(super) fn trace(&mut self, verb: &str) -> Result<Outcome, Failure> {
        if verb == "inspect" {
            let name = self.line.identifier.take().ok_or(Failure::NoIdentifier(Kind::Trace.word()))?;
            return Err(Failure::NotFound(Kind::Trace.word(), name));
        }
        let configuration = self.place.configuration()?;
        let site = self.one(Kind::Site, &configuration)?;
        let outer = [
            Step::Entry(vec![("name".to_owned(), site.name.clone())]),
            Step::Element("traceFailedRequestsLogging".to_owned()),
        ];
        let mut actions = Vec::new();
        for (word, text) in [("enablesite", "true"), ("disablesite", "false")] {
            if self.line.take(word).is_some() {
                let deed = Deed::Set { attribute: "enabled".to_owned(), text: text.to_owned() };
                actions.push(Action { at: outer.to_vec(), deed });
            }
        }
        for parameter in std::mem::take(&mut self.line.parameters) {
            actions.push(property::action(&parameter, &outer)?);
        }
        if actions.is_empty() {
            return Err(Failure::Nothing);
        }
        let notes = self.change("system.applicationHost/sites", actions)?;
        Ok(Outcome::done([format!("SITE object \"{}\" changed", site.name)]).noting(&notes))
    }
}
