//! Zeroed, cache-line aligned memory that the system provides only where it is touched.

use crate::sync::{AtomicU64, zeroed_words};

/// Words in a 64-byte cell, one cache line.
pub(super) const CELL_WORDS: usize = 8;

/// One cell.
pub(super) type Cell = [AtomicU64; CELL_WORDS];

/// A row of cells.
pub(super) struct Cells {
    words: Box<[AtomicU64]>,
    /// Words before the first one that starts a cache line.
    offset: usize,
}

impl Cells {
    /// `count` cells of zeros; `None` when the system refuses that much memory.
    pub(super) fn zeroed(count: usize) -> Option<Self> {
        let spare = CELL_WORDS - 1;
        let words = zeroed_words(count.checked_mul(CELL_WORDS)?.checked_add(spare)?)?;
        let misplaced = words.as_ptr().addr() / size_of::<AtomicU64>() % CELL_WORDS;
        Some(Self { words, offset: (CELL_WORDS - misplaced) % CELL_WORDS })
    }

    /// One cell.
    #[inline]
    pub(super) fn cell(&self, number: usize) -> &Cell {
        let (cells, _) = self.words(number, 1).as_chunks();
        &cells[0]
    }

    /// The words of `count` cells from cell `first` on.
    #[inline]
    pub(super) fn words(&self, first: usize, count: usize) -> &[AtomicU64] {
        // Whatever a number too large makes of this, the slices refuse it.
        let start = self.offset.wrapping_add(first.wrapping_mul(CELL_WORDS));
        &self.words[start..][..count * CELL_WORDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_start_at_cache_lines() {
        for count in [1, 3, 1000] {
            let cells = Cells::zeroed(count).unwrap();
            assert_eq!(cells.words(count - 1, 1).as_ptr().addr() % 64, 0);
        }
    }

    #[test]
    fn an_absurd_size_is_refused_not_fatal() {
        assert!(Cells::zeroed(usize::MAX / 2).is_none());
        assert!(Cells::zeroed(usize::MAX / 2048).is_none());
    }
}
