//! What is printed: to the operator's terminal, so nothing a client or a file chose may act on it.

use std::io::{IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a reader of the daemon's words may take.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

static NEVER_WAITS: AtomicBool = AtomicBool::new(false);

/// From here on a reader that stalls costs lines rather than time: the one who prints serves the control socket, too.
pub(crate) fn never_wait() {
    NEVER_WAITS.store(true, Ordering::Relaxed);
}

/// Whether a line may be printed now. A pipe that is ready takes a line without waiting.
fn is_ready(stream: &impl AsFd) -> bool {
    let mut wanted = [PollFd::new(stream, PollFlags::OUT)];
    !NEVER_WAITS.load(Ordering::Relaxed) || poll(&mut wanted, Some(&PATIENCE)) != Ok(0)
}

/// Prints a line to standard output. A closed pipe (`doorward status | head`) is no error of ours.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    if !is_ready(&out) {
        return;
    }
    let _closed = writeln!(out, "{}", harmless(text.as_ref()));
    let _closed = out.flush();
}

/// Prints text as it is, line ends included.
pub(crate) fn exact(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(harmless(text).as_bytes());
    let _closed = out.flush();
}

/// Begins the screen anew, where there is one.
pub(crate) fn clear_screen() {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        let _closed = out.write_all(b"\x1b[H\x1b[2J");
    }
}

/// Prints a line to standard error.
pub(crate) fn complain(text: impl AsRef<str>) {
    let mut out = std::io::stderr().lock();
    if is_ready(&out) {
        let _closed = writeln!(out, "{}", harmless(text.as_ref()));
    }
}

/// Text without control characters but line breaks and tabs: C0, DEL and C1 could steer a terminal.
pub(crate) fn harmless(text: &str) -> String {
    let shown =
        |character: char| if character.is_control() && !"\n\t".contains(character) { '\u{fffd}' } else { character };
    text.chars().map(shown).collect()
}

/// Rows under headings, in columns.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    print(headings.to_vec());
    for row in rows {
        print(row.iter().map(String::as_str).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{9b}c\u{7f}\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\n");
    }
}
