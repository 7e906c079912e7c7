//! Doorward itself, as its documents say; `DOORWARD_BIN` is the program.

use std::fmt::Write as _;
use std::process::Command;

use super::{text_of, write};
use crate::setup::{Launch, Limits, Place, Setup, UPSTREAM};

pub(super) fn set_up(setup: Setup, place: &Place) -> anyhow::Result<Launch> {
    let configuration = configuration(setup, place)?;
    write(place, "config/applicationHost.config", &configuration)?;
    if setup.tls {
        let mut service = "<httpService><sslCerts>".to_owned();
        for address in place.addresses(setup) {
            let (file, key) = (place.certificate.display(), place.key.display());
            writeln!(service, "<add ipPort=\"{address}\" file=\"{file}\" key=\"{key}\" />")?;
        }
        service.push_str("</sslCerts></httpService>");
        write(place, "config/http.config", &service)?;
    }
    let (binary, home) = (binary(), text_of(&place.home));
    let launch = Launch::new([&binary, "--home", &home, "run", "--threads", &setup.threads.to_string()]);
    Ok(launch.reloaded_by([&binary, "--home", &home, "reload"]))
}

pub(super) fn version() -> String {
    let output = Command::new(binary()).arg("--version").output();
    output.map_or_else(|_| "not built".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn binary() -> String {
    std::env::var("DOORWARD_BIN").unwrap_or_else(|_| "target/dist/doorward".to_owned())
}

fn configuration(setup: Setup, place: &Place) -> anyhow::Result<String> {
    let protocol = if setup.tls { "https" } else { "http" };
    let mut sites = String::new();
    for (index, address) in place.addresses(setup).iter().enumerate() {
        let (id, www) = (index + 1, place.www.display());
        writeln!(
            sites,
            r#"<site name="site{id}" id="{id}">
                <application path="/"><virtualDirectory path="/" physicalPath="{www}" /></application>
                <bindings><binding protocol="{protocol}" bindingInformation="{address}:" /></bindings>
                <logFile enabled="{log}" />
            </site>"#,
            log = setup.log
        )?;
    }
    Ok(format!(
        r#"<configuration>
        <configSections>
          <sectionGroup name="system.applicationHost"><section name="sites" /></sectionGroup>
          <sectionGroup name="system.webServer">
            <section name="staticContent" /><section name="httpErrors" />
            <sectionGroup name="security"><section name="dynamicIpSecurity" overrideModeDefault="Deny" /></sectionGroup>
          </sectionGroup>
          <sectionGroup name="doorward">
            <section name="limiter" overrideModeDefault="Deny" /><section name="proxy" overrideModeDefault="Deny" />
          </sectionGroup>
        </configSections>
        <system.applicationHost><sites>{sites}</sites></system.applicationHost>
        <system.webServer>
          <staticContent><mimeMap fileExtension=".bin" mimeType="application/octet-stream" />
            <mimeMap fileExtension=".html" mimeType="text/html" /></staticContent>
          <!-- The clients here are local, those of a front door are not: they get the short page. -->
          <httpErrors errorMode="Custom" />
          <security>{}</security>
        </system.webServer>
        <doorward>{}{}</doorward>
        </configuration>"#,
        limits(setup.limits),
        trusted(setup.limits),
        if setup.forwards { format!(r#"<proxy to="http://{UPSTREAM}" />"#) } else { String::new() }
    ))
}

fn trusted(limits: Limits) -> &'static str {
    if limits == Limits::Remembered { r#"<limiter trustedProxies="127.0.0.0/8" />"# } else { "" }
}

fn limits(limits: Limits) -> String {
    let (attributes, concurrent, requests, interval_ms) = match limits {
        Limits::Off => return String::new(),
        Limits::Wide => ("", 60_000, 1_000_000, 1000),
        Limits::Usual => ("", 5, 20, 200),
        Limits::Remembered => ("enableProxyMode=\"true\"", 5, 20, 30_000),
        Limits::Forbidden => ("denyAction=\"Forbidden\"", 60_000, 1, 600_000),
        Limits::Silence => ("denyAction=\"AbortRequest\"", 60_000, 1, 600_000),
    };
    format!(
        r#"<dynamicIpSecurity {attributes}>
          <denyByConcurrentRequests enabled="{}" maxConcurrentRequests="{concurrent}" />
          <denyByRequestRate enabled="true" maxRequests="{requests}" requestIntervalInMilliseconds="{interval_ms}" />
        </dynamicIpSecurity>"#,
        // The rule before the first byte is for rates alone (D11).
        limits != Limits::Silence
    )
}
