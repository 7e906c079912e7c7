//! The commands of `netsh http` and their tags (IIS reference §7.2).

use crate::netsh::failure::Failure;
use crate::netsh::http_service::HttpService;
use crate::netsh::tags::{Kind, Tag, Tags};
use crate::netsh::{cache, certs, dump, listen, parameters, service_state, ssl_properties, timeouts, urls};
use crate::outcome::Outcome;

/// What carries a command out.
type Run = fn(&Tags, &mut dyn HttpService) -> Result<Outcome, Failure>;

/// One command.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) verb: &'static str,
    /// Nothing for a command that is one word.
    pub(super) object: &'static str,
    pub(super) tags: &'static [Tag],
    /// What it does, in a line.
    pub(super) help: &'static str,
    pub(super) run: Run,
}

/// Every command, in alphabetical order.
pub(super) const COMMANDS: &[Command] = &[
    command(
        ("add", "cacheparam"),
        &[CACHE_TYPE, required("value", 1).of(Kind::Number(u32::MAX))],
        "Adds a cache parameter to the service.",
        parameters::add_cache,
    ),
    command(
        ("add", "iplisten"),
        &[required("ipaddress", 0).or(&["address"])],
        "Adds an IP address to the IP listen list.",
        listen::add,
    ),
    command(
        ("add", "setting"),
        &[SETTING, required("value", 1).of(Kind::Number(u32::MAX))],
        "Adds a global setting to the service.",
        parameters::add_setting,
    ),
    command(("add", "sslcert"), ADD_CERT, "Adds an SSL server certificate binding.", certs::add),
    command(
        ("add", "timeout"),
        &[TIMEOUT_TYPE, required("value", 1).of(Kind::Number(65_535))],
        "Adds a global timeout to the service.",
        timeouts::add,
    ),
    command(("add", "urlacl"), ADD_URL, "Adds a URL reservation entry.", urls::add),
    command(
        ("delete", "cache"),
        &[optional("url", 0), optional("recursive", 1).of(Kind::YesNo)],
        "Deletes entries from the response cache.",
        cache::delete,
    ),
    command(
        ("delete", "iplisten"),
        &[required("ipaddress", 0).or(&["address"])],
        "Deletes an IP address from the IP listen list.",
        listen::delete,
    ),
    command(("delete", "setting"), &[SETTING], "Deletes a global setting.", parameters::delete_setting),
    command(("delete", "sslcert"), PLACE, "Deletes SSL certificate bindings.", certs::delete),
    command(("delete", "timeout"), &[TIMEOUT_TYPE], "Deletes a global timeout.", timeouts::delete),
    command(("delete", "urlacl"), &[required("url", 0)], "Deletes a URL reservation.", urls::delete),
    command(("dump", ""), &[], "Displays a configuration script.", dump::dump),
    command(("flush", "logbuffer"), &[], "Flushes the log buffers.", cache::flush_logs),
    command(("show", "cacheparam"), &[], "Shows the cache parameters of the service.", parameters::show_cache),
    command(("show", "cachestate"), &[optional("url", 0)], "Shows which files are kept ready.", cache::show),
    command(("show", "iplisten"), &[], "Displays the IP addresses in the IP listen list.", listen::show),
    command(("show", "servicestate"), STATE, "Shows a snapshot of the HTTP service.", service_state::show),
    command(("show", "setting"), &[], "Shows the settings of the service.", parameters::show_setting),
    command(("show", "sslcert"), OPTIONAL_PLACE, "Displays SSL certificate bindings.", certs::show),
    command(("show", "timeout"), &[], "Shows the timeout values of the service.", timeouts::show),
    command(("show", "urlacl"), &[optional("url", 0)], "Displays URL reservations.", urls::show),
    command(("update", "sslcert"), ADD_CERT, "Updates an SSL server certificate binding.", certs::update),
    command(
        ("update", "sslpropertyex"),
        PROPERTY,
        "Updates an extended property of an SSL server certificate binding.",
        ssl_properties::update,
    ),
];

const CACHE_TYPE: Tag = required("type", 0).of(Kind::Word(&["cacherangechunksize", "maxcacheresponsesize"]));

const SETTING: Tag = required("settingtype", 0).of(Kind::Word(&["sslthrottle"]));

const TIMEOUT_TYPE: Tag = required("timeouttype", 0).of(Kind::Word(&["idleconnectiontimeout", "headerwaittimeout"]));

const PLACE: &[Tag] = &[
    required("ipport", 0).of(Kind::AddressPort),
    required("hostnameport", 0).of(Kind::NamePort),
    required("ccs", 0).of(Kind::Port),
    required("scopedccs", 0).of(Kind::NamePort),
];

const OPTIONAL_PLACE: &[Tag] = &[
    optional("ipport", 0).of(Kind::AddressPort),
    optional("hostnameport", 0).of(Kind::NamePort),
    optional("ccs", 0).of(Kind::Port),
    optional("scopedccs", 0).of(Kind::NamePort),
    optional("json", 1).of(Kind::Word(&["enable", "disable"])),
];

const PROPERTY: &[Tag] = &[
    required("ipport", 0).of(Kind::AddressPort),
    required("hostnameport", 0).of(Kind::NamePort),
    required("ccs", 0).of(Kind::Port),
    required("scopedccs", 0).of(Kind::NamePort),
    required("propertyid", 1).of(Kind::Word(&["0", "1"])),
    optional("maxsettingsperframe", 2).of(Kind::Number(u32::MAX)),
    optional("receivewindow", 2).of(Kind::Number(u32::MAX)),
    optional("maxsettingsperminute", 3).of(Kind::Number(u32::MAX)),
];

const ADD_CERT: &[Tag] = &[
    required("ipport", 0).of(Kind::AddressPort),
    required("hostnameport", 0).of(Kind::NamePort),
    required("ccs", 0).of(Kind::Port),
    required("scopedccs", 0).of(Kind::NamePort),
    required("json", 0).of(Kind::File),
    required("appid", 1),
    optional("certhash", 2),
    optional("certstorename", 3),
    switch("verifyclientcertrevocation", 4),
    switch("verifyrevocationwithcachedclientcertonly", 5),
    switch("usagecheck", 6),
    optional("revocationfreshnesstime", 7).of(Kind::Number(u32::MAX)),
    optional("urlretrievaltimeout", 8).of(Kind::Number(u32::MAX)),
    optional("sslctlidentifier", 9),
    optional("sslctlstorename", 10),
    switch("dsmapperusage", 11),
    switch("clientcertnegotiation", 12),
    switch("reject", 13),
    switch("disablehttp2", 14),
    switch("disablequic", 15),
    switch("disablelegacytls", 16),
    switch("disabletls12", 17),
    switch("disabletls13", 18),
    switch("disableocspstapling", 19),
    switch("enabletokenbinding", 20),
    switch("logextendedevents", 21),
    switch("enablesessionticket", 22),
    switch("disablesessionid", 23),
];

const ADD_URL: &[Tag] = &[
    required("url", 0),
    required("sddl", 1).of(Kind::Sddl),
    required("user", 1),
    optional("listen", 2).of(Kind::YesNo),
    optional("delegate", 3).of(Kind::YesNo),
];

const STATE: &[Tag] =
    &[optional("view", 0).of(Kind::Word(&["session", "requestq", "client"])), optional("verbose", 1).of(Kind::YesNo)];

const fn command(
    (verb, object): (&'static str, &'static str),
    tags: &'static [Tag],
    help: &'static str,
    run: Run,
) -> Command {
    Command { verb, object, tags, help, run }
}

const fn required(name: &'static str, place: u8) -> Tag {
    Tag { name, also: &[], kind: Kind::Text, place, required: true }
}

const fn optional(name: &'static str, place: u8) -> Tag {
    Tag { name, also: &[], kind: Kind::Text, place, required: false }
}

const fn switch(name: &'static str, place: u8) -> Tag {
    optional(name, place).of(Kind::Switch)
}

impl Tag {
    const fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    const fn or(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    fn shown(&self) -> String {
        let value = match self.kind {
            Kind::Text => "string".to_owned(),
            Kind::AddressPort => "IP address:port".to_owned(),
            Kind::NamePort => "host name:port".to_owned(),
            Kind::Port => "port".to_owned(),
            Kind::Sddl => "security descriptor".to_owned(),
            Kind::Switch => "enable|disable".to_owned(),
            Kind::YesNo => "yes|no".to_owned(),
            Kind::Number(max) => format!("number up to {max}, 0x for hexadecimal"),
            Kind::File => "file".to_owned(),
            Kind::Word(words) => words.join("|"),
        };
        format!("[{}=]<{value}>", self.name)
    }
}

impl Command {
    /// The tag of that name, or the only one that begins so.
    pub(super) fn tag(&self, name: &str) -> Option<&'static Tag> {
        let names = |tag: &'static Tag| std::iter::once(tag.name).chain(tag.also.iter().copied());
        let all = || self.tags.iter().flat_map(move |tag| names(tag).map(move |name| (name, tag)));
        choose(name, all())
    }

    /// The line that shows how it is written.
    pub(super) fn usage(&self) -> String {
        let mut usage = format!("Usage: {}", self.name());
        let places = self.tags.iter().map(|tag| tag.place).max().map_or(0..=0, |last| 0..=last);
        for place in places {
            let here: Vec<&Tag> = self.tags.iter().filter(|tag| tag.place == place).collect();
            let Some(first) = here.first() else { continue };
            let either: Vec<String> = here.iter().map(|tag| tag.shown()).collect();
            let text = either.join(" | ");
            let text = match (first.required, here.len()) {
                (true, 1) => format!("\n    {text}"),
                (true, _) => format!("\n    {{ {text} }}"),
                (false, _) => format!("\n    [ {text} ]"),
            };
            usage.push_str(&text);
        }
        usage
    }

    /// Verb and object.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.verb, self.object).trim_end().to_owned()
    }
}

/// The command that these words begin with, and the words behind it. Verbs and objects may be cut short as long as they
/// mean one thing.
pub(super) fn find(words: &[String]) -> Option<(&'static Command, &[String])> {
    let (verb, rest) = words.split_first()?;
    let verb = verb_of(verb)?;
    let of_verb = || COMMANDS.iter().filter(|command| command.verb == verb);
    if let Some(alone) = of_verb().find(|command| command.object.is_empty()) {
        return Some((alone, rest));
    }
    let (object, rest) = rest.split_first()?;
    Some((choose(object, of_verb().map(|command| (command.object, command)))?, rest))
}

/// The command of these two words, which there is.
pub(super) fn of(verb: &str, object: &str) -> &'static Command {
    let found = COMMANDS.iter().find(|command| command.verb == verb && command.object == object);
    found.unwrap_or(&COMMANDS[0])
}

/// The verb that a word means.
pub(super) fn verb_of(word: &str) -> Option<&'static str> {
    let mut verbs: Vec<&'static str> = COMMANDS.iter().map(|command| command.verb).collect();
    verbs.dedup();
    choose(word, verbs.into_iter().map(|verb| (verb, verb)))
}

/// What a word names: in full, or cut short where only one thing begins so. Case does not count.
fn choose<T: Copy>(word: &str, all: impl Iterator<Item = (&'static str, T)>) -> Option<T> {
    let word = word.to_ascii_lowercase();
    let begins: Vec<(&str, T)> = all.filter(|(name, _)| !word.is_empty() && name.starts_with(&word)).collect();
    let whole = begins.iter().find(|(name, _)| *name == word);
    let only = if let [only] = begins.as_slice() { Some(only) } else { None };
    whole.or(only).map(|(_, found)| *found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(find(&words).map(|(command, _)| command.name()).as_deref(), expected, "{line}");
    }

    #[test]
    fn words_may_be_cut_short() {
        check("add iplisten", Some("add iplisten"));
        check("DEL IPLISTEN x", Some("delete iplisten"));
        check("sh ipl", Some("show iplisten"));
        check("sh c", None);
        check("sh caches", Some("show cachestate"));
        check("upd sslp", Some("update sslpropertyex"));
        check("s s", None);
        check("show ser", Some("show servicestate"));
        check("d iplisten", None);
        check("du", Some("dump"));
        check("fl log", Some("flush logbuffer"));
        check("add", None);
        check("show sites", None);
        check("remove iplisten x", None);
    }

    #[test]
    fn usage_names_every_tag() {
        let usage = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            find(&words).unwrap().0.usage()
        };
        assert_eq!(usage("show iplisten"), "Usage: show iplisten");
        assert_eq!(usage("add iplisten"), "Usage: add iplisten\n    [ipaddress=]<string>");
        assert_eq!(
            usage("add timeout"),
            "Usage: add timeout\n    [timeouttype=]<idleconnectiontimeout|headerwaittimeout>\n    \
             [value=]<number up to 65535, 0x for hexadecimal>"
        );
        let delete = usage("delete sslcert");
        assert!(delete.contains("{ [ipport=]<IP address:port> | [hostnameport=]<host name:port> |"), "{delete}");
    }
}
