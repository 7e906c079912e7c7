//! Files: found, validated, conditional, in parts; folders listed.

mod answer;
mod cache;
pub(crate) mod coding;
mod conditional;
mod listing;
mod listing_page;
mod open;
mod parts;
mod range;
mod spelling;

pub(crate) use answer::answer;
pub(crate) use cache::{CachedFile, FileCache};
pub(crate) use listing_page::respond as list;
pub(crate) use open::{FileJob, Found, read_small};
pub(crate) use parts::MultiPart;
