//! Limits that hold for some requests only, told by method and path.

use std::sync::Arc;

use crate::{DenyAction, Limits, Scope};

/// One more limit beside the policy's own: it holds for requests of some methods and paths, and counts them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternLimit {
    /// What the operator calls it.
    pub name: Arc<str>,
    /// Which requests it is about.
    pub pattern: RequestPattern,
    /// How many of them one client may make.
    pub limits: Limits,
    /// What a client over it gets; `None` is what the policy says.
    pub action: Option<DenyAction>,
    /// Where its counters belong.
    pub scope: Scope,
}

/// Methods and paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestPattern {
    /// Empty stands for every method. Case does not matter, so that no spelling slips through.
    pub methods: Vec<String>,
    /// `*` stands for any text, slashes included; case of ASCII letters does not matter. Empty stands for every path.
    pub path: String,
}

impl RequestPattern {
    /// Whether a request with this method and this path, decoded and without its query, is meant.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        let by_method = self.methods.is_empty() || self.methods.iter().any(|own| own.eq_ignore_ascii_case(method));
        by_method && (self.path.is_empty() || is_like(self.path.as_bytes(), path.as_bytes()))
    }
}

/// Whether a text is what a pattern with stars describes. Goes back to the last star alone, which is enough.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Behind the last star, and how far its text goes.
    let mut star = None;
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, read));
            }
            Some(own) if own.eq_ignore_ascii_case(byte) => (at, read) = (at + 1, read + 1),
            Some(_) | None => {
                let Some((behind, end)) = star else { return false };
                (at, read) = (behind, end + 1);
                star = Some((behind, end + 1));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(methods: &str, pattern: &str, (method, path): (&str, &str), expected: bool) {
        let methods = methods.split_whitespace().map(str::to_owned).collect();
        let pattern = RequestPattern { methods, path: pattern.to_owned() };
        assert_eq!(pattern.matches(method, path), expected, "{pattern:?} {method} {path}");
    }

    #[test]
    fn methods_and_paths() {
        check("", "", ("GET", "/"), true);
        check("POST", "", ("POST", "/x"), true);
        check("POST", "", ("post", "/x"), true);
        check("POST", "", ("GET", "/x"), false);
        check("PUT POST", "", ("POST", "/x"), true);
        check("", "/login", ("GET", "/Login"), true);
        check("", "/login", ("GET", "/login/"), false);
        check("", "/login*", ("GET", "/login/step/2"), true);
        check("", "/login*", ("GET", "/x/login"), false);
        check("", "*/search", ("GET", "/de/shop/search"), true);
        check("", "*/search", ("GET", "/de/search/shop"), false);
        check("", "/a*b*c", ("GET", "/a-b-b-c"), true);
        check("", "/a*b*c", ("GET", "/a-c-b"), false);
        check("", "*", ("GET", "/"), true);
        check("", "**/x**", ("GET", "/y/x"), true);
        check("", "/x", ("GET", "/xy"), false);
        check("", "/xy", ("GET", "/x"), false);
        check("POST", "/login*", ("GET", "/login"), false);
    }

    /// The same by trying everything.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, _) => text.is_empty(),
            (Some((b'*', rest)), _) => (0..=text.len()).any(|skipped| slow(rest, &text[skipped..])),
            (Some((own, rest)), Some((byte, more))) => own.eq_ignore_ascii_case(byte) && slow(rest, more),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn equal_to_trying_everything(pattern in "[aAb*]{0,7}", text in "[abB]{0,9}") {
            prop_assert_eq!(is_like(pattern.as_bytes(), text.as_bytes()), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
