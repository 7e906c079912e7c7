//! Where requests are sent instead of being answered (`httpRedirect`, IIS reference §4.1).

use doorward_config::HttpRedirect;

use crate::directory::below;

/// The redirect that holds at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 307 or 308.
    pub status: u16,
    destination: Option<Target>,
    /// Neither the rest of the path nor the query string is added.
    exact: bool,
    /// What lies in sub-folders stays.
    child_only: bool,
    /// Patterns in lower case, each with its target; the first that fits decides.
    wildcards: Vec<(String, Target)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    text: String,
    level: String,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'r> {
    /// Its canonical path.
    pub path: &'r str,
    /// Its query string, without question mark.
    pub query: Option<&'r str>,
    /// Writes a path as it stands in a URL.
    pub escape: fn(&str) -> String,
}

impl Redirect {
    /// Takes the section; `None` where it redirects nothing.
    pub fn new(section: &HttpRedirect) -> Option<Self> {
        let target = |written: &doorward_config::RedirectTarget| Target {
            text: written.text.clone(),
            level: written.level.clone(),
        };
        let wildcards = section.wildcards.iter().map(|(pattern, written)| (pattern.to_lowercase(), target(written)));
        let redirect = Self {
            status: section.status,
            destination: Some(target(&section.destination)).filter(|target| !target.text.is_empty()),
            exact: section.exact,
            child_only: section.child_only,
            wildcards: wildcards.collect(),
        };
        (section.enabled && (redirect.destination.is_some() || !redirect.wildcards.is_empty())).then_some(redirect)
    }

    /// Where this request is sent. `!` as a destination leaves it where it is, and so does a destination that is what
    /// was asked for, which would never end.
    pub fn location(&self, asked: Asked<'_>) -> Option<String> {
        let location = self.wildcard(asked).or_else(|| self.general(asked))?;
        let mut present = (asked.escape)(asked.path);
        if let Some(query) = asked.query {
            present.push('?');
            present.push_str(query);
        }
        (location != "!" && location != present).then_some(location)
    }

    fn wildcard(&self, asked: Asked<'_>) -> Option<String> {
        let path = asked.path.to_lowercase();
        let (target, captures) = self.wildcards.iter().find_map(|(pattern, target)| {
            // A pattern without a slash at its front is about what lies below its level.
            let rooted = pattern.starts_with(['/', '*']);
            let lower = if rooted { &*path } else { below(&path, &target.level)?.trim_start_matches('/') };
            let skipped = path.len() - lower.len();
            let text = asked.path.get(skipped..).filter(|text| text.len() == lower.len())?;
            Some((target, fits(pattern, lower, text)?))
        })?;
        Some(target.filled(asked, &captures).0)
    }

    fn general(&self, asked: Asked<'_>) -> Option<String> {
        let target = self.destination.as_ref()?;
        let rest = below(asked.path, &target.level)?;
        if self.child_only && rest.trim_start_matches('/').contains('/') {
            return None;
        }
        let (mut location, has_variables) = target.filled(asked, &[]);
        if !self.exact && !has_variables && location != "!" {
            location.truncate(location.trim_end_matches('/').len());
            location.push_str(&(asked.escape)(rest));
            if let Some(query) = asked.query {
                location.push('?');
                location.push_str(query);
            }
        }
        Some(location)
    }
}

impl Target {
    /// The destination with its variables filled, and whether it has any.
    fn filled(&self, asked: Asked<'_>, captures: &[&str]) -> (String, bool) {
        let mut out = String::with_capacity(self.text.len() + asked.path.len());
        let mut rest = &*self.text;
        let mut has_variables = false;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let name = after.chars().next().map(|name| name.to_ascii_uppercase());
            let value = match name {
                Some('S') => Some((asked.escape)(below(asked.path, &self.level).unwrap_or(asked.path))),
                Some('V') => Some((asked.escape)(asked.path)),
                Some('P') => Some(asked.query.unwrap_or_default().to_owned()),
                Some('Q') => Some(asked.query.map(|query| format!("?{query}")).unwrap_or_default()),
                Some(digit) => digit.to_digit(10).map(|digit| {
                    let capture = captures.get(digit as usize).copied().unwrap_or_default();
                    (asked.escape)(capture)
                }),
                None => None,
            };
            if let Some(value) = value {
                has_variables = true;
                out.push_str(&value);
                rest = &after[1..];
            } else {
                out.push('$');
                rest = after;
            }
        }
        out.push_str(rest);
        (out, has_variables)
    }
}

/// What the stars of `pattern` stand for in `text`, whose lower case is `lower`; `None` when it does not fit. A star takes
/// as little as it can, the last one what is left.
fn fits<'t>(pattern: &str, lower: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let mut at = lower.starts_with(first).then_some(first.len())?;
    let mut captures = Vec::new();
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return (lower.len() == at).then_some(captures);
    }
    while let Some(part) = parts.next() {
        let found = if parts.peek().is_some() {
            lower[at..].find(part)?
        } else {
            lower[at..].ends_with(part).then(|| lower.len() - at - part.len())?
        };
        captures.push(text.get(at..at + found)?);
        at += found + part.len();
    }
    Some(captures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::RedirectTarget;

    fn target(text: &str, level: &str) -> RedirectTarget {
        RedirectTarget { text: text.to_owned(), level: level.to_owned() }
    }

    fn section(destination: &str, level: &str) -> HttpRedirect {
        HttpRedirect {
            enabled: true,
            destination: target(destination, level),
            exact: false,
            child_only: false,
            status: 302,
            wildcards: Vec::new(),
        }
    }

    /// `asked` is a path with its query string; `expected` is empty where nothing is redirected.
    fn check(section: &HttpRedirect, asked: &str, expected: &str) {
        let (path, query) = asked.split_once('?').map_or((asked, None), |(path, query)| (path, Some(query)));
        let asked = Asked { path, query, escape: |path| path.replace(' ', "%20") };
        let location = Redirect::new(section).and_then(|redirect| redirect.location(asked));
        assert_eq!(location.unwrap_or_default(), expected, "{section:?} {path}");
    }

    #[test]
    fn the_rest_of_the_path_and_the_query_are_added() {
        check(&section("http://new/", "/old"), "/old/a b.htm?x=1", "http://new/a%20b.htm?x=1");
        check(&section("http://new", "/old"), "/old", "http://new");
        check(&section("http://new", "/old"), "/OLD/", "http://new/");
        check(&section("http://new/base", ""), "/a/b", "http://new/base/a/b");
        check(&section("/new", "/old"), "/old/a", "/new/a");
        check(&section("/", ""), "/a", "");
    }

    #[test]
    fn exact_child_only_and_off() {
        let exact = |to: &str| HttpRedirect { exact: true, ..section(to, "/old") };
        check(&exact("http://new/x"), "/old/a?x=1", "http://new/x");
        check(&exact("/old/here"), "/old/here", "");
        check(&exact("/old/here"), "/old/there", "/old/here");
        let child = HttpRedirect { child_only: true, ..section("http://new", "/old") };
        check(&child, "/old/a.htm", "http://new/a.htm");
        check(&child, "/old/sub/a.htm", "");
        check(&HttpRedirect { enabled: false, ..section("http://new", "") }, "/a", "");
        check(&section("", ""), "/a", "");
        check(&section("!", ""), "/a", "");
    }

    #[test]
    fn variables() {
        check(&section("http://new$S$Q", "/old"), "/old/a?x=1", "http://new/a?x=1");
        check(&section("http://new$V?q=$P", "/old"), "/old/a?x=1", "http://new/old/a?q=x=1");
        check(&section("http://new/?was=$v", "/old"), "/old/a", "http://new/?was=/old/a");
        check(&HttpRedirect { exact: true, ..section("http://new/$Q", "") }, "/a", "http://new/");
        check(&section("http://new/$x", ""), "/a", "http://new/$x/a");
        check(&section("http://new/$", ""), "/a", "http://new/$/a");
    }

    fn wild(pattern: &str, to: &str) -> HttpRedirect {
        HttpRedirect { wildcards: vec![(pattern.to_owned(), target(to, "/old"))], ..section("", "/old") }
    }

    #[test]
    fn wildcards() {
        check(&wild("*.asp", "/default.htm"), "/old/x.ASP?a=b", "/default.htm");
        check(&wild("*.asp", "/default.htm"), "/old/x.htm", "");
        check(&wild("/old/*/*.php", "/new/$1/$0$Q"), "/old/Shop/Cart.php?a=b", "/new/Cart/Shop?a=b");
        check(&wild("a*.htm", "/b$0.htm"), "/old/a1.htm", "/b1.htm");
        check(&wild("a*.htm", "/b$0.htm"), "/other/a1.htm", "");
        check(&wild("/old/one.htm", "/two.htm"), "/Old/One.htm", "/two.htm");
        check(&wild("/old/one.htm", "/two.htm"), "/old/one.html", "");
        check(&HttpRedirect { destination: target("/rest", "/old"), ..wild("*.keep", "!") }, "/old/a.keep", "");
        check(&HttpRedirect { destination: target("/rest", "/old"), ..wild("*.keep", "!") }, "/old/a", "/rest/a");
    }
}
