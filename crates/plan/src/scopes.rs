//! Numbers for the places where counters belong (D6).

use std::collections::HashMap;

use doorward_limiter::Scope;

use crate::site::SiteId;

/// More scopes than this share one: a configuration with that many limited folders would otherwise
/// let whoever writes it fill the client table.
const SCOPES_MAX: usize = 65_536;

/// Hands out one [`Scope`] per site, configuration level that defines the limits, and name of a limit with a pattern;
/// the same one for the same three as long as the process lives, so that a reload keeps the counts of limits it left
/// alone.
#[derive(Debug, Default)]
pub struct Scopes {
    numbers: HashMap<(SiteId, String, Option<String>), Scope>,
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
        for level in 0..SCOPES_MAX {
            scopes.number(1, &level.to_string(), None);
        }
        assert_eq!(scopes.number(1, "one more", None), Scope(0));
    }
}
