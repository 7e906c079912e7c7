//! What an operator is told about a configuration: where, what, and how to mend it.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a configuration file. Line and column count from 1; the column counts characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file the text was read from.
    pub file: Arc<Path>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably not what was meant; the rest works as written.
    Warning,
    /// The site (or, without a site, the whole file) cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One finding. The message uses the text of IIS where IIS has one (IIS reference §3.8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is; `None` when it belongs to no line (an unreadable file).
    pub origin: Option<Origin>,
    /// A stable word for the class of finding: `xml`, `schema`, `duplicate`, `value`, `range`, `missing`, `limit`,
    /// `unused`, `loop`, `locked`, `binding`, `protocol`, `wildcard`, `path`, `lockout`, `proxy`, `builtin`, `list` or `file`.
    pub kind: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The one site it disables; `None` means the whole file. Only errors disable anything.
    pub site: Option<String>,
}

impl Diagnostic {
    /// Whether it is about this site in particular; names compare without case, as a location tag writes them.
    pub fn is_of_site(&self, site: &str) -> bool {
        self.site.as_ref().is_some_and(|own| own.to_lowercase() == site.to_lowercase())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        write!(f, "{}[{}]: {}", self.severity, self.kind, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A section that is legal in IIS files and that this program does not act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Full path of the section, such as `system.webServer/handlers`.
    pub section: String,
    /// The file that holds it.
    pub file: Arc<Path>,
    /// Line of its start tag, from 1.
    pub line: u32,
}

/// The configuration cannot be used at all. Holds at least one error, and every other finding made until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The findings, in the order of the file; at least one is an error without a site.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}

/// What to say about a finding, before it has a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Complaint {
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The findings made so far, and the site that the text being read belongs to.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) all: Vec<Diagnostic>,
    pub(crate) site: Option<String>,
    /// What is read has no effect here, so that a fault in it is worth a warning and stops nothing.
    pub(crate) harmless: bool,
    /// A schema file could not be used, so that a name that no table has may be one of its.
    pub(crate) schema_is_incomplete: bool,
    seen: HashSet<Diagnostic>,
}

impl From<Vec<Diagnostic>> for Findings {
    fn from(all: Vec<Diagnostic>) -> Self {
        Self { seen: all.iter().cloned().collect(), all, ..Self::default() }
    }
}

impl Findings {
    /// None yet, about files whose schema is whole or not.
    pub(crate) fn by_schema(is_incomplete: bool) -> Self {
        Self { schema_is_incomplete: is_incomplete, ..Self::default() }
    }

    pub(crate) fn error(&mut self, origin: &Origin, complaint: Complaint) {
        self.add(Severity::Error, Some(origin.clone()), complaint);
    }

    /// A name that no table has.
    pub(crate) fn unknown(&mut self, origin: &Origin, complaint: Complaint) {
        if self.schema_is_incomplete {
            self.warning(origin, complaint);
        } else {
            self.error(origin, complaint);
        }
    }

    pub(crate) fn warning(&mut self, origin: &Origin, complaint: Complaint) {
        self.add(Severity::Warning, Some(origin.clone()), complaint);
    }

    pub(crate) fn note(&mut self, origin: &Origin, complaint: Complaint) {
        self.add(Severity::Note, Some(origin.clone()), complaint);
    }

    /// Adds a finding unless the same one is there: inherited text is looked at once per path that inherits it.
    pub(crate) fn add(&mut self, severity: Severity, origin: Option<Origin>, complaint: Complaint) {
        let Complaint { kind, message, hint } = complaint;
        let severity = if self.harmless { severity.min(Severity::Warning) } else { severity };
        let diagnostic = Diagnostic { severity, origin, kind, message, hint, site: self.site.clone() };
        if self.seen.insert(diagnostic.clone()) {
            self.all.push(diagnostic);
        }
    }

    /// Runs `body` with every finding made in it attributed to `site`.
    pub(crate) fn within<T>(&mut self, site: Option<String>, body: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.site, site);
        let result = body(self);
        self.site = outer;
        result
    }

    /// Runs `body`; when `harmless`, an error made in it is a warning.
    pub(crate) fn mildly<T>(&mut self, harmless: bool, body: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.harmless;
        self.harmless |= harmless;
        let result = body(self);
        self.harmless = outer;
        result
    }

    pub(crate) fn file_is_unusable(&self) -> bool {
        self.all.iter().any(|d| d.severity == Severity::Error && d.site.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_place_class_text_and_mend() {
        let origin = Origin { file: Arc::from(Path::new("/etc/a.config")), line: 3, column: 7 };
        let mut findings = Findings::default();
        findings.error(&origin, Complaint::new("value", "The 'id' attribute is invalid.").hint("write a number"));
        findings.error(&origin, Complaint::new("value", "The 'id' attribute is invalid.").hint("write a number"));
        assert_eq!(findings.all.len(), 1, "the same finding is kept once");
        assert_eq!(
            findings.all[0].to_string(),
            "/etc/a.config:3:7: error[value]: The 'id' attribute is invalid. (write a number)"
        );
        assert!(findings.file_is_unusable());
    }

    #[test]
    fn a_site_error_leaves_the_file_usable() {
        let origin = Origin { file: Arc::from(Path::new("a")), line: 1, column: 1 };
        let mut findings = Findings::default();
        findings.within(Some("a".into()), |f| f.error(&origin, Complaint::new("value", "x")));
        assert!(!findings.file_is_unusable());
        assert_eq!(findings.all[0].site.as_deref(), Some("a"));
        assert_eq!(findings.site, None);
    }
}
