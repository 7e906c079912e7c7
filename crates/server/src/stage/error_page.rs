//! The pages of refusals: HTTP.sys's for those before a site, ours in IIS's manner for a site's own.

use std::fmt::Write as _;

use doorward_limiter::{Admission, ClientSource, Limits, Reason};
use doorward_plan::ErrorMode;
use doorward_wire::Malformed;

use crate::exchange::Exchange;
use crate::outcome::{ServiceRefusal, SiteRefusal};
use crate::stage::config_fault;

/// Media type of HTTP.sys's pages.
pub(crate) const SERVICE_PAGE_TYPE: &str = "text/html; charset=us-ascii";
/// Media type of a site's error pages.
pub(crate) const SITE_PAGE_TYPE: &str = "text/html; charset=utf-8";

/// Status, HTTPERR reason and page of a refusal before a site was chosen (IIS reference §9, §6.6).
pub(crate) struct ServicePage {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) html: String,
}

/// The page for a refusal before a site was chosen.
pub(crate) fn service_page(refusal: ServiceRefusal) -> ServicePage {
    let malformed = |malformed: Malformed| ServicePage {
        status: malformed.status(),
        reason: malformed.http_err_reason(),
        html: http_sys_page(malformed.title(), malformed.heading(), malformed.text()),
    };
    match refusal {
        ServiceRefusal::Malformed(kind) => malformed(kind),
        ServiceRefusal::PlainHttp => ServicePage {
            status: 400,
            reason: "BadRequest",
            html: http_sys_page(
                "Bad Request",
                "Bad Request - HTTPS Required",
                "HTTP Error 400. This port speaks HTTPS: use https:// in the address.",
            ),
        },
        ServiceRefusal::ConnectionLimit => ServicePage {
            status: 503,
            reason: "ConnLimit",
            html: http_sys_page(
                "Service Unavailable",
                "Service Unavailable",
                "HTTP Error 503. The service is unavailable.",
            ),
        },
        ServiceRefusal::UnknownHost => malformed(Malformed::Hostname),
        ServiceRefusal::Stopped => ServicePage {
            status: 404,
            reason: "NotFound",
            html: http_sys_page("Not Found", "Not Found", "HTTP Error 404. The requested resource is not found."),
        },
    }
}

/// The missing space between the two DOCTYPE strings is HTTP.sys's own.
fn http_sys_page(title: &str, heading: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n\
         <HTML><HEAD><TITLE>{title}</TITLE>\r\n\
         <META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
         <BODY><h2>{heading}</h2>\r\n\
         <hr><p>{text}</p>\r\n\
         </BODY></HTML>\r\n"
    )
}

/// The page for a site's refusal: short for strangers, with substatus and cause for local clients (D24).
pub(crate) fn site_page(refusal: &SiteRefusal, exchange: &Exchange) -> String {
    let heading = heading(refusal.status);
    let mut page = String::with_capacity(2048);
    let code = if is_detailed(exchange) && refusal.substatus != 0 {
        format!("{}.{}", refusal.status, refusal.substatus)
    } else {
        refusal.status.to_string()
    };
    let _infallible = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{code} - {heading}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>{STYLE}</style></head>\n\
         <body><main><h1>HTTP Error {code} - {heading}</h1>\n<p>{}</p>\n",
        explanation(refusal)
    );
    if is_detailed(exchange) {
        details(&mut page, refusal, exchange);
    }
    page.push_str("</main></body></html>\n");
    page
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--ground:#f4f5f7}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ee;--paper:#171b24;--ground:#0f1218}}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:var(--ground);color:var(--ink)}\
main{max-width:44rem;margin:4rem auto;padding:2rem;background:var(--paper);border-top:4px solid #b3261e;border-radius:4px}\
h1{font-size:1.4rem;margin-top:0}dt{font-weight:600;margin-top:.6rem}dd{margin:0;overflow-wrap:anywhere}\
@media(max-width:48rem){main{margin:0;padding:1.25rem;border-radius:0}}";

/// What a local client may know: which rule, which site, which counts. No file path but that of a
/// faulty web.config.
fn details(page: &mut String, refusal: &SiteRefusal, exchange: &Exchange) {
    if let Some(reason) = refusal.reason {
        let (limits, name) = exchange.limits();
        let _infallible = writeln!(page, "<p>{}</p>", escape(&limit_text(reason, (limits, name), exchange)));
    }
    if let Some(fault) = &refusal.fault {
        config_fault::details(page, fault, exchange);
    }
    let site = exchange.site.as_ref().map_or("-", |site| &*site.name);
    let rows = [
        ("Site", site.to_owned()),
        ("Requested URL", exchange.request.target().to_owned()),
        ("Client address", exchange.client.address.to_string()),
        ("Status", format!("{}.{} (win32 {})", refusal.status, refusal.substatus, refusal.win32_status)),
    ];
    page.push_str("<dl>");
    for (term, text) in rows {
        let _infallible = write!(page, "<dt>{term}</dt><dd>{}</dd>", escape(&text));
    }
    let whom =
        if is_local(exchange) { "to clients on this machine only" } else { "to everybody: errorMode is Detailed" };
    let _infallible = writeln!(page, "</dl>\n<p><small>These details are shown {whom}.</small></p>");
}

/// What the limiter held against the client, in a sentence.
fn limit_text(reason: Reason, (limits, name): (Limits, Option<&str>), exchange: &Exchange) -> String {
    let counts = exchange.counts();
    let ruler = name.map_or_else(|| "this site".to_owned(), |name| format!("the limit {name}"));
    let client = exchange.client.address;
    if let Some(network) = exchange.admission.as_ref().and_then(Admission::network) {
        return format!(
            "{client} is in {network}, where several clients are over their limits: all of it has to wait."
        );
    }
    match reason {
        Reason::Concurrency => format!(
            "{client} has {} requests in progress; {ruler} allows {} at a time. Try again when one of them has ended.",
            counts.in_progress,
            limits.concurrent_max.unwrap_or_default()
        ),
        Reason::Rate => {
            let rate = limits.rate.unwrap_or(doorward_limiter::Rate { requests_max: 0, interval_ms: 0 });
            format!(
                "{client} has made {} requests within {} ms; {ruler} allows {}. Refused requests count too: \
                 after {} ms of silence the next one is served.",
                counts.in_window, rate.interval_ms, rate.requests_max, rate.interval_ms
            )
        }
        Reason::Address => format!("{client} is not allowed by this site's ipSecurity list."),
        Reason::Block => format!("{client} is blocked by this server's operator for a while."),
        Reason::HostName => format!("The host name of {client} is not allowed by this site's ipSecurity list."),
    }
}

/// Whether this client sees details (`httpErrors/errorMode`).
pub(crate) fn is_detailed(exchange: &Exchange) -> bool {
    match exchange.effective.as_ref().map_or(ErrorMode::DetailedLocalOnly, |effective| effective.errors.mode) {
        ErrorMode::DetailedLocalOnly => is_local(exchange),
        ErrorMode::Detailed => true,
        ErrorMode::Custom => false,
    }
}

/// A client on this machine that no proxy stands in front of (D24).
pub(crate) fn is_local(exchange: &Exchange) -> bool {
    let expects_proxy =
        exchange.effective.as_ref().is_some_and(|effective| effective.policy.source != ClientSource::Peer);
    let proxied = expects_proxy
        || ["X-Forwarded-For", "Forwarded", "Via"].iter().any(|name| exchange.request.field(name).is_some());
    doorward_limiter::canonical(exchange.peer()).is_loopback() && !proxied
}

fn heading(status: u16) -> &'static str {
    match status {
        403 => "Forbidden",
        404 => "Not Found",
        other => doorward_wire::reason_phrase(other),
    }
}

fn explanation(refusal: &SiteRefusal) -> &'static str {
    match (refusal.status, refusal.substatus) {
        (403, 4 | 5) => return "This page can be seen over https alone: use https:// in the address.",
        (403, 7) => return "This page is for clients that show a certificate.",
        (403, 16) => return "The certificate that your client showed is not trusted here.",
        (403, 17) => return "The certificate that your client showed has expired, or is not valid yet.",
        _ => {}
    }
    match refusal.status {
        400 => "The request could not be understood.",
        401 => "You do not have permission to view this page.",
        403 => "You are not allowed to see this page now.",
        429 => "You have sent too many requests. Try again a little later.",
        404 => "What you are looking for is not here, has been moved, or is not available now.",
        405 => "This page cannot be asked for with this method.",
        412 => "A condition that the request set is not met.",
        416 => "The requested range lies outside the file.",
        500 => "The page cannot be shown because of an error on the server.",
        502 => "The server behind this site gave no usable answer.",
        503 => "The service is not available now.",
        504 => "The server behind this site did not answer in time.",
        _ => "The request cannot be served.",
    }
}

/// Text made safe for HTML content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            control if control.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(refusal: ServiceRefusal, status: u16, bytes: usize) {
        let page = service_page(refusal);
        assert_eq!((page.status, page.html.len()), (status, bytes), "{refusal:?}");
    }

    #[test]
    fn pages_have_the_sizes_seen_from_http_sys() {
        check(ServiceRefusal::UnknownHost, 400, 334);
        check(ServiceRefusal::Stopped, 404, 315);
        check(ServiceRefusal::Malformed(Malformed::BadRequest), 400, 311);
        check(ServiceRefusal::Malformed(Malformed::Url), 400, 324);
        check(ServiceRefusal::Malformed(Malformed::Verb), 400, 326);
        check(ServiceRefusal::Malformed(Malformed::FieldName), 400, 339);
    }

    #[test]
    fn client_text_is_harmless_in_html() {
        assert_eq!(escape("<a href='x'>&\u{7}"), "&lt;a href=&#39;x&#39;&gt;&amp;\u{fffd}");
    }
}
