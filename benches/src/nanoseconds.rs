//! Wall time, for comparisons on one quiet machine: the best and the median of some rounds.

use std::time::Instant;

use crate::work;
use crate::work::limiter;

const ROUNDS: usize = 15;
const TIMES: u32 = 200_000;
/// Clients and threads of the limiter's table.
const CLIENTS: [u32; 4] = [1, 10_000, 1_000_000, 10_000_000];
const THREADS: [u64; 2] = [1, 2];

/// Prints the time of each work whose name begins so.
pub fn measure(name: &str) {
    for work in work::ALL.iter().filter(|work| work.name.starts_with(name)) {
        let mut step = (work.prepare)();
        (0..work.warm_up).for_each(|_| step());
        // What is done only a few times while counting takes long.
        let times = if work.times < 10 { work.times } else { TIMES / 10 };
        let rounds = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            (0..times).for_each(|_| step());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(times)
        });
        report(work.name, rounds.collect());
    }
    if "limiter".starts_with(name) || name.starts_with("limiter") {
        for clients in CLIENTS {
            yardstick(clients);
            for threads in THREADS {
                crowd(clients, threads);
            }
        }
    }
}

/// One decision and the end of its request, with so many clients at random and so many threads at once.
fn crowd(clients: u32, threads: u64) {
    let (table, policy) = limiter::filled(clients);
    let rounds = (0..ROUNDS as u64).map(|round| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (table, policy) = (&table, &policy);
                scope.spawn(move || {
                    let mut visitor = limiter::Visitor::new(clients, round * THREADS.len() as u64 + thread);
                    (0..TIMES).for_each(|_| visitor.visit(table, policy));
                });
            }
        });
        start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
    });
    report(&format!("limiter, {clients} clients, {threads} threads"), rounds.collect());
}

/// What the memory alone takes of it: the line of a client at random, locked and written for the decision, locked and
/// written for the end. Nothing that counts a client in a table of this size can take less on this machine.
fn yardstick(clients: u32) {
    let lines = limiter::Lines::new(clients);
    let rounds = (0..ROUNDS as u64).map(|round| {
        let mut visitor = limiter::Visitor::new(clients, round);
        let start = Instant::now();
        (0..TIMES).for_each(|_| visitor.touch(&lines));
        start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
    });
    report(&format!("limiter, {clients} clients, memory alone"), rounds.collect());
}

fn report(name: &str, mut rounds: Vec<f64>) {
    rounds.sort_by(f64::total_cmp);
    println!("{name:<44} {:>8.1} ns (best {:.1})", rounds[rounds.len() / 2], rounds[0]);
}
