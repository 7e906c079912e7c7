//! Each play in two hundred orders; more with `DOORWARD_ORDERS=100000`.

#![cfg(test)]

use doorward_interleavings::{Order, tried};

fn check(order: Order) {
    let runs = std::env::var("DOORWARD_ORDERS").ok().map_or(100, |runs| runs.parse().expect("a number of runs"));
    tried(order, runs);
}

#[test]
fn one_place_is_never_held_twice() {
    check(Order::Places);
}

#[test]
fn a_rate_admits_exactly_as_many() {
    check(Order::Rate);
}

#[test]
fn nobody_in_flight_makes_room() {
    check(Order::Eviction);
}

#[test]
fn a_reader_sees_what_is() {
    check(Order::Reading);
}

#[test]
fn a_change_of_limits_loses_no_place() {
    check(Order::Change);
}
