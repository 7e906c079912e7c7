//! The server's file and the folders' own files together: what holds at a path, and what is wrong on the way.

use std::path::Path;
use std::sync::Arc;

use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Diagnostic, Findings, Severity};
use crate::hierarchy::{Hierarchy, Layer, Place, Step};
use crate::lock::SectionLock;
use crate::schema::{AllowDefinition, OverrideMode, SectionTable, SectionUse};
use crate::settings::Settings;
use crate::walk::LOCKED;
use crate::web_config::{ReadSource, WebConfig};

/// Why requests below a folder cannot be answered: status 500.19 (IIS reference §3.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The error code that IIS shows.
    pub hresult: u32,
    /// What is wrong.
    pub finding: Diagnostic,
    /// The file.
    pub file: Arc<Path>,
    /// The lines around the fault, each with its number.
    pub excerpt: Vec<(u32, String)>,
}

impl ConfigFault {
    /// The error that Windows would log: the low word of the code.
    pub fn win32(&self) -> u32 {
        self.hresult & 0xffff
    }
}

impl Configuration {
    /// Reads a folder's own file. `base` is the URL path of the folder in its site.
    pub fn web_config(&self, (file, text): (&Arc<Path>, &str), base: &str, source: ReadSource<'_>) -> WebConfig {
        WebConfig::read((file, text), base, &self.hierarchy, source)
    }

    /// What applies at `path` of `site` with the folders' own files on the way there, outermost first; and what is wrong
    /// with the first of them that cannot be used. With a fault, the settings are those of the server's file alone.
    pub fn settings_along(&self, site: &str, path: &str, files: &[Arc<WebConfig>]) -> (Settings, Option<ConfigFault>) {
        match self.fault_along(site, path, files) {
            None => (self.settings_of(Place { site, path, files }), None),
            Some(fault) => (self.settings_at(site, path), Some(fault)),
        }
    }

    /// What is wrong at `path` with the first file that cannot be used.
    pub fn fault_along(&self, site: &str, path: &str, files: &[Arc<WebConfig>]) -> Option<ConfigFault> {
        let (rank, finding) = self.hierarchy.findings_along(Place { site, path, files }).into_iter().find(is_error)?;
        let file = files.get(rank.checked_sub(1)?)?;
        let named = finding.origin.as_ref().map_or(&file.file, |origin| &origin.file);
        let excerpt = finding.origin.as_ref().map(|origin| file.excerpt(origin)).unwrap_or_default();
        Some(ConfigFault { hresult: hresult(&finding), file: Arc::clone(named), excerpt, finding })
    }

    /// Everything there is to say at `path` about the folders' own files, in the order in which they apply.
    pub fn findings_along(&self, site: &str, path: &str, files: &[Arc<WebConfig>]) -> Vec<Diagnostic> {
        let found = self.hierarchy.findings_along(Place { site, path, files });
        found.into_iter().map(|(_, finding)| finding).collect()
    }

    /// Whether files of folders of this site can change any of these sections: none of them is locked.
    pub fn is_open_to_folders(&self, site: &str, sections: &[&str]) -> bool {
        let paths = self.location_paths(site);
        let open = |section: &str, path: &str| {
            self.lock_at(site, path, section).is_none_or(|lock| lock.mode != OverrideMode::Deny)
        };
        sections.iter().any(|section| paths.iter().any(|path| open(section, path)))
    }
}

fn is_error((_, finding): &(usize, Diagnostic)) -> bool {
    finding.severity == Severity::Error
}

/// IIS's code for a class of fault (IIS reference §3.8).
fn hresult(finding: &Diagnostic) -> u32 {
    match finding.kind {
        "locked" => 0x8007_0021,
        "duplicate" => 0x8007_00b7,
        "file" if finding.message.contains("insufficient permissions") => 0x8007_0005,
        "file" => 0x8007_0003,
        _ => 0x8007_000d,
    }
}

impl Hierarchy {
    /// What binds a folder's file in one section at the end of these steps.
    pub(crate) fn lock(&self, table: &SectionTable, steps: &[Step<'_>]) -> SectionLock {
        let declared = self.declarations.override_mode(table.path);
        let mut lock = SectionLock { mode: declared.unwrap_or(table.override_mode), directives: Vec::new() };
        for layer in steps.iter().filter_map(|step| step.layer(table.path)) {
            if layer.mode != OverrideMode::Inherit {
                lock.mode = layer.mode;
            }
            lock.directives.extend(layer.declared.locks.iter().cloned());
        }
        lock
    }

    /// Findings about the folders' files at a place, each with its file's rank: outer files first, then by line.
    fn findings_along(&self, place: Place<'_>) -> Vec<(usize, Diagnostic)> {
        let steps = self.chain(place);
        let mut found: Vec<(usize, Diagnostic)> = Vec::new();
        for (file, rank) in place.files.iter().zip(1..) {
            let path = format!("/{}", place.path.trim_matches('/')).to_lowercase();
            let Some(at) = file.relative(path.trim_end_matches('/')) else { continue };
            let concerns = |finding: &&Diagnostic| {
                finding.site.as_deref().is_none_or(|part| crate::hierarchy::below(at, part).is_some())
            };
            found.extend(file.findings.iter().filter(concerns).map(|finding| (rank, finding.clone())));
        }
        let mut sections: Vec<&'static SectionTable> = Vec::new();
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.rank > 0) {
            for (path, layer) in step.sections() {
                let Some(table) = self.schema.section(path) else { continue };
                let complaints = self.check_legal(table, (place.site, layer), (&steps, index));
                found.extend(complaints.into_iter().map(|finding| (step.rank, finding)));
                if !sections.iter().any(|known| known.path == path) {
                    sections.push(table);
                }
            }
        }
        for table in sections {
            let mut findings = Findings::default();
            self.effective(table, place, &mut findings);
            let rank = |finding: &Diagnostic| {
                let file = &finding.origin.as_ref()?.file;
                let own = |known: &&(usize, &Arc<WebConfig>)| known.1.file == *file || known.1.sources.contains(file);
                place
                    .files
                    .iter()
                    .zip(1..)
                    .map(|(file, rank)| (rank, file))
                    .find(|known| own(&known))
                    .map(|(rank, _)| rank)
            };
            found.extend(findings.all.into_iter().filter_map(|finding| Some((rank(&finding)?, finding))));
        }
        found
            .sort_by_key(|(rank, finding)| (*rank, finding.origin.as_ref().map(|origin| (origin.line, origin.column))));
        for (_, finding) in &mut found {
            finding.site = None;
        }
        found.dedup();
        found
    }

    /// Whether a folder's file may have this section where it has it: by its definition, and by the locks above it.
    fn check_legal(
        &self,
        table: &'static SectionTable,
        (site, layer): (&str, &Layer),
        (steps, index): (&[Step<'_>], usize),
    ) -> Vec<Diagnostic> {
        let (step, origin) = (&steps[index], &layer.declared.origin);
        let mut findings = Findings::default();
        let definition = self.declarations.allow_definition(table.path).unwrap_or(table.allow_definition);
        let fits = match definition {
            AllowDefinition::MachineOnly | AllowDefinition::MachineToRootWeb | AllowDefinition::AppHostOnly => false,
            AllowDefinition::MachineToApplication => self.is_application(site, step.path.as_deref().unwrap_or("")),
            AllowDefinition::Everywhere => true,
        };
        if !fits {
            let hint = format!("{} belongs into {}", table.path, place_of(definition));
            findings.error(origin, Complaint::new("locked", LOCKED).hint(hint));
            return findings.all;
        }
        let outer: Vec<Step<'_>> = steps[..index].iter().filter(|above| above.rank < step.rank).cloned().collect();
        if self.lock(table, &outer).mode != OverrideMode::Deny {
            return findings.all;
        }
        let said = outer.iter().filter_map(|step| step.layer(table.path)).any(|layer| layer.mode == OverrideMode::Deny)
            || self.declarations.override_mode(table.path).is_some();
        // Nobody but ourselves locks it, and it has no effect here: nothing is withheld by reading on.
        let harmless = !said && self.schema.use_of(table) == SectionUse::Keeps;
        let hint = format!(
            "unlock {} in applicationHost.config with <location path=\"{site}\" overrideMode=\"Allow\">",
            table.path
        );
        findings.mildly(harmless, |findings| findings.error(origin, Complaint::new("locked", LOCKED).hint(hint)));
        findings.all
    }
}

fn place_of(definition: AllowDefinition) -> &'static str {
    match definition {
        AllowDefinition::MachineOnly => "machine.config",
        AllowDefinition::MachineToRootWeb => "the framework's own files",
        AllowDefinition::AppHostOnly => "applicationHost.config",
        AllowDefinition::MachineToApplication => "applicationHost.config or the root of an application",
        AllowDefinition::Everywhere => "any file",
    }
}
