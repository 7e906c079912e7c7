//! Memory of a tracked client, as resident memory grows.

use anyhow::Context as _;

use crate::work::limiter;

/// Prints it for each number of clients, every one of whom asked once.
pub fn measure(numbers: &[u32]) -> anyhow::Result<()> {
    for clients in numbers {
        let before = resident_bytes()?;
        let (table, policy) = limiter::roomy(*clients);
        let empty = resident_bytes()?.saturating_sub(before);
        limiter::meet(*clients, &table, &policy);
        let grown = resident_bytes()?.saturating_sub(before);
        let (tracked, each) = (table.usage().in_use, grown / u64::from(*clients));
        println!("{clients} clients: {each} bytes each ({tracked} tracked, {} KiB before the first)", empty / 1024);
    }
    Ok(())
}

fn resident_bytes() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(line.context("no VmRSS")?.trim().parse::<u64>()? * 1024)
}
