//! Security descriptors of reserved URLs, as far as netsh writes them: `D:(A;;GX;;;SID)…`.

/// What one entry allows whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ace {
    /// Two letters for a well-known account, or `S-1-…`.
    pub(super) sid: String,
    pub(super) listen: bool,
    pub(super) delegate: bool,
}

/// Accounts that are the same on every machine: letters of a descriptor, names.
const WELL_KNOWN: &[(&str, &str)] = &[
    ("WD", "\\Everyone"),
    ("BU", "BUILTIN\\Users"),
    ("BA", "BUILTIN\\Administrators"),
    ("LS", "NT AUTHORITY\\LOCAL SERVICE"),
    ("NS", "NT AUTHORITY\\NETWORK SERVICE"),
    ("SY", "NT AUTHORITY\\SYSTEM"),
    ("AU", "NT AUTHORITY\\Authenticated Users"),
    ("IU", "NT AUTHORITY\\INTERACTIVE"),
];

/// The name of a well-known account.
pub(super) fn well_known_name(sid: &str) -> Option<&'static str> {
    WELL_KNOWN.iter().find(|(letters, _)| *letters == sid).map(|(_, name)| *name)
}

/// The letters of a well-known account, named in full or without what stands before the backslash.
pub(super) fn well_known_sid(name: &str) -> Option<&'static str> {
    let last = |name: &str| name.rsplit('\\').next().unwrap_or_default().to_lowercase();
    let is_it = |own: &str| {
        let full = own.trim_start_matches('\\');
        name.trim_start_matches('\\').eq_ignore_ascii_case(full) || (!name.contains('\\') && last(own) == last(name))
    };
    WELL_KNOWN.iter().find(|(_, own)| is_it(own)).map(|(letters, _)| *letters)
}

/// The entries of a descriptor; `None` when it is not of this form.
pub(super) fn read(text: &str) -> Option<Vec<Ace>> {
    let rest = text.strip_prefix("D:")?;
    let rest = rest.trim_start_matches(|character: char| character.is_ascii_uppercase());
    let inner = rest.strip_prefix('(')?.strip_suffix(')')?;
    inner.split(")(").map(ace).collect()
}

fn ace(text: &str) -> Option<Ace> {
    let fields: Vec<&str> = text.split(';').collect();
    let ["A", _, rights, "", "", sid] = fields.as_slice() else { return None };
    let known = ["GX", "GW", "GA"];
    let pairs: Vec<&str> = (0..rights.len()).step_by(2).filter_map(|at| rights.get(at..at + 2)).collect();
    let legal = !rights.is_empty() && pairs.concat() == *rights && pairs.iter().all(|pair| known.contains(pair));
    let sid_legal = sid.starts_with("S-1-") || (sid.len() == 2 && sid.bytes().all(|byte| byte.is_ascii_uppercase()));
    (legal && sid_legal).then(|| Ace {
        sid: (*sid).to_owned(),
        listen: pairs.iter().any(|pair| *pair != "GW"),
        delegate: pairs.iter().any(|pair| *pair != "GX"),
    })
}

/// The descriptor that lets one account do this; `None` when it may do nothing.
pub(super) fn write(ace: &Ace) -> Option<String> {
    let rights = match (ace.listen, ace.delegate) {
        (true, true) => "GA",
        (true, false) => "GX",
        (false, true) => "GW",
        (false, false) => return None,
    };
    Some(format!("D:(A;;{rights};;;{})", ace.sid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let shown = read(text).map(|aces| {
            let show = |ace: &Ace| format!("{} {} {}", ace.sid, ace.listen, ace.delegate);
            aces.iter().map(show).collect::<Vec<_>>().join(", ")
        });
        assert_eq!(shown.as_deref(), expected, "{text}");
    }

    #[test]
    fn descriptors() {
        check("D:(A;;GX;;;WD)", Some("WD true false"));
        check("D:(A;;GX;;;BU)(A;;GX;;;LS)", Some("BU true false, LS true false"));
        check("D:P(A;;GA;;;S-1-22-1-1000)", Some("S-1-22-1-1000 true true"));
        check("D:(A;;GW;;;BA)", Some("BA false true"));
        check("D:(A;;GXGW;;;BA)", Some("BA true true"));
        check("D:", None);
        check("D:()", None);
        check("D:(D;;GX;;;WD)", None);
        check("D:(A;;ZZ;;;WD)", None);
        check("D:(A;;G;;;WD)", None);
        check("D:(A;;GX;;;everyone)", None);
        check("D:(A;;GX;;;WD", None);
        check("O:BAD:(A;;GX;;;WD)", None);
    }

    #[test]
    fn well_known_accounts() {
        assert_eq!(well_known_sid("everyone"), Some("WD"));
        assert_eq!(well_known_sid("\\Everyone"), Some("WD"));
        assert_eq!(well_known_sid("builtin\\users"), Some("BU"));
        assert_eq!(well_known_sid("LOCAL SERVICE"), Some("LS"));
        assert_eq!(well_known_sid("DOMAIN\\Users"), None);
        assert_eq!(well_known_sid("root"), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (listen, delegate) in [(true, false), (false, true), (true, true)] {
            let ace = Ace { sid: "WD".to_owned(), listen, delegate };
            assert_eq!(read(&write(&ace).unwrap()), Some(vec![ace]));
        }
        assert_eq!(write(&Ace { sid: "WD".to_owned(), listen: false, delegate: false }), None);
    }
}
