//! Files: found, validated, conditional, in parts.

mod answer;
mod cache;
mod conditional;
mod open;
mod range;

pub(crate) use answer::answer;
pub(crate) use cache::{CachedFile, FileCache};
pub(crate) use open::{FileJob, Found};
