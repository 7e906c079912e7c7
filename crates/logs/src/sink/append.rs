//! Appending whole lines: what does not fit is taken back, so that no half line stays in the middle of a file.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;

/// What is written to: a file, or a stand-in that fills up.
pub(crate) trait Medium {
    fn size(&self) -> io::Result<u64>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn truncate(&mut self, size: u64) -> io::Result<()>;
}

impl Medium for File {
    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|data| data.len())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// With a line end, or it is empty.
    Whole,
    /// With half a line, from this offset on.
    Half(u64),
    /// With half a line whose beginning is not worth looking for.
    Unended,
}

/// A write that did not reach its end.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Bytes of the block that are in the file: whole lines only.
    pub(crate) kept: usize,
    pub(crate) source: io::Error,
}

/// Appends a block of whole lines, after mending what an earlier failure may have left. A failing write leaves the
/// lines that fitted.
pub(crate) fn append(medium: &mut impl Medium, tail: &mut Tail, block: &[u8]) -> Result<(), Cut> {
    mend(medium, tail).map_err(|source| Cut { kept: 0, source })?;
    let start = medium.size().map_err(|source| Cut { kept: 0, source })?;
    let (written, source) = match write_all(medium, block) {
        (_, Ok(())) => return Ok(()),
        (written, Err(source)) => (written, source),
    };
    let kept = block[..written].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if kept < written {
        *tail = Tail::Half(start + kept as u64);
        // Shrinking needs no room. If it fails all the same, the next block tries again before anything else.
        let _ = cut_half_line(medium, tail);
    }
    Err(Cut { kept, source })
}

/// Removes half a line, or at least ends it.
fn mend(medium: &mut impl Medium, tail: &mut Tail) -> io::Result<()> {
    if *tail == Tail::Whole || cut_half_line(medium, tail).is_ok() {
        return Ok(());
    }
    match write_all(medium, b"\r\n") {
        (2, _) => {
            *tail = Tail::Whole;
            Ok(())
        }
        (_, Err(error)) => Err(error),
        (_, Ok(())) => Err(ErrorKind::WriteZero.into()),
    }
}

fn cut_half_line(medium: &mut impl Medium, tail: &mut Tail) -> io::Result<()> {
    let end = match *tail {
        Tail::Whole => return Ok(()),
        Tail::Half(end) => end,
        Tail::Unended => return Err(ErrorKind::Unsupported.into()),
    };
    // Someone else may have emptied the file meanwhile; truncating must never make it longer.
    if medium.size()? > end {
        medium.truncate(end)?;
    }
    *tail = Tail::Whole;
    Ok(())
}

fn write_all(medium: &mut impl Medium, block: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < block.len() {
        match medium.write(&block[written..]) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// How a file that was just opened ends: a crash may have left half a line.
pub(crate) fn tail_of(file: &File) -> io::Result<Tail> {
    const SEARCH_BYTES: u64 = 1 << 17;
    let size = file.size()?;
    let start = size.saturating_sub(SEARCH_BYTES);
    let mut last = [0];
    if size == 0 || (file.read_at(&mut last, size - 1)? == 1 && last[0] == b'\n') {
        return Ok(Tail::Whole);
    }
    let mut end = vec![0; (size - start) as usize];
    file.read_exact_at(&mut end, start)?;
    Ok(match end.iter().rposition(|byte| *byte == b'\n') {
        Some(at) => Tail::Half(start + at as u64 + 1),
        None if start == 0 => Tail::Half(0),
        None => Tail::Unended,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A disk with little room, whose writes come in small pieces.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
        cannot_truncate: bool,
    }

    impl Medium for Disk {
        fn size(&self) -> io::Result<u64> {
            Ok(self.bytes.len() as u64)
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(3).min(self.room - self.bytes.len());
            self.bytes.extend_from_slice(&bytes[..count]);
            if count == 0 { Err(ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn truncate(&mut self, size: u64) -> io::Result<()> {
            if self.cannot_truncate {
                return Err(ErrorKind::PermissionDenied.into());
            }
            self.bytes.truncate(size as usize);
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_keeps_whole_lines() {
        let (mut disk, mut tail) = (Disk { room: 12, ..Disk::default() }, Tail::Whole);
        let cut = append(&mut disk, &mut tail, b"one\r\ntwo\r\nthree\r\n").unwrap_err();
        assert_eq!((cut.kept, cut.source.kind(), tail), (10, ErrorKind::StorageFull, Tail::Whole));
        disk.room = 99;
        append(&mut disk, &mut tail, b"four\r\n").unwrap();
        assert_eq!(disk.bytes, b"one\r\ntwo\r\nfour\r\n");
    }

    #[test]
    fn a_half_line_that_cannot_be_removed_is_ended() {
        let (mut disk, mut tail) = (Disk { room: 7, cannot_truncate: true, ..Disk::default() }, Tail::Whole);
        assert_eq!(append(&mut disk, &mut tail, b"one\r\ntwo\r\n").unwrap_err().kept, 5);
        assert_eq!(tail, Tail::Half(5));
        assert_eq!(append(&mut disk, &mut tail, b"x\r\n").unwrap_err().kept, 0);
        disk.room = 99;
        append(&mut disk, &mut tail, b"four\r\n").unwrap();
        assert_eq!(disk.bytes, b"one\r\ntw\r\nfour\r\n");
    }

    #[test]
    fn a_file_emptied_by_others_is_not_made_longer() {
        let (mut disk, mut tail) = (Disk { room: 99, ..Disk::default() }, Tail::Half(50));
        append(&mut disk, &mut tail, b"a\r\n").unwrap();
        assert_eq!(disk.bytes, b"a\r\n");
    }

    fn check_tail(text: &[u8], expected: Tail) {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(text, 0).unwrap();
        assert_eq!(tail_of(&file).unwrap(), expected);
    }

    #[test]
    fn tails() {
        check_tail(b"", Tail::Whole);
        check_tail(b"a\r\n", Tail::Whole);
        check_tail(b"a\r\nhal", Tail::Half(3));
        check_tail(b"hal", Tail::Half(0));
        check_tail(&vec![b'x'; 1 << 18], Tail::Unended);
    }

    proptest! {
        #[test]
        fn only_whole_lines_ever_stay(rooms in prop::collection::vec(0..40_usize, 1..20)) {
            let (mut disk, mut tail, mut kept) = (Disk::default(), Tail::Whole, Vec::new());
            for room in rooms {
                disk.room = disk.bytes.len() + room;
                let block = b"first\r\nsecond line\r\n";
                let count = append(&mut disk, &mut tail, block).map_or_else(|cut| cut.kept, |()| block.len());
                kept.extend_from_slice(&block[..count]);
                prop_assert_eq!(&disk.bytes, &kept);
            }
        }
    }
}
