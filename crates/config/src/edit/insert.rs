//! New elements in the style of the text around them.

use crate::document::{Attribute, Element, Splice, Style, escape_attribute, margin};

/// An element to write.
#[derive(Clone)]
pub(super) struct New {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<New>,
    /// Lines that stand for the whole element: one that is moved keeps its form.
    moved: Option<Vec<String>>,
}

impl New {
    pub(super) fn element(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new(), moved: None }
    }

    /// An element that stands elsewhere in `text`. Its lines are indented anew, unless a value goes over several.
    pub(super) fn moved(text: &str, element: &Element) -> Self {
        let margin = margin(text, element.range.start).unwrap_or("");
        let written = &text[element.range.clone()];
        let lines = if has_long_value(text, element) {
            vec![written.to_owned()]
        } else {
            written.lines().map(|line| line.strip_prefix(margin).unwrap_or(line).to_owned()).collect()
        };
        Self { moved: Some(lines), ..Self::element("") }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub(super) fn holding(mut self, children: impl IntoIterator<Item = New>) -> Self {
        self.children.extend(children);
        self
    }

    /// The element at `margin`, without a line end before or after it.
    fn render(&self, margin: &str, style: &Style) -> String {
        if let Some(lines) = &self.moved {
            return lines.iter().map(|line| format!("{margin}{line}")).collect::<Vec<_>>().join(style.newline);
        }
        let mut text = format!("{margin}<{}", self.name);
        for (name, value) in &self.attributes {
            text.extend([" ", *name, "=\"", &escape_attribute(value), "\""]);
        }
        if self.children.is_empty() {
            text.push_str(" />");
            return text;
        }
        text.push('>');
        let inner = format!("{margin}{}", style.indent);
        for child in &self.children {
            text.push_str(style.newline);
            text.push_str(&child.render(&inner, style));
        }
        text.extend([style.newline, margin, "</", self.name, ">"]);
        text
    }
}

/// Writes `new` behind `sibling`: on a line of its own, below a comment that ends the sibling's line and so is about it;
/// where elements share a line, on that line.
pub(super) fn after(text: &str, sibling: &Element, new: &New) -> Splice {
    let style = Style::of(text);
    let margin = line_margin(text, sibling.range.start);
    let rest = &text[sibling.range.end..];
    let rest = &rest[..rest.find(['\r', '\n']).unwrap_or(rest.len())];
    if is_remark(rest) {
        let at = sibling.range.end + rest.trim_end().len();
        return Splice::insert(at, format!("{}{}", style.newline, new.render(margin, &style)));
    }
    Splice::insert(sibling.range.end, new.render(margin, &style).trim_start().to_owned())
}

/// Whether nothing but whole comments and white space stands there.
fn is_remark(part: &str) -> bool {
    let mut rest = part.trim();
    while let Some(comment) = rest.strip_prefix("<!--") {
        let Some(end) = comment.find("-->") else { return false };
        rest = comment[end + 3..].trim_start();
    }
    rest.is_empty()
}

/// The white space at the beginning of the line.
fn line_margin(text: &str, offset: usize) -> &str {
    let line = &text[text[..offset].rfind('\n').map_or(0, |at| at + 1)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Writes `new` before `sibling`: on a line of its own, above a comment that begins the sibling's line and so is about
/// it; where elements share a line, on that line.
pub(super) fn before(text: &str, sibling: &Element, new: &New) -> Splice {
    let style = Style::of(text);
    let line = text[..sibling.range.start].rfind('\n').map_or(0, |at| at + 1);
    let margin = line_margin(text, sibling.range.start);
    if line > 0 && is_remark(&text[line..sibling.range.start]) {
        return Splice::insert(line, format!("{}{}", new.render(margin, &style), style.newline));
    }
    Splice::insert(sibling.range.start, new.render(margin, &style).trim_start().to_owned())
}

/// Whether a value somewhere in the element has a line break in it.
fn has_long_value(text: &str, element: &Element) -> bool {
    element.attributes.iter().any(|attribute| text[attribute.value_range.clone()].contains('\n'))
        || element.children.iter().any(|child| has_long_value(text, child))
}

/// Writes `new` as the last child of `parent`.
pub(super) fn last_in(text: &str, parent: &Element, new: &New) -> Splice {
    let style = Style::of(text);
    let outer = margin(text, parent.range.start).unwrap_or("");
    let block = new.render(&inner_margin(text, parent, outer, &style), &style);
    let element = &text[parent.range.clone()];
    let Some(end_tag) = element.rfind("</") else { return open(text, parent, &block) };
    let at = parent.range.start + end_tag;
    match margin(text, at) {
        // The end tag has its own line: the new lines go before that line.
        Some(white) if at > white.len() => Splice::insert(at - white.len(), format!("{block}{}", style.newline)),
        Some(_) | None => Splice::insert(at, format!("{0}{block}{0}{outer}", style.newline)),
    }
}

/// Writes `new` as the first child of `parent`.
pub(super) fn first_in(text: &str, parent: &Element, new: &New) -> Splice {
    let style = Style::of(text);
    let outer = margin(text, parent.range.start).unwrap_or("");
    let block = new.render(&inner_margin(text, parent, outer, &style), &style);
    if !text[parent.range.clone()].contains("</") {
        return open(text, parent, &block);
    }
    let at = parent.range.start + start_tag_length(&text[parent.range.clone()]);
    // What follows on the same line (an end tag, perhaps) gets a line of its own.
    let follows = text[at..].starts_with(['\r', '\n']);
    let tail = if follows { String::new() } else { format!("{}{outer}", style.newline) };
    Splice::insert(at, format!("{}{block}{tail}", style.newline))
}

/// Turns `<parent … />` into a start tag, the block and an end tag.
fn open(text: &str, parent: &Element, block: &str) -> Splice {
    let newline = Style::of(text).newline;
    let outer = margin(text, parent.range.start).unwrap_or("");
    let tag = &text[parent.range.clone()];
    let kept = tag.trim_end_matches('>').trim_end_matches('/').trim_end().len();
    let name = tag[1..].split(|c: char| c.is_whitespace() || c == '/' || c == '>').next().unwrap_or(&parent.name);
    Splice {
        range: parent.range.start + kept..parent.range.end,
        text: format!(">{newline}{block}{newline}{outer}</{name}>"),
    }
}

/// The margin of the children there are, or one step more than the parent's.
fn inner_margin(text: &str, parent: &Element, outer: &str, style: &Style) -> String {
    let existing = parent.children.iter().find_map(|child| margin(text, child.range.start));
    existing.filter(|white| white.len() > outer.len()).map_or_else(|| format!("{outer}{}", style.indent), str::to_owned)
}

/// Bytes up to and including the `>` that ends the start tag; quoted ones do not.
fn start_tag_length(element: &str) -> usize {
    let mut quote = None;
    for (at, byte) in element.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => return at + 1,
            (Some(_) | None, _) => {}
        }
    }
    element.len()
}

/// Gives `element` one more attribute, behind those it has.
pub(super) fn attribute(text: &str, element: &Element, (name, value): (&str, &str)) -> Splice {
    let tag = &text[element.range.clone()][..start_tag_length(&text[element.range.clone()])];
    let kept = tag.trim_end_matches('>').trim_end_matches('/').trim_end().len();
    Splice::insert(element.range.start + kept, format!(" {name}=\"{}\"", escape_attribute(value)))
}

/// Takes one attribute away, with the white space before it.
pub(super) fn attribute_removal(text: &str, element: &Element, attribute: &Attribute) -> Splice {
    // The quote that ends the value belongs to it.
    let end = attribute.value_range.end + 1;
    let before = &text[element.range.start..attribute.value_range.start];
    let name = before.rfind(&attribute.name).unwrap_or(before.len());
    let start = element.range.start + before[..name].trim_end().len();
    Splice::remove(start..end)
}

/// Takes `element` away, with its whole lines where nothing else stands on them.
pub(super) fn removal(text: &str, element: &Element) -> Splice {
    let (mut start, mut end) = (element.range.start, element.range.end);
    let rest = &text[end..];
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let line_end = ["\r\n", "\n"].into_iter().find(|newline| rest[blank..].starts_with(newline));
    match (margin(text, start), line_end) {
        (Some(white), Some(newline)) => {
            start -= white.len();
            end += blank + newline.len();
        }
        (None, Some(_)) => start = text[..start].trim_end_matches([' ', '\t']).len(),
        (Some(_) | None, None) => {}
    }
    Splice::remove(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Findings;
    use crate::document::{Document, splice};
    use std::path::Path;
    use std::sync::Arc;

    type How = fn(&str, &Element, &New) -> Splice;

    fn check(how: How, text: &str, expected: &str) {
        let document = Document::parse(text, &Arc::from(Path::new("f")), &mut Findings::default()).unwrap();
        let target = document.root.child("p").unwrap();
        let made = splice(text, vec![how(text, target, &New::element("n").with("a", "<&\">"))]);
        assert_eq!(made, expected);
    }

    const N: &str = r#"<n a="&lt;&amp;&quot;&gt;" />"#;

    #[test]
    fn last() {
        check(last_in, "<r>\n  <p>\n  </p>\n</r>", &format!("<r>\n  <p>\n    {N}\n  </p>\n</r>"));
        check(
            last_in,
            "<r>\n  <p>\n     <c/>\n  </p>\n</r>",
            &format!("<r>\n  <p>\n     <c/>\n     {N}\n  </p>\n</r>"),
        );
        check(last_in, "<r>\r\n\t<p/>\r\n</r>", &format!("<r>\r\n\t<p>\r\n\t\t{N}\r\n\t</p>\r\n</r>"));
        check(last_in, "<r>\n  <p b='1' />\n</r>", &format!("<r>\n  <p b='1'>\n    {N}\n  </p>\n</r>"));
        check(last_in, "<r><p></p></r>", &format!("<r><p>\n  {N}\n</p></r>"));
    }

    #[test]
    fn first_and_after() {
        check(
            first_in,
            "<r>\n  <p b='>'>\n    <c/>\n  </p>\n</r>",
            &format!("<r>\n  <p b='>'>\n    {N}\n    <c/>\n  </p>\n</r>"),
        );
        check(first_in, "<r><p><c/></p></r>", &format!("<r><p>\n  {N}\n<c/></p></r>"));
        check(first_in, "<r>\n  <p/>\n</r>", &format!("<r>\n  <p>\n    {N}\n  </p>\n</r>"));
        check(after, "<r>\n  <p/> <!-- c -->\n</r>", &format!("<r>\n  <p/> <!-- c -->\n  {N}\n</r>"));
        check(after, "<r>\n  <p/> <!-- c\n --></r>", &format!("<r>\n  <p/>{N} <!-- c\n --></r>"));
        check(after, "<r><p/></r>", &format!("<r><p/>{N}</r>"));
    }

    #[test]
    fn what_stands_before() {
        check(before, "<r>\r\n\t<p/>\r\n</r>", &format!("<r>\r\n\t{N}\r\n\t<p/>\r\n</r>"));
        check(before, "<r>\n  <!-- c --> <p/>\n</r>", &format!("<r>\n  {N}\n  <!-- c --> <p/>\n</r>"));
        check(before, "<r>\n  <q/> <p/>\n</r>", &format!("<r>\n  <q/> {N}<p/>\n</r>"));
        check(before, "<r><p/></r>", &format!("<r>{N}<p/></r>"));
    }

    #[test]
    fn removed() {
        let take: How = |text, element, _| removal(text, element);
        check(take, "<r>\r\n  <p>\r\n  </p> \r\n</r>", "<r>\r\n</r>");
        check(take, "<r>\n  <p/> <!-- c -->\n</r>", "<r>\n   <!-- c -->\n</r>");
        check(take, "<r>\n  <!-- c --> <p/>\n</r>", "<r>\n  <!-- c -->\n</r>");
        check(take, "<r><p/></r>", "<r></r>");
    }
}
