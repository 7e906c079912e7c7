//! From an open file to an answer: media type, coding, validators, preconditions, ranges.

use std::borrow::Cow;
use std::rc::Rc;

use doorward_plan::Effective;

use super::cache::{CachedFile, Representation};
use super::coding::Coding;
use super::conditional::{self, Outcome};
use super::parts;
use super::range::{self, Part, Wanted};
use crate::exchange::Exchange;
use crate::outcome::{Body, FieldLines, Refusal, Response, SiteRefusal, field_line};

/// In the clear a larger file is left to the kernel, though its bytes are at hand: copying them twice costs more than the
/// further call.
const COPIED_BYTES_MAX: u64 = 8 * 1024;

/// The answer to a GET or HEAD for this file.
pub(crate) fn answer(known: &CachedFile, exchange: &Exchange, effective: &Effective) -> Result<Response, Refusal> {
    let Some(media_type) = &known.media_type else {
        return Err(SiteRefusal::new(404, 3, 50).into());
    };
    let chosen = known.chosen(&exchange.request);
    let etag = effective.content.etag.then_some(&*chosen.etag);
    let ranges = match conditional::evaluate(&exchange.request, etag, chosen.modified) {
        Outcome::Failed => return Err(SiteRefusal::new(412, 0, 0).into()),
        Outcome::NotModified => {
            return Ok(Response::new(304, FieldLines::Shared(Rc::clone(&chosen.validators)), Body::None));
        }
        Outcome::Proceed { ranges } => ranges,
    };
    let range = exchange.request.field("Range").filter(|_| ranges && exchange.request.method() == "GET");
    match range.map_or(Wanted::Whole, |field| range::wanted(field, chosen.length)) {
        // What a coding would mean for a multipart body is not settled: the whole is always right.
        Wanted::Parts(parts) if parts.len() > 1 && chosen.coding != Coding::Identity => Ok(whole(chosen, exchange)),
        Wanted::Whole => Ok(whole(chosen, exchange)),
        Wanted::Parts(parts) => Ok(partial(chosen, &parts, media_type)),
        Wanted::Unsatisfiable => Ok(unsatisfiable(chosen)),
    }
}

fn whole(chosen: &Representation, exchange: &Exchange) -> Response {
    let is_plain = !exchange.ends.secure && exchange.stream.is_none();
    let by_kernel = is_plain && chosen.length > COPIED_BYTES_MAX;
    let body = match &chosen.content {
        Some(content) if !by_kernel => Body::Shared(Rc::clone(content)),
        Some(_) | None => Body::File { file: Rc::clone(&chosen.file), start: 0, length: chosen.length },
    };
    Response::new(200, FieldLines::Shared(Rc::clone(&chosen.fields)), body)
}

fn partial(chosen: &Representation, asked: &[Part], media_type: &str) -> Response {
    let mut fields = Vec::with_capacity(256);
    if let [part] = *asked {
        fields.extend_from_slice(&chosen.fields);
        field_line(&mut fields, "Content-Range", part.content_range(chosen.length).as_bytes());
        let body = match slice(chosen, part) {
            Some(bytes) => Body::Bytes(Cow::Owned(bytes.to_vec())),
            None => Body::File { file: Rc::clone(&chosen.file), start: part.start, length: part.length },
        };
        return Response::new(206, FieldLines::Own(fields), body);
    }
    let (laid_out, whole_type) = parts::lay_out(&chosen.file, asked, chosen.length, media_type);
    field_line(&mut fields, "Content-Type", whole_type.as_bytes());
    fields.extend_from_slice(&chosen.validators);
    let body = if chosen.content.is_some() {
        let pieces = laid_out.parts.iter();
        let pieces = pieces.flat_map(|(lines, part)| [&**lines, slice(chosen, *part).unwrap_or_default()]);
        Body::Bytes(Cow::Owned(pieces.chain([&*laid_out.end]).flatten().copied().collect()))
    } else {
        Body::Parts(laid_out)
    };
    Response::new(206, FieldLines::Own(fields), body)
}

/// Some bytes of a small file.
fn slice(chosen: &Representation, part: Part) -> Option<&[u8]> {
    let start = usize::try_from(part.start).ok()?;
    chosen.content.as_ref()?.get(start..start + usize::try_from(part.length).ok()?)
}

fn unsatisfiable(chosen: &Representation) -> Response {
    let mut fields = Vec::new();
    field_line(&mut fields, "Content-Range", format!("bytes */{}", chosen.length).as_bytes());
    field_line(&mut fields, "Content-Type", b"text/plain");
    let text = Cow::Borrowed(&b"The requested range lies outside the file.\n"[..]);
    Response::new(416, FieldLines::Own(fields), Body::Bytes(text))
}
