//! The bounded queue between the serving threads and the writer.
//!
//! A mutex is enough: it is taken once a chunk, never once a line, and never held while a file is touched.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sink::chunk::Chunk;

/// Buffers kept for reuse, and the largest worth keeping.
const SPARE_MAX: usize = 64;
const SPARE_BYTES_MAX: usize = 1 << 18;

/// What the writer does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Append these lines.
    Write(Chunk),
    /// Close every file; the next lines open them again.
    Reopen,
    /// Nothing came in the time given.
    Idle,
    /// The queue is closed and empty.
    End,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    progress: Condvar,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Chunk>,
    chunks_max: usize,
    /// Chunks ever taken in, and ever finished; finished in order.
    sent: u64,
    finished: u64,
    is_closed: bool,
    reopen: bool,
    spare: Vec<Vec<u8>>,
}

impl Queue {
    pub(crate) fn new(chunks_max: usize) -> Self {
        let state = State { chunks_max: chunks_max.max(1), ..State::default() };
        Self { state: Mutex::new(state), work: Condvar::new(), progress: Condvar::new() }
    }

    /// Takes a chunk in and returns an empty buffer, used before if there is one. A full or closed queue returns the
    /// chunk.
    pub(crate) fn push(&self, chunk: Chunk) -> Result<Vec<u8>, Chunk> {
        let mut state = self.lock();
        if state.is_closed || state.chunks.len() >= state.chunks_max {
            return Err(chunk);
        }
        state.chunks.push_back(chunk);
        state.sent += 1;
        let spare = state.spare.pop().unwrap_or_default();
        drop(state);
        self.work.notify_one();
        Ok(spare)
    }

    /// Waits for something to do. Every [`Next::Write`] must be followed by [`Queue::finish`].
    pub(crate) fn next(&self, wait: Duration) -> Next {
        let is_quiet = |state: &mut State| state.chunks.is_empty() && !state.reopen && !state.is_closed;
        let waited = self.work.wait_timeout_while(self.lock(), wait, is_quiet);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut state.reopen) {
            return Next::Reopen;
        }
        match state.chunks.pop_front() {
            Some(chunk) => Next::Write(chunk),
            None if state.is_closed => Next::End,
            None => Next::Idle,
        }
    }

    /// The chunk last taken is dealt with; its buffer may be used again.
    pub(crate) fn finish(&self, mut buffer: Vec<u8>) {
        let mut state = self.lock();
        state.finished += 1;
        if state.spare.len() < SPARE_MAX && buffer.capacity() <= SPARE_BYTES_MAX {
            buffer.clear();
            state.spare.push(buffer);
        }
        drop(state);
        self.progress.notify_all();
    }

    /// Waits until every chunk that is in now has been dealt with; `false` when the time ran out.
    pub(crate) fn wait_until_written(&self, wait: Duration) -> bool {
        let state = self.lock();
        let target = state.sent;
        let is_behind = |state: &mut State| state.finished < target;
        let waited = self.progress.wait_timeout_while(state, wait, is_behind);
        waited.unwrap_or_else(PoisonError::into_inner).0.finished >= target
    }

    pub(crate) fn reopen(&self) {
        self.lock().reopen = true;
        self.work.notify_one();
    }

    /// Lets nothing more in; what is in is still written.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_one();
    }

    /// No code that can panic runs under the lock, so a poisoned one holds sound data.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::chunk::Target;

    fn chunk(text: &str) -> Chunk {
        Chunk { target: Target::Errors, first_unix_ms: 0, lines: 1, bytes: text.into() }
    }

    fn next(queue: &Queue) -> String {
        match queue.next(Duration::ZERO) {
            Next::Write(chunk) => String::from_utf8(chunk.bytes).unwrap(),
            other @ (Next::Reopen | Next::Idle | Next::End) => format!("{other:?}"),
        }
    }

    #[test]
    fn first_in_first_out_within_bounds() {
        let queue = Queue::new(2);
        assert!(queue.push(chunk("a")).is_ok() && queue.push(chunk("b")).is_ok());
        assert_eq!(queue.push(chunk("c")).unwrap_err().bytes, b"c");
        assert_eq!([next(&queue), next(&queue), next(&queue)], ["a", "b", "Idle"]);
    }

    #[test]
    fn closing_lets_the_rest_out() {
        let queue = Queue::new(9);
        queue.push(chunk("a")).unwrap();
        queue.reopen();
        queue.close();
        assert!(queue.push(chunk("b")).is_err());
        assert_eq!([next(&queue), next(&queue), next(&queue)], ["Reopen", "a", "End"]);
    }

    #[test]
    fn waiting_ends_with_the_chunks_that_were_in() {
        let queue = Queue::new(9);
        assert!(queue.wait_until_written(Duration::ZERO));
        queue.push(chunk("a")).unwrap();
        assert_eq!(next(&queue), "a");
        assert!(!queue.wait_until_written(Duration::from_millis(1)));
        queue.finish(Vec::new());
        assert!(queue.wait_until_written(Duration::ZERO));
    }

    #[test]
    fn buffers_come_back_empty() {
        let queue = Queue::new(9);
        queue.finish(b"used".to_vec());
        let spare = queue.push(chunk("a")).unwrap();
        assert!(spare.is_empty() && spare.capacity() >= 4);
    }
}
