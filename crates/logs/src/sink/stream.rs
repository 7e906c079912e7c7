//! Lines to standard output or standard error: a reader that stalls costs its own lines and nothing else.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, write};

use crate::sink::file::Broken;
use crate::sink::status::Failure;

/// A pipe that poll calls writable takes this much without blocking (POSIX).
const PIECE_BYTES: usize = 4096;
/// How long a reader may take before lines are given up. The writer's other files wait meanwhile.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// One of our own standard streams.
#[derive(Debug)]
pub(crate) struct Stream {
    name: &'static str,
    /// The rest of a line that was begun: it comes before anything else, for a pipe takes nothing back.
    begun: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, begun: Vec::new() }
    }

    /// Writes whole lines. When the reader stalls the rest is given up, but a line that was begun is ended later.
    ///
    /// Lines end as those of other programs there: journald shows a line with a carriage return as a block of data.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let lines = without_returns(bytes);
        match self.name {
            "stdout" => self.append_to(io::stdout().as_fd(), &lines),
            _ => self.append_to(io::stderr().as_fd(), &lines),
        }
    }

    fn append_to(&mut self, stream: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Broken> {
        let mut written = 0;
        let result = self.end_begun(stream).and_then(|()| {
            while written < bytes.len() {
                written += piece(stream, whole_lines(&bytes[written..]))?;
            }
            Ok(())
        });
        result.map_err(|error| {
            if written > 0 && bytes[written - 1] != b'\n' {
                let end =
                    bytes[written..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| written + at + 1);
                self.begun = bytes[written..end].to_vec();
            }
            let message = match error {
                Errno::AGAIN => "its reader takes no lines; read it, or log to files".to_owned(),
                other => format!("cannot be written to ({other})"),
            };
            let whole = bytes[..written].split(|byte| *byte == b'\n').count() as u64 - 1;
            let lines_kept = whole + u64::from(written > 0 && bytes[written - 1] != b'\n');
            Broken { failure: Failure { path: Path::new(self.name).to_owned(), message }, lines_kept }
        })
    }

    fn end_begun(&mut self, stream: BorrowedFd<'_>) -> Result<(), Errno> {
        while !self.begun.is_empty() {
            let written = piece(stream, whole_lines(&self.begun))?;
            self.begun.drain(..written);
        }
        Ok(())
    }
}

/// No client's text holds one: they are all ends of lines.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != b'\r').collect()
}

/// As many lines as go in one piece, so that what others say on the same stream comes between lines; of a longer line its
/// beginning.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let piece = &bytes[..bytes.len().min(PIECE_BYTES)];
    piece.iter().rposition(|byte| *byte == b'\n').map_or(piece, |end| &piece[..=end])
}

/// Writes what fits once the reader has made room.
fn piece(stream: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let mut wanted = [PollFd::new(&stream, PollFlags::OUT)];
    match poll(&mut wanted, Some(&PATIENCE)) {
        Ok(0) => return Err(Errno::AGAIN),
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error),
    }
    match write(stream, bytes) {
        Err(Errno::INTR) => Ok(0),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn lines_end_as_usual_there() {
        assert_eq!(without_returns(b"{\"a\":1}\r\n{}\r\n"), b"{\"a\":1}\n{}\n");
    }

    #[test]
    fn pieces_end_with_a_line_where_they_can() {
        assert_eq!(whole_lines(b"a\nb\nc"), b"a\nb\n");
        assert_eq!(whole_lines(b"abc"), b"abc");
        assert_eq!(whole_lines(&[b'x'; 5000]).len(), PIECE_BYTES);
        assert_eq!(whole_lines(&[&[b'x'; 4000][..], b"\n", &[b'y'; 4000]].concat()).len(), 4001);
    }

    #[test]
    fn a_stalled_reader_costs_lines_but_no_shape() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut stream = Stream::new("stdout");
        // Of a length that does not divide the size of a pipe.
        let block = "0123456789abcdefg\n".repeat(8192);
        let broken = stream.append_to(writer.as_fd(), block.as_bytes()).unwrap_err();
        assert!(broken.lines_kept < 8192 && broken.failure.message.contains("reader"), "{broken:?}");
        let mut room = vec![0; 32 * 1024];
        reader.read_exact(&mut room).unwrap();
        stream.append_to(writer.as_fd(), b"after\n").unwrap();
        drop(writer);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        let all = String::from_utf8(room).unwrap() + &rest;
        assert!(all.ends_with("g\nafter\n"), "{:?}", &all[all.len() - 40..]);
        assert!(all.lines().all(|line| line == "0123456789abcdefg" || line == "after"));
    }
}
