//! Sections and groups of IIS that are legal and not acted on: a file that holds them is whole, and a name that is in
//! neither list is a slip (IIS reference §3.3).

use crate::schema::SECTIONS;

const GROUPS: &[&str] = &[
    "system.applicationHost",
    "system.webServer",
    "system.webServer/management",
    "system.webServer/rewrite",
    "system.webServer/security",
    "system.webServer/security/authentication",
    "system.webServer/tracing",
    "system.webServer/webdav",
    "doorward",
];

const APPLICATION_HOST: &[&str] =
    &["applicationPools", "configHistory", "customMetadata", "preloadProviders", "serviceAutoStartProviders"];

const WEB_SERVER: &[&str] = &[
    "applicationInitialization",
    "asp",
    "aspNetCore",
    "caching",
    "cgi",
    "cors",
    "fastCgi",
    "globalModules",
    "handlers",
    "httpCompression",
    "httpPlatform",
    "httpProtocol",
    "httpRedirect",
    "httpTracing",
    "iisnode",
    "isapiFilters",
    "management/authentication",
    "management/authorization",
    "management/trustedProviders",
    "modules",
    "odbcLogging",
    "proxy",
    "rewrite/allowedServerVariables",
    "rewrite/globalRules",
    "rewrite/outboundRules",
    "rewrite/providers",
    "rewrite/rewriteMaps",
    "rewrite/rules",
    "security/access",
    "security/applicationDependencies",
    "security/authentication/anonymousAuthentication",
    "security/authentication/basicAuthentication",
    "security/authentication/clientCertificateMappingAuthentication",
    "security/authentication/digestAuthentication",
    "security/authentication/iisClientCertificateMappingAuthentication",
    "security/authentication/windowsAuthentication",
    "security/authorization",
    "security/isapiCgiRestriction",
    "security/requestFiltering",
    "serverRuntime",
    "serverSideInclude",
    "tracing/traceFailedRequests",
    "tracing/traceProviderDefinitions",
    "urlCompression",
    "validation",
    "webSocket",
    "webdav/authoring",
    "webdav/authoringRules",
    "webdav/globalSettings",
];

const OWN: &[&str] = &["admin", "cluster"];

/// Whether the path is a group of sections rather than a section.
pub(crate) fn is_group(path: &str) -> bool {
    GROUPS.contains(&path)
}

/// Whether the path is a section that IIS or a later version of this program has.
pub(crate) fn is_known_section(path: &str) -> bool {
    let listed = |group: &str, names: &[&str]| path.strip_prefix(group).is_some_and(|name| names.contains(&name));
    SECTIONS.iter().any(|section| section.path == path)
        || listed("system.applicationHost/", APPLICATION_HOST)
        || listed("system.webServer/", WEB_SERVER)
        || listed("doorward/", OWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_lies_in_a_known_group() {
        for section in SECTIONS {
            let group = section.path.rsplit_once('/').map(|(group, _)| group);
            assert!(group.is_some_and(is_group), "{}", section.path);
        }
        assert!(is_known_section("system.webServer/security/authorization"));
        assert!(!is_known_section("system.webServer/dynamicIpSecurity"));
    }
}
