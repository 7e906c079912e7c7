//! What comes before the counts: an operator's blocks, names, and penalties.

use doorward_limiter::{
    AddressList, Block, Client, Counts, DenyAction, HostName, NameRule, Penalty, Policy, Reason, Scope,
};

use crate::desk::{Desk, client, deny, rate, reason};

fn block(network: &str, until_ms: u64) -> Block {
    Block { network: network.parse().unwrap(), until_ms, reason: "because".to_owned() }
}

#[test]
fn a_block_comes_before_everything_and_charges_nothing() {
    let desk = Desk::new(rate(2, 1000));
    desk.limiter.block(&block("10.0.0.0/8", 500), 0).unwrap();
    assert_eq!(desk.ask("10.1.2.3", 0).decision, deny(Reason::Block, DenyAction::Forbidden, true));
    assert_eq!(desk.peek("10.1.2.3", 0), (Some(Reason::Block), Counts::default()));
    assert_eq!(desk.pass("11.1.2.3", 0), None);
    assert_eq!(desk.limiter.usage().denied_block, 1);
    assert_eq!([500, 501, 502].map(|now_ms| desk.pass("10.1.2.3", now_ms)), [None, None, Some(Reason::Rate)]);
    desk.limiter.block(&block("10.0.0.0/8", 9000), 600).unwrap();
    assert_eq!(desk.limiter.remove_blocks(&"0.0.0.0/0".parse().unwrap()), 1);
    assert!(!desk.limiter.has_blocks());
}

#[test]
fn a_name_that_is_allowed_exempts_and_one_that_is_not_is_denied() {
    let rule =
        |pattern: &str, allowed| NameRule { pattern: pattern.to_owned(), allowed, before: AddressList::open().into() };
    let names = vec![rule("good.test", true), rule("*.t", false)];
    let desk = Desk::new(rate(1, 1000));
    let policy = Policy { names, ..desk.policy.clone() };
    let ask = |name: &str| {
        let host = HostName { name, confirmed: true };
        desk.limiter.decide_named(&policy, (&client("10.0.0.1"), Some(&host)), 0)
    };
    assert_eq!([(); 3].map(|()| reason(ask("good.test").decision)), [None; 3], "exempt from the rate");
    assert!(ask("good.test").exempt);
    assert_eq!(reason(ask("x.t").decision), Some(Reason::HostName));
    assert_eq!(reason(ask(".t").decision), None, "the pattern asks for something before the dot");
    assert_eq!(reason(ask("other.test").decision), Some(Reason::Rate));
    assert!(!Policy { names: policy.names.clone(), ..Policy::open(Scope(1)) }.is_open());
    assert!(policy.needs_name(&client("10.0.0.1")) && !desk.policy.needs_name(&client("10.0.0.1")));
}

fn with_penalty(logging_only: bool) -> Desk {
    let desk = Desk::new(rate(1, 10));
    let penalty = Some(Penalty { first_ms: 1000, max_ms: 5000 });
    Desk { policy: Policy { penalty, logging_only, ..desk.policy.clone() }, ..desk }
}

#[test]
fn a_penalty_outlasts_the_window() {
    let desk = with_penalty(false);
    let asked = [0, 1, 500, 1000, 1001].map(|now_ms| desk.pass("10.0.0.1", now_ms));
    let rate = Some(Reason::Rate);
    assert_eq!(asked, [None, rate, rate, rate, None], "from the denial on, one second");
    assert_eq!(desk.limiter.usage().denied_penalty, 2);
    let one: Client = client("10.0.0.1");
    let denied = desk.ask("10.0.0.1", 1002);
    assert_eq!(reason(denied.decision), rate);
    let wait_ms = |now_ms| desk.limiter.retry_after_ms(&desk.policy, (&one, &denied), now_ms);
    assert_eq!([1002, 2002, 3002].map(wait_ms), [2000, 1000, 10], "the second term is longer");
    assert_eq!(desk.limiter.unblock("10.0.0.1/32".parse().unwrap(), None), 1);
    assert_eq!(desk.pass("10.0.0.1", 1100), None);
}

#[test]
fn logging_only_begins_no_penalty_and_serves_none() {
    let desk = with_penalty(true);
    assert_eq!([0, 1, 50].map(|now_ms| desk.pass("10.0.0.1", now_ms)), [None, Some(Reason::Rate), None]);
    let enforced = with_penalty(false);
    assert_eq!([0, 1].map(|now_ms| enforced.pass("10.0.0.1", now_ms)), [None, Some(Reason::Rate)]);
    let relaxed = Desk { policy: Policy { logging_only: true, ..enforced.policy.clone() }, ..enforced };
    assert_eq!(relaxed.pass("10.0.0.1", 50), None, "a term that runs is not served");
}
