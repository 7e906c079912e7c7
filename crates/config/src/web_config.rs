//! One folder's `web.config`: what it says of the folder and of paths below it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::declarations::Declarations;
use crate::diagnostic::{Complaint, Diagnostic, Findings, Origin, Severity};
use crate::document::{Document, Element};
use crate::hierarchy::{Hierarchy, Level};
use crate::walk::{BAD_SOURCE, FolderFile, Walk};

/// One file, read and checked as far as it can be by itself.
#[derive(Debug)]
pub struct WebConfig {
    /// The file.
    pub file: Arc<Path>,
    /// URL path of its folder: `/` or `/a/b`.
    pub base: String,
    /// The files that `configSource` attributes name, read with it.
    pub sources: Vec<Arc<Path>>,
    /// Path below the folder in lower case → what is said there; the empty path is the folder itself.
    levels: BTreeMap<String, Level>,
    /// What is wrong by itself; `site` is the path below the folder it concerns, `None` the folder.
    pub(crate) findings: Vec<Diagnostic>,
    /// File → its text, to quote from.
    texts: Vec<(Arc<Path>, String)>,
}

/// The text of another file beside a `web.config`, or why it cannot be had.
pub type ReadSource<'a> = &'a dyn Fn(&str) -> Result<(Arc<Path>, String), String>;

impl WebConfig {
    /// Reads a text. `base` is the URL path of its folder; `source` reads the files that `configSource` names.
    pub(crate) fn read(
        (file, text): (&Arc<Path>, &str),
        base: &str,
        hierarchy: &Hierarchy,
        source: ReadSource<'_>,
    ) -> Self {
        let mut findings = Findings::by_schema(hierarchy.schema.is_incomplete());
        let sources = std::cell::RefCell::new(Vec::new());
        let included = |name: &str| include(name, source, &mut sources.borrow_mut());
        let outer = &hierarchy.declarations;
        let document = Document::parse(text, file, &mut findings);
        let levels = match document {
            Some(document) if document.root.name == "configuration" => {
                let declarations = Declarations::read(&document.root, &mut findings);
                let mut ignored = Vec::new();
                let mut walk = Walk::new(hierarchy.schema, declarations, &mut findings, &mut ignored);
                walk.folder = Some(FolderFile { base, outer, source: &included });
                walk.file(&document.root);
                walk.levels
            }
            Some(Document { root }) => {
                let message = format!("the root element is <{}>, not <configuration>", root.name);
                findings.error(&root.origin, Complaint::new("schema", message));
                BTreeMap::new()
            }
            None => BTreeMap::new(),
        };
        let mut texts = vec![(Arc::clone(file), text.to_owned())];
        texts.extend(sources.into_inner());
        let base = format!("/{}", base.trim_matches('/'));
        let sources = texts.iter().skip(1).map(|(file, _)| Arc::clone(file)).collect();
        Self { file: Arc::clone(file), base, sources, levels, findings: findings.all, texts }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(file: &Arc<Path>, base: &str, (kind, message): (&'static str, String)) -> Self {
        let mut findings = Findings::default();
        findings.add(Severity::Error, None, Complaint::new(kind, message));
        Self {
            file: Arc::clone(file),
            base: format!("/{}", base.trim_matches('/')),
            sources: Vec::new(),
            levels: BTreeMap::new(),
            findings: findings.all,
            texts: Vec::new(),
        }
    }

    /// Bytes of text that are kept.
    pub fn text_bytes(&self) -> usize {
        self.texts.iter().map(|(_, text)| text.len()).sum()
    }

    /// The path of a level below the folder; both the site's path and the answer in lower case without a slash at the
    /// end. `None` when the path does not lie in the folder.
    pub(crate) fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        let base = self.base.trim_end_matches('/').to_lowercase();
        crate::hierarchy::below(path, &base).map(|rest| rest.trim_start_matches('/'))
    }

    /// What it says at exactly this path of the site, in lower case without a slash at its end.
    pub(crate) fn level_at(&self, path: &str) -> Option<&Level> {
        self.levels.get(self.relative(path)?)
    }

    /// Paths below the folder that have a location tag, as URL paths of the site.
    pub fn location_paths(&self) -> impl Iterator<Item = String> {
        let below = self.levels.values().filter(|level| !level.path.is_empty());
        below.map(|level| crate::walk::joined(&self.base, &level.path))
    }

    /// The line a finding is about, and one before and after it.
    pub(crate) fn excerpt(&self, origin: &Origin) -> Vec<(u32, String)> {
        let Some((_, text)) = self.texts.iter().find(|(file, _)| *file == origin.file) else { return Vec::new() };
        let first = origin.line.saturating_sub(1).max(1);
        let lines = text.lines().zip(1..).skip(first as usize - 1);
        lines
            .take_while(|(_, number)| *number <= origin.line + 1)
            .map(|(line, number)| (number, line.to_owned()))
            .collect()
    }
}

fn include(name: &str, source: ReadSource<'_>, read: &mut Vec<(Arc<Path>, String)>) -> Result<Element, Complaint> {
    let refused = |detail: String| Complaint::new("schema", BAD_SOURCE).hint(detail);
    let (file, text) = source(name).map_err(refused)?;
    let mut findings = Findings::default();
    let document = Document::parse(&text, &file, &mut findings);
    read.push((file, text));
    let first = findings.all.first().map(ToString::to_string).unwrap_or_default();
    document.map(|document| document.root).ok_or_else(|| refused(first))
}
