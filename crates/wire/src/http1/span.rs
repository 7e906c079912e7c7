//! A stretch of a head's bytes.

/// Start and end in the bytes of one head. A head is at most 16 MiB (HTTP.sys), so 32 bits hold any position.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The stretch as text; only for stretches that were checked to be ASCII.
    pub(crate) fn text(self, bytes: &[u8]) -> &str {
        str::from_utf8(self.of(bytes)).unwrap_or_default()
    }

    /// The same of bytes that are text already.
    pub(crate) fn within(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The front part of the stretch.
    pub(crate) fn front(self, length: usize) -> Self {
        Self { start: self.start, end: self.start + length as u32 }
    }
}
