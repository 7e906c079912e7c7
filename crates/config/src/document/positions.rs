//! From byte offsets to lines and columns.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Origin;

/// Bytes between two counted places; a line may be as long as the whole text.
const STEP: usize = 64;

/// Where the lines of a text begin, and how many characters stand before every [`STEP`]th byte.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    starts: Vec<usize>,
    counted: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let text = text.as_bytes();
        let after_break = text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(|(at, _)| at + 1);
        let mut counted = vec![0];
        for chunk in text.chunks(STEP) {
            counted.push(counted.last().copied().unwrap_or(0) + characters(chunk));
        }
        Self { text, starts: std::iter::once(0).chain(after_break).collect(), counted }
    }

    /// The place of a byte offset; an offset beyond the text is its end.
    pub(crate) fn origin(&self, file: &Arc<Path>, offset: usize) -> Origin {
        let offset = offset.min(self.text.len());
        let index = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(0);
        // A byte order mark is no character of the first line.
        let mark = usize::from(index == 0 && offset > 0 && self.text.starts_with(b"\xef\xbb\xbf"));
        let column = self.characters_before(offset) - self.characters_before(start) - mark + 1;
        // Texts are at most 16 MiB, so both numbers fit.
        Origin { file: Arc::clone(file), line: index as u32 + 1, column: column as u32 }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let step = offset / STEP;
        self.counted[step] + characters(&self.text[step * STEP..offset])
    }
}

/// Bytes that begin a character of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, line: u32, column: u32) {
        let origin = Lines::new(text).origin(&Arc::from(Path::new("f")), offset);
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
        check(&format!("\n{}x", "é".repeat(1000)), 2001, 2, 1001);
        check(&"a".repeat(STEP), STEP, 1, STEP as u32 + 1);
    }
}
