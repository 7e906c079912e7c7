//! Changes bytes and leaves the others as they are.

use std::ops::Range;

/// Replaces a range of bytes by a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Splice {
    pub(crate) fn insert(at: usize, text: String) -> Self {
        Self { range: at..at, text }
    }

    pub(crate) fn remove(range: Range<usize>) -> Self {
        Self { range, text: String::new() }
    }
}

/// Applies all splices to the same text. Ranges refer to the original and must not overlap.
pub(crate) fn splice(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| splice.range.start);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for Splice { range, text: new } in splices {
        debug_assert!(range.start >= at, "splices overlap");
        result.push_str(&text[at..range.start]);
        result.push_str(&new);
        at = range.end;
    }
    result.push_str(&text[at..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splices_refer_to_the_original() {
        let splices =
            vec![Splice::insert(4, "X".into()), Splice::remove(0..2), Splice { range: 2..3, text: "Y".into() }];
        assert_eq!(splice("abcdef", splices), "YdXef");
    }
}
