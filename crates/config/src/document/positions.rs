//! From byte offsets to lines and columns.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Origin;

/// Byte offsets at which the lines of a text begin.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let after_break = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after_break).collect() }
    }

    /// The place of a byte offset; an offset beyond the text is its end.
    pub(crate) fn origin(&self, text: &str, file: &Arc<Path>, offset: usize) -> Origin {
        let index = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(0);
        let before = text.get(start..offset.min(text.len())).unwrap_or("");
        let column = before.chars().filter(|&c| c != '\u{feff}').count() + 1;
        // Texts are at most 16 MiB, so both numbers fit.
        Origin { file: Arc::clone(file), line: index as u32 + 1, column: column as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, line: u32, column: u32) {
        let origin = Lines::new(text).origin(text, &Arc::from(Path::new("f")), offset);
        assert_eq!((origin.line, origin.column), (line, column), "{text:?} at {offset}");
    }

    #[test]
    fn places() {
        check("", 0, 1, 1);
        check("ab\ncd", 1, 1, 2);
        check("ab\ncd", 3, 2, 1);
        check("ab\r\ncd", 5, 2, 2);
        check("é<", 2, 1, 2);
        check("\u{feff}<a/>", 3, 1, 1);
        check("ab", 99, 1, 3);
    }
}
