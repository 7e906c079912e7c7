//! What is served when there is no configuration: two sites on two addresses, the same port.

/// Stands for a file name in findings.
pub(crate) const NAME: &str = "(embedded default)";

/// Where the embedded default serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Of its http sites.
    pub(crate) http: u16,
    /// Of its https sites.
    pub(crate) https: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { http: 8080, https: 8443 }
    }
}

/// The embedded configuration with these ports.
pub(crate) fn configuration(ports: Ports) -> String {
    include_str!("embedded/applicationHost.config")
        .replace("{http-port}", &ports.http.to_string())
        .replace("{https-port}", &ports.https.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::{Home, Severity, load_text};
    use std::path::Path;

    #[test]
    fn it_is_valid_and_says_what_the_page_says() {
        let home = Home::under(Path::new("/nowhere"));
        let configuration =
            load_text(&configuration(Ports { http: 8081, https: 8444 }), Path::new(NAME), None, &home).unwrap();
        // That the built-in lists apply is a note, not a fault.
        assert!(configuration.findings.iter().all(|finding| finding.severity == Severity::Note));
        let bindings = configuration.sites.iter().flat_map(|site| &site.bindings).map(|binding| &*binding.information);
        assert_eq!(
            bindings.collect::<Vec<_>>(),
            ["127.0.0.2:8081:", "127.0.0.2:8444:", "127.0.0.3:8081:", "127.0.0.3:8444:"]
        );
        let rate = configuration.settings_at("welcome", "/").dynamic_ip_security.rate.clone();
        assert_eq!((rate.enabled, rate.max_requests, rate.interval_ms), (true, 10, 5000));
    }
}
