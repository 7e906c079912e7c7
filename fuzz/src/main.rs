//! The fuzzer's program: `DOORWARD_FUZZ` names the target. `scripts/fuzz` builds and runs it.
#![no_main]

use std::sync::LazyLock;

use doorward_fuzz::{Target, target};

static TARGET: LazyLock<Option<Target>> = LazyLock::new(|| target(&std::env::var("DOORWARD_FUZZ").ok()?));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match *TARGET {
        Some(target) => target(input),
        None => panic!("DOORWARD_FUZZ has to name a target"),
    }
});
