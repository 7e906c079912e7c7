//! What has to hold for every input there is.
//!
//! A target takes any bytes and panics when a promise is broken. `scripts/fuzz TARGET SECONDS` looks for such bytes; what
//! it finds worth keeping lies in `corpus/TARGET`, and the tests go through it each time. A new target is a file in
//! `targets` and a line in [`TARGETS`].
#![forbid(unsafe_code)]

mod targets;

pub use targets::TARGETS;

/// One target: takes any bytes, panics when a promise is broken.
pub type Target = fn(&[u8]);

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(own, _)| *own == name).map(|(_, target)| *target)
}
