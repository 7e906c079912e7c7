//! Which level a configuration path means, and which file a change to it goes to (IIS reference §3.1, §8.2).

use std::path::PathBuf;

use doorward_config::{BindingAddress, ConfigFile, Configuration, Endpoint, Home, HostRule, Site, web_config_file};

use crate::appcmd::failure::Failure;

/// The server's own level.
const SERVER: &str = "MACHINE/WEBROOT/APPHOST";

/// A level of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// The site as it spells itself; empty for the server.
    pub(crate) site: String,
    /// Path below the site, without slashes at its ends.
    pub(crate) path: String,
}

/// Where a change goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) file: ConfigFile,
    /// Path of the location tag in it; empty for the file's own level.
    pub(crate) location: String,
    /// The file on disk.
    pub(crate) disk: PathBuf,
    /// Configuration path of the level that the file belongs to.
    pub(crate) commit: String,
}

impl Level {
    /// What a person means: nothing, `MACHINE/WEBROOT/APPHOST/…`, `Site/path`, or a URL.
    pub(crate) fn read(text: Option<&str>, configuration: &Configuration) -> Result<Self, Failure> {
        let text = text.unwrap_or_default();
        let of_url = || url_site(text, configuration).map(|(site, path)| format!("{}/{path}", site.name));
        let text = if is_url(text) {
            of_url().ok_or_else(|| Failure::NotFound("SITE", text.to_owned()))?
        } else {
            below_server(text).to_owned()
        };
        let (site, path) = text.trim_matches('/').split_once('/').unwrap_or((text.trim_matches('/'), ""));
        if site.is_empty() {
            return Ok(Self::default());
        }
        let found = configuration.site(site).ok_or_else(|| Failure::unknown_path(&format!("{SERVER}/{text}")))?;
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
            return Err(Failure::unknown_path(&format!("{SERVER}/{text}")));
        }
        Ok(Self { site: found.name.clone(), path: segments.join("/") })
    }

    /// The whole configuration path.
    pub(super) fn shown(&self) -> String {
        join(&[SERVER, &self.site, &self.path])
    }

    /// Where a change at this level goes: by default to the level's own file.
    pub(crate) fn target(
        &self,
        commit: Option<&str>,
        (home, configuration): (&Home, &Configuration),
    ) -> Result<Target, Failure> {
        let outer = match commit.unwrap_or("url").to_ascii_lowercase().as_str() {
            "url" => self.clone(),
            "site" => Self { path: String::new(), ..self.clone() },
            "app" => self.application(configuration),
            "parent" => self.parent(),
            "apphost" => Self::default(),
            "webroot" | "machine" => {
                return Err(Failure::NotSupported(
                    "there are no such files of .NET here; write /commit:apphost".to_owned(),
                ));
            }
            _ => Self::read(commit, configuration)?,
        };
        let location = self.below(&outer).ok_or_else(|| Failure::Commit(outer.shown(), self.shown()))?;
        if outer.site.is_empty() {
            let disk = home.config_file.clone();
            return Ok(Target { file: ConfigFile::ApplicationHost, location, disk, commit: outer.shown() });
        }
        let path = format!("/{}", outer.path);
        let disk =
            web_config_file(configuration, &outer.site, &path).ok_or_else(|| Failure::unknown_path(&outer.shown()))?;
        let file = ConfigFile::WebConfig { site: outer.site.clone(), path };
        Ok(Target { file, location, disk, commit: outer.shown() })
    }

    fn parent(&self) -> Self {
        match self.path.rsplit_once('/') {
            Some((outer, _)) => Self { path: outer.to_owned(), ..self.clone() },
            None if self.path.is_empty() => Self::default(),
            None => Self { path: String::new(), ..self.clone() },
        }
    }

    fn application(&self, configuration: &Configuration) -> Self {
        let own = format!("/{}/", self.path).to_lowercase();
        let paths = configuration.site(&self.site).into_iter().flat_map(|site| &site.applications);
        let paths = paths.map(|application| application.path.trim_matches('/'));
        let holding = paths.filter(|path| path.is_empty() || own.starts_with(&format!("/{}/", path.to_lowercase())));
        let depth =
            holding.max_by_key(|path| path.len()).map_or(0, |path| path.split('/').filter(|s| !s.is_empty()).count());
        let segments: Vec<&str> = self.path.split('/').take(depth).collect();
        Self { path: segments.join("/"), ..self.clone() }
    }

    /// The way from an outer level to this one; `None` when it lies elsewhere.
    fn below(&self, outer: &Self) -> Option<String> {
        if outer.site.is_empty() {
            return Some(join(&[&self.site, &self.path]));
        }
        if outer.path.is_empty() {
            return (outer.site == self.site).then(|| self.path.clone());
        }
        let head = self.path.get(..outer.path.len())?;
        let rest = &self.path[outer.path.len()..];
        let lies = outer.site == self.site && head.eq_ignore_ascii_case(&outer.path);
        (lies && (rest.is_empty() || rest.starts_with('/'))).then(|| rest.trim_matches('/').to_owned())
    }
}

fn join(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn below_server(text: &str) -> &str {
    let whole = ["MACHINE/WEBROOT/APPHOST", "WEBROOT/APPHOST", "APPHOST"].into_iter();
    let rest = whole.filter_map(|prefix| {
        let head = text.get(..prefix.len())?;
        let rest = &text[prefix.len()..];
        (head.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    });
    rest.into_iter().next().unwrap_or(text)
}

/// Whether a text is a URL rather than a name.
pub(super) fn is_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// The site that answers a URL, and the path in it without a slash at its beginning.
pub(super) fn url_site<'c, 'u>(url: &'u str, configuration: &'c Configuration) -> Option<(&'c Site, &'u str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let secure = scheme.eq_ignore_ascii_case("https");
    let (host, port) =
        match authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, if secure { 443 } else { 80 }),
        };
    let best_of = |site: &Site| {
        let usable = site.bindings.iter().filter_map(|binding| binding.endpoint.as_ref().ok());
        let fits = usable.filter(|endpoint| endpoint.secure == secure && endpoint.port == port);
        fits.filter_map(|endpoint| rank(endpoint, host)).max()
    };
    let best = configuration.sites.iter().filter_map(|site| Some((best_of(site)?, site))).max_by_key(|(rank, _)| *rank);
    best.map(|(_, site)| (site, path))
}

/// How closely an end point fits a host name or address of a URL: a larger number wins.
fn rank(endpoint: &Endpoint, host: &str) -> Option<u8> {
    let host = host.trim_matches(['[', ']']).to_lowercase();
    match (&endpoint.host, endpoint.address) {
        (HostRule::Exact(name), _) => (*name == host).then_some(4),
        (HostRule::Wildcard(suffix), _) => {
            host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.')).then_some(3)
        }
        (HostRule::Any, BindingAddress::Ip(address)) => {
            let is_it = address.to_string() == host || (host == "localhost" && address.is_loopback());
            is_it.then_some(2)
        }
        (HostRule::Any, BindingAddress::Any | BindingAddress::AnyV4 | BindingAddress::AnyV6) => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::load_text;
    use std::path::Path;

    const SITES: &str = r#"<configuration><system.applicationHost><sites>
  <site name="Shop" id="1"><application path="/"><virtualDirectory path="/" physicalPath="/srv/shop"/></application>
    <application path="/api"><virtualDirectory path="/" physicalPath="/srv/api"/></application>
    <bindings><binding protocol="http" bindingInformation="*:80:"/></bindings></site>
  <site name="Docs" id="2"><application path="/"><virtualDirectory path="/" physicalPath="/srv/docs"/></application>
    <bindings><binding protocol="http" bindingInformation="*:80:docs.test"/>
    <binding protocol="https" bindingInformation="127.0.0.2:8443:"/></bindings></site>
</sites></system.applicationHost></configuration>"#;

    /// Level and commit as typed; what file is written, and where in it.
    fn check((level, commit): (&str, Option<&str>), expected: &str) {
        let home = Home::under(Path::new("/h"));
        let configuration = load_text(SITES, &home.config_file, None, &home).unwrap();
        let target =
            Level::read(Some(level), &configuration).and_then(|own| own.target(commit, (&home, &configuration)));
        let shown = match target {
            Ok(target) => {
                format!("{} [{}] {}", target.disk.display(), target.location, target.commit.replace(SERVER, "M"))
            }
            Err(failure) => failure.message(),
        };
        assert_eq!(shown, expected, "{level} {commit:?}");
    }

    #[test]
    fn where_a_change_goes() {
        let host = |location: &str| format!("/h/config/applicationHost.config [{location}] M");
        check(("", None), &host(""));
        check(("shop", None), "/srv/shop/web.config [] M/Shop");
        check(("Shop/", Some("apphost")), &host("Shop"));
        check(("Shop/api/v1", None), "/srv/api/v1/web.config [] M/Shop/api/v1");
        check(("Shop/api/v1", Some("app")), "/srv/api/web.config [v1] M/Shop/api");
        check(("Shop/api/v1", Some("site")), "/srv/shop/web.config [api/v1] M/Shop");
        check(("Shop/api/v1", Some("parent")), "/srv/api/web.config [v1] M/Shop/api");
        check(("Shop/api", Some("Shop")), "/srv/shop/web.config [api] M/Shop");
        check(("Shop", Some("MACHINE/WEBROOT/APPHOST")), &host("Shop"));
        check(("MACHINE/WEBROOT/APPHOST/Shop/a", None), "/srv/shop/a/web.config [] M/Shop/a");
        check(("http://localhost/api", Some("apphost")), &host("Shop/api"));
        check(("http://docs.test/", Some("apphost")), &host("Docs"));
        check(("https://127.0.0.2:8443/x", Some("apphost")), &host("Docs/x"));
        check(
            ("https://nowhere.test/", None),
            "ERROR ( message:Cannot find SITE object with identifier \"https://nowhere.test/\". )",
        );
        check(
            ("Shop", Some("Docs")),
            "ERROR ( message:Cannot commit changes for \"MACHINE/WEBROOT/APPHOST/Shop\" at \"MACHINE/WEBROOT/APPHOST/Docs\". )",
        );
        let unknown = "Unrecognized configuration path 'MACHINE/WEBROOT/APPHOST/None/x'";
        check(
            ("None/x", None),
            &format!("ERROR ( message:Configuration error\nFilename: \nLine Number: 0\nDescription: {unknown}\n. )"),
        );
    }
}
