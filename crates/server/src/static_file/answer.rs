//! From an open file to an answer: media type, validators, preconditions, one range.

use std::borrow::Cow;
use std::rc::Rc;

use doorward_plan::Effective;

use super::cache::CachedFile;
use super::conditional::{self, Outcome};
use super::range::{self, Wanted};
use crate::exchange::Exchange;
use crate::outcome::{Body, FieldLines, Refusal, Response, SiteRefusal, field_line};

/// The answer to a GET or HEAD for this file.
pub(crate) fn answer(known: &CachedFile, exchange: &Exchange, effective: &Effective) -> Result<Response, Refusal> {
    if known.media_type.is_none() {
        return Err(SiteRefusal::new(404, 3, 50).into());
    }
    let etag = effective.content.etag.then_some(&*known.etag);
    let ranges = match conditional::evaluate(&exchange.request, etag, known.modified) {
        Outcome::Failed => return Err(SiteRefusal::new(412, 0, 0).into()),
        Outcome::NotModified => {
            return Ok(Response::new(304, FieldLines::Shared(Rc::clone(&known.fields)), Body::None));
        }
        Outcome::Proceed { ranges } => ranges,
    };
    let range = exchange.request.field("Range").filter(|_| ranges && exchange.request.method() == "GET");
    match range.map_or(Wanted::Whole, |field| range::wanted(field, known.length)) {
        Wanted::Whole => Ok(Response::new(200, FieldLines::Shared(Rc::clone(&known.fields)), whole(known))),
        Wanted::Part { start, length } => Ok(part(known, start, length)),
        Wanted::Unsatisfiable => Ok(unsatisfiable(known)),
    }
}

fn whole(known: &CachedFile) -> Body {
    match &known.content {
        Some(content) => Body::Shared(Rc::clone(content)),
        None => Body::File { file: Rc::clone(&known.file), start: 0, length: known.length },
    }
}

fn part(known: &CachedFile, start: u64, length: u64) -> Response {
    let mut fields = known.fields.to_vec();
    let last = start + length - 1;
    field_line(&mut fields, "Content-Range", format!("bytes {start}-{last}/{}", known.length).as_bytes());
    Response::new(206, FieldLines::Own(fields), Body::File { file: Rc::clone(&known.file), start, length })
}

fn unsatisfiable(known: &CachedFile) -> Response {
    let mut fields = Vec::new();
    field_line(&mut fields, "Content-Range", format!("bytes */{}", known.length).as_bytes());
    field_line(&mut fields, "Content-Type", b"text/plain");
    let text = Cow::Borrowed(&b"The requested range lies outside the file.\n"[..]);
    Response::new(416, FieldLines::Own(fields), Body::Bytes(text))
}
