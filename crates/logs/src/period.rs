//! When a log rolls over, and what its files are called (IIS reference §6.2).

use jiff::civil::DateTime;

use crate::site_log::Format;

/// How long one file lasts: the `period` of a site's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// Until the file reaches `truncate_bytes`; files are numbered.
    MaxSize,
    /// One file a day.
    Daily,
    /// One file for each seven days of a month: 01 is the 1st to the 7th.
    Weekly,
    /// One file a month.
    Monthly,
    /// One file an hour.
    Hourly,
}

/// The file a moment belongs to: two records with the same key share a file. Parts a period does not name are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PeriodKey {
    year: i16,
    month: i8,
    day_or_week: i8,
    hour: i8,
}

impl PeriodKey {
    /// The key of a moment, given in the time the log rolls over by.
    pub(crate) fn new(period: Period, at: DateTime) -> Self {
        let month = Self { year: at.year(), month: at.month(), ..Self::default() };
        match period {
            Period::MaxSize => Self::default(),
            Period::Monthly => month,
            Period::Weekly => Self { day_or_week: (at.day() - 1) / 7 + 1, ..month },
            Period::Daily => Self { day_or_week: at.day(), ..month },
            Period::Hourly => Self { day_or_week: at.day(), hour: at.hour(), ..month },
        }
    }
}

/// What a log file is called within its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileName {
    /// One name for the whole period.
    Dated(String),
    /// `<stem><number><suffix>.log`, the next number once the file is full.
    Numbered {
        /// What stands before the number.
        stem: &'static str,
        /// What stands between number and `.log`.
        suffix: &'static str,
        /// Size a file may not exceed; `u64::MAX` for no limit.
        truncate_bytes: u64,
    },
}

impl FileName {
    /// The name of the file with this number; a dated file has only one.
    pub(crate) fn numbered(&self, number: u32) -> String {
        match self {
            Self::Dated(name) => name.clone(),
            Self::Numbered { stem, suffix, .. } => format!("{stem}{number}{suffix}.log"),
        }
    }

    /// The number in a file's name, if it is one of this series.
    pub(crate) fn number_in(&self, name: &str) -> Option<u32> {
        match self {
            Self::Dated(_) => None,
            Self::Numbered { stem, suffix, .. } => {
                let digits = name.strip_prefix(stem)?.strip_suffix(".log")?.strip_suffix(suffix)?;
                digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
            }
        }
    }
}

/// The name of a site's log file for a period.
pub(crate) fn file_name(form: &NameForm, key: PeriodKey) -> FileName {
    let (dated, numbered) = stems(form);
    let suffix = if form.has_custom_fields { "_x" } else { "" };
    let (year, month, day) = (key.year.rem_euclid(100), key.month, key.day_or_week);
    match form.period {
        Period::MaxSize => FileName::Numbered { stem: numbered, suffix, truncate_bytes: form.truncate_bytes },
        Period::Monthly => FileName::Dated(format!("{dated}{year:02}{month:02}{suffix}.log")),
        Period::Daily | Period::Weekly => FileName::Dated(format!("{dated}{year:02}{month:02}{day:02}{suffix}.log")),
        Period::Hourly => FileName::Dated(format!("{dated}{year:02}{month:02}{day:02}{:02}{suffix}.log", key.hour)),
    }
}

/// What decides the form of a site's file names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameForm {
    pub(crate) format: Format,
    pub(crate) period: Period,
    pub(crate) has_custom_fields: bool,
    pub(crate) truncate_bytes: u64,
    /// Otherwise names have no `u_`.
    pub(crate) is_utf8: bool,
}

/// Beginning of dated and of numbered names. JSON is ours, and always UTF-8; the others are IIS's.
fn stems(form: &NameForm) -> (&'static str, &'static str) {
    match (form.format, form.is_utf8) {
        (Format::W3c, true) => ("u_ex", "u_extend"),
        (Format::Ncsa, true) => ("u_nc", "u_ncsa"),
        (Format::Iis, true) => ("u_in", "u_inetsv"),
        (Format::W3c, false) => ("ex", "extend"),
        (Format::Ncsa, false) => ("nc", "ncsa"),
        (Format::Iis, false) => ("in", "inetsv"),
        (Format::Json, _) => ("u_js", "u_json"),
    }
}

/// What the names of all files of a log begin with.
pub(crate) fn stem(form: &NameForm) -> &'static str {
    let (dated, numbered) = stems(form);
    if form.period == Period::MaxSize { numbered } else { dated }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    fn check(format: Format, period: Period, expected: &str) {
        let form = NameForm { format, period, has_custom_fields: false, truncate_bytes: 1 << 20, is_utf8: true };
        let key = PeriodKey::new(period, datetime(2024, 7, 22, 14, 17, 48, 0));
        assert_eq!(file_name(&form, key).numbered(3), expected);
        let with_custom = expected.replace(".log", "_x.log");
        assert_eq!(file_name(&NameForm { has_custom_fields: true, ..form }, key).numbered(3), with_custom);
        if format != Format::Json {
            let ansi = file_name(&NameForm { is_utf8: false, ..form }, key).numbered(3);
            assert_eq!(ansi, expected.trim_start_matches("u_"));
        }
    }

    #[test]
    fn names_of_every_period() {
        check(Format::W3c, Period::Hourly, "u_ex24072214.log");
        check(Format::W3c, Period::Daily, "u_ex240722.log");
        check(Format::W3c, Period::Weekly, "u_ex240704.log");
        check(Format::W3c, Period::Monthly, "u_ex2407.log");
        check(Format::W3c, Period::MaxSize, "u_extend3.log");
    }

    #[test]
    fn names_of_every_format() {
        check(Format::Ncsa, Period::Daily, "u_nc240722.log");
        check(Format::Ncsa, Period::MaxSize, "u_ncsa3.log");
        check(Format::Iis, Period::Hourly, "u_in24072214.log");
        check(Format::Iis, Period::MaxSize, "u_inetsv3.log");
        check(Format::Json, Period::Daily, "u_js240722.log");
        check(Format::Json, Period::MaxSize, "u_json3.log");
    }

    #[test]
    fn weeks_are_numbered_within_the_month() {
        let week = |day| PeriodKey::new(Period::Weekly, datetime(2024, 7, day, 0, 0, 0, 0)).day_or_week;
        assert_eq!([week(1), week(7), week(8), week(28), week(29), week(31)], [1, 1, 2, 4, 5, 5]);
    }

    #[test]
    fn keys_change_with_the_period_only() {
        let (noon, one) = (datetime(2024, 7, 22, 12, 0, 0, 0), datetime(2024, 7, 22, 13, 59, 59, 0));
        let same = |period| PeriodKey::new(period, noon) == PeriodKey::new(period, one);
        assert!(same(Period::MaxSize) && same(Period::Daily) && same(Period::Weekly) && same(Period::Monthly));
        assert!(!same(Period::Hourly));
    }

    #[test]
    fn numbers_are_read_back() {
        let name = FileName::Numbered { stem: "httperr", suffix: "", truncate_bytes: 1 };
        let number = |text| name.number_in(text);
        assert_eq!(
            [number("httperr12.log"), number("httperr.log"), number("httperr+1.log"), number("httperr1.log.1")],
            [Some(12), None, None, None]
        );
        let custom = FileName::Numbered { stem: "u_extend", suffix: "_x", truncate_bytes: 1 };
        assert_eq!([custom.number_in("u_extend7_x.log"), custom.number_in("u_extend7.log")], [Some(7), None]);
    }
}
