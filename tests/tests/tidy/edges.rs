//! Which crate may know which, ours and others'. A crate exists because of what it must not know.

use crate::manifest::Manifest;
use crate::tree::{Finding, Tree};

/// The picture: each crate and those of ours it may name. ARCHITECTURE.md draws the same one.
const PICTURE: &[(&str, &[&str])] = &[
    // Any bytes for the crates that only compute.
    ("doorward-fuzz", &["doorward-doors", "doorward-config", "doorward-limiter", "doorward-logs", "doorward-wire"]),
    (
        "doorward",
        &[
            "doorward-admin",
            "doorward-dev",
            "doorward-doors",
            "doorward-replay",
            "doorward-server",
            "doorward-plan",
            "doorward-config",
            "doorward-limiter",
            "doorward-logs",
        ],
    ),
    (
        "doorward-admin",
        &[
            "doorward-server",
            "doorward-replay",
            "doorward-plan",
            "doorward-config",
            "doorward-limiter",
            "doorward-logs",
        ],
    ),
    ("doorward-dev", &["doorward-config"]),
    ("doorward-doors", &["doorward-plan", "doorward-config"]),
    ("doorward-server", &["doorward-plan", "doorward-limiter", "doorward-logs", "doorward-wire"]),
    ("doorward-replay", &["doorward-plan", "doorward-limiter", "doorward-logs"]),
    // Measures what the pure crates cost; nothing knows it.
    ("doorward-benches", &["doorward-plan", "doorward-config", "doorward-limiter", "doorward-logs", "doorward-wire"]),
    // The source of the limiter's table, under a scheduler of its own; it names the files, not the crate.
    ("doorward-interleavings", &[]),
    // Black box beside other servers: it starts the binary.
    ("doorward-bench-e2e", &[]),
    ("doorward-plan", &["doorward-config", "doorward-limiter", "doorward-logs"]),
    ("doorward-config", &[]),
    ("doorward-limiter", &[]),
    ("doorward-logs", &[]),
    ("doorward-wire", &[]),
    // Black box: it starts the binary and knows nothing of the inside.
    ("doorward-tests", &[]),
];

/// Runtimes, sockets and HTTP stacks: what makes a crate impossible to test without a network.
const NETWORK: &[&str] = &[
    "async-std",
    "axum",
    "futures",
    "futures-util",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tokio-rustls",
    "tokio-util",
    "tower",
];
const FILES: &[&str] = &["libc", "nix", "notify", "rustix"];
const XML: &[&str] = &["quick-xml", "roxmltree", "xml-rs"];
const COMMAND_LINE: &[&str] = &["argh", "clap", "lexopt", "pico-args"];
const HTTP_TYPES: &[&str] = &["http", "http-body", "httparse"];

/// Libraries a crate must not name, tests included, because of what it must not know.
const IGNORANCE: &[(&str, &[&[&str]])] = &[
    ("doorward-config", &[NETWORK, HTTP_TYPES, COMMAND_LINE]),
    ("doorward-limiter", &[NETWORK, HTTP_TYPES, FILES, XML, COMMAND_LINE]),
    ("doorward-logs", &[NETWORK, HTTP_TYPES, XML, COMMAND_LINE]),
    ("doorward-wire", &[NETWORK, FILES, XML, COMMAND_LINE]),
    ("doorward-plan", &[NETWORK, HTTP_TYPES, FILES, XML, COMMAND_LINE]),
    // It reads IIS's words itself; what it is handed as XML is read by a library.
    ("doorward-doors", &[NETWORK, HTTP_TYPES, FILES, COMMAND_LINE]),
    ("doorward-replay", &[NETWORK, HTTP_TYPES, XML, COMMAND_LINE]),
    ("doorward-server", &[XML, COMMAND_LINE]),
];

/// Every `doorward-…` dependency is an edge of the picture.
pub fn as_drawn(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in crates(tree) {
        let Some((_, allowed)) = PICTURE.iter().find(|(name, _)| *name == manifest.package) else {
            let text = format!("crate `{}` is not in the picture: say in PICTURE what it may know", manifest.package);
            findings.push(Finding::new(manifest.path, 1, text));
            continue;
        };
        let ours = manifest.dependencies.iter().filter(|d| d.name.starts_with("doorward"));
        let strange = ours.filter(|d| !allowed.contains(&d.name));
        findings.extend(strange.map(|d| {
            let text = format!("`{}` may not name `{}`: move the code to a crate that may", manifest.package, d.name);
            Finding::new(manifest.path, d.line, text)
        }));
    }
    findings
}

/// No crate names a library that would let it do what it must not know about.
pub fn ignorance(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in crates(tree) {
        let banned = IGNORANCE.iter().filter(|(name, _)| *name == manifest.package).flat_map(|(_, groups)| *groups);
        let banned: Vec<&str> = banned.flat_map(|group| group.iter().copied()).collect();
        let named = manifest.dependencies.iter().filter(|d| banned.contains(&d.name));
        findings.extend(named.map(|d| {
            let text = format!("`{}` must not know `{}`: its caller does that part", manifest.package, d.name);
            Finding::new(manifest.path, d.line, text)
        }));
    }
    findings
}

fn crates(tree: &Tree) -> impl Iterator<Item = Manifest<'_>> {
    tree.manifests().map(Manifest::read).filter(|m| !m.package.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_sample;

    fn manifest(package: &str, lines: &str) -> String {
        format!("[package]\nname = \"{package}\"\n[dependencies]\n{lines}\n")
    }

    fn check(rule: fn(&Tree) -> Vec<Finding>, (package, lines): (&str, &str), expected: &[&str]) {
        check_sample(rule, &[("crates/x/Cargo.toml", &manifest(package, lines))], expected);
    }

    #[test]
    fn an_edge_outside_the_picture_is_found() {
        check(as_drawn, ("doorward-plan", "doorward-config.workspace = true"), &[]);
        check(as_drawn, ("doorward-server", "doorward-config.workspace = true"), &["crates/x/Cargo.toml:4"]);
        check(as_drawn, ("doorward-wire", "x = { package = \"doorward-logs\" }"), &["crates/x/Cargo.toml:4"]);
        check(as_drawn, ("doorward-new", ""), &["crates/x/Cargo.toml:1"]);
    }

    #[test]
    fn a_library_a_crate_must_not_know_is_found() {
        check(ignorance, ("doorward-limiter", "foldhash.workspace = true\ntokio = \"1\""), &["crates/x/Cargo.toml:5"]);
        check(ignorance, ("doorward-wire", "httparse.workspace = true"), &[]);
        check(ignorance, ("doorward-server", "roxmltree = \"0.21\""), &["crates/x/Cargo.toml:4"]);
        check(ignorance, ("doorward", "clap.workspace = true"), &[]);
    }

    #[test]
    fn the_picture_has_no_circle() {
        for (index, (name, allowed)) in PICTURE.iter().enumerate() {
            let later: Vec<&str> = PICTURE[index + 1..].iter().map(|(name, _)| *name).collect();
            assert!(allowed.iter().all(|a| later.contains(a)), "{name} names a crate drawn above it");
        }
    }
}
