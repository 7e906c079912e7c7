//! The URLs that sites register, as HTTP.sys writes them (IIS reference §7.3).

use doorward_config::{Application, BindingAddress, Configuration, Endpoint, HostRule, Site};

/// The queue of applications that name no pool.
const DEFAULT_POOL: &str = "DefaultAppPool";

/// Every URL of a site's applications that belong to a queue, in upper case as netsh prints them.
pub(super) fn urls(site: &Site, queue: &str) -> Vec<String> {
    let endpoints: Vec<&Endpoint> = site.bindings.iter().filter_map(|binding| binding.endpoint.as_ref().ok()).collect();
    let own = site.applications.iter().filter(|application| pool(application).eq_ignore_ascii_case(queue));
    own.flat_map(|application| endpoints.iter().map(|endpoint| url(endpoint, &application.path).to_uppercase()))
        .collect()
}

/// The URL at which one binding answers for a path.
pub(super) fn url(endpoint: &Endpoint, path: &str) -> String {
    let Endpoint { secure, address, port, host } = endpoint;
    let scheme = if *secure { "https" } else { "http" };
    let bound = match address {
        BindingAddress::Ip(ip) if ip.is_ipv6() => Some(format!("[{ip}]")),
        BindingAddress::Ip(ip) => Some(ip.to_string()),
        BindingAddress::Any | BindingAddress::AnyV4 | BindingAddress::AnyV6 => None,
    };
    let name = match (host, &bound) {
        (HostRule::Any, Some(ip)) => ip.clone(),
        (HostRule::Any, None) => "*".to_owned(),
        (HostRule::Exact(name), _) => name.clone(),
        (HostRule::Wildcard(suffix), _) => format!("*.{suffix}"),
    };
    let bound = bound.map(|ip| format!(":{ip}")).unwrap_or_default();
    format!("{scheme}://{name}:{port}{bound}{}/", path.trim_end_matches('/'))
}

/// The queue that an application's requests wait in.
pub(super) fn pool(application: &Application) -> &str {
    if application.application_pool.is_empty() { DEFAULT_POOL } else { &application.application_pool }
}

/// Every queue that an application uses, each once, in the order of the file.
pub(super) fn pools(configuration: &Configuration) -> Vec<&str> {
    let mut pools: Vec<&str> = Vec::new();
    for application in configuration.sites.iter().flat_map(|site| &site.applications) {
        let own = pool(application);
        if !pools.iter().any(|other| other.eq_ignore_ascii_case(own)) {
            pools.push(own);
        }
    }
    pools
}

/// The queue of the application that answers for a path.
pub(super) fn pool_at<'s>(site: &'s Site, path: &str) -> &'s str {
    let holds = |application: &&Application| {
        let own = application.path.trim_end_matches('/');
        let begin = path.get(..own.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(own));
        begin && path.get(own.len()..).is_none_or(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let deepest = site.applications.iter().filter(holds).max_by_key(|application| application.path.len());
    deepest.map_or(DEFAULT_POOL, pool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::parse_binding_information;

    fn check(protocol: &str, information: &str, path: &str, expected: &str) {
        let (address, port, host) = parse_binding_information(information).unwrap();
        let endpoint = Endpoint { secure: protocol == "https", address, port, host };
        assert_eq!(url(&endpoint, path), expected, "{information}");
    }

    #[test]
    fn bindings_as_urls() {
        check("http", "*:80:", "/", "http://*:80/");
        check("http", "*:80:shop.test", "/", "http://shop.test:80/");
        check("https", "1.2.3.4:443:", "/", "https://1.2.3.4:443:1.2.3.4/");
        check("http", "1.2.3.4:80:shop.test", "/app", "http://shop.test:80:1.2.3.4/app/");
        check("http", "[::1]:80:", "/", "http://[::1]:80:[::1]/");
        check("http", "*:80:*.shop.test", "/", "http://*.shop.test:80/");
    }
}
