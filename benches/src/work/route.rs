//! From a host name to its site.

use std::hint::black_box;
use std::sync::Arc;

use doorward_config::HostRule;
use doorward_limiter::Scope;
use doorward_plan::{Directories, Effective, LocationSettings, Routes, SitePlan, SiteState};

use super::Work;
use super::log::site_log;

pub const EXACT: Work = Work {
    name: "route-exact",
    about: "find the site of a host name among 200",
    prepare: || finding(|number| format!("SITE{number}.shop.test")),
    warm_up: 10,
    times: 5000,
};

pub const WILDCARD: Work = Work {
    name: "route-wildcard",
    about: "find the site of a name that only the last of 20 wildcards matches",
    prepare: || finding(|number| format!("any{number}.w0.test")),
    warm_up: 10,
    times: 5000,
};

/// One name after the other: where a name lies in the map differs from start to start, and a single one could lie badly.
fn finding(host: impl Fn(u32) -> String) -> Box<dyn FnMut()> {
    let mut routes = Routes::default();
    for number in 0..200 {
        routes.add(&HostRule::Exact(format!("site{number}.shop.test")), &site(number), true);
    }
    for number in 0..20 {
        routes.add(&HostRule::Wildcard(format!("w{number}.test")), &site(number), true);
    }
    let hosts: Vec<String> = (0..200).map(host).collect();
    let mut asked = 0;
    Box::new(move || {
        black_box(routes.find(&hosts[asked % hosts.len()]));
        asked += 1;
    })
}

fn site(id: u32) -> Arc<SitePlan> {
    let settings = LocationSettings::new(Arc::new(Effective::bare(Scope(id))), []);
    Arc::new(SitePlan {
        id,
        name: format!("site{id}"),
        state: SiteState::Started,
        bindings: Vec::new(),
        directories: Directories::default(),
        settings: Arc::new(settings),
        log: site_log(),
        connection_timeout_ms: 120_000,
        proxy_protocol: Vec::new(),
        connections_max: None,
        bytes_per_second_max: None,
        url_segments_max: 32,
        asks_certificate: false,
        https_port: None,
    })
}
