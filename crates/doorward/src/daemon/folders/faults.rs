//! The `web.config` files that cannot be used now, as far as somebody asked for their folders.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use doorward_plan::ConfigFault;

/// Faults that are remembered.
const FAULTS_MAX: usize = 256;

/// Site and URL path of the folder → what is wrong there.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    known: BTreeMap<(String, String), String>,
    changed: bool,
}

impl Faults {
    pub(super) fn note(&self, site: &str, url: &str, fault: &ConfigFault) {
        let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
        let text = format!("{}{line}: {site}{url}/ answers 500.19: {}", fault.file, fault.message);
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (site.to_owned(), url.to_owned());
        if noted.known.get(&key) != Some(&text) && (noted.known.len() < FAULTS_MAX || noted.known.contains_key(&key)) {
            noted.known.insert(key, text);
            noted.changed = true;
        }
    }

    pub(super) fn clear(&self, site: &str, url: &str) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.known.is_empty() && noted.known.remove(&(site.to_owned(), url.to_owned())).is_some() {
            noted.changed = true;
        }
    }

    /// What is wrong now.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).known.values().cloned().collect()
    }

    /// Whether anything has changed since this was asked last.
    pub(crate) fn have_changed(&self) -> bool {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).changed)
    }
}
