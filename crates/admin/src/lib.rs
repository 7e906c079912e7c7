//! Let a person or a program see it and change it.
//!
//! The control socket speaks HTTP and JSON; the command line is its first client. Reading goes straight to
//! the running server's handle. Changing is an [`Order`] to the one task that owns the configuration.

#![forbid(unsafe_code)]

mod api;
mod control_socket;
mod desk;
mod log_files;
mod report;

pub use api::router;
pub use control_socket::{ControlSocketError, connectable_path, open, serve};
pub use desk::{Desk, Done, NewSiteOrder, Order, Orders, Refused, RefusedKind, desk};
pub use log_files::LogFileReport;
pub use report::{
    ClientReport, ConfigurationReport, LimiterReport, ListenReport, ListenerReport, LogProblemReport, LogsReport,
    SiteReport, Standing, StatusReport,
};
