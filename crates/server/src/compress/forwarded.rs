//! Forwarded answers, compressed on their way to the client.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use doorward_plan::Effort;
use doorward_wire::Response;

use super::encoder::Encoder;
use super::spares;
use crate::exchange::Exchange;
use crate::static_file::coding;

/// Answers known to be shorter would not become smaller.
const WORTH_BYTES: u64 = 256;
/// Answers compressed by one thread at a time; the next ones go as they are. Each may keep a few hundred kilobytes.
const ENCODERS_MAX: u32 = 256;

/// How the head of a forwarded answer is to be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coded {
    /// The coding that the body gets.
    pub(crate) effort: Option<Effort>,
    /// Another client may get another coding.
    pub(crate) varies: bool,
}

/// The body of a forwarded answer on its way: as it is, or compressed.
#[derive(Default)]
pub(crate) struct Forwarded(Option<(Encoder, Counted)>);

/// One of the thread's encoders.
struct Counted(Rc<Cell<u32>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Coded {
    /// What is to become of an answer for this request.
    pub(crate) fn of(exchange: &Exchange, answer: &Response) -> Self {
        let Some(settings) = exchange.effective.as_ref().map(|effective| &effective.compression) else {
            return Self::default();
        };
        let media_type = answer.field("Content-Type").and_then(|value| std::str::from_utf8(value).ok());
        let is_whole = !matches!(answer.status(), 101 | 204..=206 | 304);
        let is_plain = answer.field("Content-Encoding").is_none() && !forbids_change(answer);
        if !is_whole || !is_plain || !media_type.is_some_and(|media| settings.takes_forwarded(media)) {
            return Self::default();
        }
        let is_worth_it = answer.content_length().is_none_or(|length| length >= WORTH_BYTES);
        let effort = (is_worth_it && !spares(settings, &exchange.request))
            .then(|| coding::preferred(&exchange.request, &settings.forwarded))
            .flatten();
        Self { effort, varies: true }
    }
}

/// `Cache-Control: no-transform` (RFC 9111 5.2.2.6).
fn forbids_change(answer: &Response) -> bool {
    let mut lines = answer.field_lines("Cache-Control").filter_map(|line| std::str::from_utf8(line).ok());
    lines.any(|line| line.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-transform")))
}

impl Forwarded {
    /// Begins a body. `encoders` counts those of the thread; where there are too many, or one cannot be made, the coding
    /// is taken back.
    pub(crate) fn begin(coded: &mut Coded, is_head: bool, encoders: &Rc<Cell<u32>>) -> Self {
        let Some(effort) = coded.effort.filter(|_| !is_head) else { return Self(None) };
        let encoder = (encoders.get() < ENCODERS_MAX).then(|| Encoder::new(effort).ok()).flatten();
        let Some(encoder) = encoder else {
            coded.effort = None;
            return Self(None);
        };
        encoders.set(encoders.get() + 1);
        Self(Some((encoder, Counted(Rc::clone(encoders)))))
    }

    /// Takes a piece; true when it was kept to be compressed.
    pub(crate) fn take(&mut self, piece: &[u8]) -> io::Result<bool> {
        match &mut self.0 {
            Some((encoder, _)) => encoder.write(piece).map(|()| true),
            None => Ok(false),
        }
    }

    /// What the pieces so far have become: nothing is held back, so that events reach the client as they come.
    pub(crate) fn flushed(&mut self) -> io::Result<Vec<u8>> {
        self.0.as_mut().map_or(Ok(Vec::new()), |(encoder, _)| encoder.flushed())
    }

    /// The rest and the end.
    pub(crate) fn finish(&mut self) -> io::Result<Vec<u8>> {
        self.0.take().map_or(Ok(Vec::new()), |(encoder, _)| encoder.finish())
    }
}
