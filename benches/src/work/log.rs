//! One line of the default W3C log, as a serving thread writes it.

use std::sync::Arc;

use doorward_logs::{
    FieldSet, Format, LogTarget, Period, Record, Retention, Sink, SinkSettings, SiteLog, SiteLogSettings,
};

use super::Work;

pub const W3C: Work = Work {
    name: "log-w3c-line",
    about: "one W3C line with the default fields into the thread's buffer",
    prepare: writing,
    warm_up: 1000,
    times: 20_000,
};

/// 2024-07-22 14:17:48 UTC.
const START_MS: u64 = 1_721_657_868_000;

fn writing() -> Box<dyn FnMut()> {
    let settings = SinkSettings {
        error_directory: std::env::temp_dir(),
        error_truncate_bytes: 1 << 20,
        queue_chunks_max: 1,
        computer_name: "WEB1".to_owned(),
    };
    let (Ok(sink), site) = (Sink::start(settings), site_log()) else { return Box::new(|| ()) };
    let mut log = sink.thread_log();
    let mut lines = 0;
    Box::new(move || {
        let _kept_open = &sink;
        lines += 1;
        log.write(&site, &record(START_MS + lines / 100));
    })
}

fn record(time_unix_ms: u64) -> Record<'static> {
    Record {
        time_unix_ms,
        server: ([203, 0, 113, 7], 80).into(),
        method: b"GET",
        stem: b"/assets/2026/images/header-background.png",
        query: None,
        user_name: None,
        peer: [198, 51, 100, 23].into(),
        version: "HTTP/1.1",
        user_agent: Some(
            b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126",
        ),
        cookie: None,
        referer: Some(b"http://www.shop.test/cart/checkout?step=2"),
        host: Some(b"www.shop.test"),
        status: 200,
        substatus: 0,
        win32_status: 0,
        bytes_sent: 1324,
        bytes_received: 612,
        time_taken_ms: 1,
        custom: &[],
        client: [198, 51, 100, 23].into(),
        decision: None,
        in_progress: 1,
        in_window: 1,
    }
}

/// A site's log as IIS sets it up, its lines nowhere: a full queue drops them.
pub fn site_log() -> Arc<SiteLog> {
    SiteLog::new(SiteLogSettings {
        enabled: true,
        site_id: 1,
        site_name: "any".to_owned(),
        directory: "/dev/null/none".into(),
        format: Format::W3c,
        fields: FieldSet::default(),
        custom_fields: Vec::new(),
        period: Period::Daily,
        truncate_bytes: 0,
        local_time_rollover: false,
        log_site_id: true,
        line_bytes_max: 65_536,
        flush_lines: 0,
        is_central: false,
        is_utf8: true,
        target: LogTarget::File,
        retention: Retention::default(),
    })
}
