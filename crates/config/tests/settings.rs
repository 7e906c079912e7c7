//! What applies at a path: inheritance, defaults elements, scopes and locks.

use std::path::Path;

use doorward_config::{Configuration, DenyAction, Home, OverrideMode, Severity, load_text};

fn configuration(inner: &str) -> Configuration {
    let text = format!("<configuration>{inner}</configuration>");
    let home = Home::under(Path::new("/h"));
    load_text(&text, &home.config_file, None, &home).unwrap_or_else(|error| panic!("{error}"))
}

fn sites(inner: &str) -> String {
    format!("<system.applicationHost><sites>{inner}</sites></system.applicationHost>")
}

fn security(path: Option<&str>, inner: &str) -> String {
    let section = format!("<system.webServer><security>{inner}</security></system.webServer>");
    match path {
        Some(path) => format!("<location path=\"{path}\">{section}</location>"),
        None => section,
    }
}

const SHOP: &str = r#"<site name="Shop" id="1"/>"#;

/// The server denies the unlisted with 404, the site allows them and answers 403 to a third request at a time.
fn third_example() -> Configuration {
    configuration(&format!(
        "{}{}{}",
        sites(&format!("{SHOP}<site name=\"Other\" id=\"2\"/>")),
        security(
            None,
            r#"<ipSecurity allowUnlisted="false" denyAction="NotFound"/>
               <dynamicIpSecurity denyAction="NotFound">
                 <denyByRequestRate enabled="true" maxRequests="2" requestIntervalInMilliseconds="200"/>
               </dynamicIpSecurity>"#
        ),
        security(
            Some("Shop"),
            r#"<ipSecurity allowUnlisted="true" denyAction="Forbidden"/>
               <dynamicIpSecurity denyAction="Forbidden">
                 <denyByConcurrentRequests enabled="true" maxConcurrentRequests="2"/>
               </dynamicIpSecurity>"#
        ),
    ))
}

#[test]
fn attributes_come_from_the_nearest_level_one_by_one() {
    let read = third_example();
    let at = read.settings_at("shop", "/");
    assert!(at.ip_security.allow_unlisted);
    assert_eq!(at.ip_security.deny_action, DenyAction::Forbidden);
    assert_eq!(at.dynamic_ip_security.deny_action, DenyAction::Forbidden);
    assert!(at.dynamic_ip_security.concurrent.enabled && at.dynamic_ip_security.rate.enabled);
    assert_eq!((at.dynamic_ip_security.concurrent.max, at.dynamic_ip_security.rate.max_requests), (2, 2));
    assert_eq!(at.dynamic_ip_security.limits_path, "/");
    let other = read.settings_at("Other", "/");
    assert!(!other.ip_security.allow_unlisted);
    assert_eq!(other.dynamic_ip_security.deny_action, DenyAction::NotFound);
    assert_eq!(other.dynamic_ip_security.limits_path, "");
}

#[test]
fn every_value_names_its_place() {
    let read = third_example();
    let values = read.values_at("Shop", "/", "system.webServer/security/dynamicIpSecurity");
    let shown: Vec<(&str, &str, &str)> =
        values.iter().map(|v| (v.name.as_str(), v.text.as_str(), v.level.as_str())).collect();
    assert!(shown.contains(&("denyAction", "Forbidden", "/")));
    assert!(shown.contains(&("denyByRequestRate.maxRequests", "2", "")));
    let rate = read.settings_at("Shop", "/").dynamic_ip_security.rate.origin.clone().unwrap();
    assert_eq!((rate.line, &*rate.file), (3, Path::new("/h/config/applicationHost.config")));
}

#[test]
fn nothing_configured_is_the_schemas_default() {
    let at = configuration(&sites(SHOP)).settings_at("Shop", "/");
    let limits = at.dynamic_ip_security;
    assert!(!limits.concurrent.enabled && !limits.rate.enabled && at.proxy.is_none());
    assert_eq!((limits.concurrent.max, limits.rate.max_requests, limits.rate.interval_ms), (5, 20, 200));
    assert_eq!((limits.deny_action, limits.limits_path.as_str()), (DenyAction::Forbidden, ""));
    assert_eq!((at.limiter.ipv6_prefix_length, at.limiter.trusted_proxies.clone()), (64, None));
    assert_eq!(at.default_document.files[2], "index.htm");
    assert_eq!(at.static_content.mime_map[".css"].as_ref(), "text/css");
}

fn limits_path(path: &str) -> String {
    let limit = |n: u32| format!(r#"<dynamicIpSecurity><denyByRequestRate maxRequests="{n}"/></dynamicIpSecurity>"#);
    let read = configuration(&format!(
        "{}{}{}{}",
        sites(SHOP),
        security(Some("Shop/A"), &limit(1)),
        security(Some("SHOP/a/B/c"), &limit(2)),
        security(Some("Shop/a/logs"), r#"<dynamicIpSecurity enableLoggingOnlyMode="true"/>"#),
    ));
    let limits = read.settings_at("Shop", path).dynamic_ip_security;
    format!("{} {}", limits.limits_path, limits.rate.max_requests)
}

#[test]
fn the_scope_is_the_deepest_level_that_sets_a_limit() {
    for (path, expected) in [
        ("/", " 20"),
        ("/a", "/A 1"),
        ("/a/", "/A 1"),
        ("/A/b", "/A 1"),
        ("/a/b/c", "/a/B/c 2"),
        ("/a/b/c/d.html", "/a/B/c 2"),
        ("/a/b/cd", "/A 1"),
        ("/ab", " 20"),
        ("/a/logs/x", "/A 1"),
    ] {
        assert_eq!(limits_path(path), expected, "{path}");
    }
}

#[test]
fn location_paths_are_those_of_the_site() {
    let section = "<dynamicIpSecurity/>";
    let read = configuration(&format!(
        "{}{}{}{}",
        sites(&format!("{SHOP}<site name=\"Shop2\" id=\"2\"/>")),
        security(Some("Shop/b"), section),
        security(Some("Shop/a/C"), section),
        security(Some("Shop2/x"), section),
    ));
    assert_eq!(read.location_paths("shop"), ["/", "/a/C", "/b"]);
}

fn entries(server: &str, site: &str) -> String {
    let list = |inner: &str| format!("<ipSecurity>{inner}</ipSecurity>");
    let read = configuration(&format!(
        "{}{}{}",
        sites(SHOP),
        security(None, &list(server)),
        security(Some("Shop"), &list(site))
    ));
    let entries = read.settings_at("Shop", "/").ip_security.entries.clone();
    let shown: Vec<String> =
        entries.iter().map(|e| e.network.map_or(e.domain_name.clone(), |n| n.to_string())).collect();
    shown.join(" ")
}

#[test]
fn lists_are_appended_removed_and_cleared() {
    let server = r#"<add ipAddress="10.0.0.1"/><add ipAddress="10.1.0.0" subnetMask="255.255.0.0"/>"#;
    let check = |site: &str, expected: &str| assert_eq!(entries(server, site), expected, "{site}");
    check("", "10.0.0.1/32 10.1.0.0/16");
    check(r#"<add ipAddress="::1"/>"#, "10.0.0.1/32 10.1.0.0/16 ::1/128");
    check(r#"<clear/><add ipAddress="::1"/>"#, "::1/128");
    check(r#"<add ipAddress="::1"/><clear/>"#, "");
    check(r#"<remove ipAddress="10.0.0.1"/>"#, "10.1.0.0/16");
    check(r#"<remove ipAddress="10.1.0.0"/>"#, "10.0.0.1/32 10.1.0.0/16");
    check(r#"<remove ipAddress="10.1.0.0" subnetMask="255.255.0.0"/>"#, "10.0.0.1/32");
    check(r#"<add domainName="*.test"/>"#, "10.0.0.1/32 10.1.0.0/16 *.test");
}

fn documents(server: &str, site: &str) -> Vec<String> {
    let section = |inner: &str| {
        format!("<system.webServer><defaultDocument><files>{inner}</files></defaultDocument></system.webServer>")
    };
    let read = configuration(&format!(
        "{}{}<location path=\"Shop\">{}</location>",
        sites(SHOP),
        section(server),
        section(site)
    ));
    read.settings_at("Shop", "/x").default_document.files.clone()
}

#[test]
fn default_documents_of_a_deeper_level_come_first() {
    let (a, b) = (r#"<add value="a"/>"#, r#"<add value="b"/>"#);
    assert_eq!(documents(a, ""), ["a"]);
    assert_eq!(documents(a, b), ["b", "a"]);
    assert_eq!(documents(&format!("{a}{b}"), r#"<add value="c"/><add value="d"/>"#), ["c", "d", "a", "b"]);
    assert_eq!(documents(a, &format!("<clear/>{b}")), ["b"]);
    assert_eq!(documents("", b)[..2], ["b", "Default.htm"]);
    assert_eq!(
        documents("", r#"<remove value="DEFAULT.HTM"/><add value="index.html"/>"#)[..2],
        ["index.html", "Default.asp"]
    );
    assert!(documents("<clear/>", "").is_empty());
}

fn media_type(server: &str, site: &str, extension: &str) -> Option<String> {
    let section = |inner: &str| format!("<system.webServer><staticContent>{inner}</staticContent></system.webServer>");
    let read = configuration(&format!(
        "{}{}<location path=\"Shop\">{}</location>",
        sites(SHOP),
        section(server),
        section(site)
    ));
    read.settings_at("Shop", "/").static_content.mime_map.get(extension).map(ToString::to_string)
}

#[test]
fn built_in_media_types_stand_in_until_the_server_lists_its_own() {
    let own = r#"<mimeMap fileExtension=".HTML" mimeType="x/y"/>"#;
    assert_eq!(media_type("", "", ".html").as_deref(), Some("text/html"));
    assert_eq!(media_type("", own, ".html").as_deref(), Some("x/y"));
    assert_eq!(media_type("", own, ".css").as_deref(), Some("text/css"));
    assert_eq!(media_type("", r#"<remove fileExtension=".css"/>"#, ".css"), None);
    assert_eq!(media_type(own, "", ".html").as_deref(), Some("x/y"));
    assert_eq!(media_type(own, "", ".css"), None);
}

#[test]
fn a_duplicate_with_an_inherited_entry_disables_the_site_alone() {
    let entry = r#"<ipSecurity><add ipAddress="10.0.0.1"/></ipSecurity>"#;
    let read = configuration(&format!(
        "{}{}{}",
        sites(&format!("{SHOP}<site name=\"Other\" id=\"2\"/>")),
        security(None, entry),
        security(Some("Shop"), entry)
    ));
    assert!(read.has_errors_for("SHOP") && !read.has_errors_for("Other"));
    let error = read.findings.iter().find(|finding| finding.severity == Severity::Error).unwrap();
    assert_eq!(
        error.message,
        "Cannot add duplicate collection entry of type 'add' with combined key attributes \
         'ipAddress, subnetMask, domainName' respectively set to '10.0.0.1, 255.255.255.255, '"
    );
}

#[test]
fn own_sections_inherit_like_any_other() {
    let read = configuration(&format!(
        "{}<doorward><limiter trustedProxies='10.0.0.0/8' countDenied='false'/></doorward>\
         <location path='Shop'><doorward><proxy to='http://127.0.0.1:5001' connectTimeoutMs='7'/></doorward></location>\
         <location path='Shop/static'><doorward><proxy to=''/><limiter trustedProxies=''/></doorward></location>",
        sites(SHOP)
    ));
    let site = read.settings_at("Shop", "/api");
    let proxy = site.proxy.as_ref().unwrap();
    assert_eq!(
        (proxy.to.as_str(), proxy.connect_timeout_ms, proxy.response_timeout_ms),
        ("http://127.0.0.1:5001", 7, 120_000)
    );
    assert_eq!(site.limiter.trusted_proxies.as_ref().unwrap().len(), 1);
    let below = read.settings_at("Shop", "/static/x");
    assert!(below.proxy.is_none() && !below.limiter.count_denied);
    assert_eq!(below.limiter.trusted_proxies, Some(Vec::new()), "an empty list trusts nobody");
}

#[test]
fn defaults_elements_fill_what_a_site_leaves_out() {
    let read = configuration(&sites(
        r#"<site name="A" id="1">
             <application path="/"><virtualDirectory path="/" physicalPath="/srv/a"/></application>
             <application path="/own" applicationPool="Own">
               <virtualDirectory path="/" physicalPath="/srv/own" allowSubDirConfig="true"/>
               <virtualDirectoryDefaults allowSubDirConfig="false"/>
             </application>
             <logFile period="Hourly"/>
             <limits maxConnections="4294967295"/>
             <applicationDefaults enabledProtocols="http,net.tcp"/>
           </site>
           <siteDefaults serverAutoStart="false">
             <logFile directory="D:\logs" period="Weekly" logFormat="ncsa"/><limits maxConnections="10"/>
           </siteDefaults>
           <applicationDefaults applicationPool="Pool"/>
           <virtualDirectoryDefaults allowSubDirConfig="false"/>"#,
    ));
    let site = read.site("a").unwrap();
    assert!(!site.server_auto_start);
    assert_eq!(
        (site.log_file.directory.as_str(), format!("{:?}", site.log_file.period).as_str()),
        ("D:\\logs", "Hourly")
    );
    assert_eq!(format!("{:?}", site.log_file.log_format), "Ncsa");
    assert_eq!(site.limits.max_connections, None, "the site's own value wins, also the largest");
    let [root, own] = &site.applications[..] else { panic!() };
    assert_eq!((root.application_pool.as_str(), own.application_pool.as_str()), ("Pool", "Own"));
    assert_eq!(root.enabled_protocols, ["http", "net.tcp"]);
    assert!(!root.virtual_directories[0].allow_sub_dir_config && own.virtual_directories[0].allow_sub_dir_config);
    assert_eq!(site.log_file.log_ext_file_flags, 2_478_031);
}

#[test]
fn locks_are_kept() {
    let read = configuration(&format!(
        "{}<location path='Shop' overrideMode='Allow'><system.webServer><security>\
         <ipSecurity lockAttributes='allowUnlisted'/></security></system.webServer></location>",
        sites(SHOP)
    ));
    let path = "system.webServer/security/ipSecurity";
    assert_eq!(read.lock_at("Other", "/", path).unwrap().mode, OverrideMode::Deny);
    let lock = read.lock_at("Shop", "/a", path).unwrap();
    assert_eq!((lock.mode, lock.directives[0].value.as_str()), (OverrideMode::Allow, "allowUnlisted"));
    assert_eq!(read.lock_at("Shop", "/", "system.webServer/none"), None, "not in the schema");
}

fn refusal(text: &str) -> String {
    let home = Home::under(Path::new("/h"));
    load_text(text, &home.config_file, None, &home).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn whole_files_are_refused_with_their_place() {
    let at = "/h/config/applicationHost.config";
    let cases = [
        ("<a/>", format!("{at}:1:1: error[schema]: the root element is <a>, not <configuration>")),
        (
            "<configuration>\n <system.webServer>\n  <dynamicIpSecurity/>\n </system.webServer>\n</configuration>",
            format!(
                "{at}:3:3: error[schema]: The configuration section 'system.webServer/dynamicIpSecurity' cannot be read \
                 because it is missing section definition (it belongs at system.webServer/security/dynamicIpSecurity)"
            ),
        ),
        (
            "<configuration><system.webServer/><configSections/></configuration>",
            format!("{at}:1:35: error[schema]: Only one <configSections> element allowed.  It must be the first child"),
        ),
        (
            "<configuration><location path='S'><system.applicationHost><sites/></system.applicationHost></location></configuration>",
            String::new(),
        ),
        (
            "<configuration><location path='' overrideMode='Allow' allowOverride='true'/></configuration>",
            format!("{at}:1:16: error[schema]: overrideMode and allowOverride"),
        ),
        (
            "<configuration><doorward><paths><map from='x' to='/y'/></paths></doorward></configuration>",
            format!("{at}:1:33: error[value]: The 'from' attribute is invalid.  'x' is not an absolute path"),
        ),
    ];
    for (text, expected) in cases {
        assert!(refusal(text).contains(&expected), "{text}: {}", refusal(text));
    }
}

#[test]
fn one_bad_site_leaves_the_others() {
    let read = configuration(&sites(
        r#"<site name="Good" id="1"/><site name="Bad" id="two" nmae="x"><limits maxConnections="-1"/></site><site name="Twice" id="3">
           <bindings><binding protocol="http" bindingInformation="*:80:"/><binding protocol="HTTP" bindingInformation="*:80:"/></bindings></site>"#,
    ));
    assert_eq!(read.sites.len(), 3);
    assert_eq!(
        (read.has_errors_for("Good"), read.has_errors_for("Bad"), read.has_errors_for("Twice")),
        (false, true, true)
    );
    assert!(read.findings.iter().any(|f| f.hint.as_deref() == Some("did you mean 'name'?")));
}

#[test]
fn paths_follow_the_maps_of_the_file() {
    let read = configuration(r#"<doorward><paths><map from="C:\inetpub" to="/srv/www"/></paths></doorward>"#);
    assert_eq!(read.paths.resolve(r"%SystemDrive%\inetpub\wwwroot").path, Path::new("/srv/www/wwwroot"));
    assert_eq!(read.paths.resolve(r"E:\x").path, Path::new("/h/drives/e/x"));
}

/// What request filtering hides and denies at the root of a site, where the server's level says this.
fn check_filtering(inner: &str, hidden: &[&str], shown: &[&str]) {
    let section = format!("<requestFiltering>{inner}</requestFiltering>");
    let read = configuration(&format!("{}{}", sites(SHOP), security(None, &section)));
    let at = read.settings_at("Shop", "/").request_filtering;
    let is_listed = |name: &&&str| {
        let extensions = at.file_extensions.entries.iter().filter(|(_, allowed)| !allowed).map(|(name, _)| name);
        at.hidden_segments.iter().chain(extensions).any(|own| own == **name)
    };
    assert_eq!(hidden.iter().filter(is_listed).count(), hidden.len(), "{inner}: {at:?}");
    assert_eq!(shown.iter().filter(is_listed).count(), 0, "{inner}: {at:?}");
}

#[test]
fn a_list_without_stock_names_adds_to_the_stock_list() {
    check_filtering("", &["web.config", "bin", ".cs"], &["secret"]);
    check_filtering(
        r#"<hiddenSegments><add segment="secret"/></hiddenSegments>"#,
        &["web.config", "secret", ".cs"],
        &[],
    );
    let part = r#"<hiddenSegments><add segment="WEB.config"/><add segment="secret"/></hiddenSegments>"#;
    check_filtering(part, &["WEB.config", "secret", ".cs"], &["bin"]);
    check_filtering("<hiddenSegments><clear/></hiddenSegments>", &[".cs"], &["web.config", "bin"]);
    check_filtering(r#"<hiddenSegments><remove segment="bin"/></hiddenSegments>"#, &["web.config"], &["bin"]);
    let extension = r#"<fileExtensions><add fileExtension=".cs" allowed="true"/></fileExtensions>"#;
    check_filtering(extension, &["web.config"], &[".cs", ".config"]);
}

/// A redirect of the server, the site or a path; and whether it is said to lead to itself.
fn loops(server: &str, location: (&str, &str), expected: bool) {
    let redirect = |attributes: &str| match attributes {
        "" => String::new(),
        _ => format!("<system.webServer><httpRedirect {attributes}/></system.webServer>"),
    };
    let text = format!(
        "<configuration>{}<location path=\"{}\">{}</location></configuration>",
        redirect(server),
        location.0,
        redirect(location.1)
    );
    let read = load_text(&text, Path::new("f"), None, &Home::under(Path::new("/h")));
    let told = read.map(|read| read.findings.iter().any(|finding| finding.kind == "loop"));
    assert_eq!(told.ok(), Some(expected), "{server} {location:?}");
}

#[test]
fn a_redirect_to_itself_is_told() {
    loops("enabled=\"true\" destination=\"/\"", ("Shop", ""), true);
    loops("", ("Shop", "enabled=\"true\" destination=\"/new\""), true);
    loops("", ("Shop/old", "enabled=\"true\" destination=\"/old/\""), true);
    loops("", ("Shop/old", "enabled=\"true\" destination=\"/old/a\" exactDestination=\"true\""), true);
    loops("", ("Shop/old", "enabled=\"true\" destination=\"/new\""), false);
    loops("", ("Shop/old", "enabled=\"true\" destination=\"/older\""), false);
    loops("", ("Shop", "enabled=\"true\" destination=\"/app/\" childOnly=\"true\""), false);
    loops("", ("Shop", "enabled=\"true\" destination=\"https://a.test/\""), false);
    loops("", ("Shop", "enabled=\"false\" destination=\"/\""), false);
    loops("enabled=\"true\" destination=\"/app\"", ("Shop/app", "enabled=\"false\""), true);
}
