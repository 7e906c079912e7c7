//! The limiter's table under a scheduler that tries the orders in which threads may run.
//!
//! The source is the product's own, file by file; only `sync` is another one here, so that every touch of a shared word
//! is a point at which another thread may go on. What is looked for: a request too many, a place that is lost, a slot that
//! is taken from a client in flight, a reader that sees what never was.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, reason = "the table is used in part, from the source of another crate")]

#[path = "../../crates/limiter/src/address.rs"]
mod address;
#[path = "../../crates/limiter/src/decision.rs"]
mod decision;
#[path = "../../crates/limiter/src/judge.rs"]
mod judge;
#[path = "../../crates/limiter/src/limits.rs"]
mod limits;
mod orders;
mod sync;
#[path = "../../crates/limiter/src/table/mod.rs"]
mod table;
#[path = "../../crates/limiter/src/usage.rs"]
mod usage;

pub use address::{ClientKey, canonical};
pub use decision::{Counts, Decision, DenyAction, Reason};
pub use ipnet::IpNet;
pub use judge::judge;
pub use limits::{Limits, Rate, Scope};
pub use orders::{Order, tried};
pub use usage::Usage;

/// What the documentation of the source refers to.
pub struct Limiter;
