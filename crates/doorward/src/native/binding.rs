//! `doorward binding …`

use doorward_admin::{Order, Refused, RefusedKind};
use doorward_config::{Action, Binding, ConfigFile, Deed, Edit, Home, Position, SectionChange, Site, Step};
use serde_json::json;

use crate::cli::BindingCommand;
use crate::{doors, text};

/// Runs one `binding` command.
pub(super) fn run(home: &Home, command: BindingCommand) -> Result<(), Refused> {
    match command {
        BindingCommand::List { site, json } => list(home, site.as_deref(), json.json),
        BindingCommand::Add { site, binding, ssl_flags } => {
            let site = named(home, &site)?.name;
            let mut attributes = keys(&binding)?;
            attributes.extend(ssl_flags.map(|bits| ("sslFlags".to_owned(), bits.to_string())));
            change(home, &site, Deed::Add { attributes, position: Position::End })
        }
        BindingCommand::Remove { site, binding } => {
            let site = named(home, &site)?.name;
            change(home, &site, Deed::Remove { keys: keys(&binding)? })
        }
    }
}

fn sites(home: &Home) -> Result<Vec<Site>, Refused> {
    let configuration = doors::find(home)?.configuration();
    Ok(configuration.map_err(|trouble| Refused::new(RefusedKind::Invalid, trouble.to_string()))?.sites)
}

fn named(home: &Home, name: &str) -> Result<Site, Refused> {
    let found = sites(home)?.into_iter().find(|site| site.name.to_lowercase() == name.to_lowercase());
    found.ok_or_else(|| Refused {
        kind: RefusedKind::NotFound,
        message: format!("no site is named '{name}'"),
        hint: Some("`doorward site list` shows the names".to_owned()),
    })
}

fn list(home: &Home, site: Option<&str>, json: bool) -> Result<(), Refused> {
    let sites = match site {
        Some(name) => vec![named(home, name)?],
        None => sites(home)?,
    };
    let rows: Vec<(&Site, &Binding)> =
        sites.iter().flat_map(|site| site.bindings.iter().map(move |binding| (site, binding))).collect();
    let problem = |binding: &Binding| binding.endpoint.as_ref().err().map(ToString::to_string);
    let shown = |binding: &Binding| format!("{}/{}", binding.protocol, binding.information);
    if json {
        let row = |(site, binding): &(&Site, &Binding)| {
            json!({ "site": site.name, "binding": shown(binding), "sslFlags": binding.ssl_flags,
                    "problem": problem(binding), "origin": binding.origin.to_string() })
        };
        text::line(format!("{:#}", json!(rows.iter().map(row).collect::<Vec<_>>())));
        return Ok(());
    }
    let row = |(site, binding): &(&Site, &Binding)| {
        let note = problem(binding).unwrap_or_default();
        vec![site.name.clone(), shown(binding), binding.ssl_flags.to_string(), binding.origin.to_string(), note]
    };
    text::table(&["SITE", "BINDING", "FLAGS", "SET AT", ""], &rows.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

fn keys(binding: &str) -> Result<Vec<(String, String)>, Refused> {
    let (protocol, information) = binding.split_once('/').ok_or_else(|| Refused {
        kind: RefusedKind::Invalid,
        message: format!("binding '{binding}' has no protocol"),
        hint: Some("write protocol/address:port:host, such as http/127.0.0.4:8080:".to_owned()),
    })?;
    Ok(vec![("protocol".to_owned(), protocol.to_owned()), ("bindingInformation".to_owned(), information.to_owned())])
}

fn change(home: &Home, site: &str, deed: Deed) -> Result<(), Refused> {
    let at = vec![Step::Entry(vec![("name".to_owned(), site.to_owned())]), Step::Element("bindings".to_owned())];
    let change = SectionChange {
        file: ConfigFile::ApplicationHost,
        location: String::new(),
        section: "system.applicationHost/sites".to_owned(),
        actions: vec![Action { at, deed }],
    };
    super::carry_out(home, Order::Edit(Edit::Change(change)))
}
