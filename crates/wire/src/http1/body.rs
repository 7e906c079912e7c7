//! A body, from the bytes after its head: by length, by chunks, or up to the end of the connection.

use super::{Event, chunk, fields};
use crate::{HeadLimits, Malformed};

/// What of the body is due next.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Due {
    #[default]
    Nothing,
    /// So many bytes of a body of known length.
    Bytes(u64),
    ChunkHead,
    /// So many bytes of the present chunk.
    ChunkBytes(u64),
    /// The line end behind a chunk's bytes.
    ChunkEnd,
    Trailer,
    Everything,
}

/// Reads one body.
#[derive(Debug, Default)]
pub(crate) struct BodyReader {
    due: Due,
    received: u64,
    /// Bytes of chunk extensions, then of trailers: both are bounded by the limits of a head.
    extra_bytes: usize,
    trailers: usize,
}

impl BodyReader {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn with_length(bytes: u64) -> Self {
        Self::due(if bytes == 0 { Due::Nothing } else { Due::Bytes(bytes) })
    }

    pub(crate) fn chunked() -> Self {
        Self::due(Due::ChunkHead)
    }

    pub(crate) fn until_close() -> Self {
        Self::due(Due::Everything)
    }

    fn due(due: Due) -> Self {
        Self { due, ..Self::default() }
    }

    /// Bytes of content so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    pub(crate) fn ends_with_connection(&self) -> bool {
        self.due == Due::Everything
    }

    /// Reads up to the next event: how many bytes it took, and the event, which is never a head.
    pub(crate) fn read<'b>(&mut self, input: &'b [u8], limits: &HeadLimits) -> Result<(usize, Event<'b>), Malformed> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            let step = match self.due {
                Due::Nothing => return Ok((used, Event::BodyEnd)),
                Due::Bytes(_) | Due::ChunkBytes(_) | Due::Everything => {
                    let piece = self.take(rest);
                    let event = if piece.is_empty() { Event::NeedMore } else { Event::Body(piece) };
                    return Ok((used + piece.len(), event));
                }
                Due::ChunkHead => self.chunk_head(rest, limits)?,
                Due::ChunkEnd => self.chunk_end(rest)?,
                Due::Trailer => self.trailer(rest, limits)?,
            };
            match step {
                Some(bytes) => used += bytes,
                None => return Ok((used, Event::NeedMore)),
            }
        }
    }

    /// As much content as is due and there.
    fn take<'b>(&mut self, rest: &'b [u8]) -> &'b [u8] {
        let due = match self.due {
            Due::Bytes(due) | Due::ChunkBytes(due) => due,
            Due::Everything => u64::MAX,
            Due::Nothing | Due::ChunkHead | Due::ChunkEnd | Due::Trailer => 0,
        };
        let length = usize::try_from(due).unwrap_or(usize::MAX).min(rest.len());
        let left = due - length as u64;
        self.due = match self.due {
            Due::Bytes(_) if left == 0 => Due::Nothing,
            Due::Bytes(_) => Due::Bytes(left),
            Due::ChunkBytes(_) if left == 0 => Due::ChunkEnd,
            Due::ChunkBytes(_) => Due::ChunkBytes(left),
            same @ (Due::Everything | Due::Nothing | Due::ChunkHead | Due::ChunkEnd | Due::Trailer) => same,
        };
        self.received = self.received.saturating_add(length as u64);
        &rest[..length]
    }

    fn chunk_head(&mut self, rest: &[u8], limits: &HeadLimits) -> Result<Option<usize>, Malformed> {
        let window = &rest[..rest.len().min(chunk::LINE_BYTES_MAX + 2)];
        let Some(length) = memchr::memchr(b'\n', window) else {
            return if rest.len() > chunk::LINE_BYTES_MAX + 1 { Err(Malformed::Chunk) } else { Ok(None) };
        };
        let size = chunk::size(&rest[..length])?;
        if let Some(extension) = memchr::memchr(b';', &rest[..length]) {
            self.extra_bytes += length - extension;
            if self.extra_bytes > limits.request_bytes_max {
                return Err(Malformed::Chunk);
            }
        }
        self.due = Due::ChunkBytes(size);
        if size == 0 {
            self.due = Due::Trailer;
            self.extra_bytes = 0;
        }
        Ok(Some(length + 1))
    }

    fn chunk_end(&mut self, rest: &[u8]) -> Result<Option<usize>, Malformed> {
        match rest {
            [b'\r', b'\n', ..] => {
                self.due = Due::ChunkHead;
                Ok(Some(2))
            }
            [] | [b'\r'] => Ok(None),
            [..] => Err(Malformed::Chunk),
        }
    }

    /// One trailer field, checked as a field of a head and dropped: nothing that decides about a message may come
    /// after it (RFC 9110 §6.5.1).
    fn trailer(&mut self, rest: &[u8], limits: &HeadLimits) -> Result<Option<usize>, Malformed> {
        if rest.starts_with(b"\r\n") {
            self.due = Due::Nothing;
            return Ok(Some(2));
        }
        if memchr::memchr(b'\n', rest).is_none() {
            fields::check_length(self.extra_bytes, rest.len(), limits)?;
            return Ok(None);
        }
        let line = fields::bounded_line(rest, self.extra_bytes, limits)?;
        self.extra_bytes += line.length;
        self.trailers += 1;
        if self.trailers > limits.fields_max {
            return Err(Malformed::TooManyFields);
        }
        Ok(Some(line.length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `input` in steps of `step` bytes: the content, how many bytes were used, whether the body ended.
    fn read(reader: &mut BodyReader, input: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), Malformed> {
        let (mut content, mut used, mut end) = (Vec::new(), 0, 0);
        loop {
            let (bytes, event) = reader.read(&input[used..end], &HeadLimits::default())?;
            used += bytes;
            match event {
                Event::Body(piece) => content.extend_from_slice(piece),
                Event::BodyEnd => return Ok((content, used, true)),
                Event::NeedMore if end == input.len() => return Ok((content, used, false)),
                Event::NeedMore => end = (end + step).min(input.len()),
                Event::Head => unreachable!("a body has no head"),
            }
        }
    }

    fn check(make: fn() -> BodyReader, input: &str, expect: Result<(&str, usize, bool), Malformed>) {
        for step in [1, 2, 3, 1 << 20] {
            let seen = read(&mut make(), input.as_bytes(), step);
            assert_eq!(seen, expect.map(|(content, used, end)| (content.into(), used, end)), "{input:?} by {step}");
        }
    }

    #[test]
    fn a_known_length_is_read_to_its_end() {
        check(|| BodyReader::with_length(5), "helloGET", Ok(("hello", 5, true)));
        check(|| BodyReader::with_length(5), "hel", Ok(("hel", 3, false)));
        check(|| BodyReader::with_length(0), "GET", Ok(("", 0, true)));
        check(BodyReader::none, "GET", Ok(("", 0, true)));
        check(BodyReader::until_close, "hello", Ok(("hello", 5, false)));
    }

    #[test]
    fn chunks_are_joined() {
        check(BodyReader::chunked, "5\r\nhello\r\n0\r\n\r\nGET", Ok(("hello", 15, true)));
        check(BodyReader::chunked, "2;a=b\r\nhe\r\n3\r\nllo\r\n0;x\r\nX: y\r\nZ:\r\n\r\n", Ok(("hello", 36, true)));
        check(BodyReader::chunked, "0\r\n\r\n", Ok(("", 5, true)));
        check(BodyReader::chunked, "5\r\nhel", Ok(("hel", 6, false)));
        check(BodyReader::chunked, "5\r\nhello\r\n0\r\n", Ok(("hello", 13, false)));
    }

    #[test]
    fn broken_chunks_are_refused() {
        for input in
            ["5\r\nhello\n0\r\n", "5\r\nhello0\r\n", "5\r\nhelloXX0\r\n", "6\r\nhello\r\n0\r\n", "G\r\n", "\r\n"]
        {
            check(BodyReader::chunked, input, Err(Malformed::Chunk));
        }
        check(BodyReader::chunked, "0\n\nGET", Err(Malformed::InvalidCrLf));
        check(BodyReader::chunked, &format!("5;{}", "a".repeat(2000)), Err(Malformed::Chunk));
        check(BodyReader::chunked, &format!("5;{}\r\n", "a".repeat(2000)), Err(Malformed::Chunk));
        check(BodyReader::chunked, &"1;a=bbbbbbbbbbbbb\r\nx\r\n".repeat(2000), Err(Malformed::Chunk));
    }

    #[test]
    fn trailers_are_checked_and_bounded() {
        let extensions = "1;a=bbbbbbbbbbbbb\r\nx\r\n".repeat(800);
        let both = format!("{extensions}0\r\nX: {}\r\n\r\n", "y".repeat(9000));
        check(BodyReader::chunked, &both, Ok((&"x".repeat(800), both.len(), true)));
        check(BodyReader::chunked, "0\r\nX : y\r\n\r\n", Err(Malformed::FieldName));
        check(BodyReader::chunked, "0\r\nGET /canary HTTP/1.1\r\n\r\n", Err(Malformed::FieldName));
        check(BodyReader::chunked, "0\r\nX: y\n\r\n", Err(Malformed::InvalidCrLf));
        check(BodyReader::chunked, "0\r\n\n", Err(Malformed::InvalidCrLf));
        check(BodyReader::chunked, &format!("0\r\n{}", "X: y\r\n".repeat(129)), Err(Malformed::TooManyFields));
        check(BodyReader::chunked, &format!("0\r\nX: {}", "a".repeat(65_536)), Err(Malformed::RequestTooLong));
    }

    #[test]
    fn content_is_counted_without_framing() {
        let mut reader = BodyReader::chunked();
        read(&mut reader, b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 4).unwrap();
        assert_eq!(reader.received(), 5);
    }
}
