//! The right to be counted as in progress.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use crate::table::{Place, Table};

/// Handles on a table a thread keeps for its next permits, beside the first one.
const MORE_MAX: usize = 63;

thread_local! {
    /// Changing a reference count costs as much as a whole decision. A thread therefore keeps the handles of
    /// permits it dropped; those of another limiter go when they turn up. One is enough where requests end one by one,
    /// and is at hand without a list.
    static FIRST: Cell<Option<Arc<Table>>> = const { Cell::new(None) };
    static MORE: RefCell<Vec<Arc<Table>>> = const { RefCell::new(Vec::new()) };
}

/// The right to be counted as in progress. Hold it until the last byte of the answer is sent; dropping it gives the
/// place back, on any thread. Only the limiter makes one. It is empty when nothing is counted: no limits, exempt,
/// denied.
#[must_use = "a dropped permit no longer counts its request as in progress"]
pub struct Permit {
    held: Option<(Arc<Table>, Place)>,
}

impl Permit {
    /// A permit for a request that is not counted.
    pub(crate) fn empty() -> Self {
        Self { held: None }
    }

    pub(crate) fn new(table: &Arc<Table>, place: Option<Place>) -> Self {
        Self { held: place.map(|place| (handle(table), place)) }
    }

    /// Whether a request is counted as in progress through this permit.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        if let Some((table, place)) = self.held.take() {
            table.leave(place);
            keep(table);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Permit").field("held", &self.is_held()).finish()
    }
}

/// A handle on the table, a spare one where there is one.
#[inline]
fn handle(table: &Arc<Table>) -> Arc<Table> {
    match FIRST.try_with(Cell::take) {
        Ok(Some(spare)) if Arc::ptr_eq(&spare, table) => spare,
        Ok(_) | Err(_) => another(table),
    }
}

#[cold]
fn another(table: &Arc<Table>) -> Arc<Table> {
    let spare = MORE.try_with(|more| more.try_borrow_mut().ok().and_then(|mut more| more.pop()));
    match spare {
        Ok(Some(spare)) if Arc::ptr_eq(&spare, table) => spare,
        Ok(_) | Err(_) => Arc::clone(table),
    }
}

/// Keeps a handle for the next permit. While the thread ends there is nowhere to keep it.
#[inline]
fn keep(table: Arc<Table>) {
    if let Ok(Some(before)) = FIRST.try_with(|first| first.replace(Some(table))) {
        keep_more(before);
    }
}

#[cold]
fn keep_more(table: Arc<Table>) {
    let _ = MORE.try_with(|more| {
        if let Ok(mut more) = more.try_borrow_mut()
            && more.len() < MORE_MAX
        {
            more.push(table);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare() -> usize {
        let first = FIRST.take();
        let count = MORE.with(|more| more.borrow().len()) + usize::from(first.is_some());
        FIRST.set(first);
        count
    }

    #[test]
    fn handles_are_used_again_and_those_of_other_tables_go() {
        let (one, other) = (Arc::new(Table::new(8, 1)), Arc::new(Table::new(8, 1)));
        keep(handle(&one));
        assert_eq!((spare(), Arc::strong_count(&one)), (1, 2));
        let again = handle(&one);
        assert_eq!((spare(), Arc::strong_count(&one)), (0, 2));
        keep(again);
        keep(handle(&other));
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&other)), (1, 2));
    }

    #[test]
    fn a_thread_keeps_only_so_many() {
        let table = Arc::new(Table::new(8, 1));
        let many: Vec<_> = (0..200).map(|_| handle(&table)).collect();
        many.into_iter().for_each(keep);
        assert_eq!(spare(), 1 + MORE_MAX);
    }
}
