//! `doorward limits set`

use std::time::Duration;

use doorward_admin::{LimitsOrder, LimitsValue, Order, Refused, RefusedKind};
use doorward_config::Home;

use crate::cli::{Limit, SetArgs, Switch};

const DYNAMIC: &str = "dynamicIpSecurity";

/// Hands in the values to write.
pub(super) fn run(home: &Home, args: SetArgs) -> Result<(), Refused> {
    let values = values(&args)?;
    let order = LimitsOrder { site: args.place.site, path: args.place.path, values };
    crate::native::carry_out(home, Order::SetLimits(order))
}

/// The attributes behind the options.
fn values(args: &SetArgs) -> Result<Vec<LimitsValue>, Refused> {
    let mut values = Vec::new();
    let mut set = |section: &str, name: &str, text: &str| {
        values.push(LimitsValue { section: section.to_owned(), name: name.to_owned(), text: text.to_owned() });
    };
    if let Some(limit) = args.concurrent {
        set(DYNAMIC, "denyByConcurrentRequests.enabled", switch(limit != Limit::Off));
        if let Limit::Max(max) = limit {
            set(DYNAMIC, "denyByConcurrentRequests.maxConcurrentRequests", &max.to_string());
        }
    }
    if let Some(limit) = args.rate {
        set(DYNAMIC, "denyByRequestRate.enabled", switch(limit != Limit::Off));
        if let Limit::Max((max, interval)) = limit {
            set(DYNAMIC, "denyByRequestRate.maxRequests", &max.to_string());
            set(DYNAMIC, "denyByRequestRate.requestIntervalInMilliseconds", &milliseconds(interval));
        }
    }
    if let Some(action) = &args.deny_action {
        set(DYNAMIC, "denyAction", action);
    }
    for (switch, name) in [(args.logging_only, "enableLoggingOnlyMode"), (args.proxy_mode, "enableProxyMode")] {
        if let Some(switch) = switch {
            set(DYNAMIC, name, self::switch(switch == Switch::On));
        }
    }
    if let Some(list) = &args.trusted_proxies {
        set("limiter", "trustedProxies", list);
    }
    for setting in &args.values {
        let parts = setting.split_once('=').and_then(|(name, text)| Some((name.split_once('.')?, text)));
        let ((section, name), text) = parts.ok_or_else(|| Refused {
            kind: RefusedKind::Invalid,
            message: format!("'{setting}' is no setting"),
            hint: Some("write --value limiter.ipv6PrefixLength=56".to_owned()),
        })?;
        set(section, name, text);
    }
    Ok(values)
}

fn switch(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

fn milliseconds(interval: Duration) -> String {
    interval.as_millis().to_string()
}
