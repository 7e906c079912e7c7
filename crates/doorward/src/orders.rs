//! Orders as edits of the files: the same whether the running server carries them out, or a command does without one.

mod certificates;

use std::net::IpAddr;

use doorward_admin::{Done, LimitsOrder, NewSiteOrder, Order, Refused, RefusedKind};
use doorward_config::{
    AttributeChange, Configuration, Edit, EditError, EditedFile, Home, NewSite, NewValue, edit, load_or_begin,
    parse_listen_address, save_kept,
};

use crate::text;
pub(crate) use certificates::{bound, import, remove};

/// An order that is one edit: what to write, and what to say when it is written.
pub(crate) struct Planned {
    pub(crate) edit: Edit,
    pub(crate) message: String,
    pub(crate) notes: Vec<String>,
}

/// The edit that an order means; `None` for orders that are none.
pub(crate) fn planned(order: Order, home: &Home) -> Result<Option<Planned>, Refused> {
    let (edit, message, notes) = match order {
        Order::AddSite(order) => {
            let message = format!("SITE object \"{}\" added", order.name);
            (Edit::AddSite(new_site(order)?), message, Vec::new())
        }
        Order::RemoveSite(name) => {
            let message = format!("SITE object \"{name}\" deleted");
            (Edit::RemoveSite { name }, message, Vec::new())
        }
        Order::AddListen(text) => {
            let (address, ignored_port) = listen_address(&text)?;
            let ignored = ignored_port.map(|port| format!("the port {port} is ignored: the list holds addresses"));
            let message = format!("{address} added to the IP listen list.");
            (Edit::AddListen(address), message, ignored.into_iter().collect())
        }
        Order::RemoveListen(text) => {
            let (address, _) = listen_address(&text)?;
            (Edit::RemoveListen(address), format!("{address} removed from the IP listen list."), Vec::new())
        }
        Order::BindCertificate(order) => return certificates::bind(home, order).map(Some),
        Order::UnbindCertificate(place) => return certificates::unbind(&place).map(Some),
        Order::SetLimits(order) => {
            let message = format!("The limits of {} are set.", limits_place(&order)?);
            (Edit::SetAttributes(attribute_change(order)?), message, Vec::new())
        }
        Order::Edit(edit) => (edit, "The change is made.".to_owned(), Vec::new()),
        Order::StartSite(_)
        | Order::StopSite(_)
        | Order::ImportCertificate(_)
        | Order::RemoveCertificate(_)
        | Order::Block { .. }
        | Order::Unblock { .. }
        | Order::Reload
        | Order::Stop => return Ok(None),
    };
    Ok(Some(Planned { edit, message, notes }))
}

impl Planned {
    /// Writes the edit. What was written, for whoever has to take it over.
    pub(crate) fn write(&self, home: &Home) -> Result<EditedFile, Refused> {
        let edited = edit(home, &self.edit).map_err(|error| refused(&error))?;
        let kept = save_kept(home, &edited).map_err(|error| Refused::new(RefusedKind::Failed, error.to_string()))?;
        // The change is made all the same.
        kept.into_iter().for_each(text::complain);
        Ok(edited)
    }

    /// What to say once the configuration is this.
    pub(crate) fn done(self, edited: &EditedFile, configuration: &Configuration) -> Done {
        let mut notes = Vec::new();
        if edited.previous.is_none() {
            notes.push(format!("{} created", edited.path.display()));
        }
        notes.extend(self.notes);
        if matches!(self.edit, Edit::RemoveListen(_)) && configuration.ip_listen.is_empty() {
            notes.push("the list is empty now: `*` bindings listen on every address".to_owned());
        }
        Done { message: self.message, notes }
    }
}

/// Carries an order out on the files alone; `None` for one that needs a server.
#[allow(clippy::wildcard_enum_match_arm, reason = "every other order is an edit, or needs a server")]
pub(crate) fn on_files(order: Order, home: &Home, command: &str) -> Result<Option<Done>, Refused> {
    let configuration = || load_or_begin(home).map_err(|error| Refused::new(RefusedKind::Invalid, error.to_string()));
    match order {
        Order::ImportCertificate(order) => import(home, &order, command).map(Some),
        Order::RemoveCertificate(sha1) => remove((home, &configuration()?), &sha1, command).map(Some),
        order => {
            let Some(planned) = planned(order, home)? else { return Ok(None) };
            let edited = planned.write(home)?;
            let mut done = planned.done(&edited, &configuration()?);
            done.notes.push("no doorward is running for this home: it holds from the next start on".to_owned());
            Ok(Some(done))
        }
    }
}

/// Where limits are set, in words; a path without a site is refused.
fn limits_place(order: &LimitsOrder) -> Result<String, Refused> {
    let path = order.path.as_deref().unwrap_or("/");
    match &order.site {
        None if path != "/" => {
            let hint = Some("add --site NAME".to_owned());
            Err(Refused { kind: RefusedKind::Invalid, message: "a path belongs to a site".to_owned(), hint })
        }
        None => Ok("the server".to_owned()),
        Some(site) => Ok(format!("{site}{}", if path == "/" { "" } else { path })),
    }
}

fn new_site(order: NewSiteOrder) -> Result<NewSite, Refused> {
    let mut bindings = Vec::new();
    for binding in &order.bindings {
        let (protocol, information) = binding.split_once('/').ok_or_else(|| Refused {
            kind: RefusedKind::Invalid,
            message: format!("binding '{binding}' has no protocol"),
            hint: Some(
                "write protocol/address:port:host, such as http/127.0.0.4:8080: or http/*:80:www.example.test".into(),
            ),
        })?;
        bindings.push((protocol.to_owned(), information.to_owned()));
    }
    // A site that only forwards still needs a root application; it has no content of its own.
    let physical_path = order.path.or_else(|| order.to.is_some().then(|| r"%SystemDrive%\inetpub\empty".to_owned()));
    if physical_path.is_none() {
        return Err(Refused {
            kind: RefusedKind::Invalid,
            message: format!("site '{}' has neither content nor a server to forward to", order.name),
            hint: Some("give --path DIR or --to http://127.0.0.1:5001".to_owned()),
        });
    }
    Ok(NewSite { name: order.name, id: order.id, bindings, physical_path, proxy_to: order.to })
}

fn attribute_change(order: LimitsOrder) -> Result<AttributeChange, Refused> {
    if order.values.is_empty() {
        let hint = Some("`doorward limits set --help` lists what can be set".to_owned());
        return Err(Refused { kind: RefusedKind::Invalid, message: "there is nothing to set".to_owned(), hint });
    }
    let mut values = Vec::new();
    for value in order.values {
        let section = match value.section.as_str() {
            section @ ("dynamicIpSecurity" | "ipSecurity") => format!("system.webServer/security/{section}"),
            "limiter" => "doorward/limiter".to_owned(),
            other => {
                let message = format!("'{other}' is no section of the limiter");
                let hint = Some("write dynamicIpSecurity, ipSecurity or limiter".to_owned());
                return Err(Refused { kind: RefusedKind::Invalid, message, hint });
            }
        };
        values.push(NewValue { section, name: value.name, text: value.text });
    }
    Ok(AttributeChange { site: order.site, path: order.path.unwrap_or_default(), values })
}

fn listen_address(text: &str) -> Result<(IpAddr, Option<u16>), Refused> {
    parse_listen_address(text).ok_or_else(|| Refused {
        kind: RefusedKind::Invalid,
        message: format!("'{text}' is no IP address"),
        hint: Some("write 127.0.0.2, ::1, 0.0.0.0 or ::".to_owned()),
    })
}

/// Whose fault a refused edit is.
#[allow(clippy::wildcard_enum_match_arm, reason = "few refusals leave anything to add")]
pub(crate) fn refused(error: &EditError) -> Refused {
    let kind = match error {
        EditError::SiteExists(_) | EditError::ListenExists(_) | EditError::Duplicate { .. } => RefusedKind::Conflict,
        EditError::NoSuchSite(_)
        | EditError::NoSuchListen(_)
        | EditError::NoSuchCertificate(_)
        | EditError::NoSuchPath(_)
        | EditError::NoSuchEntry { .. } => RefusedKind::NotFound,
        EditError::Invalid(_)
        | EditError::NoSuchAttribute { .. }
        | EditError::NoSuchElement { .. }
        | EditError::NoSuchSection(_)
        | EditError::NotCollection { .. }
        | EditError::NotRemovable { .. }
        | EditError::Missing(_)
        | EditError::Value { .. }
        | EditError::Locked { .. }
        | EditError::LockedName { .. } => RefusedKind::Invalid,
        EditError::Store(_) => RefusedKind::Failed,
    };
    let hint = match error {
        EditError::Locked { file, origin, .. } => {
            let place = origin.as_ref().map_or_else(|| file.display().to_string(), ToString::to_string);
            Some(format!("locked by {place}: write it there, or unlock the section"))
        }
        EditError::Value { hint, .. } => hint.clone(),
        EditError::NoSuchElement { near: Some(near), .. } | EditError::NoSuchAttribute { near: Some(near), .. } => {
            Some(format!("did you mean '{near}'?"))
        }
        _ => None,
    };
    Refused { kind, message: error.to_string(), hint }
}
