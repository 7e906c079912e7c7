//! Which file a line goes to when the wall clock passes an hour, a day, a change of daylight saving, or is set back.

use std::fs;

use crate::harness::config::{document, site_with};
use crate::harness::home::Home;
use crate::harness::log_file;
use crate::harness::wait_until;
use crate::harness::wall_clock::epoch;

/// In Berlin, where clocks go back at 01:00 UTC on 25 October 2026 and forward at 01:00 UTC on 29 March.
const MOMENTS: [(&str, &str); 8] = [
    ("2026-10-25T00:59:59Z", "u_ex26102502.log"), // 02:59:59, summer time
    ("2026-10-25T01:00:00Z", "u_ex26102502.log"), // 02:00:00 once more, winter time
    ("2026-10-25T02:00:00Z", "u_ex26102503.log"),
    ("2026-10-25T00:30:00Z", "u_ex26102502.log"), // set back
    ("2026-10-25T22:59:59Z", "u_ex26102523.log"),
    ("2026-10-25T23:00:00Z", "u_ex26102600.log"), // midnight
    ("2026-03-29T00:59:59Z", "u_ex26032901.log"), // set back by months
    ("2026-03-29T01:00:00Z", "u_ex26032903.log"), // 03:00:00, summer time
];

#[test]
fn files_follow_the_wall_clock() {
    let log = "<logFile period=\"Hourly\" localTimeRollover=\"true\" />";
    let (front, clock) = Home::of("files_follow_the_wall_clock")
        .config(&document(&site_with(1, "shop", &["http/{NET}.2:{PORT}:"], log), ""))
        .file("shop/a.txt", "a")
        .start_with_clock(&epoch(MOMENTS[0].0), "Europe/Berlin");
    let ask = |query: &str| front.net.client(0).get(front.net.at(2), &format!("/a.txt?{query}"));
    for (number, (moment, _)) in MOMENTS.iter().enumerate() {
        clock.set(&epoch(moment));
        let time = &moment[11..19];
        wait_until("the server's clock", || ask("wait").header("date").unwrap().contains(time).then_some(()));
        assert_eq!(ask(&format!("request-{number}")).status, 200);
    }
    let folder = front.log_folder(1);
    wait_until("all lines", || {
        let lines = log_file::read_folder(&folder);
        let asked = lines.iter().filter(|line| line.field("cs-uri-query").starts_with("request-"));
        (asked.count() == MOMENTS.len()).then_some(())
    });
    for (number, (moment, name)) in MOMENTS.iter().enumerate() {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.starts_with("#Software: "), "{name}: {text}");
        let (date, time) = (&moment[..10], &moment[11..19]);
        let line = format!("{date} {time} {} GET /a.txt request-{number} ", front.net.ip(2));
        assert!(text.contains(&line), "{name} lacks {line:?}: {text}");
    }
    assert_eq!(log_file::files(&folder).len(), 6);
}
