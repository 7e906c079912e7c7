//! What was read from schema files stays for as long as the program runs: every table of the engine does, and each text
//! is kept once, however often the files are read.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::schema::{Schema, Word};

/// Bytes of all schema files that were ever different in one run of the program.
const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A schema file: its text, or what is wrong with it.
pub(super) type File = (Arc<Path>, Result<String, Diagnostic>);

/// What the files amount to, and what is to be said about them.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub(super) schema: &'static Schema,
    pub(super) findings: Vec<Diagnostic>,
}

#[derive(Default)]
struct Kept {
    texts: HashSet<&'static str>,
    words: HashSet<&'static [Word]>,
    compiled: Vec<(Vec<File>, Compiled)>,
    text_bytes: usize,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value that is never given back.
pub(super) fn for_ever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Values that are never given back.
pub(super) fn all<T>(values: impl IntoIterator<Item = T>) -> &'static [T] {
    let values: Vec<T> = values.into_iter().collect();
    if values.is_empty() { &[] } else { values.leak() }
}

/// A name that is never given back; the same one for the same text.
pub(super) fn text(text: &str) -> &'static str {
    let mut kept = kept();
    if let Some(known) = kept.texts.get(text) {
        return known;
    }
    let new: &'static str = String::leak(text.to_owned());
    kept.texts.insert(new);
    new
}

/// The words of an enumeration; the same list for the same words.
pub(super) fn words(words: Vec<Word>) -> &'static [Word] {
    let mut kept = kept();
    if let Some(known) = kept.words.get(words.as_slice()) {
        return known;
    }
    let new: &'static [Word] = words.leak();
    kept.words.insert(new);
    new
}

/// What `make` makes of these files, made once; `None` where too much has been kept already.
pub(super) fn compiled(files: Vec<File>, make: impl FnOnce(&[File]) -> Compiled) -> Option<Compiled> {
    let known = |kept: &Kept| kept.compiled.iter().find(|(own, _)| *own == files).map(|(_, own)| own.clone());
    let own_bytes: usize = files.iter().flat_map(|(_, text)| text).map(String::len).sum();
    {
        let kept = kept();
        if let Some(known) = known(&kept) {
            return Some(known);
        }
        if kept.text_bytes + own_bytes > TEXT_BYTES_MAX {
            return None;
        }
    }
    // Not under the lock: `make` keeps names.
    let new = make(&files);
    let mut kept = kept();
    kept.text_bytes += own_bytes;
    kept.compiled.push((files, new.clone()));
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_and_the_same_words_are_kept_once() {
        assert!(std::ptr::eq(text("kept once"), text(&String::from("kept once"))));
        let list = || words(vec![("keptOnce", 1)]);
        assert!(std::ptr::eq(list(), list()));
    }
}
