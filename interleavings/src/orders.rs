//! Small plays of two or three threads at one table.

use std::net::Ipv4Addr;

use shuttle::sync::Arc;
use shuttle::thread;

use crate::table::{Entered, Place, Table, Visit};
use crate::{ClientKey, Counts, Limits, Rate, Scope};

/// What the threads do.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Two threads enter and leave for one client, of which one may be in progress.
    Places,
    /// Three threads enter for one client, which may ask twice in an interval.
    Rate,
    /// One holds a place while another fills the client's set with strangers, for whom somebody has to go.
    Eviction,
    /// One enters and leaves, one reads counts and usage, one forgets the past.
    Reading,
    /// One changes from narrow to wide limits while another enters and leaves.
    Change,
}

/// Plays an order in `runs` different ways.
pub fn tried(order: Order, runs: usize) {
    let play = match order {
        Order::Places => places,
        Order::Rate => rate,
        Order::Eviction => eviction,
        Order::Reading => reading,
        Order::Change => change,
    };
    shuttle::check_random(play, runs);
    // Fewer changes between threads, but at every place: what a random walk seldom meets.
    shuttle::check_pct(play, runs, 3);
}

const SCOPE: Scope = Scope(1);
const NOW_MS: u64 = 10_000;

fn one_at_a_time() -> Limits {
    Limits { concurrent_max: Some(1), ..Limits::NONE }
}

fn two_a_second() -> Limits {
    Limits { rate: Some(Rate { requests_max: 2, interval_ms: 1_000 }), ..Limits::NONE }
}

fn key(number: u32) -> ClientKey {
    ClientKey::new(Ipv4Addr::from_bits(number).into(), 64)
}

/// The smallest table there is: one set of narrow slots, and one more.
fn table() -> Arc<Table> {
    Arc::new(Table::new(8, 7))
}

fn enter(table: &Table, number: u32, limits: &Limits) -> Entered {
    table.enter(&Visit { key: key(number), scope: SCOPE, limits, keeps_denied: false, now_ms: NOW_MS })
}

fn look(table: &Table, number: u32, limits: &Limits) -> Counts {
    table.look(&Visit { key: key(number), scope: SCOPE, limits, keeps_denied: false, now_ms: NOW_MS })
}

fn leave(table: &Table, place: Option<Place>) {
    if let Some(place) = place {
        table.leave(place);
    }
}

/// What a thread came to; its panic is the play's.
fn ended<T>(thread: thread::JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Nothing is in progress for a client: the next one would be the only one.
fn assert_idle(table: &Table, number: u32) {
    assert_eq!(look(table, number, &one_at_a_time()).in_progress, 1, "a place was lost or left behind");
}

fn places() {
    let (table, inside) = (table(), Arc::new(shuttle::sync::atomic::AtomicU32::new(0)));
    let threads = [(); 2].map(|()| {
        let (table, inside) = (Arc::clone(&table), Arc::clone(&inside));
        thread::spawn(move || {
            for _ in 0..2 {
                let entered = enter(&table, 1, &one_at_a_time());
                if entered.reason.is_none() {
                    let before = inside.fetch_add(1, shuttle::sync::atomic::Ordering::SeqCst);
                    assert_eq!(before, 0, "two in progress where one may be");
                    inside.fetch_sub(1, shuttle::sync::atomic::Ordering::SeqCst);
                }
                leave(&table, entered.place);
            }
        })
    });
    for thread in threads {
        ended(thread);
    }
    assert_idle(&table, 1);
    let usage = table.usage();
    assert_eq!(usage.allowed + usage.denied_concurrency, 4, "a decision was not counted");
}

fn rate() {
    let table = table();
    let threads = [(); 3].map(|()| {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            let entered = enter(&table, 1, &two_a_second());
            leave(&table, entered.place);
            u32::from(entered.reason.is_none())
        })
    });
    let admitted: u32 = threads.into_iter().map(ended).sum();
    assert_eq!(admitted, 2);
    assert_eq!(look(&table, 1, &two_a_second()).in_window, 4, "three stamps and the next");
}

fn eviction() {
    let table = table();
    let held = enter(&table, 1, &one_at_a_time());
    assert!(held.reason.is_none() && held.place.is_some());
    let crowd = {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            for number in 2..26 {
                leave(&table, enter(&table, number, &two_a_second()).place);
            }
        })
    };
    let knocking = {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            for _ in 0..3 {
                let entered = enter(&table, 1, &one_at_a_time());
                assert!(entered.reason.is_some(), "one in flight was forgotten to make room");
                leave(&table, entered.place);
            }
        })
    };
    for thread in [crowd, knocking] {
        ended(thread);
    }
    leave(&table, held.place);
    assert_idle(&table, 1);
}

fn reading() {
    let table = table();
    let writer = {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            for _ in 0..2 {
                leave(&table, enter(&table, 1, &two_a_second()).place);
            }
        })
    };
    let reader = {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            for _ in 0..2 {
                let counts = look(&table, 1, &two_a_second());
                assert!((1..=2).contains(&counts.in_progress) && (1..=3).contains(&counts.in_window), "{counts:?}");
                let usage = table.usage();
                assert!(usage.allowed <= 2 && usage.in_use <= usage.capacity, "{usage:?}");
            }
        })
    };
    let mut cleared = 0;
    table.clear(&ipnet::Ipv4Net::default().into(), None, |_, _| cleared += 1);
    for thread in [writer, reader] {
        ended(thread);
    }
    assert!(cleared <= 1);
    assert_idle(&table, 1);
    assert_eq!(table.usage().allowed, 2);
}

fn change() {
    let wide = Limits { rate: Some(Rate { requests_max: 50, interval_ms: 120_000 }), ..one_at_a_time() };
    let table = table();
    let threads = [one_at_a_time(), wide].map(|limits| {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            for _ in 0..2 {
                leave(&table, enter(&table, 1, &limits).place);
            }
        })
    });
    for thread in threads {
        ended(thread);
    }
    assert_idle(&table, 1);
    assert_eq!(look(&table, 1, &wide).in_progress, 1);
}
