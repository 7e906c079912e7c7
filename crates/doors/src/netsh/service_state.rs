//! `servicestate`: sites and their queues, as HTTP.sys shows them (IIS reference §7.3).

use doorward_config::{Configuration, Site, SiteLimits};

use crate::installation::{RunState, Trouble};
use crate::netsh::failure::{Failure, NOT_SUPPORTED};
use crate::netsh::heading;
use crate::netsh::http_service::HttpService;
use crate::netsh::registered::{pools, urls};
use crate::netsh::tags::Tags;
use crate::outcome::Outcome;

/// Number of the one session there is, as Windows numbers them.
const SESSION: u64 = 0xFF00_0000_2000_0001;
/// Below it, groups are numbered by their site.
const GROUPS: u64 = 0xFE00_0000_2000_0000;
/// What stands for a bandwidth without limit.
const UNLIMITED: u32 = u32::MAX;

/// Microsoft's pages show no output of this view.
const NO_CLIENT_VIEW: &str = "what view=client prints is documented nowhere: `doorward status` tells how many are \
                              connected where, `appcmd list requests` who is being answered, `doorward limits clients` who is limited";

/// Everything that is shown.
struct State {
    configuration: Configuration,
    /// Which of the sites run.
    running: Vec<bool>,
    pid: u32,
    verbose: bool,
}

pub(super) fn show(tags: &Tags, place: &mut dyn HttpService) -> Result<Outcome, Failure> {
    if tags.text("view").is_some_and(|view| view.eq_ignore_ascii_case("client")) {
        return Err(Failure::hinted("", NOT_SUPPORTED, NO_CLIENT_VIEW));
    }
    let by_queue = tags.text("view").is_some_and(|view| view.eq_ignore_ascii_case("requestq"));
    let pid = place.server_pid().ok_or_else(|| Failure::of("", &Trouble::NotRunning))?;
    let configuration = place.configuration().map_err(|trouble| Failure::of("", &trouble))?;
    let running = configuration.sites.iter().map(|site| place.site_state(&site.name) == RunState::Started).collect();
    let state = State { configuration, running, pid, verbose: tags.is_on("verbose").unwrap_or(true) };
    let (view, mut lines) = if by_queue {
        let queues = state.queues("", true);
        ("Request Queue", [queues, state.session(false)].concat())
    } else {
        let queues = std::iter::once("Request queues:".to_owned()).chain(state.queues("    ", false)).collect();
        ("Server Session", [state.session(true), queues].concat())
    };
    let mut all = heading(&format!("Snapshot of HTTP service state ({view} View):"));
    all.push(String::new());
    all.append(&mut lines);
    Ok(Outcome::done(all))
}

impl State {
    /// The session: what holds for all sites, and with `groups` each of them.
    fn session(&self, groups: bool) -> Vec<String> {
        let mut lines = vec![format!("Server session ID: {SESSION:X}"), "    Version: 2.0".to_owned()];
        lines.push("    State: Active".to_owned());
        if self.verbose {
            lines.extend(self.session_properties());
        }
        if groups {
            lines.push("    URL groups:".to_owned());
            for queue in pools(&self.configuration) {
                lines.extend(self.groups("    ", queue));
            }
        }
        lines.push(String::new());
        lines
    }

    fn session_properties(&self) -> Vec<String> {
        let (limits, timeouts) = (&self.configuration.web_limits, self.configuration.http_timeouts);
        let connection_s = limits.connection_timeout_ms / 1000;
        let bandwidth = limits.max_global_bandwidth.unwrap_or(UNLIMITED);
        let lines = [
            "    Properties:".to_owned(),
            format!("        Max bandwidth: {bandwidth}"),
            "        Timeouts:".to_owned(),
            format!("            Entity body timeout (secs): {connection_s}"),
            format!("            Drain entity body timeout (secs): {connection_s}"),
            format!("            Request queue timeout (secs): {connection_s}"),
            format!("            Idle connection timeout (secs): {}", timeouts.idle_ms(limits) / 1000),
            format!("            Header wait timeout (secs): {}", timeouts.header_ms(limits) / 1000),
            format!("            Minimum send rate (bytes/sec): {}", limits.min_bytes_per_second),
        ];
        lines.into()
    }

    /// The groups of sites that use a queue.
    fn groups(&self, indent: &str, queue: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for (site, runs) in self.configuration.sites.iter().zip(&self.running) {
            let urls = urls(site, queue);
            let uses = site.applications.iter().any(|own| super::registered::pool(own).eq_ignore_ascii_case(queue));
            if !uses {
                continue;
            }
            lines.push(format!("URL group ID: {:X}", GROUPS + u64::from(site.id)));
            lines.push(format!("    State: {}", if *runs { "Active" } else { "Inactive" }));
            lines.push(format!("    Request queue name: {queue}"));
            if self.verbose {
                lines.extend(self.group_properties(site));
            }
            let registered = if *runs { urls } else { Vec::new() };
            lines.push(format!("    Number of registered URLs: {}", registered.len()));
            lines.push("    Registered URLs:".to_owned());
            lines.extend(registered.iter().map(|url| format!("        {url}")));
        }
        lines.into_iter().map(|line| format!("{indent}{line}")).collect()
    }

    fn group_properties(&self, site: &Site) -> Vec<String> {
        let SiteLimits { max_bandwidth, max_connections, connection_timeout_ms, .. } = site.limits;
        let limit = |own: Option<u32>| own.map_or_else(|| "inherited".to_owned(), |own| own.to_string());
        let mut lines = vec![
            "    Properties:".to_owned(),
            format!("        Max bandwidth: {}", limit(max_bandwidth)),
            format!("        Max connections: {}", limit(max_connections)),
            "        Timeouts:".to_owned(),
        ];
        if connection_timeout_ms == self.configuration.web_limits.connection_timeout_ms {
            lines.push("            Timeout values inherited".to_owned());
        } else {
            lines.push(format!("            Idle connection timeout (secs): {}", connection_timeout_ms / 1000));
        }
        lines
    }

    /// The queues, with the groups of each.
    fn queues(&self, indent: &str, groups: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for queue in pools(&self.configuration) {
            lines.push(format!("{indent}Request queue name: {queue}"));
            let mut facts = vec!["Version: 2.0".to_owned(), "State: Active".to_owned()];
            if self.verbose {
                facts.push("Request queue 503 verbosity level: Basic".to_owned());
                facts.push("Max requests: 1000".to_owned());
            }
            facts.push("Number of active processes attached: 1".to_owned());
            facts.push("Process IDs:".to_owned());
            facts.push(format!("    {}", self.pid));
            if groups {
                facts.push("URL groups:".to_owned());
                facts.extend(self.groups("", queue));
            }
            lines.extend(facts.into_iter().map(|fact| format!("{indent}    {fact}")));
            lines.push(String::new());
        }
        lines
    }
}
