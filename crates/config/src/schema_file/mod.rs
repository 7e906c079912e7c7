//! The operator's own schema files, in the language of IIS's: sections of other programs are then read, checked,
//! inherited and edited like those that are built in.

mod attribute;
mod draft;
mod join;
mod keep;
mod language;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Complaint, Diagnostic, Findings, Origin, Severity};
use crate::document::Document;
use crate::home::Home;
use crate::schema::Schema;
use crate::store;
use draft::SectionDraft;
use join::Joined;
use keep::{Compiled, File};
use language::Language;

/// Files of the folder that are read.
const FILES_MAX: usize = 64;
/// Largest file, in bytes.
const FILE_BYTES_MAX: usize = 1024 * 1024;

/// All sections of an installation: those built in, and those of its schema files. What is wrong with the files goes into
/// `findings`; a file with an error in it counts for nothing.
pub(crate) fn read(home: &Home, findings: &mut Findings) -> &'static Schema {
    let files = files(home);
    if files.is_empty() {
        return Schema::built_in();
    }
    let Some(compiled) = keep::compiled(files, compile) else {
        let message = "the schema files have changed too often since the start";
        let hint = "restart doorward to take them over";
        findings.error(&top(&home.schema), Complaint::new("limit", message).hint(hint));
        return Schema::built_in();
    };
    for Diagnostic { severity, origin, kind, message, hint, .. } in compiled.findings {
        findings.add(severity, origin, Complaint { kind, message, hint });
    }
    compiled.schema
}

/// Every file with its text, in the order of their names.
fn files(home: &Home) -> Vec<File> {
    let folder = |complaint| vec![(Arc::from(home.schema.as_path()), Err(at_top(&home.schema, complaint)))];
    let paths = match store::schema_paths(home) {
        Ok(paths) if paths.len() > FILES_MAX => {
            let message = format!("there are {} schema files; at most {FILES_MAX} are read", paths.len());
            return folder(Complaint::new("limit", message).hint("join some of them"));
        }
        Ok(paths) => paths,
        Err(error) => {
            let complaint = Complaint::new("file", format!("the schema files cannot be read: {error}"));
            return folder(complaint.hint("make it a folder that doorward may read, or take it away"));
        }
    };
    paths.into_iter().filter_map(|path| judged(path.clone(), store::read(&path).transpose()?).into()).collect()
}

/// A file that is small enough to be read.
fn judged(path: PathBuf, text: Result<String, store::StoreError>) -> File {
    let text = match text {
        Ok(text) if text.len() > FILE_BYTES_MAX => {
            let message = format!("the file's size is {} bytes; at most {FILE_BYTES_MAX} are read", text.len());
            Err(at_top(&path, Complaint::new("limit", message).hint("describe fewer sections in it")))
        }
        Ok(text) => Ok(text),
        Err(error) => {
            let complaint = Complaint::new("file", format!("the schema file cannot be read: {error}"));
            Err(at_top(&path, complaint.hint("make it a UTF-8 text that doorward may read, or take it away")))
        }
    };
    (Arc::from(path), text)
}

fn at_top(path: &Path, complaint: Complaint) -> Diagnostic {
    let Complaint { kind, message, hint } = complaint;
    Diagnostic { severity: Severity::Error, origin: Some(top(path)), kind, message, hint, site: None }
}

fn top(path: &Path) -> Origin {
    Origin { file: Arc::from(path), line: 1, column: 1 }
}

/// Reads every file by itself, then joins those without an error; one that clashes with another is left out too.
fn compile(files: &[File]) -> Compiled {
    let mut findings = Findings::default();
    let mut drafts: Vec<(&Arc<Path>, Vec<SectionDraft>)> = Vec::new();
    for (path, text) in files {
        match text {
            Ok(text) => {
                let document = Document::parse(text, path, &mut findings);
                let sections = document.map(|document| Language::new(&mut findings).file(&document.root));
                drafts.push((path, sections.unwrap_or_default()));
            }
            Err(fault) => findings.all.push(fault.clone()),
        }
    }
    let mut broken = with_errors(&findings);
    loop {
        let mut joined = Joined::default();
        for section in drafts.iter().filter(|(path, _)| !broken.contains(*path)).flat_map(|(_, sections)| sections) {
            joined.add(section, &mut findings);
        }
        let known = broken.len();
        broken = with_errors(&findings);
        if broken.len() == known {
            let schema = keep::for_ever(joined.kept(!broken.is_empty(), &mut findings));
            return Compiled { schema, findings: findings.all };
        }
    }
}

/// The files that an error is about.
fn with_errors(findings: &Findings) -> BTreeSet<Arc<Path>> {
    let errors = findings.all.iter().filter(|finding| finding.severity == Severity::Error);
    errors.filter_map(|finding| Some(Arc::clone(&finding.origin.as_ref()?.file))).collect()
}
