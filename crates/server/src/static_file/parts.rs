//! `multipart/byteranges` (RFC 9110 14.6).

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::rc::Rc;

use super::range::Part;

/// Several parts of one file, with what stands between them.
#[derive(Debug)]
pub(crate) struct MultiPart {
    pub(crate) file: Rc<File>,
    /// Each part and the lines before it.
    pub(crate) parts: Vec<(Vec<u8>, Part)>,
    /// What stands after the last part.
    pub(crate) end: Vec<u8>,
}

impl MultiPart {
    /// Length of the whole body in bytes.
    pub(crate) fn length(&self) -> u64 {
        let parts = self.parts.iter().map(|(lines, part)| lines.len() as u64 + part.length);
        parts.sum::<u64>() + self.end.len() as u64
    }
}

/// Lays out parts of a file of `length` bytes; gives the media type of the whole, too.
pub(crate) fn lay_out(file: &Rc<File>, parts: &[Part], length: u64, media_type: &str) -> (MultiPart, String) {
    // Unforeseeable, so that no content can hold it on purpose.
    let boundary = format!("{:016x}", RandomState::new().hash_one(length));
    let lines = |part: &Part| {
        let range = part.content_range(length);
        format!("\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {range}\r\n\r\n").into_bytes()
    };
    let laid_out = MultiPart {
        file: Rc::clone(file),
        parts: parts.iter().map(|part| (lines(part), *part)).collect(),
        end: format!("\r\n--{boundary}--\r\n").into_bytes(),
    };
    (laid_out, format!("multipart/byteranges; boundary={boundary}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_add_up() {
        let file = Rc::new(File::open("/dev/null").unwrap());
        let parts = [Part { start: 0, length: 2 }, Part { start: 7, length: 3 }];
        let (body, kind) = lay_out(&file, &parts, 10, "text/plain");
        let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
        let expected = format!(
            "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n..\
             \r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-9/10\r\n\r\n...\r\n--{boundary}--\r\n"
        );
        assert_eq!(body.length(), expected.len() as u64);
        assert!(expected.starts_with(std::str::from_utf8(&body.parts[0].0).unwrap()));
    }
}
