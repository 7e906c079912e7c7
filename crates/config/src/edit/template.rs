//! What a new document begins with.

/// A configuration without sites. It declares what it may hold, so that IIS could read it too.
pub(crate) const APPLICATION_HOST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <configSections>
    <sectionGroup name="system.applicationHost">
      <section name="configHistory" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
      <section name="listenerAdapters" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
      <section name="log" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
      <section name="sites" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
      <section name="webLimits" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
    </sectionGroup>
    <sectionGroup name="system.webServer">
      <section name="defaultDocument" overrideModeDefault="Allow" />
      <section name="directoryBrowse" overrideModeDefault="Allow" />
      <section name="handlers" overrideModeDefault="Allow" />
      <section name="httpCompression" overrideModeDefault="Allow" />
      <section name="httpErrors" overrideModeDefault="Allow" />
      <section name="httpLogging" overrideModeDefault="Deny" />
      <section name="httpProtocol" overrideModeDefault="Allow" />
      <section name="httpRedirect" overrideModeDefault="Allow" />
      <sectionGroup name="security">
        <section name="access" overrideModeDefault="Deny" />
        <section name="dynamicIpSecurity" overrideModeDefault="Deny" />
        <section name="ipSecurity" overrideModeDefault="Deny" />
        <section name="requestFiltering" overrideModeDefault="Allow" />
      </sectionGroup>
      <section name="serverRuntime" overrideModeDefault="Deny" />
      <section name="staticContent" overrideModeDefault="Allow" />
      <section name="urlCompression" overrideModeDefault="Allow" />
    </sectionGroup>
    <sectionGroup name="doorward">
      <section name="files" allowDefinition="MachineToApplication" overrideModeDefault="Deny" />
      <section name="limiter" allowDefinition="MachineToApplication" overrideModeDefault="Deny" />
      <section name="logs" allowDefinition="MachineToApplication" overrideModeDefault="Deny" />
      <section name="paths" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
      <section name="proxy" allowDefinition="MachineToApplication" overrideModeDefault="Deny" />
      <section name="proxyProtocol" allowDefinition="MachineToApplication" overrideModeDefault="Deny" />
    </sectionGroup>
  </configSections>
  <system.applicationHost>
    <sites>
    </sites>
  </system.applicationHost>
</configuration>
"#;

/// A web.config that says nothing.
pub(super) const WEB_CONFIG: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<configuration>
</configuration>
"#;

/// An HTTP service without anything.
pub(super) const HTTP_SERVICE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<httpService>
  <ipListen>
  </ipListen>
  <sslCerts />
  <urlReservations />
</httpService>
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::load::load_text;
    use crate::schema::{OverrideMode, SECTIONS};
    use std::path::Path;

    #[test]
    fn a_new_configuration_loads_and_declares_every_section() {
        let home = Home::under(Path::new("/h"));
        let http = Some((HTTP_SERVICE, home.http_config_file.as_path()));
        let read = load_text(APPLICATION_HOST, &home.config_file, http, &home).unwrap();
        assert!(read.sites.is_empty() && read.ip_listen.is_empty());
        for section in SECTIONS {
            let declared = read.hierarchy.declarations.override_mode(section.path);
            assert_eq!(declared, Some(section.override_mode), "{}", section.path);
            assert_ne!(declared, Some(OverrideMode::Inherit));
        }
    }
}
