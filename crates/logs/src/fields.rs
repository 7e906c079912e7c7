//! Which fields a W3C line has, and in which order.

/// The `logExtFileFlags` bits of a site (IIS reference §1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldSet(u32);

impl FieldSet {
    /// The flags of a site that does not set `logExtFileFlags`: the 15 fields of the schema default.
    pub const DEFAULT: Self = Self(2_478_031);

    /// Flags from their numbers in the schema. Bits that name no field are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & ALL_BITS)
    }

    /// The numbers of the flags, added up.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether every flag of `other` is on.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Names as they stand in `#Fields`, in the order the server fixes whatever the configuration says (§6.3).
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.columns().map(Column::name)
    }

    /// The columns of a line, in order.
    pub(crate) fn columns(self) -> impl Iterator<Item = Column> {
        ORDER.iter().filter(move |(_, bit, _)| self.0 & bit != 0).map(|(column, _, _)| *column)
    }

    /// Whether the `Cookie` flag is on.
    pub(crate) fn has_cookie(self) -> bool {
        self.columns().any(|column| column == Column::Cookie)
    }
}

impl Default for FieldSet {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// One column of a W3C line, without the custom ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Date,
    Time,
    SiteName,
    ComputerName,
    ServerIp,
    Method,
    UriStem,
    UriQuery,
    ServerPort,
    UserName,
    ClientIp,
    Version,
    UserAgent,
    Cookie,
    Referer,
    Host,
    Status,
    Substatus,
    Win32Status,
    BytesSent,
    BytesReceived,
    TimeTaken,
}

impl Column {
    /// Name in the `#Fields` line.
    pub(crate) fn name(self) -> &'static str {
        ORDER.iter().find(|(column, _, _)| *column == self).map_or("-", |(_, _, name)| name)
    }

    /// The column of that name; names are compared as written, as log readers do.
    pub(crate) fn named(text: &str) -> Option<Self> {
        ORDER.iter().find(|(_, _, name)| *name == text).map(|(column, _, _)| *column)
    }
}

/// Fixed order, flag number and name of every column (IIS reference §6.3).
const ORDER: [(Column, u32, &str); 22] = [
    (Column::Date, 1, "date"),
    (Column::Time, 2, "time"),
    (Column::SiteName, 16, "s-sitename"),
    (Column::ComputerName, 32, "s-computername"),
    (Column::ServerIp, 64, "s-ip"),
    (Column::Method, 128, "cs-method"),
    (Column::UriStem, 256, "cs-uri-stem"),
    (Column::UriQuery, 512, "cs-uri-query"),
    (Column::ServerPort, 32_768, "s-port"),
    (Column::UserName, 8, "cs-username"),
    (Column::ClientIp, 4, "c-ip"),
    (Column::Version, 524_288, "cs-version"),
    (Column::UserAgent, 65_536, "cs(User-Agent)"),
    (Column::Cookie, 131_072, "cs(Cookie)"),
    (Column::Referer, 262_144, "cs(Referer)"),
    (Column::Host, 1_048_576, "cs-host"),
    (Column::Status, 1024, "sc-status"),
    (Column::Substatus, 2_097_152, "sc-substatus"),
    (Column::Win32Status, 2048, "sc-win32-status"),
    (Column::BytesSent, 4096, "sc-bytes"),
    (Column::BytesReceived, 8192, "cs-bytes"),
    (Column::TimeTaken, 16_384, "time-taken"),
];

/// Every flag of the schema: bits 0 to 21.
const ALL_BITS: u32 = (1 << 22) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bits: u32, expected: &str) {
        let names: Vec<_> = FieldSet::from_bits(bits).names().collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn order_is_fixed_by_the_server() {
        check(0, "");
        check(2 | 1, "date time");
        check(16_384 | 1024 | 32_768 | 4 | 8, "s-port cs-username c-ip sc-status time-taken");
        check(16 | 2_097_152 | 131_072, "s-sitename cs(Cookie) sc-substatus");
        check(1 << 31 | 1, "date");
    }

    #[test]
    fn default_is_the_documented_line() {
        check(
            FieldSet::DEFAULT.bits(),
            "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) \
             sc-status sc-substatus sc-win32-status time-taken",
        );
    }

    #[test]
    fn every_bit_has_one_name() {
        assert_eq!(FieldSet::from_bits(u32::MAX).names().count(), 22);
        assert!(ORDER.iter().all(|(column, _, name)| Column::named(name) == Some(*column) && column.name() == *name));
    }

    #[test]
    fn sets_contain_their_parts() {
        assert!(FieldSet::DEFAULT.contains(FieldSet::from_bits(1 | 2)));
        assert!(!FieldSet::DEFAULT.contains(FieldSet::from_bits(16)));
        assert!(FieldSet::from_bits(131_072).has_cookie() && !FieldSet::DEFAULT.has_cookie());
    }
}
