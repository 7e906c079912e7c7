//! Builds the text of an `applicationHost.config` from a stock frame and the parts that a scenario is about.

/// A file as an IIS machine has it: section declarations, pools, defaults, MIME types; `{SITES}` and `{REST}` are
/// the places for what differs.
const FRAME: &str = include_str!("../cases/frame.config");

/// A whole configuration with these sites and whatever follows the stock sections (location tags).
pub fn document(sites: &str, rest: &str) -> String {
    FRAME.replace("{SITES}", sites).replace("{REST}", rest)
}

/// A site whose content is the folder `www/<name>` of the home, with bindings written `http/address:port:host`.
pub fn site(id: u32, name: &str, bindings: &[&str]) -> String {
    site_with(id, name, bindings, "")
}

/// The same with more child elements (`logFile`, `limits` …).
pub fn site_with(id: u32, name: &str, bindings: &[&str], more: &str) -> String {
    let bindings: String = bindings.iter().map(|binding| binding_element(binding)).collect();
    format!(
        r#"
      <site name="{name}" id="{id}">
        <application path="/">
          <virtualDirectory path="/" physicalPath="{{WWW}}/{name}" />
        </application>
        <bindings>{bindings}
        </bindings>
        {more}
      </site>"#
    )
}

fn binding_element(binding: &str) -> String {
    let (protocol, information) = binding.split_once('/').unwrap();
    format!("\n          <binding protocol=\"{protocol}\" bindingInformation=\"{information}\" />")
}

/// A `<location>` with `system.webServer` settings; the empty path is the server level.
pub fn location(path: &str, settings: &str) -> String {
    format!("\n  <location path=\"{path}\">\n    <system.webServer>{settings}</system.webServer>\n  </location>")
}

/// The `<security>` of a location: `attributes` of `dynamicIpSecurity` and its limits.
pub fn dynamic(attributes: &str, limits: &str) -> String {
    format!("<security><dynamicIpSecurity {attributes}>{limits}</dynamicIpSecurity></security>")
}

/// The limit of requests in progress.
pub fn concurrent(requests_max: u32) -> String {
    format!("<denyByConcurrentRequests enabled=\"true\" maxConcurrentRequests=\"{requests_max}\" />")
}

/// The limit of requests in an interval.
pub fn rate(requests_max: u32, interval_ms: u32) -> String {
    format!(
        "<denyByRequestRate enabled=\"true\" maxRequests=\"{requests_max}\" requestIntervalInMilliseconds=\"{interval_ms}\" />"
    )
}

/// A `<location>` that forwards to `url`.
pub fn proxy(path: &str, url: &str) -> String {
    proxy_with(path, url, "")
}

/// The same with more attributes.
pub fn proxy_with(path: &str, url: &str, attributes: &str) -> String {
    format!(
        "\n  <location path=\"{path}\">\n    <doorward><proxy to=\"{url}\" {attributes}/></doorward>\n  </location>"
    )
}
