//! What is to be said about bindings, each alone and all together (IIS reference §1.2; decisions D15, D16, D22).

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::binding::{Binding, BindingAddress, Endpoint, EndpointError, HostRule};
use crate::configuration::Configuration;
use crate::diagnostic::{Complaint, Findings};

/// Protocols of Windows that are kept and never listened on.
const OTHER_PROTOCOLS: [&str; 6] = ["ftp", "ftps", "net.tcp", "net.pipe", "net.msmq", "msmq.formatname"];

/// Looks at all bindings. `protocols` are those the file declares in `listenerAdapters`.
pub(crate) fn check(configuration: &Configuration, protocols: &[String], findings: &mut Findings) {
    for site in &configuration.sites {
        findings.within(Some(site.name.clone()), |findings| {
            for binding in &site.bindings {
                check_alone(binding, protocols, findings);
            }
        });
    }
    let all = all(configuration);
    check_repeated(&all, findings);
    check_mixed(&all, findings);
    if configuration.ip_listen.is_empty() {
        check_every_address(&all, findings);
    }
}

/// A usable binding and whose it is.
struct Owned<'a> {
    site: &'a str,
    binding: &'a Binding,
    endpoint: &'a Endpoint,
}

fn all(configuration: &Configuration) -> Vec<Owned<'_>> {
    let mut all = Vec::new();
    for site in &configuration.sites {
        for binding in &site.bindings {
            if let Ok(endpoint) = &binding.endpoint {
                all.push(Owned { site: &site.name, binding, endpoint });
            }
        }
    }
    all
}

fn check_alone(binding: &Binding, protocols: &[String], findings: &mut Findings) {
    let text = &binding.information;
    match &binding.endpoint {
        Err(EndpointError::NotHttp(protocol)) => check_protocol(binding, protocol, protocols, findings),
        Err(error) => {
            let message = format!("nothing is listened on for bindingInformation '{text}': {error}");
            let part = if matches!(error, EndpointError::Port(_)) { "mend the port in " } else { "" };
            let hint = format!("{part}address:port:host, such as 127.0.0.2:80:shop.test");
            findings.warning(&binding.origin, Complaint::new("binding", message).hint(hint));
        }
        Ok(endpoint) => check_endpoint(binding, endpoint, findings),
    }
}

fn check_protocol(binding: &Binding, protocol: &str, declared: &[String], findings: &mut Findings) {
    let same = |name: &str| name.eq_ignore_ascii_case(protocol);
    if OTHER_PROTOCOLS.into_iter().any(same) || declared.iter().any(|name| same(name)) {
        let message = format!("the {protocol} binding '{}' is kept and not listened on", binding.information);
        findings.warning(&binding.origin, Complaint::new("protocol", message).hint("only http and https are served"));
    } else {
        let message = format!("The 'protocol' attribute is invalid.  '{protocol}' is no known protocol");
        findings.error(&binding.origin, Complaint::new("value", message).hint("write http or https"));
    }
}

fn check_endpoint(binding: &Binding, endpoint: &Endpoint, findings: &mut Findings) {
    let text = &binding.information;
    if let (true, BindingAddress::Ip(address)) = (binding.is_loosely_written(), endpoint.address) {
        let message = format!("the address of bindingInformation '{text}' is read as {address}");
        findings.warning(&binding.origin, Complaint::new("binding", message).hint("write all four numbers"));
    }
    let HostRule::Exact(host) = &endpoint.host else { return };
    if host.parse::<IpAddr>().is_ok() {
        let message = format!("the host name of bindingInformation '{text}' is an address, {host}");
        findings.warning(
            &binding.origin,
            Complaint::new("binding", message).hint("leave the host empty to serve any name"),
        );
    }
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let elsewhere = matches!(endpoint.address, BindingAddress::Ip(address) if !loopback.contains(&address));
    if elsewhere && (host == "localhost" || host.ends_with(".localhost")) {
        let message = format!("browsers take '{host}' to 127.0.0.1 whatever the hosts file says, never to '{text}'");
        findings.warning(&binding.origin, Complaint::new("binding", message).hint("use a name under .test"));
    }
}

/// Two sites with one binding: IIS loads the file, and the second site cannot start (Win32 error 183).
fn check_repeated(all: &[Owned<'_>], findings: &mut Findings) {
    let mut first: HashMap<&Endpoint, &Owned<'_>> = HashMap::new();
    for owned in all {
        let Some(other) = first.get(owned.endpoint) else {
            first.insert(owned.endpoint, owned);
            continue;
        };
        let message = format!("site '{}' has the binding '{}' already", other.site, owned.binding.information);
        let complaint = Complaint::new("duplicate", message)
            .hint(format!("it stands at {}; only one of the two can be started", other.binding.origin));
        findings.within(Some(owned.site.to_owned()), |findings| findings.warning(&owned.binding.origin, complaint));
    }
}

/// One address and port speaks either TLS or not.
fn check_mixed(all: &[Owned<'_>], findings: &mut Findings) {
    let mut first: HashMap<(BindingAddress, u16), &Owned<'_>> = HashMap::new();
    for owned in all {
        let other = *first.entry((owned.endpoint.address, owned.endpoint.port)).or_insert(owned);
        if other.endpoint.secure == owned.endpoint.secure {
            continue;
        }
        let (text, protocol) = (&owned.binding.information, &owned.binding.protocol);
        let message = format!(
            "the {protocol} binding '{text}' shares its address and port with one of {}",
            other.binding.protocol
        );
        let complaint = Complaint::new("binding", message)
            .hint(format!("the other stands at {}; give one of them another port or address", other.binding.origin));
        findings.within(Some(owned.site.to_owned()), |findings| findings.warning(&owned.binding.origin, complaint));
    }
}

/// A `*` takes its port on every address: legal, and seldom meant on a machine that runs other programs. Said once for
/// each port.
fn check_every_address(all: &[Owned<'_>], findings: &mut Findings) {
    let mut by_port: BTreeMap<u16, Vec<&Owned<'_>>> = BTreeMap::new();
    for owned in all.iter().filter(|owned| owned.endpoint.address == BindingAddress::Any) {
        by_port.entry(owned.endpoint.port).or_default().push(owned);
    }
    for (port, same) in by_port {
        let Some(first) = same.first() else { continue };
        let others = if same.len() > 1 { format!(" (and {} more)", same.len() - 1) } else { String::new() };
        let text = &first.binding.information;
        let message = format!("binding '{text}'{others} takes port {port} on every address of this machine");
        let complaint = Complaint::new("wildcard", message)
            .hint("name one address, as in 127.0.0.2:80:, or add addresses to the IP listen list");
        findings.within(Some(first.site.to_owned()), |findings| findings.warning(&first.binding.origin, complaint));
    }
}
