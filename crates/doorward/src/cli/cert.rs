//! The words of `doorward cert`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// List where certificates answer, and the certificates.
    List(JsonArgs),
    /// Show one certificate.
    Show {
        /// Its SHA-1, its file, or where it answers.
        name: String,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// Keep a copy of a certificate and its key, under its SHA-1.
    Import {
        /// PEM with the chain, the server's own certificate first; or a PFX.
        certificate: PathBuf,
        /// PEM with the key, where it is not in the same file.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// First line: the password of a PFX; without it, the variable `DOORWARD_PFX_PASSWORD`, else none.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Delete an imported certificate that answers nowhere.
    Remove {
        /// Its SHA-1.
        sha1: String,
    },
    /// Let a certificate answer somewhere, at once; what answered there gives way.
    Bind(CertBindArgs),
    /// Let no certificate answer there any more.
    Unbind {
        /// As `cert list` shows it.
        place: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorward cert bind 127.0.0.4:8443 --file shop.pem --key shop.key\n  \
                        doorward cert bind orders.test:8443 --hash 0102030405060708090a0b0c0d0e0f1011121314\n  \
                        doorward cert bind 8443 --directory /srv/certs\n  \
                        doorward cert bind 127.0.0.4:8443 --file shop.pem --key shop.key --client-ca staff-ca.pem")]
#[command(group = clap::ArgGroup::new("source").required(true).args(["file", "hash", "directory"]))]
pub(crate) struct CertBindArgs {
    /// ADDRESS:PORT (0.0.0.0 for every address), NAME:PORT, or the PORT of a central store.
    pub(crate) place: String,
    /// PEM with the chain, the server's own certificate first; or a PFX.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// PEM with the key, where it is not in the same file.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) key: Option<PathBuf>,
    /// SHA-1 of an imported certificate.
    #[arg(long, value_name = "SHA1")]
    pub(crate) hash: Option<String>,
    /// Folder of a central store: HOST.pem and HOST.key, or HOST.pfx; `_` for `*`.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// First line: the password of the PFX, or of all in the central store.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hash", "key"])]
    pub(crate) password_file: Option<PathBuf>,
    /// PEM with the authorities that certificates of clients have to come from.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_ca: Option<PathBuf>,
    /// Ask every client for a certificate, whatever the paths want.
    #[arg(long)]
    pub(crate) client_cert_negotiation: bool,
    /// The oldest version of TLS that is spoken there.
    #[arg(long, value_name = "VERSION", value_parser = ["1.2", "1.3"], default_value = "1.2")]
    pub(crate) min_tls: String,
}
