//! `doorward config …`: any section at any path.

use doorward_admin::{Order, Refused, RefusedKind};
use doorward_config::Home;
use doorward_doors::{Denied, SectionReport, SettingsOrder, ValueReport, settings, settings_edit};
use serde_json::json;

use crate::cli::{ConfigCommand, ConfigGetArgs, ConfigSetArgs};
use crate::{doors, text};

/// Runs one `config` command.
pub(super) fn run(home: &Home, command: ConfigCommand) -> Result<(), Refused> {
    match command {
        ConfigCommand::Get(args) => get(home, &args),
        ConfigCommand::Explain(args) => explain(home, &args),
        ConfigCommand::Set(args) => set(home, args),
    }
}

fn refused(Denied { message, notes }: Denied) -> Refused {
    let hint = (!notes.is_empty()).then(|| notes.join("\n        "));
    Refused { kind: RefusedKind::Invalid, message, hint }
}

fn report(home: &Home, args: &ConfigGetArgs) -> Result<SectionReport, Refused> {
    let place = doors::find(home)?;
    let mut report =
        settings(&*place, (&args.path, &args.section), args.all || args.name.is_some()).map_err(refused)?;
    if let Some(name) = &args.name {
        report.values.retain(|value| value.name.eq_ignore_ascii_case(name));
        if report.values.is_empty() {
            let message = format!("{} has no value '{name}'", report.section);
            let hint = Some("`doorward config get PATH SECTION --all` lists them".to_owned());
            return Err(Refused { kind: RefusedKind::NotFound, message, hint });
        }
    }
    Ok(report)
}

fn get(home: &Home, args: &ConfigGetArgs) -> Result<(), Refused> {
    let report = report(home, args)?;
    if args.json {
        text::line(format!("{:#}", json!(report)));
    } else if args.name.is_some() {
        report.values.iter().for_each(|value| text::line(&value.value));
    } else if report.values.is_empty() {
        text::line(format!("Nobody sets anything of {}; `--all` shows the defaults.", report.section));
    } else {
        let row = |value: &ValueReport| vec![value.name.clone(), value.value.clone(), origin(value)];
        text::table(&["NAME", "VALUE", "SET AT"], &report.values.iter().map(row).collect::<Vec<_>>());
    }
    Ok(())
}

fn origin(value: &ValueReport) -> String {
    value.origin.clone().unwrap_or_else(|| "(default)".to_owned())
}

fn explain(home: &Home, args: &ConfigGetArgs) -> Result<(), Refused> {
    let report = report(home, args)?;
    if args.json {
        text::line(format!("{:#}", json!(report)));
        return Ok(());
    }
    let path = if report.path.is_empty() { "the server" } else { &report.path };
    text::line(format!("{} at {path}", report.section));
    let folders = if report.open_to_folders { "may set it" } else { "may not set it: it is locked above them" };
    text::line(format!("  web.config files {folders}"));
    report.locks.iter().for_each(|lock| text::line(format!("  {lock}")));
    for value in &report.values {
        text::line(format!("{} = {}", value.name, value.value));
        text::line(format!("    {}{}", origin(value), level(value.level.as_deref())));
        for other in &value.instead_of {
            text::line(format!("    instead of {} at {}", other.value, other.origin));
        }
    }
    Ok(())
}

fn level(level: Option<&str>) -> String {
    match level {
        None => String::new(),
        Some("") => ", for the server".to_owned(),
        Some("/") => ", for the site".to_owned(),
        Some(path) => format!(", for {path}"),
    }
}

fn set(home: &Home, args: ConfigSetArgs) -> Result<(), Refused> {
    let order = SettingsOrder {
        path: args.path,
        section: args.section,
        set: args.values,
        unset: args.unset,
        add: args.add,
        remove: args.remove,
        in_folder: args.in_folder,
    };
    let (edit, file) = settings_edit(&*doors::find(home)?, &order).map_err(refused)?;
    super::carry_out(home, Order::Edit(edit))?;
    text::line(format!("  {file}"));
    Ok(())
}
