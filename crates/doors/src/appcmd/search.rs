//! `search config`: the levels that say something themselves.

use std::sync::Arc;

use doorward_config::{Configuration, ElementView, FolderLook, FolderPlace, SectionTable, WebConfig};
use doorward_plan::Directories;

use crate::appcmd::Session;
use crate::appcmd::level::Level;
use crate::appcmd::words::Parameter;
use crate::outcome::Outcome;

/// Folders that are looked into; content may have any number.
const FOLDERS_MAX: usize = 20_000;
/// Levels of folders.
const DEPTH_MAX: usize = 64;

/// Lists the levels at and below one that write a section, or a value in it.
pub(super) fn run(
    session: &mut Session<'_>,
    configuration: &Configuration,
    (level, section): (&Level, Option<&'static SectionTable>),
) -> Outcome {
    let wanted = std::mem::take(&mut session.line.parameters);
    let sections: Vec<&'static SectionTable> = match section {
        Some(table) => vec![table],
        None => configuration.schema().sections().collect(),
    };
    let search = Search { configuration, sections, wanted };
    let mut found = Vec::new();
    if level.site.is_empty() && search.is_written(("", ""), &[]) {
        found.push(Level::default());
    }
    for site in configuration.sites.iter().filter(|site| level.site.is_empty() || site.name == level.site) {
        search.site(&site.name, &level.path, &mut found);
    }
    let mut outcome = Outcome::done(found.iter().map(|level| format!("CONFIGSEARCH \"{}\"", level.shown())));
    outcome.exit_code = u32::from(found.is_empty());
    outcome
}

struct Search<'c> {
    configuration: &'c Configuration,
    sections: Vec<&'static SectionTable>,
    wanted: Vec<Parameter>,
}

impl Search<'_> {
    /// Whether a level itself writes what is sought. The server's level is `""`, a site's `/`.
    fn is_written(&self, (site, path): (&str, &str), files: &[Arc<WebConfig>]) -> bool {
        let own = if site.is_empty() { String::new() } else { format!("/{path}").to_lowercase() };
        self.sections.iter().any(|table| {
            let view = self.configuration.view_along((site, path), files, table);
            if self.wanted.is_empty() {
                says(&view, &own)
            } else {
                self.wanted.iter().all(|want| says_it(&view, &own, want))
            }
        })
    }

    fn site(&self, site: &str, below: &str, found: &mut Vec<Level>) {
        let Some(of_site) = self.configuration.site(site) else { return };
        let directories = Directories::of(self.configuration, of_site);
        let mut waiting: Vec<(String, Vec<Arc<WebConfig>>)> = vec![(String::new(), Vec::new())];
        let mut looked = 0;
        let mut paths: Vec<(String, Vec<Arc<WebConfig>>)> = Vec::new();
        while let Some((url, mut files)) = waiting.pop() {
            looked += 1;
            if looked > FOLDERS_MAX || url.split('/').count() > DEPTH_MAX {
                continue;
            }
            let shown = if url.is_empty() { "/" } else { &*url };
            let mut names: Vec<String> = directories.names_below(&url).map(str::to_owned).collect();
            if let Some((root, folder)) = directories.configured(shown) {
                let look = self.configuration.look_at_folder(FolderPlace { root, below: folder, url: shown }, None);
                let look = look.unwrap_or_else(FolderLook::closed);
                if let Some(own) = look.web_config {
                    let locations = own.location_paths().map(|path| path.trim_matches('/').to_owned());
                    files.push(Arc::clone(&own));
                    paths.extend(locations.map(|path| (path, files.clone())));
                    paths.push((url.trim_matches('/').to_owned(), files.clone()));
                }
                names.extend(look.subfolders.unwrap_or_default().into_iter().map(String::from));
            }
            waiting.extend(names.into_iter().map(|name| (format!("{url}/{name}"), files.clone())));
        }
        let locations = self.configuration.location_paths(site).into_iter();
        paths.extend(locations.map(|path| (path.trim_matches('/').to_owned(), Vec::new())));
        let inside = |path: &str| {
            below.is_empty() || format!("{path}/").to_lowercase().starts_with(&format!("{}/", below.to_lowercase()))
        };
        let mut written: Vec<String> = paths
            .into_iter()
            .filter(|(path, files)| inside(path) && self.is_written((site, path), files))
            .map(|(path, _)| path)
            .collect();
        written.sort_unstable();
        written.dedup_by_key(|path| path.to_lowercase());
        found.extend(written.into_iter().map(|path| Level { site: site.to_owned(), path }));
    }
}

fn is_own(level: &str, own: &str) -> bool {
    level.trim_end_matches('/').eq_ignore_ascii_case(own.trim_end_matches('/')) && level.is_empty() == own.is_empty()
}

/// Whether the level writes an attribute anywhere in the element.
fn says(element: &ElementView, own: &str) -> bool {
    let attribute = element.attributes.iter().filter_map(|attribute| attribute.set.as_ref());
    attribute.into_iter().any(|(_, level)| is_own(level, own))
        || element.children.iter().chain(&element.entries).any(|inner| says(inner, own))
}

/// Whether the level writes this property, with this value where one is asked for.
fn says_it(element: &ElementView, own: &str, want: &Parameter) -> bool {
    let (outer, last) = want.name.rsplit_once('.').unwrap_or(("", &want.name));
    let child = |at: &ElementView, name: &str| {
        at.children.iter().find(|child| child.table.name.eq_ignore_ascii_case(name)).cloned()
    };
    let mut names = outer.split('.').filter(|name| !name.is_empty());
    let Some(at) = names.try_fold(element.clone(), |at, name| child(&at, name)) else { return false };
    at.attributes.iter().any(|attribute| {
        let set = attribute.set.as_ref().is_some_and(|(_, level)| is_own(level, own));
        set && attribute.table.name.eq_ignore_ascii_case(last)
            && want.value.as_ref().is_none_or(|value| value.eq_ignore_ascii_case(&attribute.text))
    })
}
