//! Numbers for the places where counters belong (D6).

use std::collections::HashMap;

use doorward_limiter::Scope;

use crate::site::SiteId;

/// More scopes than this share one: a configuration with that many limited folders would otherwise
/// let whoever writes it fill the client table.
const SCOPES_MAX: usize = 65_536;

/// Hands out one [`Scope`] per (site, configuration level that defines the limits), the same one for
/// the same pair as long as the process lives, so that a reload keeps the counts of limits it left alone.
#[derive(Debug, Default)]
pub struct Scopes {
    numbers: HashMap<(SiteId, String), Scope>,
}

impl Scopes {
    /// The scope of `level` (a URL path of the site, `""` for the server's own level) in this site.
    pub fn number(&mut self, site: SiteId, level: &str) -> Scope {
        let key = (site, level.to_ascii_lowercase());
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

    /// The (site, level) a scope stands for.
    pub fn name(&self, scope: Scope) -> Option<(SiteId, &str)> {
        self.numbers.iter().find(|(_, number)| **number == scope).map(|((site, level), _)| (*site, level.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_level_same_scope_whatever_its_case() {
        let mut scopes = Scopes::default();
        let first = scopes.number(1, "/Api");
        assert_eq!(first, scopes.number(1, "/api"));
        assert_ne!(first, scopes.number(2, "/api"));
        assert_ne!(first, scopes.number(1, ""));
        assert_eq!(scopes.name(first), Some((1, "/api")));
    }

    #[test]
    fn scopes_are_capped() {
        let mut scopes = Scopes::default();
        for level in 0..SCOPES_MAX {
            scopes.number(1, &level.to_string());
        }
        assert_eq!(scopes.number(1, "one more"), Scope(0));
    }
}
