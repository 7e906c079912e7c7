//! What a section amounts to at a place: the server's level, and what each location on the way down changes.
//!
//! Each level of the server's file is worked out once, from the one above it, and shared by everything below that says no
//! more.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use ipnet::IpNet;

use crate::builtin;
use crate::diagnostic::Findings;
use crate::effective::Effective;
use crate::hierarchy::{Hierarchy, Level, Place, Step};
use crate::merge::{overlay, overlay_from};
use crate::schema::{AllowDefinition, SectionTable, SectionUse, parse_networks};
use crate::settings::{DynamicIpSecurity, IpSecurity, LimiterSection, ProxySection};
use crate::shared::{Made, Shared, once};

/// A section after inheritance, and its typed form as soon as somebody has asked for that.
#[derive(Debug)]
pub(crate) struct Settled {
    section: Arc<Effective>,
    /// A level on the way says something that is not for child applications: below one it is something else.
    is_withheld: bool,
    view: Made,
}

impl Settled {
    fn new(section: Arc<Effective>, is_withheld: bool) -> Arc<Self> {
        Arc::new(Self { section, is_withheld, view: Made::new() })
    }

    /// Its typed form, read once.
    pub(crate) fn view<T: Send + Sync + 'static>(&self, read: impl FnOnce(&Effective) -> T) -> Shared<T> {
        once(&self.view, || Shared::new(read(&self.section))).as_ref().clone()
    }
}

impl Deref for Settled {
    type Target = Effective;

    fn deref(&self) -> &Effective {
        &self.section
    }
}

/// A place and everybody who speaks about it.
pub(crate) struct At<'a> {
    hierarchy: &'a Hierarchy,
    place: Place<'a>,
    steps: Vec<Step<'a>>,
}

impl At<'_> {
    /// A section by its name.
    pub(crate) fn section(&self, name: &str) -> Arc<Settled> {
        match self.hierarchy.schema.section(name) {
            Some(table) => self.settled(table, &mut Findings::default()),
            None => Arc::clone(self.hierarchy.of_server(name)),
        }
    }

    /// The typed form of a section.
    pub(crate) fn view<T: Send + Sync + 'static>(&self, name: &str, read: fn(&Effective) -> T) -> Shared<T> {
        self.section(name).view(read)
    }

    /// One section; what does not fit together where it is worked out now goes into `findings`.
    pub(crate) fn settled(&self, table: &'static SectionTable, findings: &mut Findings) -> Arc<Settled> {
        let (base, rest) = self.base(table);
        let layers: Vec<_> = rest.iter().filter_map(|step| Some((step.rank, step.layer(table.path)?))).collect();
        if layers.is_empty() {
            return Arc::clone(base);
        }
        let mut section = Effective::clone(&base.section);
        let harmless = self.hierarchy.schema.use_of(table) == SectionUse::Keeps;
        findings.mildly(harmless, |findings| {
            for (rank, layer) in &layers {
                overlay_from(*rank, &mut section, &layer.declared, findings);
            }
        });
        Settled::new(Arc::new(section), base.is_withheld || layers.iter().any(|(_, layer)| !layer.inherits))
    }

    /// The deepest level whose result can be built upon, and the steps below it.
    fn base(&self, table: &'static SectionTable) -> (&Arc<Settled>, &[Step<'_>]) {
        let is_same_application = |level: &Level| {
            let own = level.place();
            let application = |place: Place<'_>| self.hierarchy.application_of(place.site, place.path);
            application(own) == application(self.place)
        };
        let of_server = self.steps.iter().take_while(|step| step.path.is_none()).count();
        let mut found = (self.hierarchy.of_server(table.path), of_server);
        for (index, step) in self.steps.iter().enumerate().skip(of_server) {
            // What a folder's file changes is in no level's result.
            if step.rank > 0 && step.layer(table.path).is_some() {
                break;
            }
            let settled = step.level.settled.get(table.path).filter(|_| step.rank == 0);
            if let Some(settled) = settled.filter(|own| !own.is_withheld || is_same_application(step.level)) {
                found = (settled, index + 1);
            }
        }
        (found.0, self.steps.get(found.1..).unwrap_or_default())
    }
}

impl Hierarchy {
    /// Works out the server's own level.
    pub(crate) fn settle(&mut self, findings: &mut Findings) {
        let layers = self.levels.get("").map(|level| &level.layers);
        let settled = self.schema.sections().map(|table| {
            let bare = builtin::bare(table);
            let Some(layer) = layers.and_then(|layers| layers.get(table.path)) else {
                return Settled::new(bare, false);
            };
            let mut effective = Effective::clone(&bare);
            builtin::withdraw(table.path, &mut effective, &layer.declared);
            let harmless = self.schema.use_of(table) == SectionUse::Keeps;
            findings.mildly(harmless, |findings| overlay(&mut effective, &layer.declared, findings));
            Settled::new(Arc::new(effective), false)
        });
        self.server = settled.collect();
    }

    /// Works out the other levels of the server's file, which also shows what does not fit together. A level comes before
    /// those below it.
    pub(crate) fn settle_levels(&mut self, findings: &mut Findings) {
        let keys: Vec<String> = self.levels.keys().filter(|key| !key.is_empty()).cloned().collect();
        for key in keys {
            let Some(level) = self.levels.get(&key) else { continue };
            let at = self.at(level.place());
            let tables = level.layers.keys().filter_map(|path| self.schema.section(path));
            let tables = tables.filter(|table| table.allow_definition != AllowDefinition::AppHostOnly);
            let settled: BTreeMap<_, _> = findings.within(level.owner(), |findings| {
                tables.map(|table| (table.path, at.settled(table, findings))).collect()
            });
            if let Some(level) = self.levels.get_mut(&key) {
                level.settled = settled;
            }
        }
    }

    /// A section of the server's own level; the names are those of the tables.
    pub(crate) fn of_server(&self, name: &str) -> &Arc<Settled> {
        let position = self.schema.position(name);
        debug_assert!(position.is_some(), "no section {name}");
        &self.server[position.unwrap_or(0)]
    }

    /// A place, to ask several sections of it.
    pub(crate) fn at<'a>(&'a self, place: Place<'a>) -> At<'a> {
        At { hierarchy: self, place, steps: self.chain(place) }
    }

    /// One section after inheritance; what does not fit together below the server's file goes into `findings`.
    pub(crate) fn effective(
        &self,
        table: &'static SectionTable,
        place: Place<'_>,
        findings: &mut Findings,
    ) -> Arc<Settled> {
        self.at(place).settled(table, findings)
    }

    pub(crate) fn ip_security(&self, place: Place<'_>) -> Shared<IpSecurity> {
        self.at(place).view("system.webServer/security/ipSecurity", IpSecurity::read)
    }

    pub(crate) fn dynamic_ip_security(&self, place: Place<'_>) -> Shared<DynamicIpSecurity> {
        self.at(place).view("system.webServer/security/dynamicIpSecurity", DynamicIpSecurity::read)
    }

    pub(crate) fn limiter(&self, place: Place<'_>) -> Shared<LimiterSection> {
        self.at(place).view("doorward/limiter", LimiterSection::read)
    }

    pub(crate) fn proxy(&self, place: Place<'_>) -> Option<ProxySection> {
        ProxySection::read(&self.at(place).section("doorward/proxy"))
    }
}

/// Who speaks the PROXY protocol to us; a list that could not be read has its finding.
pub(crate) fn proxy_protocol(section: &Effective) -> Vec<IpNet> {
    parse_networks(&section.text("trusted")).unwrap_or_default()
}
