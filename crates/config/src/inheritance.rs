//! What a section amounts to at a place: the server's level, and what each location on the way down changes.

use std::borrow::Cow;

use ipnet::IpNet;

use crate::builtin;
use crate::diagnostic::Findings;
use crate::effective::Effective;
use crate::hierarchy::{Hierarchy, Place};
use crate::merge::{overlay, overlay_from};
use crate::schema::{SectionTable, SectionUse, parse_networks};
use crate::settings::{DynamicIpSecurity, IpSecurity, LimiterSection, ProxySection};

impl Hierarchy {
    /// Computes the server's own level once, since most places change little of it.
    pub(crate) fn settle(&mut self, findings: &mut Findings) {
        let layers = self.levels.get("").map(|level| &level.layers);
        let settled = self.schema.sections().map(|table| {
            let mut effective = Effective::new(table.element);
            builtin::fill(table.path, &mut effective);
            if let Some(layer) = layers.and_then(|layers| layers.get(table.path)) {
                builtin::withdraw(table.path, &mut effective, &layer.declared);
                let harmless = self.schema.use_of(table) == SectionUse::Keeps;
                findings.mildly(harmless, |findings| overlay(&mut effective, &layer.declared, findings));
            }
            effective
        });
        self.server = settled.collect();
    }

    /// A section of the server's own level; the names are those of the tables.
    pub(crate) fn of_server(&self, name: &str) -> &Effective {
        let position = self.schema.position(name);
        debug_assert!(position.is_some(), "no section {name}");
        &self.server[position.unwrap_or(0)]
    }

    /// One section after inheritance; what does not fit together below the server goes into `findings`.
    pub(crate) fn effective(
        &self,
        table: &'static SectionTable,
        place: Place<'_>,
        findings: &mut Findings,
    ) -> Cow<'_, Effective> {
        let mut effective = Cow::Borrowed(self.of_server(table.path));
        for step in self.chain(place).into_iter().filter(|step| step.path.is_some()) {
            if let Some(layer) = step.layer(table.path) {
                let harmless = self.schema.use_of(table) == SectionUse::Keeps;
                let (rank, target) = (step.rank, effective.to_mut());
                findings.mildly(harmless, |findings| overlay_from(rank, target, &layer.declared, findings));
            }
        }
        effective
    }

    /// One section after inheritance, by its name.
    pub(crate) fn section(&self, name: &str, place: Place<'_>) -> Cow<'_, Effective> {
        match self.schema.section(name) {
            Some(table) => self.effective(table, place, &mut Findings::default()),
            None => Cow::Borrowed(self.of_server(name)),
        }
    }

    pub(crate) fn ip_security(&self, place: Place<'_>) -> IpSecurity {
        IpSecurity::read(&self.section("system.webServer/security/ipSecurity", place))
    }

    pub(crate) fn dynamic_ip_security(&self, place: Place<'_>) -> DynamicIpSecurity {
        DynamicIpSecurity::read(&self.section("system.webServer/security/dynamicIpSecurity", place))
    }

    pub(crate) fn limiter(&self, place: Place<'_>) -> LimiterSection {
        LimiterSection::read(&self.section("doorward/limiter", place))
    }

    /// Who speaks the PROXY protocol to us; a list that could not be read has its finding.
    pub(crate) fn proxy_protocol(&self, place: Place<'_>) -> Vec<IpNet> {
        let section = self.section("doorward/proxyProtocol", place);
        parse_networks(&section.text("trusted")).unwrap_or_default()
    }

    pub(crate) fn proxy(&self, place: Place<'_>) -> Option<ProxySection> {
        ProxySection::read(&self.section("doorward/proxy", place))
    }
}
