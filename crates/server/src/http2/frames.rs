//! Frame heads in a stream of bytes (RFC 9113 4.1): enough to count, to time and to know what has left.

/// Length of a frame's head.
const HEAD_BYTES: usize = 9;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// One frame's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Frame {
    fn read(head: [u8; HEAD_BYTES]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = head;
        Self {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }

    /// Whether nothing more of its stream follows in this direction.
    pub(super) fn ends_stream(self) -> bool {
        self.kind == RST_STREAM || (matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0)
    }

    /// Settings of the client's own; an acknowledgement of ours says nothing.
    pub(super) fn is_settings(self) -> bool {
        self.kind == SETTINGS && self.flags & ACK == 0
    }

    pub(super) fn is_header_block(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION)
    }

    /// Whether a header block is complete with it.
    pub(super) fn ends_headers(self) -> bool {
        self.is_header_block() && self.flags & END_HEADERS != 0
    }
}

/// Where in a frame the bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// The head of a frame is complete.
    Head(Frame),
    /// The frame is complete.
    End(Frame),
}

/// Follows the frames of one direction.
#[derive(Debug)]
pub(super) struct FrameScan {
    /// Bytes before the first frame: the preface.
    skip: usize,
    head: [u8; HEAD_BYTES],
    have: usize,
    frame: Frame,
    /// Payload of the present frame that is still to come.
    due: usize,
}

impl FrameScan {
    pub(super) fn after(skip: usize) -> Self {
        Self { skip, head: [0; HEAD_BYTES], have: 0, frame: Frame::default(), due: 0 }
    }

    /// Goes over the next bytes and tells what passed.
    pub(super) fn pass(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Passed)) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        bytes = &bytes[skipped..];
        while !bytes.is_empty() {
            if self.have < HEAD_BYTES {
                let count = (HEAD_BYTES - self.have).min(bytes.len());
                self.head[self.have..self.have + count].copy_from_slice(&bytes[..count]);
                self.have += count;
                bytes = &bytes[count..];
                if self.have < HEAD_BYTES {
                    return;
                }
                self.frame = Frame::read(self.head);
                self.due = self.frame.length;
                tell(Passed::Head(self.frame));
            } else {
                let count = self.due.min(bytes.len());
                self.due -= count;
                bytes = &bytes[count..];
            }
            if self.due == 0 {
                self.have = 0;
                tell(Passed::End(self.frame));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], skip: usize, expected: &str) {
        for step in [1, 4, 1000] {
            let (mut scan, mut seen) = (FrameScan::after(skip), String::new());
            for piece in bytes.chunks(step) {
                scan.pass(piece, |passed| match passed {
                    Passed::Head(Frame { length, kind, stream, .. }) => {
                        seen = format!("{seen}{kind}:{length}@{stream}")
                    }
                    Passed::End(frame) => seen += if frame.ends_stream() { "! " } else { ". " },
                });
            }
            assert_eq!(seen, expected, "{bytes:?} by {step}");
        }
    }

    #[test]
    fn frames_follow_each_other() {
        check(b"\0\0\x03\x00\x01\0\0\0\x05abc", 0, "0:3@5! ");
        check(b"PRI\0\0\0\x04\x00\0\0\0\0\0\0\x01\x01\x04\x80\0\0\x07x", 3, "4:0@0. 1:1@7. ");
        check(b"\0\0\x04\x03\x00\0\0\0\x01abcd", 0, "3:4@1! ");
        check(b"\0\0\x04\x03\x00\0\0\0\x01abc", 0, "3:4@1");
        check(b"\0\0\x04\x03", 0, "");
    }

    #[test]
    fn a_header_block_may_be_continued() {
        let frame = |kind, flags| Frame { kind, flags, ..Frame::default() };
        assert!(!frame(HEADERS, END_STREAM).ends_headers());
        assert!(frame(CONTINUATION, END_HEADERS).ends_headers());
        assert!(!frame(SETTINGS, END_HEADERS).ends_headers());
    }

    #[test]
    fn an_acknowledgement_sets_nothing() {
        let settings = |flags| Frame { kind: SETTINGS, flags, ..Frame::default() };
        assert!(settings(0).is_settings() && !settings(ACK).is_settings());
    }
}
