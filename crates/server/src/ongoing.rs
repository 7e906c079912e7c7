//! The requests a thread has begun and not done, for those who ask what is going on. Only what has to wait is noted: a
//! request that is answered in the turn it came in is over before anybody could look.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::exchange::Exchange;

/// Requests of one thread that are told; the oldest come first.
pub(crate) const ONGOING_MAX: usize = 1000;
/// Bytes of a URL that are told.
const URL_BYTES_MAX: usize = 2048;
/// Bytes of a method that are told.
const METHOD_BYTES_MAX: usize = 64;

/// A request that has begun and is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OngoingRequest {
    /// Tells it from the others of its thread, in the order of their beginning.
    pub number: u64,
    /// The site that answers; 0 when none has been chosen.
    pub site_id: u32,
    /// Its method.
    pub method: String,
    /// Its target as it was sent, cut where it is very long.
    pub url: String,
    /// When its first byte came, on the server's clock, in milliseconds.
    pub started_ms: u64,
    /// The other end of its connection.
    pub peer: SocketAddr,
}

/// The requests of one thread.
#[derive(Debug, Default)]
pub(crate) struct Ongoing {
    places: RefCell<Places>,
}

#[derive(Debug, Default)]
struct Places {
    /// A place that is free keeps its texts' room for the next.
    rows: Vec<Option<OngoingRequest>>,
    spare: Vec<OngoingRequest>,
    free: Vec<usize>,
    last_number: u64,
}

/// One request is noted as long as this lives.
pub(crate) struct Noted {
    ongoing: Rc<Ongoing>,
    place: usize,
}

impl Ongoing {
    /// Notes a request until the answer is dropped.
    pub(crate) fn note(self: &Rc<Self>, exchange: &Exchange) -> Noted {
        let mut places = self.places.borrow_mut();
        places.last_number += 1;
        let number = places.last_number;
        let mut row = places.spare.pop().unwrap_or_else(|| OngoingRequest {
            number,
            site_id: 0,
            method: String::new(),
            url: String::new(),
            started_ms: 0,
            peer: exchange.ends.peer,
        });
        row.number = number;
        row.site_id = exchange.site.as_ref().map_or(0, |site| site.id);
        row.started_ms = exchange.started_ms;
        row.peer = exchange.ends.peer;
        copy(&mut row.method, exchange.request.method(), METHOD_BYTES_MAX);
        copy(&mut row.url, exchange.request.target(), URL_BYTES_MAX);
        let place = places.free.pop().unwrap_or(places.rows.len());
        if place == places.rows.len() {
            places.rows.push(Some(row));
        } else {
            places.rows[place] = Some(row);
        }
        Noted { ongoing: Rc::clone(self), place }
    }

    /// Those there are now, the oldest first, at most [`ONGOING_MAX`].
    pub(crate) fn all(&self) -> Vec<OngoingRequest> {
        let places = self.places.borrow();
        let mut all: Vec<&OngoingRequest> = places.rows.iter().flatten().collect();
        all.sort_unstable_by_key(|row| row.number);
        all.into_iter().take(ONGOING_MAX).cloned().collect()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let mut places = self.ongoing.places.borrow_mut();
        if let Some(row) = places.rows.get_mut(self.place).and_then(Option::take) {
            places.spare.push(row);
            places.free.push(self.place);
        }
    }
}

/// As much of a text as is told.
fn copy(to: &mut String, from: &str, bytes_max: usize) {
    to.clear();
    to.push_str(&from[..from.floor_char_boundary(bytes_max)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::exchange;
    use doorward_wire::Request;

    #[test]
    fn noted_until_done_and_told_in_order() {
        let ongoing = Rc::new(Ongoing::default());
        let exchange = exchange(Request::new());
        let first = ongoing.note(&exchange);
        let second = ongoing.note(&exchange);
        drop(first);
        let third = ongoing.note(&exchange);
        assert_eq!(ongoing.all().iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3]);
        drop((second, third));
        assert!(ongoing.all().is_empty());
        assert_eq!(ongoing.places.borrow().rows.len(), 2, "places are used again");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut text = String::new();
        copy(&mut text, "aé", 2);
        assert_eq!(text, "a");
        copy(&mut text, "ab", 2);
        assert_eq!(text, "ab");
    }

    #[test]
    fn no_more_than_so_many_are_told() {
        let ongoing = Rc::new(Ongoing::default());
        let exchange = exchange(Request::new());
        let noted: Vec<Noted> = (0..=ONGOING_MAX).map(|_| ongoing.note(&exchange)).collect();
        assert_eq!(ongoing.all().len(), ONGOING_MAX);
        drop(noted);
    }
}
