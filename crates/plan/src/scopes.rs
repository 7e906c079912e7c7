//! Numbers for the places where counters belong (D6).

use std::collections::HashMap;

use doorward_limiter::Scope;

use crate::site::SiteId;

/// More scopes than this share one: a configuration with that many limited folders would otherwise
/// let whoever writes it fill the client table.
const SCOPES_MAX: usize = 65_536;
/// Nor may the folders of one site take them all: what is beyond this shares the scope of the whole site.
const SITE_SCOPES_MAX: usize = 4_096;

/// Hands out one [`Scope`] per site, configuration level that defines the limits, and name of a limit with a pattern;
/// the same one for the same three as long as the process lives, so that a reload keeps the counts of limits it left
/// alone.
#[derive(Debug, Default)]
pub struct Scopes {
    numbers: HashMap<(SiteId, String, Option<String>), Scope>,
    /// How many each site has.
    counts: HashMap<SiteId, usize>,
}

impl Scopes {
    /// The scope of `level` (a URL path of the site, `""` for the server's own level) in this site, for the limits of
    /// IIS or, by its name, one with a pattern.
    pub fn number(&mut self, site: SiteId, level: &str, limit: Option<&str>) -> Scope {
        let key = (site, level.to_ascii_lowercase(), limit.map(str::to_owned));
        if let Some(scope) = self.numbers.get(&key) {
            return *scope;
        }
        if self.numbers.len() >= SCOPES_MAX {
            return Scope(0);
        }
        let count = self.counts.entry(site).or_default();
        if *count >= SITE_SCOPES_MAX && !level.is_empty() {
            return self.number(site, "", limit);
        }
        *count += 1;
        let scope = Scope(u32::try_from(self.numbers.len()).unwrap_or(u32::MAX - 1) + 1);
        self.numbers.insert(key, scope);
        scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_level_same_scope_whatever_its_case() {
        let mut scopes = Scopes::default();
        let first = scopes.number(1, "/Api", None);
        assert_eq!(first, scopes.number(1, "/api", None));
        assert_ne!(first, scopes.number(2, "/api", None));
        assert_ne!(first, scopes.number(1, "", None));
        let login = scopes.number(1, "/api", Some("login"));
        assert_ne!(first, login);
        assert_eq!(login, scopes.number(1, "/API", Some("login")));
    }

    #[test]
    fn scopes_are_capped() {
        let mut scopes = Scopes::default();
        for site in 0..=SCOPES_MAX / SITE_SCOPES_MAX {
            for level in 0..SITE_SCOPES_MAX {
                scopes.number(u32::try_from(site).unwrap(), &level.to_string(), None);
            }
        }
        assert_eq!(scopes.number(99, "one more", None), Scope(0));
    }

    #[test]
    fn one_site_does_not_take_them_all() {
        let mut scopes = Scopes::default();
        for level in 0..SITE_SCOPES_MAX {
            scopes.number(1, &format!("/{level}"), None);
        }
        assert_eq!(scopes.number(1, "/one-more", None), scopes.number(1, "", None));
        assert_ne!(scopes.number(2, "/", None), scopes.number(1, "", None));
    }
}
