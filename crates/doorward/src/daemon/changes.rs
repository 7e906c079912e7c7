//! Changes to what runs: a new reading of the files, sites started and stopped.

use std::sync::Arc;

use doorward_admin::{Done, Refused, RefusedKind};
use doorward_config::{Configuration, FileStates, keep_outside_change};
use doorward_plan::SiteState;
use doorward_server::Applied;

use super::banner::report_waiting;
use super::source::Signature;
use super::{Daemon, Source};
use crate::text;

impl Daemon {
    /// Reads the configuration again and makes it true. A broken file changes nothing (D20).
    pub(super) async fn reload(&mut self) -> Result<Done, Refused> {
        // Before the reading: what is written after this is a change that still has to be read.
        let before = self.signature();
        self.in_force = before.clone();
        let source = match &self.source {
            // A configuration has appeared where there was none.
            Source::Embedded(ports) => Source::choose(&self.home, false, *ports),
            Source::File => Source::File,
        };
        match source.load(&self.home) {
            Ok(mut configuration) => {
                configuration.keep_lists_of(&self.configuration);
                self.source = source;
                let lists = self.configuration.list_paths();
                let applied = self.make_true(Arc::new(configuration)).await;
                if Signature::of(&self.home, &lists) == before {
                    // Nothing was written meanwhile: the files that the new configuration names count as read too.
                    self.in_force = self.signature();
                }
                self.keep_in_history();
                report_waiting(&applied);
                Ok(Done { message: "The configuration is in force.".to_owned(), notes: self.notes(&applied) })
            }
            Err(error) => {
                let message = error.to_string();
                self.with_standing(|standing| standing.last_error = Some(message.clone()));
                text::complain(format!("The configuration was not changed:\n{message}"));
                let hint = Some("mend the file; what was in force before still is".to_owned());
                Err(Refused { kind: RefusedKind::Invalid, message, hint })
            }
        }
    }

    /// What came by another hand goes into the history, as IIS has it; a hand that is at it still has to finish first.
    fn keep_in_history(&mut self) {
        let now = FileStates::now(&self.home);
        if now == self.files {
            return;
        }
        if let Err(error) = keep_outside_change(&self.home, &self.files, &now) {
            text::complain(format!("The new state of the files is not in the history: {error}"));
        }
        self.files = now;
    }

    /// Puts a configuration in force.
    pub(super) async fn make_true(&mut self, configuration: Arc<Configuration>) -> Applied {
        let plan = self.plan(&configuration);
        let applied = self.control.prepare(plan).commit().await;
        self.configuration = configuration;
        self.note_in_force();
        applied
    }

    /// What an operator should know after a change.
    pub(super) fn notes(&self, applied: &Applied) -> Vec<String> {
        let opened = applied.opened.iter().map(|address| format!("{address} opened"));
        let closed = applied.closed.iter().map(|address| format!("{address} closed"));
        let waiting = applied.waiting.iter().map(|(_, explanation)| format!("waiting: {}", explanation.text));
        let failed = self
            .control
            .plan()
            .sites
            .iter()
            .filter_map(|site| match &site.state {
                SiteState::Failed(problem) => Some(format!("{} is not started: {problem}", site.name)),
                SiteState::Started | SiteState::Stopped => None,
            })
            .collect::<Vec<_>>();
        opened.chain(closed).chain(waiting).chain(failed).collect()
    }

    /// Starts a site. Refused when it cannot start, or when an address of it is taken (D25).
    pub(super) async fn start_site(&mut self, name: &str) -> Result<Done, Refused> {
        let (id, name) = self.known_site(name)?;
        self.wishes.insert(id, true);
        let applied = self.make_true(Arc::clone(&self.configuration)).await;
        let plan = self.control.plan();
        if let Some(SiteState::Failed(problem)) = plan.site(&name).map(|site| site.state.clone()) {
            let hint = Some("mend the configuration; it is read again by itself".to_owned());
            return Err(Refused {
                kind: RefusedKind::Conflict,
                message: format!("\"{name}\" was not started: {problem}"),
                hint,
            });
        }
        let own = |address: &std::net::SocketAddr| {
            plan.listeners.get(address).is_some_and(|listener| listener.sites().iter().any(|site| site.id == id))
        };
        let status = self.control.status().await;
        let taken = status.listeners.into_iter().find(|listener| listener.culprit.is_some() && own(&listener.address));
        if let Some(taken) = taken {
            let message = taken.culprit.unwrap_or_default();
            return Err(Refused { kind: RefusedKind::Conflict, message, hint: taken.hint });
        }
        Ok(Done { message: format!("\"{name}\" successfully started."), notes: self.notes(&applied) })
    }

    /// Stops a site: when it returns, addresses no other started site needs are free.
    pub(super) async fn stop_site(&mut self, name: &str) -> Result<Done, Refused> {
        let (id, name) = self.known_site(name)?;
        self.wishes.insert(id, false);
        let applied = self.make_true(Arc::clone(&self.configuration)).await;
        let notes = applied.closed.iter().map(|address| format!("{address} closed")).collect();
        Ok(Done { message: format!("\"{name}\" successfully stopped."), notes })
    }

    fn known_site(&self, name: &str) -> Result<(u32, String), Refused> {
        match self.configuration.site(name) {
            Some(site) => Ok((site.id, site.name.clone())),
            None => Err(Refused {
                kind: RefusedKind::NotFound,
                message: format!("Cannot find SITE object with identifier \"{name}\"."),
                hint: Some(format!("`{} site list` shows the names", self.command)),
            }),
        }
    }

    /// Opens addresses that have become free.
    pub(super) async fn retry_waiting(&self) {
        for address in self.control.retry_waiting().await {
            text::line(format!("{address} is free and open now."));
        }
    }

    /// Uses certificate files that have changed.
    pub(super) fn refresh_certificates(&self) {
        if self.control.refresh_certificates() {
            text::line("Certificate files have changed and were read again.");
            self.report_certificates();
        }
    }

    /// Says where certificates are missing, and what is wrong with those there are.
    pub(super) fn report_certificates(&self) {
        self.control.plan().remarks().for_each(|problem| text::complain(format!("  {problem}")));
        for certificate in self.control.certificates() {
            if let Some(problem) = certificate.problem {
                text::complain(format!("  certificate: {}: {problem}", certificate.source));
            }
        }
    }

    /// Says which folders' files cannot be used, when that has changed.
    pub(super) fn report_faults(&self) {
        if self.faults.have_changed() {
            self.faults.all().iter().for_each(|fault| text::complain(format!("web.config: {fault}")));
            self.note_in_force();
        }
    }

    /// Says once per trouble what keeps logs from being written, also where it was over before we looked.
    pub(super) fn report_log_problems(&mut self) {
        for problem in self.sink.status().problems {
            if problem.episode > self.log_episode {
                self.log_episode = problem.episode;
                text::complain(format!("log: {problem}"));
            }
        }
    }
}
