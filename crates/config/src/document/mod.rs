//! One file's text, the elements read from it, and where each of them stands.

mod positions;
mod scan;
mod splice;
mod text;
mod tree;

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Complaint, Findings, Origin};
use positions::Lines;
pub(crate) use splice::{Splice, splice};
pub(crate) use text::{Style, escape_attribute, margin};
pub(crate) use tree::{Attribute, Element};

/// Largest text that is read, in bytes.
pub(crate) const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A well-formed document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Element,
}

impl Document {
    /// Reads `text`; what keeps it from being read goes into `findings` as an error of the whole file.
    pub(crate) fn parse(text: &str, file: &Arc<Path>, findings: &mut Findings) -> Option<Self> {
        let lines = Lines::new(text);
        let refuse = |findings: &mut Findings, offset: usize, complaint: Complaint| {
            findings.error(&lines.origin(file, offset), complaint);
            None
        };
        if text.len() as u64 > TEXT_BYTES_MAX {
            let message = format!("the file's size is {} bytes; at most {TEXT_BYTES_MAX} are read", text.len());
            return refuse(findings, 0, Complaint::new("limit", message));
        }
        if let Err(fault) = scan::scan(text) {
            return refuse(findings, fault.offset, fault.complaint);
        }
        match roxmltree::Document::parse(text) {
            Ok(tree) => Some(Self { root: tree::read(tree.root_element(), &|at| lines.origin(file, at)) }),
            Err(error) => {
                let at = error.pos();
                let origin = Origin { file: Arc::clone(file), line: at.row, column: at.col };
                findings.error(&origin, not_well_formed(&error.to_string()));
                None
            }
        }
    }
}

/// IIS's text for broken XML (IIS reference §3.8), and what is broken.
fn not_well_formed(detail: &str) -> Complaint {
    Complaint::new("xml", format!("Configuration file is not well-formed XML: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let mut findings = Findings::default();
        let document = Document::parse(text, &Arc::from(Path::new("f")), &mut findings);
        assert_eq!(document.is_none(), !findings.all.is_empty());
        findings.all.first().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn a_mismatched_end_tag_is_placed() {
        let text = fault("<a>\n  <b>\n  </c>\n</a>");
        assert!(text.starts_with("f:3:3: error[xml]: Configuration file is not well-formed XML"), "{text}");
    }

    #[test]
    fn namespaces_byte_order_mark_and_crlf_are_tolerated() {
        assert_eq!(fault("\u{feff}<?xml version=\"1.0\"?>\r\n<configuration xmlns=\"urn:x\">\r\n</configuration>"), "");
    }
}
