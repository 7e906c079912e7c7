//! One pass over the text before the XML reader sees it: refuses what could exhaust memory or the stack, and names the
//! usual faults in words an operator understands.

use crate::diagnostic::Complaint;
use crate::document::not_well_formed;

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 64;
/// Longest attribute value in bytes.
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Most attributes of one element; the reader compares each with each.
const ATTRIBUTES_MAX: usize = 512;

/// Why a text is refused, and at which byte.
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) complaint: Complaint,
}

type Outcome<T> = Result<T, Fault>;

fn broken<T>(offset: usize, detail: impl AsRef<str>) -> Outcome<T> {
    Err(Fault { offset, complaint: not_well_formed(detail.as_ref()) })
}

fn too_much<T>(offset: usize, message: String) -> Outcome<T> {
    Err(Fault { offset, complaint: Complaint::new("limit", message) })
}

/// Checks the whole text.
pub(crate) fn scan(text: &str) -> Outcome<()> {
    let mut scanner = Scanner { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, depth: 0, roots: 0 };
    while scanner.at < text.len() {
        scanner.step()?;
    }
    if scanner.depth > 0 {
        return broken(text.len(), "unexpected end of file: an element is not closed");
    }
    if scanner.roots == 0 {
        return broken(text.len(), "there is no root element");
    }
    Ok(())
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    roots: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self) -> Outcome<()> {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            self.skip_past("-->", "a comment")
        } else if rest.starts_with("<![CDATA[") {
            self.skip_past("]]>", "a CDATA section")
        } else if rest.starts_with("<?") {
            self.skip_past("?>", "a processing instruction")
        } else if rest.starts_with("<!") {
            broken(self.at, "a document type (<!DOCTYPE …>) is not allowed here")
        } else if rest.starts_with("</") {
            self.end_tag()
        } else if rest.starts_with('<') {
            self.start_tag()
        } else {
            self.characters()
        }
    }

    fn skip_past(&mut self, end: &str, what: &str) -> Outcome<()> {
        let Some(length) = self.rest().find(end) else {
            return broken(self.text.len(), format!("unexpected end of file in {what}"));
        };
        self.no_control(self.at, self.at + length)?;
        self.at += length + end.len();
        Ok(())
    }

    fn characters(&mut self) -> Outcome<()> {
        let end = self.rest().find('<').map_or(self.text.len(), |length| self.at + length);
        let run = &self.text[self.at..end];
        if self.depth == 0
            && let Some(stray) = run.find(|c: char| !c.is_ascii_whitespace())
        {
            let place = if self.roots == 0 { "text before the root element" } else { "content after the root element" };
            return broken(self.at + stray, place);
        }
        self.no_control(self.at, end)?;
        self.references(self.at, end)?;
        self.at = end;
        Ok(())
    }

    fn end_tag(&mut self) -> Outcome<()> {
        let Some(length) = self.rest().find('>') else {
            return broken(self.text.len(), "unexpected end of file in an end tag");
        };
        let Some(depth) = self.depth.checked_sub(1) else {
            return broken(self.at, "an end tag without its start tag");
        };
        self.depth = depth;
        self.at += length + 1;
        Ok(())
    }

    fn start_tag(&mut self) -> Outcome<()> {
        if self.depth == 0 {
            if self.roots > 0 {
                return broken(self.at, "a second root element");
            }
            self.roots = 1;
        }
        let empty = self.tag_body()?;
        if !empty {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return broken(self.at, format!("elements are nested to a depth of more than {DEPTH_MAX}"));
            }
        }
        Ok(())
    }

    /// Moves past the tag; says whether it closes itself.
    fn tag_body(&mut self) -> Outcome<bool> {
        let start = self.at;
        let mut values = 0;
        self.at += 1;
        loop {
            let Some(length) = self.rest().find(['"', '\'', '>', '<']) else {
                return broken(self.text.len(), "unexpected end of file in a tag");
            };
            self.no_control(self.at, self.at + length)?;
            self.at += length;
            match self.text.as_bytes()[self.at] {
                b'>' => break,
                b'<' => return broken(self.at, "'<' inside a tag: the tag before it is not closed"),
                quote => self.value(char::from(quote))?,
            }
            values += 1;
            if values > ATTRIBUTES_MAX {
                return too_much(start, format!("an element has more than {ATTRIBUTES_MAX} attributes"));
            }
        }
        self.at += 1;
        Ok(self.text[..self.at].ends_with("/>"))
    }

    fn value(&mut self, quote: char) -> Outcome<()> {
        let start = self.at + 1;
        let Some(length) = self.text[start..].find(quote) else {
            return broken(self.text.len(), "unexpected end of file in an attribute value");
        };
        let end = start + length;
        if length > VALUE_BYTES_MAX {
            return too_much(
                self.at,
                format!("an attribute value has a size of {length} bytes; at most {VALUE_BYTES_MAX} are read"),
            );
        }
        if let Some(bracket) = self.text[start..end].find('<') {
            return broken(start + bracket, "'<' in an attribute value: write &lt;");
        }
        self.no_control(start, end)?;
        self.references(start, end)?;
        self.at = end + 1;
        Ok(())
    }

    fn no_control(&self, start: usize, end: usize) -> Outcome<()> {
        let control = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
        match self.text[start..end].char_indices().find(|&(_, c)| control(c)) {
            Some((offset, c)) => {
                broken(start + offset, format!("a control character (U+{:04X}) is not allowed", c as u32))
            }
            None => Ok(()),
        }
    }

    fn references(&self, start: usize, end: usize) -> Outcome<()> {
        for (offset, _) in self.text[start..end].match_indices('&') {
            let rest = &self.text[start + offset + 1..end];
            let Some(name) = rest.split_once(';').map(|(name, _)| name).filter(|name| is_reference_shape(name)) else {
                return broken(start + offset, "'&' that begins no reference: write &amp;");
            };
            if !is_known_reference(name) {
                return broken(start + offset, format!("&{name}; is not a character that may be written"));
            }
        }
        Ok(())
    }
}

fn is_reference_shape(name: &str) -> bool {
    !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#')
}

/// The five entities every document has and numeric references to legal characters (XML 1.0 §2.2, §4.1).
fn is_known_reference(name: &str) -> bool {
    let Some(number) = name.strip_prefix('#') else {
        return matches!(name, "lt" | "gt" | "amp" | "apos" | "quot");
    };
    let code = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    let legal = |c: &char| *c >= ' ' && *c != '\u{fffe}' && *c != '\u{ffff}' || matches!(c, '\t' | '\n' | '\r');
    code.ok().and_then(char::from_u32).as_ref().is_some_and(legal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, kind: &str, part: &str) {
        match scan(text) {
            Ok(()) => assert_eq!(kind, "", "{text:?}"),
            Err(fault) => {
                assert_eq!(fault.complaint.kind, kind, "{text:?}: {}", fault.complaint.message);
                assert!(fault.complaint.message.contains(part), "{text:?}: {}", fault.complaint.message);
            }
        }
    }

    #[test]
    fn accepted() {
        check("<a/>", "", "");
        check("\u{feff}<?xml version=\"1.0\"?>\r\n<!-- <x> & -->\r\n<a b='\"&#10;&lt;>'>t<![CDATA[<&]]></a>\n", "", "");
    }

    #[test]
    fn refused() {
        check("", "xml", "root");
        check(" \n", "xml", "root");
        check("x<a/>", "xml", "before the root");
        check("<a/>\0", "xml", "after the root");
        check("<a/><b/>", "xml", "second root");
        check("<a><b></b>", "xml", "end of file");
        check("<a b=\"1", "xml", "end of file");
        check("<a b", "xml", "end of file");
        check("<a <b/>", "xml", "<");
        check("</a>", "xml", "end tag");
        check("<!DOCTYPE a><a/>", "xml", "document type");
        check("<a b=\"<\"/>", "xml", "<");
        check("<a b=\"x & y\"/>", "xml", "&");
        check("<a b=\"&#0;\"/>", "xml", "&#0;");
        check("<a>&nbsp;</a>", "xml", "&nbsp;");
        check("<a b=\"\x01\"/>", "xml", "control");
        check(&format!("<a b=\"{}\"/>", "x".repeat(VALUE_BYTES_MAX + 1)), "limit", "size");
        check(&format!("<a {}/>", "b='' ".repeat(ATTRIBUTES_MAX + 1)), "limit", "attributes");
        check(&"<a>".repeat(20_000), "xml", "depth");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[<>/!?&;#'\"=a-c \\[\\]\\-\\x00-\\x1f\u{feff}é]*") {
            let _ = scan(&text);
        }
    }
}
