//! Changes to the files: one edit, checked before anything is written.

use std::net::{IpAddr, SocketAddr};

use doorward_admin::{Done, LimitsOrder, NewSiteOrder, Refused, RefusedKind};
use doorward_config::{AttributeChange, Edit, EditError, NewSite, NewValue, edit, save};

use super::Daemon;

impl Daemon {
    /// Adds a site to the configuration and starts it.
    pub(super) async fn add_site(&mut self, order: NewSiteOrder) -> Result<Done, Refused> {
        let name = order.name.clone();
        let edited = Edit::AddSite(new_site(order)?);
        let mut done = self.edit(&edited).await?;
        done.message = format!("SITE object \"{name}\" added");
        Ok(done)
    }

    /// Removes a site from the configuration.
    pub(super) async fn remove_site(&mut self, name: String) -> Result<Done, Refused> {
        let mut done = self.edit(&Edit::RemoveSite { name: name.clone() }).await?;
        done.message = format!("SITE object \"{name}\" deleted");
        Ok(done)
    }

    /// Adds an address to the IP listen list; a port people write behind it is ignored (D12).
    pub(super) async fn add_listen(&mut self, text: &str) -> Result<Done, Refused> {
        let (address, ignored_port) = listen_address(text)?;
        let mut done = self.edit(&Edit::AddListen(address)).await?;
        done.message = format!("{address} added to the IP listen list.");
        done.notes.extend(ignored_port.map(|port| format!("the port {port} is ignored: the list holds addresses")));
        Ok(done)
    }

    /// Removes an address from the IP listen list.
    pub(super) async fn remove_listen(&mut self, text: &str) -> Result<Done, Refused> {
        let (address, _) = listen_address(text)?;
        let mut done = self.edit(&Edit::RemoveListen(address)).await?;
        done.message = format!("{address} removed from the IP listen list.");
        if self.configuration.ip_listen.is_empty() {
            done.notes.push("the list is empty now: `*` bindings listen on every address".to_owned());
        }
        Ok(done)
    }

    /// Sets limits at one level of the configuration.
    pub(super) async fn set_limits(&mut self, order: LimitsOrder) -> Result<Done, Refused> {
        let (site, path) = (order.site.clone(), order.path.clone().unwrap_or_else(|| "/".to_owned()));
        if site.is_none() && path != "/" {
            let hint = Some("add --site NAME".to_owned());
            return Err(Refused { kind: RefusedKind::Invalid, message: "a path belongs to a site".to_owned(), hint });
        }
        let place = match &site {
            Some(site) => format!("{site}{}", if path == "/" { "" } else { &path }),
            None => "the server".to_owned(),
        };
        let mut done = self.edit(&Edit::SetAttributes(attribute_change(order)?)).await?;
        done.message = format!("The limits of {place} are set.");
        Ok(done)
    }

    /// Makes any edit.
    pub(super) async fn make_edit(&mut self, change: &Edit) -> Result<Done, Refused> {
        let done = self.edit(change).await?;
        Ok(Done { message: "The change is made.".to_owned(), ..done })
    }

    pub(super) async fn edit(&mut self, change: &Edit) -> Result<Done, Refused> {
        let edited = edit(&self.home, change).map_err(|error| refused(&error))?;
        let created = edited.previous.is_none();
        save(&edited).map_err(|error| Refused::new(RefusedKind::Failed, error.to_string()))?;
        let mut done = self.reload().await?;
        if created {
            done.notes.insert(0, format!("{} created", edited.path.display()));
            if edited.path == self.home.config_file {
                done.notes.insert(1, "it replaces the embedded default sites".to_owned());
            }
        }
        Ok(done)
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
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok((address, None));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((address.ip(), Some(address.port())));
    }
    Err(Refused {
        kind: RefusedKind::Invalid,
        message: format!("'{text}' is no IP address"),
        hint: Some("write 127.0.0.2, ::1, 0.0.0.0 or ::".to_owned()),
    })
}

fn refused(error: &EditError) -> Refused {
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
    Refused::new(kind, error.to_string())
}
