//! Path normalisation, plain and with what an attacker would send.

use std::hint::black_box;

use doorward_wire::path::normalise;

use super::Work;

pub const PLAIN: Work = Work {
    name: "path-plain",
    about: "normalise a path of 41 plain characters",
    prepare: || normalising("/assets/2026/images/header-background.png".to_owned()),
    warm_up: 10,
    times: 5000,
};

pub const ESCAPED: Work = Work {
    name: "path-escaped",
    about: "normalise 12 KiB of escapes",
    prepare: || normalising(format!("/{}", "%c3%a4".repeat(2048))),
    warm_up: 10,
    times: 200,
};

pub const DOTS: Work = Work {
    name: "path-dots",
    about: "normalise 12 KiB of folders and ways back out of them",
    prepare: || normalising(format!("/{}{}", "a/./".repeat(1700), "%2e%2e/".repeat(800))),
    warm_up: 10,
    times: 200,
};

fn normalising(raw: String) -> Box<dyn FnMut()> {
    let mut out = String::new();
    Box::new(move || {
        out.clear();
        let _either = black_box(normalise(&raw, &mut out));
    })
}
