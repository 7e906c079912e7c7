//! IIS's commands as pure functions: words in, edits and text out.
//!
//! A command reads what is configured through an [`Installation`], and changes it by handing in an edit. Which
//! installation that is, files alone or a running server, is not its business, so that both answer alike.

#![forbid(unsafe_code)]

mod appcmd;
mod files;
mod installation;
mod netsh;
mod outcome;
mod settings;
mod time;

pub use appcmd::appcmd;
pub use files::Files;
pub use installation::{Installation, RequestInProgress, RunState, Trouble};
pub use netsh::{Account, CachedFile, HttpService, netsh};
pub use outcome::Outcome;
pub use settings::{Denied, Overruled, SectionReport, SettingsOrder, ValueReport, settings, settings_edit};
