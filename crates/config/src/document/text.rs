//! How a text is laid out, so that what is added looks like what is there.

/// Line ends and indentation of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Style {
    /// `"\r\n"` or `"\n"`.
    pub(crate) newline: &'static str,
    /// One step of indentation.
    pub(crate) indent: String,
}

impl Style {
    /// The line end of the first line, and the first indentation found.
    pub(crate) fn of(text: &str) -> Self {
        let newline = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            Some(_) | None => "\n",
        };
        let indent = text.lines().find_map(|line| {
            let white = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            let names_element = line[white.len()..].starts_with('<');
            (names_element && !white.is_empty() && white.len() <= 8).then(|| white.to_owned())
        });
        Self { newline, indent: indent.unwrap_or_else(|| "  ".to_owned()) }
    }
}

/// The white space before `offset` when nothing else stands before it on its line.
pub(crate) fn margin(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?;
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    line.bytes().all(|b| b == b' ' || b == b'\t').then_some(line)
}

/// Text for use between double quotes.
pub(crate) fn escape_attribute(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, newline: &str, indent: &str) {
        let style = Style::of(text);
        assert_eq!((style.newline, style.indent.as_str()), (newline, indent), "{text:?}");
    }

    #[test]
    fn styles() {
        check("<a/>", "\n", "  ");
        check("<a>\r\n    <b/>\r\n</a>", "\r\n", "    ");
        check("<a>\n\t<b>\n\t\t<c/>", "\n", "\t");
        check("<a>\n   text\n  <b/>", "\n", "  ");
    }

    #[test]
    fn margins() {
        assert_eq!(margin("<a>\n  <b/>", 6), Some("  "));
        assert_eq!(margin("<a><b/>", 3), None);
        assert_eq!(margin("<a/>", 0), Some(""));
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_read_back(value in "[\\t\\n\\r -\u{d7ff}]*") {
            let text = format!("<a b=\"{}\"/>", escape_attribute(&value));
            let document = roxmltree::Document::parse(&text).unwrap();
            prop_assert_eq!(document.root_element().attribute("b"), Some(value.as_str()));
        }
    }
}
