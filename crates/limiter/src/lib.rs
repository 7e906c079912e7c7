//! May this client proceed, and why?
//!
//! The static address list ([`AddressList`]), the way to a client's address ([`identify`]) and the verdict on counts
//! ([`judge`]) are pure functions. [`Limiter`] keeps the counts of all clients and scopes in one table of fixed size.
//! It knows no clock: time comes in as milliseconds since any start, so that live traffic, replay and tests run the
//! same code.
#![forbid(unsafe_code)]

mod address;
mod address_list;
mod blocks;
mod by_site;
mod client;
mod decision;
mod evidence;
mod forwarded;
mod host_name;
mod judge;
mod limiter;
mod limits;
mod pattern;
mod penalty;
mod permit;
mod policy;
mod sync;
mod table;
mod tally;
mod text;
mod usage;
mod wider;

pub use address::{ClientKey, canonical};
pub use address_list::{AddressList, AddressRule, Screening};
pub use blocks::{Block, TooManyBlocks};
pub use by_site::SiteDenials;
pub use client::{Client, ClientSource, ForwardedHeader, ForwardedRule, InvalidForwarded, Trust, Via, identify};
pub use decision::{Counts, Decision, DenyAction, Reason};
pub use evidence::{Evidence, Sample};
pub use host_name::{HostName, NameRule};
pub use ipnet::IpNet;
pub use judge::judge;
pub use limiter::{Admission, Asked, Limiter, LimiterSettings, PatternStanding};
pub use limits::{Limits, Rate, Scope};
pub use pattern::{PatternLimit, RequestPattern};
pub use penalty::Penalty;
pub use permit::Permit;
pub use policy::Policy;
pub use usage::Usage;
pub use wider::{Wider, WiderStanding};
