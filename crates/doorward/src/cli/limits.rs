//! The words behind `doorward limits`.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::JsonArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum LimitsCommand {
    /// Clients that are limited now, or were within the last minute, with the evidence.
    Clients(ClientsArgs),
    /// Say what an address would get here, and which line decides. Counts nothing.
    Explain(ExplainArgs),
    /// The rules in force at a place, each with the line that sets it.
    Show {
        #[command(flatten)]
        place: PlaceArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write rules into the configuration; the rest of the file stays as it is.
    Set(SetArgs),
    /// Block an address or network on every site for a while, also over a restart.
    Block {
        /// An address (of IPv6 its /64 is meant) or a network such as 10.0.0.0/8.
        address: String,
        /// How long: 90s, 10m, 2h, 1d, or several such together.
        #[arg(long = "for", value_name = "TIME", value_parser = duration)]
        duration: Duration,
        /// Why, for whoever looks at it later.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// The blocks in force.
    Blocks(JsonArgs),
    /// End the blocks of an address or network and forget what was counted against it.
    Unblock {
        /// An address (of IPv6 its /64 is meant) or a network such as 10.0.0.0/8.
        address: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ClientsArgs {
    /// Those of this site.
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show them again every second until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The site; without one, the server's own level.
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
    /// Path below the site.
    #[arg(long, value_name = "PATH", requires = "site")]
    pub(crate) path: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  doorward limits explain 127.0.0.1 --site shop --header 'X-Forwarded-For: 203.0.113.9'"
)]
pub(crate) struct ExplainArgs {
    /// The address that connects.
    pub(crate) address: String,
    /// The site; without one, every site answers.
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
    /// The path of the request.
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// The method of the request; GET without it.
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A header line of the request; may be given several times.
    #[arg(long = "header", value_name = "LINE")]
    pub(crate) headers: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// On or off, as one says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit<T> {
    Off,
    Max(T),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorward limits set --site shop --rate 100/5s --concurrent 20\n  \
                        doorward limits set --site shop --path /api --rate off\n  \
                        doorward limits set --site shop --value limiter.ipv6PrefixLength=56")]
pub(crate) struct SetArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Requests of one client in progress at once, or `off`.
    #[arg(long, value_name = "COUNT|off", value_parser = concurrent)]
    pub(crate) concurrent: Option<Limit<u32>>,
    /// Requests of one client in an interval, such as 20/200ms or 100/5s, or `off`.
    #[arg(long, value_name = "COUNT/TIME|off", value_parser = rate)]
    pub(crate) rate: Option<Limit<(u32, Duration)>>,
    /// What a client over a limit gets: `AbortRequest`, Unauthorized, Forbidden or `NotFound`.
    #[arg(long, value_name = "ACTION")]
    pub(crate) deny_action: Option<String>,
    /// Decide and log, but let everybody through.
    #[arg(long, value_name = "SWITCH")]
    pub(crate) logging_only: Option<Switch>,
    /// Hold the client behind a proxy responsible rather than the proxy.
    #[arg(long, value_name = "SWITCH")]
    pub(crate) proxy_mode: Option<Switch>,
    /// Addresses and networks of the proxies that are believed, separated by commas.
    #[arg(long, value_name = "LIST")]
    pub(crate) trusted_proxies: Option<String>,
    /// Any other attribute: SECTION.NAME=VALUE, where SECTION is dynamicIpSecurity, ipSecurity or limiter.
    #[arg(long = "value", value_name = "SETTING")]
    pub(crate) values: Vec<String>,
}

/// `90s`, `10m`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no length of time: write 200ms, 90s, 10m, 2h or 1d");
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let unit_ms = match &rest[..letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(unit_ms).map(Duration::from_millis);
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = &rest[letters..];
    }
    if total.is_zero() { Err(wrong()) } else { Ok(total) }
}

fn concurrent(text: &str) -> Result<Limit<u32>, String> {
    if text == "off" {
        return Ok(Limit::Off);
    }
    text.parse().map(Limit::Max).map_err(|_| format!("'{text}' is neither a number nor off"))
}

fn rate(text: &str) -> Result<Limit<(u32, Duration)>, String> {
    if text == "off" {
        return Ok(Limit::Off);
    }
    let wrong = || format!("'{text}' is neither a rate nor off: write 20/200ms or 100/5s");
    let (count, time) = text.split_once('/').ok_or_else(wrong)?;
    Ok(Limit::Max((count.parse().map_err(|_| wrong())?, duration(time)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected_ms: Option<u64>) {
        assert_eq!(duration(text).ok(), expected_ms.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn lengths_of_time() {
        check("200ms", Some(200));
        check("90s", Some(90_000));
        check("1h30m", Some(5_400_000));
        check("1d", Some(86_400_000));
        for wrong in ["", "0s", "10", "m", "-1s", "1x", "1.5h", "99999999999999999999s", "18446744073709551615d"] {
            check(wrong, None);
        }
    }

    #[test]
    fn rates() {
        assert_eq!(rate("off"), Ok(Limit::Off));
        assert_eq!(rate("20/200ms"), Ok(Limit::Max((20, Duration::from_millis(200)))));
        assert!(rate("20").is_err() && rate("x/5s").is_err() && rate("5/5").is_err());
        assert_eq!(concurrent("off"), Ok(Limit::Off));
        assert!(concurrent("-1").is_err());
    }
}
