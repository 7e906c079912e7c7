//! What every backend that counts clients has to do: the decisions D1 to D6, D18 and D21, through the public door.
//!
//! The panics of `unwrap` in shared code here are the tests' own.
#![allow(clippy::unwrap_used)]

mod before;
mod change;
mod desk;
mod flood;
mod long_lived;
mod model;
mod patterns;
mod rules;
mod threads;
mod vectors;
mod wider;
