//! What makes the content: the upstream, the built-in page, or a file.

use std::borrow::Cow;
use std::sync::Arc;

use doorward_plan::Content;

use crate::compress::{self, Wanted};
use crate::exchange::Exchange;
use crate::outcome::{Body, FieldLines, Handling, Refusal, Response, SiteRefusal, field_line};
use crate::static_file::{self, FileJob, coding};
use crate::welcome;
use crate::worker::Worker;

/// Methods a file answers to.
const FILE_METHODS: &str = "GET, HEAD, OPTIONS";

/// Chooses the handler; answers at once where nothing has to be waited for.
pub(crate) fn choose(worker: &Worker, exchange: &Exchange, now_ms: u64) -> Result<Handling, Refusal> {
    let (Some(site), Some(effective)) = (&exchange.site, &exchange.effective) else {
        return Err(SiteRefusal::new(500, 0, 0).into());
    };
    if effective.upstream.is_some() {
        return Ok(Handling::Forward(Arc::clone(effective)));
    }
    let is_local = exchange.peer().is_loopback();
    effective.handlers.allow(&exchange.path, exchange.request.method(), is_local).map_err(|(status, substatus)| {
        let allow = (status == 405).then_some(FILE_METHODS);
        SiteRefusal { allow, ..SiteRefusal::new(status, substatus, 0) }
    })?;
    match exchange.request.method() {
        "GET" | "HEAD" => {}
        "OPTIONS" => return Ok(Handling::Respond(options())),
        _ => return Err(SiteRefusal { allow: Some(FILE_METHODS), ..SiteRefusal::new(405, 0, 1) }.into()),
    }
    let Some((directory, rest)) = site.directories.locate(&exchange.path) else {
        return Err(SiteRefusal::new(404, 0, 2).into());
    };
    match &directory.content {
        Content::Welcome => welcome::respond(exchange, rest).map(Handling::Respond),
        Content::Folder(folder) => match worker.files.fresh(site.id, &exchange.path, now_ms) {
            Some(known) if known.is_made_with(effective) => {
                static_file::answer(&known, exchange, effective).map(Handling::Respond)
            }
            Some(_) | None => {
                let job = FileJob::new(folder, rest, &exchange.path, effective).for_site(site, now_ms);
                Ok(Handling::Open(job.with_copies(wanted_copies(worker, exchange, now_ms))))
            }
        },
    }
}

/// What this request asks of the compressed copies.
fn wanted_copies(worker: &Worker, exchange: &Exchange, now_ms: u64) -> Wanted {
    let settings = exchange.effective.as_ref().map(|effective| &effective.compression);
    let settings = settings.filter(|settings| !compress::spares(settings, &exchange.request));
    let effort = settings.and_then(|settings| coding::preferred(&exchange.request, &settings.files));
    Wanted { copies: Arc::clone(&worker.shared.copies), effort, now_ms }
}

fn options() -> Response {
    let mut fields = Vec::new();
    field_line(&mut fields, "Allow", FILE_METHODS.as_bytes());
    Response::new(200, FieldLines::Own(fields), Body::Bytes(Cow::Borrowed(b"")))
}
