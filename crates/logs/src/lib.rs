//! What happened, in which format?
//!
//! A finished request is a [`Record`], a refused connection an [`ErrorRecord`]. A serving thread formats them into the
//! buffers of its own [`ThreadLog`]; the writer thread of the [`Sink`] appends the filled buffers to W3C, NCSA, IIS,
//! JSON and HTTPERR files and owns everything that can go wrong with a file.
#![forbid(unsafe_code)]

mod address;
mod ansi;
mod escape;
mod fields;
mod http_err;
mod iis;
mod json;
mod line;
mod ncsa;
mod number;
mod period;
mod record;
mod sink;
mod site_log;
mod thread_log;
mod time_text;
pub mod w3c;

pub use fields::FieldSet;
pub use http_err::FIELDS_LINE as HTTPERR_FIELDS_LINE;
pub use line::Formatter;
pub use period::Period;
pub use record::{ErrorRecord, Record};
pub use sink::{Problem, Retention, Sink, SinkError, SinkSettings, SinkStatus};
pub use site_log::{CustomField, CustomSource, Format, LogTarget, SiteLog, SiteLogSettings};
pub use thread_log::ThreadLog;
