//! The words of `doorward config` and `doorward binding`.

use clap::{Args, Subcommand};

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// What a section says at a path, each value with the line that sets it.
    Get(ConfigGetArgs),
    /// The same, with what each value takes the place of, and what is locked.
    Explain(ConfigGetArgs),
    /// Write values of a section; everything else in the file stays as it is.
    Set(ConfigSetArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorward config get shop directoryBrowse\n  \
                        doorward config get / system.applicationHost/webLimits --all\n  \
                        doorward config explain shop/api dynamicIpSecurity denyByRequestRate.maxRequests")]
pub(crate) struct ConfigGetArgs {
    /// The site and a path below it, such as shop/api; / is the server itself.
    pub(crate) path: String,
    /// Full path or last name of the section, such as system.webServer/security/ipSecurity or ipSecurity.
    pub(crate) section: String,
    /// One value, such as denyByRequestRate.maxRequests.
    pub(crate) name: Option<String>,
    /// Defaults too.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorward config set shop directoryBrowse enabled=true --in-folder\n  \
                        doorward config set shop ipSecurity --add \"[ipAddress='10.0.0.1',allowed='false']\"\n  \
                        doorward config set / webLimits connectionTimeout=00:01:00 headerWaitTimeout=00:00:30")]
pub(crate) struct ConfigSetArgs {
    /// The site and a path below it, such as shop/api; / is the server itself.
    pub(crate) path: String,
    /// Full path or last name of the section.
    pub(crate) section: String,
    /// Values, as name=text.
    #[arg(value_name = "NAME=TEXT")]
    pub(crate) values: Vec<String>,
    /// Write a value no longer; what is inherited, or its default, holds.
    #[arg(long, value_name = "NAME")]
    pub(crate) unset: Vec<String>,
    /// Add an entry to a collection: [key='value'] or element.[key='value'].
    #[arg(long, value_name = "ENTRY")]
    pub(crate) add: Vec<String>,
    /// Remove an entry, named by its keys.
    #[arg(long, value_name = "ENTRY")]
    pub(crate) remove: Vec<String>,
    /// Write into the folder's own web.config; without it, into the server's file.
    #[arg(long)]
    pub(crate) in_folder: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BindingCommand {
    /// List the bindings of a site, or of all.
    List {
        /// The site.
        site: Option<String>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// Let a site answer at one more place, at once.
    Add {
        /// The site.
        site: String,
        /// protocol/address:port:host, as in IIS.
        binding: String,
        /// Bits of IIS's `sslFlags`: 1 server name, 2 central store, 4 no HTTP/2, 32 no TLS 1.3.
        #[arg(long, value_name = "BITS")]
        ssl_flags: Option<u32>,
    },
    /// Let a site no longer answer there.
    Remove {
        /// The site.
        site: String,
        /// As `binding list` shows it.
        binding: String,
    },
}
