//! The page built into the program, for the embedded default sites: what this is, who asks, what is counted.

use std::borrow::Cow;

use doorward_limiter::Limits;

use crate::exchange::Exchange;
use crate::outcome::{Body, FieldLines, Refusal, Response, SiteRefusal, field_line};
use crate::stage::error_page::escape;

const PAGE: &str = include_str!("welcome/welcome.html");
const PICTURE: &[u8] = include_bytes!("welcome/welcome.png");

/// Answers for one path of an embedded default site.
pub(crate) fn respond(exchange: &Exchange, path: &str) -> Result<Response, Refusal> {
    match path {
        "/" | "/index.html" => Ok(found("text/html; charset=utf-8", Cow::Owned(page(exchange).into_bytes()))),
        "/welcome.png" | "/favicon.ico" => Ok(found("image/png", Cow::Borrowed(PICTURE))),
        _ => Err(SiteRefusal::new(404, 0, 2).into()),
    }
}

fn found(media_type: &str, body: Cow<'static, [u8]>) -> Response {
    let mut fields = Vec::with_capacity(96);
    field_line(&mut fields, "Content-Type", media_type.as_bytes());
    // Always asked for again: the counts are this moment's, and F5 is how the limit is tried out.
    field_line(&mut fields, "Cache-Control", b"no-store");
    Response::new(200, FieldLines::Own(fields), Body::Bytes(body))
}

fn page(exchange: &Exchange) -> String {
    let limits = exchange.effective.as_ref().map_or(Limits::NONE, |effective| effective.policy.limits);
    let counts = exchange.counts();
    let site = exchange.site.as_ref().map_or("", |site| &*site.name);
    let (made, allowed, interval_s) = match limits.rate {
        Some(rate) => (counts.in_window, rate.requests_max.to_string(), f64::from(rate.interval_ms) / 1000.0),
        None => (counts.in_window, "any number".to_owned(), 0.0),
    };
    PAGE.replace("{site}", &escape(site))
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{local}", &exchange.ends.local.to_string())
        .replace("{client}", &exchange.client.address.to_string())
        .replace("{https}", &https(exchange))
        .replace("{made}", &made.to_string())
        .replace("{allowed}", &allowed)
        .replace("{interval}", &interval_s.to_string())
        .replace("{in_progress}", &counts.in_progress.to_string())
}

/// The same site over TLS, for those who came in the clear.
fn https(exchange: &Exchange) -> String {
    let bindings = exchange.site.iter().flat_map(|site| &site.bindings);
    let mut places = bindings.filter_map(|binding| Some(binding.strip_prefix("https/")?.trim_end_matches(':')));
    let Some(place) = places.find(|place| !place.ends_with(&format!(":{}", exchange.ends.local.port()))) else {
        return String::new();
    };
    let place = escape(place);
    format!(
        "<h2>The same over https</h2>\n<p><a href=\"https://{place}/\">https://{place}/</a> answers too. Its certificate is made \
         at the start, lives in memory for a day, and your browser will rightly warn of it: look, but do not tell it to \
         trust it. <code>doorward cert bind</code> takes one of yours.</p>\n"
    )
}
