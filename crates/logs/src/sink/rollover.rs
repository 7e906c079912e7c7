//! Which file a line goes to, and what that file begins with, whatever the clock does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::line::tests::sample;
use crate::record::Record;
use crate::sink::{Sink, SinkSettings};
use crate::site_log::tests::settings;
use crate::site_log::{Format, SiteLog, SiteLogSettings};
use crate::{Period, w3c};

/// Writes a line at each moment (`2024-03-31T00:59:59.999Z`), in that order, by one thread. `expected` are the files then
/// there, by name, each with the times of its lines: of W3C lines as they stand there, of others their number.
fn check(change: impl FnOnce(&mut SiteLogSettings), zone: &str, moments: &[&str], expected: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(home.path());
    change(&mut settings);
    let site = SiteLog::in_zone(settings, TimeZone::get(zone).unwrap());
    let sink = Sink::start(SinkSettings {
        error_directory: home.path().join("HTTPERR"),
        error_truncate_bytes: 1 << 20,
        queue_chunks_max: 100,
        computer_name: String::new(),
    })
    .unwrap();
    let mut log = sink.thread_log();
    for moment in moments {
        let at: Timestamp = moment.parse().unwrap();
        log.write(&site, &Record { time_unix_ms: at.as_millisecond().unsigned_abs(), ..sample() });
    }
    log.flush();
    assert!(sink.flush(Duration::from_secs(20)));
    let mut files: Vec<_> = fs::read_dir(site.folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let told: Vec<_> = files.iter().map(|file| tell(file, site.settings().format)).collect();
    assert_eq!(told, expected, "{zone}, {moments:?}");
}

/// A file's name, and its lines. It begins with a header; a file that had no line for an hour may have been closed, and got
/// another one since.
fn tell(file: &Path, format: Format) -> String {
    let (name, text) = (file.file_name().unwrap().to_str().unwrap(), fs::read_to_string(file).unwrap());
    if format != Format::W3c {
        return format!("{name} {}", text.lines().count());
    }
    assert!(text.starts_with("#Software: "), "{name}: {text}");
    let records: Vec<_> = w3c::parse(text.as_bytes()).map(Result::unwrap).collect();
    let times = text.lines().filter(|line| !line.starts_with('#')).map(|line| &line[11..19]);
    let times: Vec<_> = times.collect();
    assert_eq!(times.len(), records.len());
    let date = text.lines().find_map(|line| line.strip_prefix("#Date: ")).unwrap();
    assert_eq!(&date[11..], times[0], "{name} is dated by its first line");
    format!("{name} {}", times.join(" "))
}

fn hourly(settings: &mut SiteLogSettings) {
    settings.period = Period::Hourly;
}

fn local(settings: &mut SiteLogSettings) {
    settings.local_time_rollover = true;
}

fn local_hourly(settings: &mut SiteLogSettings) {
    (settings.period, settings.local_time_rollover) = (Period::Hourly, true);
}

#[test]
fn at_the_hour() {
    let moments = ["2024-07-22T14:59:59.999Z", "2024-07-22T15:00:00Z", "2024-07-22T15:59:59Z", "2024-07-22T16:00:00Z"];
    let expected = ["u_ex24072214.log 14:59:59", "u_ex24072215.log 15:00:00 15:59:59", "u_ex24072216.log 16:00:00"];
    check(hourly, "Europe/Berlin", &moments, &expected);
    let expected = ["u_ex24072216.log 14:59:59", "u_ex24072217.log 15:00:00 15:59:59", "u_ex24072218.log 16:00:00"];
    check(local_hourly, "Europe/Berlin", &moments, &expected);
    // Five and three quarters of an hour ahead: local hours begin at a quarter past.
    let moments = ["2024-07-22T14:14:59Z", "2024-07-22T14:15:00Z"];
    check(local_hourly, "Asia/Kathmandu", &moments, &["u_ex24072219.log 14:14:59", "u_ex24072220.log 14:15:00"]);
}

#[test]
fn at_midnight() {
    let moments = ["2024-07-22T21:59:59Z", "2024-07-22T22:00:00Z", "2024-07-22T23:59:59Z", "2024-07-23T00:00:00Z"];
    let expected = ["u_ex240722.log 21:59:59 22:00:00 23:59:59", "u_ex240723.log 00:00:00"];
    check(|_| (), "Europe/Berlin", &moments, &expected);
    let expected = ["u_ex240722.log 21:59:59", "u_ex240723.log 22:00:00 23:59:59 00:00:00"];
    check(local, "Europe/Berlin", &moments, &expected);
    let moments = ["2024-07-07T23:59:59Z", "2024-07-08T00:00:00Z", "2024-07-31T23:59:59Z", "2024-08-01T00:00:00Z"];
    let expected =
        ["u_ex240701.log 23:59:59", "u_ex240702.log 00:00:00", "u_ex240705.log 23:59:59", "u_ex240801.log 00:00:00"];
    check(|s| s.period = Period::Weekly, "UTC", &moments, &expected);
    let expected = ["u_ex2407.log 23:59:59 00:00:00 23:59:59", "u_ex2408.log 00:00:00"];
    check(|s| s.period = Period::Monthly, "UTC", &moments, &expected);
    let moments = ["2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z"];
    check(|_| (), "UTC", &moments, &["u_ex241231.log 23:59:59", "u_ex250101.log 00:00:00"]);
}

/// Berlin leaves out the hour from two to three.
#[test]
fn when_clocks_go_forward() {
    let moments = ["2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z", "2024-03-31T01:59:59Z", "2024-03-31T02:00:00Z"];
    let expected = ["u_ex24033101.log 00:59:59", "u_ex24033103.log 01:00:00 01:59:59", "u_ex24033104.log 02:00:00"];
    check(local_hourly, "Europe/Berlin", &moments, &expected);
    let expected = ["u_ex24033100.log 00:59:59", "u_ex24033101.log 01:00:00 01:59:59", "u_ex24033102.log 02:00:00"];
    check(hourly, "Europe/Berlin", &moments, &expected);
    // A day of 23 hours.
    let moments = ["2024-03-30T22:59:59Z", "2024-03-30T23:00:00Z", "2024-03-31T21:59:59Z", "2024-03-31T22:00:00Z"];
    let expected = ["u_ex240330.log 22:59:59", "u_ex240331.log 23:00:00 21:59:59", "u_ex240401.log 22:00:00"];
    check(local, "Europe/Berlin", &moments, &expected);
}

/// Berlin has the hour from two to three twice: both share a file.
#[test]
fn when_clocks_go_back() {
    let moments = ["2024-10-27T00:59:59Z", "2024-10-27T01:00:00Z", "2024-10-27T01:59:59Z", "2024-10-27T02:00:00Z"];
    let expected = ["u_ex24102702.log 00:59:59 01:00:00 01:59:59", "u_ex24102703.log 02:00:00"];
    check(local_hourly, "Europe/Berlin", &moments, &expected);
    let all = ["u_ex24102700.log 00:59:59", "u_ex24102701.log 01:00:00 01:59:59", "u_ex24102702.log 02:00:00"];
    check(hourly, "Europe/Berlin", &moments, &all);
    // A day of 25 hours.
    let moments = ["2024-10-26T21:59:59Z", "2024-10-26T22:00:00Z", "2024-10-27T22:59:59Z", "2024-10-27T23:00:00Z"];
    let expected = ["u_ex241026.log 21:59:59", "u_ex241027.log 22:00:00 22:59:59", "u_ex241028.log 23:00:00"];
    check(local, "Europe/Berlin", &moments, &expected);
    // Half an hour, on Lord Howe Island: from 11 hours ahead to 10½, at 15:00 UTC.
    let moments = ["2024-04-06T14:29:59Z", "2024-04-06T14:59:59Z", "2024-04-06T15:00:00Z", "2024-04-06T15:30:00Z"];
    let expected = ["u_ex24040701.log 14:29:59 14:59:59 15:00:00", "u_ex24040702.log 15:30:00"];
    check(local_hourly, "Australia/Lord_Howe", &moments, &expected);
}

/// Lines go to the file of their own time, also to one that was left.
#[test]
fn when_the_clock_is_set_back() {
    let moments = ["2024-07-22T14:59:58Z", "2024-07-22T15:00:01Z", "2024-07-22T14:59:59Z", "2024-07-22T15:00:02Z"];
    let expected = ["u_ex24072214.log 14:59:58 14:59:59", "u_ex24072215.log 15:00:01 15:00:02"];
    check(hourly, "UTC", &moments, &expected);
    let moments = ["2024-07-22T14:00:00Z", "2023-07-22T14:00:00Z", "1970-01-01T00:00:00Z", "2024-07-22T14:00:01Z"];
    let expected = ["u_ex230722.log 14:00:00", "u_ex240722.log 14:00:00 14:00:01", "u_ex700101.log 00:00:00"];
    check(|_| (), "UTC", &moments, &expected);
}

/// Their lines carry local time, so their files follow it whatever `localTimeRollover` says.
#[test]
fn formats_with_local_time() {
    let moments = ["2024-10-27T00:59:59Z", "2024-10-27T01:59:59Z", "2024-10-27T22:59:59Z", "2024-10-27T23:00:00Z"];
    check(|s| s.format = Format::Ncsa, "Europe/Berlin", &moments, &["u_nc241027.log 3", "u_nc241028.log 1"]);
    check(|s| s.format = Format::Iis, "Europe/Berlin", &moments, &["u_in241027.log 3", "u_in241028.log 1"]);
    check(|s| s.format = Format::Json, "Europe/Berlin", &moments, &["u_js241027.log 4"]);
}
