//! Let a person or a program see it and change it.
//!
//! The control socket speaks HTTP and JSON; the command line is its first client. Reading goes straight to
//! the running server's handle. Changing is an [`Order`] to the one task that owns the configuration.

#![forbid(unsafe_code)]

mod api;
mod certificates;
mod control_socket;
mod desk;
mod explain;
mod limiter_report;
mod limits_api;
mod log_files;
mod policy_report;
mod report;
mod requests;

pub use api::router;
pub use certificates::{
    BindOrder, BoundCertificates, CertificateBindingReport, CertificatesReport, ImportOrder, certificates_report,
};
pub use control_socket::{ControlSocketError, connectable_path, open, serve};
pub use desk::{Desk, Done, LimitsOrder, LimitsValue, NewSiteOrder, Order, Orders, Refused, RefusedKind, desk};
pub use explain::{Explanation, LimitStanding, Question, WiderReport};
pub use limiter_report::{ClientReport, LimiterReport, SiteDenialsReport};
pub use limits_api::{BlockOrder, BlockReport};
pub use log_files::LogFileReport;
pub use policy_report::{EntryReport, PolicyReport, RuleReport};
pub use report::{
    ConfigurationReport, ListenReport, ListenerReport, LogProblemReport, LogsReport, SiteReport, Standing, StatusReport,
};
pub use requests::RequestReport;
