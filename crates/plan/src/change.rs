//! A step from one plan to the next, as far as listeners are concerned.

use std::net::SocketAddr;

use crate::Plan;

/// Which addresses are opened, closed and kept. Flipping the two plans undoes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// In the next plan only, or held with another protocol now.
    pub open: Vec<SocketAddr>,
    /// In the present plan only.
    pub close: Vec<SocketAddr>,
    /// In both: their connections are not touched.
    pub keep: Vec<SocketAddr>,
}

impl Change {
    /// The step that leads from `present` to `next`.
    pub fn between(present: &Plan, next: &Plan) -> Self {
        let same = |address: &SocketAddr| {
            let secure = |plan: &Plan| plan.listeners.get(address).map(|listener| listener.secure);
            secure(present) == secure(next)
        };
        let (keep, open) = next.listeners.keys().copied().partition(same);
        let close = present.listeners.keys().copied().filter(|address| !same(address)).collect();
        Self { open, close, keep }
    }

    /// Whether listeners stay as they are.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.close.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::{Claimed, listeners};
    use crate::site::tests_support::site;
    use crate::site::{SitePlan, SiteState};
    use crate::{Inputs, Scopes, build};
    use doorward_config::{Endpoint, Home, load_text, parse_binding_information};
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;

    fn plan(bindings: &[(&str, bool)]) -> Plan {
        let claimed: Vec<Claimed> = (1..)
            .zip(bindings)
            .map(|(id, (information, secure))| {
                let (address, port, host) = parse_binding_information(information).unwrap();
                let endpoint = Endpoint { secure: *secure, address, port, host };
                Claimed { site: site(id, "s", SiteState::Started), endpoint, http2: true }
            })
            .collect();
        Plan { listeners: listeners(&claimed, &[]).0, ..Plan::default() }
    }

    fn text(addresses: &[SocketAddr]) -> String {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn check(present: &[(&str, bool)], next: &[(&str, bool)], expected: [&str; 3]) {
        let change = Change::between(&plan(present), &plan(next));
        assert_eq!([text(&change.open), text(&change.close), text(&change.keep)], expected.map(str::to_owned));
        let back = Change::between(&plan(next), &plan(present));
        assert_eq!((back.open, back.close), (change.close, change.open), "flipping undoes");
    }

    /// Sixty-two sites; the seventh has moved where that is asked.
    fn many(moved: bool, present: &Plan) -> Plan {
        let site = |number: u32| {
            let (host, log) = if moved && number == 7 { (200, "/elsewhere") } else { (number, "/logs") };
            format!(
                r#"<site name="s{number}" id="{number}"><logFile directory="{log}"/>
                <application path="/"><virtualDirectory path="/" physicalPath="/srv/{number}"/></application>
                <bindings><binding protocol="http" bindingInformation="127.0.0.{host}:80:"/></bindings></site>"#
            )
        };
        let sites = (1..=62).map(site).collect::<Vec<_>>().concat();
        let text = format!(
            "<configuration><system.applicationHost><sites>{sites}</sites></system.applicationHost></configuration>"
        );
        let home = Home::under(Path::new("/d"));
        let configuration = load_text(&text, Path::new("a"), None, &home).unwrap();
        let inputs = Inputs {
            configuration: &configuration,
            wishes: &BTreeMap::new(),
            home_logs: &home.logs,
            home_certificates: &home.certificates,
            folders: None,
            present,
        };
        build(&inputs, &mut Scopes::default())
    }

    #[test]
    fn one_changed_site_of_many_touches_one() {
        let before = many(false, &Plan::default());
        let after = many(true, &before);
        let change = Change::between(&before, &after);
        assert_eq!((text(&change.open), text(&change.close)), ("127.0.0.200:80".into(), "127.0.0.7:80".into()));
        assert_eq!(change.keep.len(), 61);
        let goes_on = |(one, other): &(&Arc<SitePlan>, &Arc<SitePlan>)| Arc::ptr_eq(&one.log, &other.log);
        assert_eq!(before.sites.iter().zip(&after.sites).filter(goes_on).count(), 61, "their logs go on");
    }

    #[test]
    fn open_close_keep() {
        check(&[], &[("127.0.0.2:80:", false)], ["127.0.0.2:80", "", ""]);
        check(&[("127.0.0.2:80:", false)], &[("127.0.0.2:80:", false)], ["", "", "127.0.0.2:80"]);
        check(
            &[("127.0.0.2:80:", false), ("127.0.0.3:80:", false)],
            &[("127.0.0.3:80:", false), ("127.0.0.4:80:", false)],
            ["127.0.0.4:80", "127.0.0.2:80", "127.0.0.3:80"],
        );
        check(&[("127.0.0.2:80:", false)], &[("127.0.0.2:80:", true)], ["127.0.0.2:80", "127.0.0.2:80", ""]);
    }
}
