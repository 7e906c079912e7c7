//! The objects of an installation, each kind in the order of the file.

use doorward_config::{Application, Binding, Configuration, ElementView, Origin, Site, VirtualDirectory};

use crate::appcmd::failure::Failure;
use crate::appcmd::item::{Item, Kind};
use crate::installation::{Installation, RequestInProgress};

const SITES: &str = "system.applicationHost/sites";
const POOLS: &str = "system.applicationHost/applicationPools";

/// All objects of a kind.
pub(super) fn all(kind: Kind, configuration: &Configuration, place: &dyn Installation) -> Result<Vec<Item>, Failure> {
    Ok(match kind {
        Kind::Site => sites(configuration, place),
        Kind::App => apps(configuration),
        Kind::Vdir => vdirs(configuration),
        Kind::Pool => pools(configuration, place),
        Kind::Worker => workers(configuration, place),
        Kind::Request => place.requests()?.into_iter().map(|request| of_request(request, configuration)).collect(),
        Kind::Module => modules(configuration),
        Kind::Backup => place.backups()?.into_iter().map(|name| plain(Kind::Backup, name)).collect(),
        // Doorward writes no traces.
        Kind::Trace => Vec::new(),
    })
}

fn plain(kind: Kind, name: String) -> Item {
    let facts = vec![("BACKUP.NAME", name.clone())];
    Item { kind, name, summary: Vec::new(), facts, also: Vec::new(), element: None }
}

fn section(configuration: &Configuration, path: &str) -> Option<ElementView> {
    configuration.schema().section(path).map(|table| configuration.view("", "", table))
}

fn at<'e>(elements: &'e [ElementView], origin: &Origin) -> Option<&'e ElementView> {
    elements.iter().find(|element| element.origin.as_ref() == Some(origin))
}

fn sites(configuration: &Configuration, place: &dyn Installation) -> Vec<Item> {
    let view = section(configuration, SITES);
    let item = |site: &Site| {
        let bindings = bindings(site);
        let state = place.site_state(&site.name).word().to_owned();
        let element = view.as_ref().and_then(|view| at(&view.entries, &site.origin)).cloned();
        Item {
            kind: Kind::Site,
            name: site.name.clone(),
            summary: vec![("id", site.id.to_string()), ("bindings", bindings.clone()), ("state", state.clone())],
            facts: vec![
                ("SITE.NAME", site.name.clone()),
                ("SITE.ID", site.id.to_string()),
                ("bindings", bindings),
                ("state", state),
            ],
            also: vec![("id", site.id.to_string()), ("serverAutoStart", site.server_auto_start.to_string())],
            element,
        }
    };
    configuration.sites.iter().map(item).collect()
}

/// `protocol/information`, an empty address as `*`.
fn bindings(site: &Site) -> String {
    let one = |binding: &Binding| {
        let all = if binding.information.starts_with(':') { "*" } else { "" };
        format!("{}/{all}{}", binding.protocol, binding.information)
    };
    site.bindings.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Site and path: `Shop/` for its root.
pub(super) fn app_name(site: &Site, application: &Application) -> String {
    format!("{}{}", site.name, application.path)
}

fn apps(configuration: &Configuration) -> Vec<Item> {
    let view = section(configuration, SITES);
    let mut items = Vec::new();
    for site in &configuration.sites {
        let element = view.as_ref().and_then(|view| at(&view.entries, &site.origin));
        for application in &site.applications {
            let (name, pool) = (app_name(site, application), application.application_pool.clone());
            items.push(Item {
                kind: Kind::App,
                name: name.clone(),
                summary: vec![("applicationPool", pool.clone())],
                facts: vec![
                    ("path", application.path.clone()),
                    ("APP.NAME", name),
                    ("APPPOOL.NAME", pool.clone()),
                    ("SITE.NAME", site.name.clone()),
                ],
                also: vec![("applicationPool", pool), ("SITE.ID", site.id.to_string())],
                element: element.and_then(|element| at(&element.entries, &application.origin)).cloned(),
            });
        }
    }
    items
}

fn vdirs(configuration: &Configuration) -> Vec<Item> {
    let elements: Vec<(String, ElementView)> =
        apps(configuration).into_iter().filter_map(|app| Some((app.name, app.element?))).collect();
    let mut items = Vec::new();
    for site in &configuration.sites {
        for application in &site.applications {
            let app = app_name(site, application);
            let element = elements.iter().find(|(name, _)| *name == app).map(|(_, element)| element);
            items.extend(application.virtual_directories.iter().map(|own| vdir(site, (&app, own), element)));
        }
    }
    items
}

fn vdir(site: &Site, (app, directory): (&str, &VirtualDirectory), application: Option<&ElementView>) -> Item {
    let name = format!("{}{}", app.trim_end_matches('/'), directory.path);
    let folder = directory.physical_path.clone();
    Item {
        kind: Kind::Vdir,
        name: name.clone(),
        summary: vec![("physicalPath", folder.clone())],
        facts: vec![
            ("VDIR.NAME", name),
            ("physicalPath", folder),
            ("path", directory.path.clone()),
            ("APP.NAME", app.to_owned()),
        ],
        also: vec![("SITE.NAME", site.name.clone()), ("SITE.ID", site.id.to_string())],
        element: application.and_then(|element| at(&element.entries, &directory.origin)).cloned(),
    }
}

fn pools(configuration: &Configuration, place: &dyn Installation) -> Vec<Item> {
    let Some(view) = section(configuration, POOLS) else { return Vec::new() };
    let defaults = view.child("applicationPoolDefaults");
    let state = if place.server_pid().is_some() { "Started" } else { "Unknown" };
    let text = |element: &ElementView, name: &str| {
        let own = element.attribute(name);
        let set =
            own.filter(|own| own.set.is_some()).or_else(|| defaults.and_then(|defaults| defaults.attribute(name)));
        set.or(own).map(|attribute| attribute.text.clone()).unwrap_or_default()
    };
    let item = |element: &ElementView| {
        let (name, version) = (text(element, "name"), text(element, "managedRuntimeVersion"));
        let mode = text(element, "managedPipelineMode");
        Item {
            kind: Kind::Pool,
            name: name.clone(),
            summary: vec![("MgdVersion", version.clone()), ("MgdMode", mode.clone()), ("state", state.to_owned())],
            facts: vec![
                ("APPPOOL.NAME", name),
                ("managedPipelineMode", mode),
                ("managedRuntimeVersion", version),
                ("state", state.to_owned()),
            ],
            also: Vec::new(),
            element: Some(element.clone()),
        }
    };
    view.entries.iter().map(item).collect()
}

/// One process serves every pool.
fn workers(configuration: &Configuration, place: &dyn Installation) -> Vec<Item> {
    let Some(pid) = place.server_pid() else { return Vec::new() };
    let mut pools: Vec<&String> =
        configuration.sites.iter().flat_map(|site| &site.applications).map(|app| &app.application_pool).collect();
    pools.sort_unstable();
    pools.dedup();
    let item = |pool: &String| Item {
        kind: Kind::Worker,
        name: pid.to_string(),
        summary: vec![("applicationPool", pool.clone())],
        facts: vec![("WP.NAME", pid.to_string()), ("APPPOOL.NAME", pool.clone())],
        also: Vec::new(),
        element: None,
    };
    pools.into_iter().map(item).collect()
}

fn of_request(request: RequestInProgress, configuration: &Configuration) -> Item {
    let site = configuration.sites.iter().find(|site| site.id == request.site_id);
    let time = format!("{} msec", request.elapsed_ms);
    let url = format!("{} {}", request.method, request.url);
    Item {
        kind: Kind::Request,
        name: request.id.clone(),
        summary: vec![("url", url.clone()), ("time", time), ("client", request.client.clone())],
        facts: vec![
            ("REQUEST.NAME", request.id),
            ("SITE.ID", request.site_id.to_string()),
            ("url", request.url),
            ("verb", request.method),
            ("time", request.elapsed_ms.to_string()),
            ("clientIp", request.client),
        ],
        also: vec![("SITE.NAME", site.map(|site| site.name.clone()).unwrap_or_default())],
        element: None,
    }
}

fn modules(configuration: &Configuration) -> Vec<Item> {
    let Some(view) = section(configuration, "system.webServer/modules") else { return Vec::new() };
    let item = |element: &ElementView| {
        let text = |name: &str| element.attribute(name).map(|own| own.text.clone()).unwrap_or_default();
        let (name, kind) = (text("name"), text("type"));
        let shown = if kind.is_empty() { ("", "native".to_owned()) } else { ("type", kind.clone()) };
        Item {
            kind: Kind::Module,
            name: name.clone(),
            summary: vec![shown, ("preCondition", text("preCondition"))],
            facts: vec![("MODULE.NAME", name), ("type", kind), ("preCondition", text("preCondition"))],
            also: Vec::new(),
            element: Some(element.clone()),
        }
    };
    view.entries.iter().map(item).collect()
}
