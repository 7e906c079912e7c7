//! Users and groups of this machine, with the identifiers that Samba gives them on Windows's side.

use doorward_doors::Account;

/// What stands before the number of a user, and of a group.
const USER: &str = "S-1-22-1-";
const GROUP: &str = "S-1-22-2-";

/// The texts of `/etc/passwd` and `/etc/group`.
pub(super) struct Accounts {
    users: String,
    groups: String,
}

impl Accounts {
    /// Those of this machine; what cannot be read holds nobody.
    pub(super) fn of_machine() -> Self {
        let text = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        Self { users: text("/etc/passwd"), groups: text("/etc/group") }
    }

    /// The user of that name, else the group. A domain before it does not count: there is none here.
    pub(super) fn named(&self, name: &str) -> Option<Account> {
        let name = name.rsplit('\\').next().filter(|name| !name.is_empty())?;
        self.all().find(|account| account.name == name)
    }

    /// The one with this identifier.
    pub(super) fn with_sid(&self, sid: &str) -> Option<Account> {
        self.all().find(|account| account.sid == sid)
    }

    fn all(&self) -> impl Iterator<Item = Account> + '_ {
        let users = self.users.lines().filter_map(|line| account(line, USER));
        users.chain(self.groups.lines().filter_map(|line| account(line, GROUP)))
    }
}

/// `name:password:number:…`
fn account(line: &str, kind: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, number) = (fields.next()?, fields.nth(1)?);
    let number: u32 = number.parse().ok()?;
    Some(Account { name: name.to_owned(), sid: format!("{kind}{number}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        let accounts = Accounts {
            users: "root:x:0:0:root:/root:/bin/sh\n# a remark\ndeploy:x:1000:1000::/:/bin/sh\n".to_owned(),
            groups: "root:x:0:\nweb:x:33:deploy\nbroken\n".to_owned(),
        };
        let found = accounts.named(name);
        assert_eq!(found.as_ref().map(|account| account.sid.as_str()), expected, "{name}");
        let back = found.as_ref().and_then(|account| accounts.with_sid(&account.sid));
        assert_eq!(back, found);
    }

    #[test]
    fn users_come_before_groups() {
        check("root", Some("S-1-22-1-0"));
        check("deploy", Some("S-1-22-1-1000"));
        check("DOMAIN\\deploy", Some("S-1-22-1-1000"));
        check("web", Some("S-1-22-2-33"));
        check("nobody", None);
        check("broken", None);
        check("", None);
        check("DOMAIN\\", None);
    }
}
