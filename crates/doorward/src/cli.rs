//! The words one can type.

mod cert;
mod config;
mod limits;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::embedded::Ports;
pub(crate) use cert::{CertBindArgs, CertCommand};
pub(crate) use config::{BindingCommand, ConfigCommand, ConfigGetArgs, ConfigSetArgs};
pub(crate) use limits::{ClientsArgs, ExplainArgs, Limit, LimitsCommand, PlaceArgs, SetArgs, Switch};

/// A web front door: sites on exact addresses, limits per client, logs as IIS writes them.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Keep configuration, logs and state under this folder (default: /etc, /var for root, XDG folders for users).
    #[arg(long, global = true, value_name = "DIR", env = "DOORWARD_HOME")]
    pub(crate) home: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve in the foreground; without any configuration, the embedded default.
    Run(RunArgs),
    /// Read the configuration as `run` would and print every finding; change nothing.
    Check(CheckArgs),
    /// Show sites, listeners, limits and logs of the running server.
    Status(JsonArgs),
    /// List, add, remove, start and stop sites.
    #[command(subcommand)]
    Site(SiteCommand),
    /// Where sites answer: list, add and remove bindings.
    #[command(subcommand)]
    Binding(BindingCommand),
    /// Any section of the configuration at any path: what holds and why, and how to change it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The IP listen list: the addresses that `*` bindings may use.
    #[command(subcommand)]
    Listen(ListenCommand),
    /// Certificates: keep them, and say where they answer.
    #[command(subcommand)]
    Cert(CertCommand),
    /// The limiter: who is limited now and why, what holds where, and blocks of your own.
    #[command(subcommand)]
    Limits(LimitsCommand),
    /// Where log lines go now; look at them, and close the files for a rotation.
    #[command(subcommand)]
    Logs(LogsCommand),
    /// IIS's own command, with its words, messages and exit codes (`doorward appcmd /?`). Also by the name `appcmd`.
    #[command(disable_help_flag = true)]
    Appcmd {
        /// Such as: list site
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
        words: Vec<String>,
    },
    /// HTTP.sys's own command, with its words, messages and exit codes (`doorward netsh http ?`). Also by the name `netsh`.
    #[command(disable_help_flag = true)]
    Netsh {
        /// Such as: http show iplisten
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
        words: Vec<String>,
    },
    /// Show who holds a port, and what that blocks.
    Who {
        /// The TCP port.
        port: u16,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// Try whether these addresses can be opened, all at the same time.
    Probe {
        /// Address and port, such as 127.0.0.10:443.
        #[arg(required = true, value_name = "ADDR:PORT")]
        addresses: Vec<SocketAddr>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// Make the running server read its configuration again.
    Reload,
    /// End the running server; requests in progress may finish.
    Stop,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Serve this applicationHost.config from wherever it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Port of the embedded default's http sites.
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().http)]
    pub(crate) http_port: u16,
    /// Port of the embedded default's https sites.
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().https)]
    pub(crate) https_port: u16,
    /// Serving threads (default: one per core).
    #[arg(long, value_name = "COUNT")]
    pub(crate) threads: Option<usize>,
    /// Seconds that running requests get to finish when the server ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) drain: u64,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Check this file instead of the home's.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// List every section that is kept and not acted on, line by line.
    #[arg(long)]
    pub(crate) ignored: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JsonArgs {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// List the sites of the running server.
    List(JsonArgs),
    /// Start a site.
    Start {
        /// Its name.
        name: String,
    },
    /// Stop a site: its address is free at once, and connections to it are refused.
    Stop {
        /// Its name.
        name: String,
    },
    /// Add a site to the configuration and start it.
    Add(SiteAddArgs),
    /// Remove a site from the configuration.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorward site add shop --bind http/127.0.0.4:8080: --path /srv/shop\n  \
                        doorward site add api --bind http/127.0.0.5:8080:api.test --to http://127.0.0.1:5001")]
pub(crate) struct SiteAddArgs {
    /// Its name.
    pub(crate) name: String,
    /// protocol/address:port:host, as in IIS; may be given several times.
    #[arg(long, required = true, value_name = "BINDING")]
    pub(crate) bind: Vec<String>,
    /// Folder of its content.
    #[arg(long, alias = "root", value_name = "DIR")]
    pub(crate) path: Option<String>,
    /// Server to which its requests are forwarded.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Its number; without one, the next free.
    #[arg(long)]
    pub(crate) id: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ListenCommand {
    /// Add an address; `*` bindings open there at once.
    Add {
        /// IPv4 or IPv6 address; a port behind it is ignored.
        address: String,
    },
    /// Remove an address; `*` bindings close there at once.
    Remove {
        /// The address.
        address: String,
    },
    /// Show the list.
    List(JsonArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogsCommand {
    /// Print the present file of every log.
    Paths(JsonArgs),
    /// Print the last lines of a site's log, or of every log.
    Tail(TailArgs),
    /// Close every log file; the next line opens it again. For logrotate's `postrotate`.
    Reopen,
}

#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// Name of the site; without it, every log.
    pub(crate) site: Option<String>,
    /// The HTTPERR log alone: what no site's log shows.
    #[arg(long, conflicts_with = "site")]
    pub(crate) errors: bool,
    /// So many lines of each log.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) lines: usize,
    /// Go on with new lines, also into the next file, until Ctrl-C.
    #[arg(short, long)]
    pub(crate) follow: bool,
}
