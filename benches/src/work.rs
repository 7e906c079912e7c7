//! What is measured: each work is prepared once and then done many times.

mod check;
pub mod large;
pub mod limiter;
mod log;
mod path;
mod request;
mod route;

use anyhow::Context as _;

/// One thing to measure.
pub struct Work {
    pub name: &'static str,
    pub about: &'static str,
    /// Makes ready; the result does it once.
    pub prepare: fn() -> Box<dyn FnMut()>,
    /// How often it is done before counting begins.
    pub warm_up: u32,
    /// How often it is done while counting.
    pub times: u32,
}

/// Everything there is.
pub const ALL: &[Work] = &[
    check::SITES,
    check::LOCATIONS,
    limiter::ONE,
    limiter::CROWD,
    limiter::NEWCOMERS,
    limiter::DENIED,
    limiter::FULL,
    limiter::SCREEN,
    request::BARE,
    request::BROWSER,
    route::EXACT,
    route::WILDCARD,
    path::PLAIN,
    path::ESCAPED,
    path::DOTS,
    log::W3C,
];

/// Those of which the longest single time counts, not the average.
pub const LONGEST: &[Work] = &[limiter::LONGEST];

/// The work of this name.
pub fn named(name: &str) -> anyhow::Result<&'static Work> {
    ALL.iter().chain(LONGEST).find(|work| work.name == name).with_context(|| format!("`{name}` is not in `list`"))
}
