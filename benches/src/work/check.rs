//! From a large file to a plan: what `doorward check`, a start and each reload cost.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use doorward_config::{Home, load_text};
use doorward_plan::{Inputs, Plan, Scopes, build};

use super::{Work, large};

pub const SITES: Work = Work {
    name: "check-62-sites",
    about: "read, check and plan a file of 700 KB with 62 sites",
    prepare: || checking(large::many_sites()),
    warm_up: 1,
    times: 2,
};

pub const LOCATIONS: Work = Work {
    name: "check-1073-locations",
    about: "the same with 1073 location tags",
    prepare: || checking(large::many_locations()),
    warm_up: 1,
    times: 2,
};

fn checking(text: String) -> Box<dyn FnMut()> {
    let home = Home::under(Path::new("/nowhere"));
    Box::new(move || {
        let Ok(configuration) = load_text(&text, Path::new("large.config"), None, &home) else { return };
        let inputs = Inputs {
            configuration: &configuration,
            wishes: &BTreeMap::new(),
            home_logs: &home.logs,
            home_certificates: &home.certificates,
            folders: None,
            present: &Plan::default(),
        };
        black_box(build(&inputs, &mut Scopes::default()));
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_config::Severity;

    fn check(text: &str) {
        let configuration = load_text(text, Path::new("large.config"), None, &Home::under(Path::new("/nowhere")));
        let configuration = configuration.unwrap();
        assert_eq!(configuration.sites.len(), 62);
        let fault = configuration.findings.iter().find(|finding| finding.severity > Severity::Note);
        assert!(fault.is_none(), "{fault:?}");
    }

    #[test]
    fn what_is_measured_has_no_fault() {
        check(&large::many_sites());
        check(&large::many_locations());
    }
}
