//! This program itself as the least a server can do.

use super::text_of;
use crate::ceiling::WORD;
use crate::setup::{Launch, Place, Setup, UPSTREAM};

pub(super) fn set_up(setup: Setup, place: &Place) -> anyhow::Result<Option<Launch>> {
    let plain = Setup { forwards: false, servers: 1, threads: 1, ..setup };
    if plain != Setup::BARE {
        return Ok(None);
    }
    let program = text_of(&std::env::current_exe()?);
    let address = place.addresses(setup)[0].to_string();
    let page = text_of(&place.www.join("1k.html"));
    Ok(Some(if setup.forwards {
        Launch::new([&program, WORD, "pass", &address, &UPSTREAM.to_string(), "1"])
    } else {
        Launch::new([&program, WORD, "serve", &address, &page, &setup.threads.to_string()])
    }))
}

/// The same, behind those that forward.
pub fn upstream(page: &std::path::Path) -> anyhow::Result<Launch> {
    let program = text_of(&std::env::current_exe()?);
    Ok(Launch::new([&program, WORD, "serve", &UPSTREAM.to_string(), &text_of(page), "1"]))
}
