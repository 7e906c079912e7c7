//! Which section stands at which level: the document's own, and that of each location tag (IIS reference §3.4).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::declarations::Declarations;
use crate::diagnostic::{Findings, Ignored, Origin};
use crate::document::Element;
use crate::inheritance::Settled;
use crate::reader::Declared;
use crate::schema::{OverrideMode, Schema};
use crate::site::Site;
use crate::walk::Walk;
use crate::web_config::WebConfig;

/// One level: the server, or one location path.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// As written, without slashes at its ends; empty for the server.
    pub(crate) path: String,
    /// Where the first location tag for it stands.
    pub(crate) origin: Origin,
    /// Full section path → what this level says.
    pub(crate) layers: BTreeMap<&'static str, Layer>,
    /// Full section path → what the section amounts to here, where this level says something about it; in a folder's
    /// file nothing, for that depends on the other files.
    pub(crate) settled: BTreeMap<&'static str, Arc<Settled>>,
}

/// What one level says about one section.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) declared: Declared,
    pub(crate) mode: OverrideMode,
    /// Whether applications below inherit it (`inheritInChildApplications`).
    pub(crate) inherits: bool,
}

/// All levels of one document.
#[derive(Debug, Clone)]
pub(crate) struct Hierarchy {
    pub(crate) schema: &'static Schema,
    /// Lower-case path → level; the empty path is the server.
    pub(crate) levels: BTreeMap<String, Level>,
    pub(crate) declarations: Declarations,
    /// The server's own level of every section, in the order of the tables.
    pub(crate) server: Vec<Arc<Settled>>,
    /// Site in lower case → paths of its applications in lower case.
    applications: HashMap<String, Vec<String>>,
}

impl Hierarchy {
    /// Reads the levels of an applicationHost.config.
    pub(crate) fn read(
        root: &Element,
        schema: &'static Schema,
        findings: &mut Findings,
        ignored: &mut Vec<Ignored>,
    ) -> Self {
        let declarations = Declarations::read(root, findings);
        let mut walk = Walk::new(schema, declarations, findings, ignored);
        walk.file(root);
        let Walk { levels, declarations, .. } = walk;
        let mut hierarchy = Self { schema, levels, declarations, server: Vec::new(), applications: HashMap::new() };
        hierarchy.settle(findings);
        hierarchy
    }

    /// Notes where applications begin: what is not for child applications ends there.
    pub(crate) fn note_applications(&mut self, sites: &[Site]) {
        let paths = |site: &Site| site.applications.iter().map(|application| application.path.to_lowercase()).collect();
        self.applications = sites.iter().map(|site| (site.name.to_lowercase(), paths(site))).collect();
    }

    /// Whether an application begins at this path of the site.
    pub(crate) fn is_application(&self, site: &str, path: &str) -> bool {
        let path = if path.is_empty() { "/".to_owned() } else { path.to_lowercase() };
        self.applications.get(&site.to_lowercase()).is_some_and(|applications| applications.contains(&path))
    }

    /// The path of the application that a path of the site belongs to, in lower case without a slash at its end.
    pub(crate) fn application_of(&self, site: &str, path: &str) -> String {
        let applications = self.applications.get(&site.to_lowercase()).into_iter().flatten();
        let paths = applications.map(|application| application.trim_end_matches('/'));
        let path = path.to_lowercase();
        let holds = |application: &&str| below(&path, application).is_some();
        paths.filter(holds).max_by_key(|application| application.len()).unwrap_or("").to_owned()
    }

    /// What speaks about a place, from the server down: at each level first the location tags for exactly that path,
    /// the highest file first, then the folder's own file (decision D17).
    pub(crate) fn chain<'a>(&'a self, place: Place<'a>) -> Vec<Step<'a>> {
        let server = self.levels.get("").map(|level| Step::new(0, level, None));
        let mut steps: Vec<Step<'a>> = server.into_iter().collect();
        let Place { site, path, files } = place;
        if site.is_empty() {
            return steps;
        }
        let (mut key, mut at) = (site.to_lowercase(), String::new());
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        loop {
            let own = self.levels.get(&key).map(|level| (0, level));
            let of_files = files.iter().zip(1..).filter_map(|(file, rank)| Some((rank, file.level_at(&at)?)));
            let steps_here = own.into_iter().chain(of_files);
            steps.extend(steps_here.map(|(rank, level)| Step::new(rank, level, Some(at.clone()))));
            let Some(segment) = segments.next() else { break };
            for text in [&mut key, &mut at] {
                text.push('/');
                text.push_str(&segment.to_lowercase());
            }
        }
        if steps.iter().all(|step| step.level.layers.values().all(|layer| layer.inherits)) {
            return steps;
        }
        let application = self.application_of(site, path);
        for step in &mut steps {
            step.in_child_application = step
                .path
                .as_ref()
                .is_some_and(|level| application.len() > level.len() && below(&application, level).is_some());
        }
        steps
    }
}

/// A path of a site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Name of the site; empty for the server itself.
    pub(crate) site: &'a str,
    /// Path below the site, with or without slashes at its ends.
    pub(crate) path: &'a str,
    /// The folders' own files on the way there, outermost first.
    pub(crate) files: &'a [Arc<WebConfig>],
}

impl<'a> Place<'a> {
    /// A place as the server's own file sees it.
    pub(crate) fn of(site: &'a str, path: &'a str) -> Self {
        Self { site, path, files: &[] }
    }
}

/// What one file says at one level.
#[derive(Debug, Clone)]
pub(crate) struct Step<'a> {
    /// 0 is the server's file, 1 the outermost folder's, and so on.
    pub(crate) rank: usize,
    pub(crate) level: &'a Level,
    /// Path of the level below the site, in lower case without a slash at its end; `None` for the server's.
    pub(crate) path: Option<String>,
    /// An application begins between this level and the place.
    in_child_application: bool,
}

impl<'a> Step<'a> {
    fn new(rank: usize, level: &'a Level, path: Option<String>) -> Self {
        Self { rank, level, path, in_child_application: false }
    }

    /// What it says about a section, as far as that is for the place.
    pub(crate) fn layer(&self, section: &str) -> Option<&'a Layer> {
        self.level.layers.get(section).filter(|layer| layer.inherits || !self.in_child_application)
    }

    /// Every section it speaks about.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (&'static str, &'a Layer)> {
        let layers = self.level.layers.iter().map(|(path, layer)| (*path, layer));
        layers.filter(|(_, layer)| layer.inherits || !self.in_child_application)
    }
}

/// The rest of `path` below `prefix` when it lies there by whole segments; both in lower case.
pub(crate) fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

impl Level {
    /// The place this level is about.
    pub(crate) fn place(&self) -> Place<'_> {
        let (site, path) = self.path.split_once('/').unwrap_or((&self.path, ""));
        Place::of(site, path)
    }

    /// The site that a fault at this level disables; `None` for the server's own level.
    pub(crate) fn owner(&self) -> Option<String> {
        Some(self.place().site).filter(|site| !site.is_empty()).map(str::to_owned)
    }
}
