//! The words behind a command: tags and their values, in tag form or by their place (IIS reference §7.2).

use crate::netsh::failure::Slip;
use crate::netsh::syntax::Command;

/// What a tag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// `address:port`.
    AddressPort,
    /// `name:port`.
    NamePort,
    /// A port number.
    Port,
    /// A security descriptor.
    Sddl,
    /// `enable` or `disable`.
    Switch,
    /// `yes` or `no`.
    YesNo,
    /// A number up to this one, with `0x` in hexadecimal.
    Number(u32),
    /// A file that says everything: nothing else has to be there.
    File,
    /// One of some words.
    Word(&'static [&'static str]),
}

/// One tag of a command.
#[derive(Debug)]
pub(super) struct Tag {
    /// Its name.
    pub(super) name: &'static str,
    /// Other names for it.
    pub(super) also: &'static [&'static str],
    pub(super) kind: Kind,
    /// Tags of the same place stand for one another: one word without a tag fills one of them.
    pub(super) place: u8,
    /// Whether one tag of its place has to be there.
    pub(super) required: bool,
}

/// The tags of one line.
#[derive(Debug, Default, Clone)]
pub(super) struct Tags(Vec<(&'static str, String)>);

impl Kind {
    /// Whether a text is a value of this kind.
    fn accepts(self, text: &str) -> bool {
        let word = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        match self {
            Kind::Text | Kind::AddressPort | Kind::NamePort | Kind::Port | Kind::Sddl | Kind::File => !text.is_empty(),
            Kind::Switch => word(&["enable", "disable"]),
            Kind::YesNo => word(&["yes", "no"]),
            Kind::Number(max) => number(text).is_some_and(|number| number <= max),
            Kind::Word(words) => word(words),
        }
    }

    /// Whether a word without a tag looks like this one rather than another of the same place.
    fn suits(self, text: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Kind::Port => digits(text),
            Kind::AddressPort => text.parse::<std::net::SocketAddr>().is_ok(),
            Kind::NamePort => text.rsplit_once(':').is_some_and(|(_, port)| digits(port)),
            Kind::Sddl => ["D:", "O:", "G:"].iter().any(|begin| text.starts_with(begin)) && text.contains('('),
            Kind::File => text.contains(".json"),
            Kind::Text | Kind::Switch | Kind::YesNo | Kind::Number(_) | Kind::Word(_) => true,
        }
    }
}

/// A number, in decimal or with `0x` in hexadecimal digits.
pub(super) fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((text, 10), |digits| (digits, 16));
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

impl Tags {
    /// Tags that no line names.
    pub(super) fn of(all: Vec<(&'static str, String)>) -> Self {
        Self(all)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Reads the words of a command.
    pub(super) fn read(command: &'static Command, words: &[String]) -> Result<Self, Slip> {
        let mut tags = Self::default();
        let mut place = 0;
        for word in words {
            let word = word.trim_matches('"');
            let (tag, value) = match word.split_once('=') {
                Some((name, value)) => {
                    let tag = command.tag(name.trim()).ok_or_else(|| Slip::Strange(word.to_owned()))?;
                    (tag, value.trim().trim_matches('"'))
                }
                None => (tags.next(command, &mut place, word).ok_or_else(|| Slip::Strange(word.to_owned()))?, word),
            };
            if tags.text(tag.name).is_some() {
                return Err(Slip::Twice(tag.name));
            }
            if !tag.kind.accepts(value) {
                return Err(Slip::Value(value.to_owned(), tag.name));
            }
            tags.0.push((tag.name, value.to_owned()));
        }
        let says_all = command.tags.iter().any(|tag| tag.kind == Kind::File && tags.text(tag.name).is_some());
        let missing = |tag: &Tag| tag.required && !says_all && !tags.has_place(command, tag.place);
        if command.tags.iter().any(missing) { Err(Slip::Missing) } else { Ok(tags) }
    }

    /// The tag that a word without one fills: of the first place that nothing fills yet.
    fn next(&self, command: &'static Command, place: &mut u8, word: &str) -> Option<&'static Tag> {
        while self.has_place(command, *place) {
            *place += 1;
        }
        let mut here = command.tags.iter().filter(|tag| tag.place == *place);
        let suiting = here.clone().find(|tag| tag.kind.suits(word));
        suiting.or_else(|| here.next())
    }

    fn has_place(&self, command: &'static Command, place: u8) -> bool {
        command.tags.iter().any(|tag| tag.place == place && self.text(tag.name).is_some())
    }

    /// The value of a tag.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// The number of a tag.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.text(name).and_then(number)
    }

    /// Whether a tag says `enable` or `yes`.
    pub(super) fn is_on(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| ["enable", "yes"].iter().any(|word| word.eq_ignore_ascii_case(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netsh::syntax;

    /// The tags of a line, in its order, or what is wrong with it.
    fn check(line: &str, expected: &str) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (command, rest) = syntax::find(&words).unwrap();
        let found = match Tags::read(command, rest) {
            Ok(tags) => tags.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "),
            Err(slip) => format!("{slip:?}"),
        };
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn tags_may_be_written_or_left_out() {
        check("add iplisten 1.1.1.1", "ipaddress=1.1.1.1");
        check("add iplisten IPADDRESS=1.1.1.1", "ipaddress=1.1.1.1");
        check("del iplisten address=1.1.1.1", "ipaddress=1.1.1.1");
        check("add iplisten ip=1.1.1.1", "ipaddress=1.1.1.1");
        check("add timeout idleconnectiontimeout 0x78", "timeouttype=idleconnectiontimeout value=0x78");
        check("add timeout value=5 headerwaittimeout", "value=5 timeouttype=headerwaittimeout");
        check("add urlacl http://+:80/a me yes no", "url=http://+:80/a user=me listen=yes delegate=no");
        check("add urlacl http://+:80/a D:(A;;GX;;;WD)", "url=http://+:80/a sddl=D:(A;;GX;;;WD)");
        check("add sslcert 1.1.1.1:443 {a} aa", "ipport=1.1.1.1:443 appid={a} certhash=aa");
        check("add sslcert a.test:443 {a}", "hostnameport=a.test:443 appid={a}");
        check("add sslcert 443 {a}", "ccs=443 appid={a}");
        check("add sslcert a.json", "json=a.json");
        check("add sslcert json=C:/x", "json=C:/x");
        check("show sslcert json=ENABLE", "json=ENABLE");
        check(
            "update sslpropertyex a.test:443 1 5 6",
            "hostnameport=a.test:443 propertyid=1 maxsettingsperframe=5 maxsettingsperminute=6",
        );
        check("update sslpropertyex ccs=443 0 receivewindow=9", "ccs=443 propertyid=0 receivewindow=9");
        check("add sslcert [::1]:443 {a}", "ipport=[::1]:443 appid={a}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        check("add iplisten a b", "Strange(\"b\")");
        check("add iplisten adress=1.1.1.1", "Strange(\"adress=1.1.1.1\")");
        check("add iplisten ipaddress=", "Value(\"\", \"ipaddress\")");
        check("add iplisten a ipaddress=b", "Twice(\"ipaddress\")");
        check("add timeout idleconnectiontimeout", "Missing");
        check("add timeout idle 5", "Value(\"idle\", \"timeouttype\")");
        check("add timeout headerwaittimeout 65536", "Value(\"65536\", \"value\")");
        check("add timeout headerwaittimeout 0x10000", "Value(\"0x10000\", \"value\")");
        check("add timeout headerwaittimeout -1", "Value(\"-1\", \"value\")");
        check("add sslcert appid={a}", "Missing");
        check("add sslcert 1.1.1.1:443 {a} usagecheck=maybe", "Value(\"maybe\", \"usagecheck\")");
        check("add urlacl http://+:80/a me listen=true", "Value(\"true\", \"listen\")");
    }

    #[test]
    fn numbers() {
        let all = ["0", "120", "0x78", "0Xff", "4294967295", "4294967296", "0x", "", "ff", "+1"];
        let expected = [Some(0), Some(120), Some(120), Some(255), Some(u32::MAX), None, None, None, None, None];
        assert_eq!(all.map(number), expected);
    }
}
